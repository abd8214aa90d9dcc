"""The figures of system 003: marks matched to aneurysms as ADAM counts, calibration, operating point, overlap of outlines."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from sklearn.linear_model import LogisticRegression

from ..metrics import Location, adam_detection, bootstrap, dice, froc, hausdorff, volume_similarity, wilson
from .cases import FineCase
from .reader import SPACING_MM, Mark, Steps

SIZES = ((0.0, 3.0, "<3"), (3.0, 5.0, "3-5"), (5.0, 7.0, "5-7"), (7.0, 99.0, ">=7"))


@dataclass(frozen=True)
class Calibration:
    """probability = sigmoid(intercept + coarse * logit + fine * logit + volume * ln mm3) of a mark."""

    weights: tuple[float, float, float]
    intercept: float

    def __call__(self, mark: Mark) -> float:
        return float(1 / (1 + np.exp(-(self.intercept + np.dot(self.weights, mark.row)))))


@dataclass(frozen=True)
class Read:
    """A case, its steps, the marks at an outline threshold, and for each the number of the aneurysm it lies on (0 none)."""

    case: FineCase
    steps: Steps
    threshold: float
    marks: list[Mark]
    on: tuple[int, ...]


def outlined(case: FineCase, steps: Steps, threshold: float) -> Read:
    """A mark hits an aneurysm where ADAM counts it: within the largest radius of its centre."""
    truth = locations(case)
    marks, on = steps.marks(threshold), []
    for mark in marks:
        place = np.array(mark.centre[::-1]) * SPACING_MM
        hits = [k for k, t in truth if np.linalg.norm(place - np.array(t.centre)) <= t.radius]
        on.append(hits[0] if hits else 0)
    return Read(case, steps, threshold, marks, tuple(on))


def locations(case: FineCase) -> list[tuple[int, Location]]:
    """Number, centre and largest radius (mm) of every aneurysm in the box."""
    found = []
    for number in range(1, int(case.aneurysms.max()) + 1):
        inside = np.argwhere(case.aneurysms == number)[:, ::-1] * SPACING_MM
        if len(inside):
            centre = inside.mean(0)
            radius = float(max(np.linalg.norm(inside - centre, axis=1).max(), SPACING_MM))
            found.append((number, Location((float(centre[0]), float(centre[1]), float(centre[2])), radius)))
    return found


def calibrate(read: list[Read]) -> Calibration:
    """Logistic regression over the marks of validation cases."""
    rows = np.array([m.row for r in read for m in r.marks])
    truth = np.array([k > 0 for r in read for k in r.on], float)
    if len(rows) < 4 or len(np.unique(truth)) < 2:
        raise ValueError(f"{len(rows)} marks on validation phantoms, {int(truth.sum())} of them true: too few to calibrate on")
    fit = LogisticRegression(C=1.0, max_iter=2000).fit(rows, truth)
    coarse, fine, volume = (float(v) for v in fit.coef_[0])
    return Calibration((coarse, fine, volume), float(fit.intercept_[0]))


#: outline thresholds that are tried
OUTLINES = (0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8)


def choose_outline(cases: list[FineCase], steps: list[Steps]) -> float:
    """The threshold of the greatest mean of DSC and VS over the validation aneurysms that are marked at one half; one no longer marked counts 0."""
    seen = [(c, s, set(outlined(c, s, 0.5).on) - {0}) for c, s in zip(cases, steps)]
    wanted = sum(len(found) for _, _, found in seen)

    def worth(threshold: float) -> float:
        rows = [row for c, s, found in seen for row in overlap_rows(outlined(c, s, threshold), found)]
        return float(np.sum([dsc + vs for dsc, _, vs, _ in rows])) / max(wanted, 1)

    return max(OUTLINES, key=lambda t: (worth(t), -abs(t - 0.5)))


def choose_threshold(read: list[Read], calibration: Calibration) -> float:
    """The lowest probability with at most 0.5 false positives a validation scan, at least 0.01 and at most 0.5."""
    false = sorted((calibration(m) for r in read for m, k in zip(r.marks, r.on) if k == 0), reverse=True)
    allowed = len(read) // 2
    limit = false[allowed] + 1e-4 if len(false) > allowed else 0.01
    return float(np.clip(limit, 0.01, 0.5))


def measure(read: list[Read], calibration: Calibration, threshold: float) -> dict[str, object]:
    """Detection as ADAM counts, by size; overlap of the outline on detected aneurysms; all with intervals over scans."""
    kept = [[(m, k, calibration(m)) for m, k in zip(r.marks, r.on)] for r in read]
    called = [[row for row in rows if row[2] >= threshold] for rows in kept]
    adam = [adam_detection([t for _, t in locations(r.case)], np.array([m.centre[::-1] for m, _, _ in rows]).reshape(-1, 3) * SPACING_MM)
            for r, rows in zip(read, called)]
    truth = [(number, r.case.diameters[number - 1], {k for _, k, _ in rows}) for r, rows in zip(read, called) for number, _ in locations(r.case)]
    scores = np.array([p for rows in kept for _, _, p in rows])
    unique = np.array([100 * i + k if k else -1 for i, rows in enumerate(kept) for _, k, _ in rows])
    curve = froc(scores, unique, len(truth), len(read)) if len(scores) else None
    overlaps = [(scan, row) for scan, (r, rows) in enumerate(zip(read, called)) for row in overlap_rows(r, {k for _, k, _ in rows})]
    large = [d >= 3 for _, d, _ in truth]
    hits = [number in found for number, _, found in truth]
    owners = np.array([scan for scan, r in enumerate(read) for _ in locations(r.case)])
    of_large = np.array([float(h) for h, big in zip(hits, large) if big])
    return {
        "scans": len(read), "aneurysms": len(truth),
        "adamSensitivity": _mean([s for s, _ in adam if not np.isnan(s)]),
        "adamSensitivityInterval": _interval(np.array([s for s, _ in adam if not np.isnan(s)])), "falsePositivesPerScan": _mean([f for _, f in adam]),
        "falsePositivesInterval": _interval(np.array([float(f) for _, f in adam])),
        "aneurysms3mmUp": len(of_large), "sensitivity3mmUp": _mean(list(of_large)),
        "sensitivity3mmUpInterval": _interval(of_large, owners[large]),
        "sensitivityAtHalfFalsePositive": round(curve.at(0.5), 4) if curve else 0.0,
        "candidatesPerScan": _mean([len(r.steps.centres) for r in read]),
        "arteryDice": _mean([dice(r.case.arteries, r.steps.arteries) for r in read]),
        "outlines": len(overlaps), **{name: _column(overlaps, k) for k, name in enumerate(("dsc", "hd95Mm", "vs", "hdMm"))},
        "bySize": [_size_row([h for h, (_, d, _) in zip(hits, truth) if low <= d < high], name) for low, high, name in SIZES]}


def overlap_rows(read: Read, found: set[int]) -> list[tuple[float, float, float, float]]:
    """DSC, HD95 (mm), VS and the largest distance (HD, mm) between every detected aneurysm and all that the marks on it outline, however far it reaches."""
    rows = []
    for number in sorted(found & set(read.on) - {0}):
        sac, outline = read.case.aneurysms == number, np.zeros(read.case.aneurysms.shape, bool)
        for mark, on in zip(read.marks, read.on):
            if on == number:
                outline[mark.inside] = True
        box = ndimage.find_objects((sac | outline).astype(np.uint8))[0]
        true, drawn = sac[box], outline[box]
        rows.append((dice(true, drawn), hausdorff(true, drawn, (SPACING_MM,) * 3, 95), volume_similarity(true, drawn),
                     hausdorff(true, drawn, (SPACING_MM,) * 3, 100)))
    return rows


def _mean(values: list[float] | list[int]) -> float:
    return round(float(np.mean(values)), 4) if values else 0.0


def _interval(values: np.ndarray, scans: np.ndarray | None = None) -> list[float]:
    """Scans are drawn anew, all that is in one together; without `scans` each value is one."""
    return [round(v, 4) for v in bootstrap(lambda rows: float(values[rows].mean()), np.arange(len(values)) if scans is None else scans, 1)] if len(values) else []


def _column(rows: list[tuple[int, tuple[float, float, float, float]]], k: int) -> dict[str, object] | None:
    values, scans = np.array([row[k] for _, row in rows]), np.array([scan for scan, _ in rows])
    return {"mean": round(float(values.mean()), 4), "interval": _interval(values, scans)} if len(values) else None


def _size_row(hits: list[bool], name: str) -> dict[str, object]:
    return {"sizeMm": name, "aneurysms": len(hits), "detected": sum(hits), "interval": [round(v, 2) for v in wilson(sum(hits), len(hits))] if hits else [0.0, 1.0]}
