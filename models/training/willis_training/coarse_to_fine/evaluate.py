"""The whole of system 003 on a scan, and its score as the ADAM challenge counts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..metrics import Location, adam_detection, dice, hausdorff, volume_similarity
from .cases import FineCase
from .contour import channels_of
from .deepmedic import DeepMedic
from .se_unet import FineNetwork
from .train import FineOptions, components, dense_probability, outline
from .vessels import ArteryNetwork, extract_arteries


@dataclass(frozen=True)
class System:
    """The three networks and how the last was trained."""

    arteries: ArteryNetwork
    coarse: DeepMedic
    fine: FineNetwork
    options: FineOptions


@dataclass(frozen=True)
class ScanScore:
    """One scan: ADAM sensitivity (NaN without aneurysm) and false positives; figures of each detected aneurysm."""

    sensitivity: float
    false_positives: int
    candidates: int
    dsc: tuple[float, ...]
    hd95_mm: tuple[float, ...]
    vs: tuple[float, ...]


def run(system: System, case: FineCase, spacing: float, most: int = 10) -> tuple[np.ndarray, list[np.ndarray], np.ndarray]:
    """Artery mask found, candidate centres (z, y, x), and the outlined probability [z,y,x] of a case's image."""
    arteries = extract_arteries(system.arteries, case.image, 20.0, spacing**3)
    found = FineCase(case.image, arteries, case.aneurysms, case.subject, case.diameters)
    centres = components(dense_probability(system.coarse, channels_of(case.image, arteries)[0]))[:most]
    return arteries, centres, outline(system.fine, found, centres, system.options.voi, system.options.sizes.contour)


def score(case: FineCase, probability: np.ndarray, candidates: int, spacing: float) -> ScanScore:
    """Components of the outline at 0.5 against the true aneurysms."""
    points = np.array([c[::-1] * spacing for c in components(probability)]).reshape(-1, 3)
    truth, numbers = [], range(1, int(case.aneurysms.max()) + 1)
    for number in numbers:
        inside = np.argwhere(case.aneurysms == number)[:, ::-1] * spacing
        centre = inside.mean(0)
        truth.append(Location(tuple(centre), float(max(np.linalg.norm(inside - centre, axis=1).max(), spacing))))  # type: ignore[arg-type]
    sensitivity, false_positives = adam_detection(truth, points)
    found, figures = probability >= 0.5, []
    for number in numbers:
        sac = case.aneurysms == number
        near = found & _box_around(sac, int(np.ceil(4 / spacing)))
        if (near & sac).any():
            figures.append((dice(sac, near), hausdorff(sac, near, (spacing,) * 3, 95), volume_similarity(sac, near)))
    columns = tuple(zip(*figures)) if figures else ((), (), ())
    return ScanScore(sensitivity, false_positives, candidates, *columns)  # type: ignore[arg-type]


def summary(scores: list[ScanScore]) -> dict[str, float]:
    """Means as ADAM takes them: sensitivities over scans with aneurysms, counts over all scans, the rest over detected aneurysms."""
    return {"scans": len(scores), "sensitivity": _mean([s.sensitivity for s in scores if not np.isnan(s.sensitivity)]),
            "falsePositivesPerScan": _mean([s.false_positives for s in scores]), "candidatesPerScan": _mean([s.candidates for s in scores]),
            "detected": sum(len(s.dsc) for s in scores), "dsc": _mean([v for s in scores for v in s.dsc]),
            "hd95Mm": _mean([v for s in scores for v in s.hd95_mm]), "vs": _mean([v for s in scores for v in s.vs])}


def _mean(values: Sequence[float]) -> float:
    return round(float(np.mean(values)), 4) if values else float("nan")


def _box_around(mask: np.ndarray, margin: int) -> np.ndarray:
    places = np.argwhere(mask)
    box = np.zeros(mask.shape, bool)
    box[tuple(slice(max(0, int(a) - margin), int(b) + margin + 1) for a, b in zip(places.min(0), places.max(0)))] = True
    return box
