"""The ADAM challenge: its detection score and its ranking, as its public scorer counts."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Location:
    """A true aneurysm: centre (x, y, z in mm) and largest radius (mm); `treated` ones are left out of both sides."""

    centre: tuple[float, float, float]
    radius: float
    treated: bool = False


def adam_detection(truth: list[Location], points: np.ndarray) -> tuple[float, int]:
    """Sensitivity (NaN without untreated aneurysms) and false positive count of one scan; points [n,3] in mm.

    A point hits where its distance is at most the radius. An aneurysm counts once; further points on it are neither hit
    nor false positive, and points on a treated aneurysm are left out. Over scans, sensitivities are averaged (not pooled),
    scans without aneurysms left out, and counts are averaged over all scans.
    """
    places = points.reshape(-1, 3)
    hit = np.zeros((len(truth), len(places)), bool)
    for row, location in enumerate(truth):
        hit[row] = np.linalg.norm(places - np.array(location.centre), axis=1) <= location.radius
    open_rows = [row for row, location in enumerate(truth) if not location.treated]
    found = sum(bool(hit[row].any()) for row in open_rows)
    sensitivity = found / len(open_rows) if open_rows else float("nan")
    return sensitivity, int((~hit.any(0)).sum()) if len(places) else 0


def adam_ranking(columns: list[tuple[np.ndarray, bool]]) -> np.ndarray:
    """Mean rank of each team over metrics: (values [teams], whether higher is better); 0 is best in every one, 1 worst."""
    ranks = []
    for values, higher_is_better in columns:
        spread = values.max() - values.min()
        scaled = (values - values.min()) / spread if spread else np.zeros(len(values))
        ranks.append(1 - scaled if higher_is_better else scaled)
    return np.mean(ranks, axis=0)  # type: ignore[no-any-return]
