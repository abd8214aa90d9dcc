"""The figures of system 003: marks matched to aneurysms as ADAM counts, calibration, operating point, overlap of outlines."""

from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage
from sklearn.linear_model import LogisticRegression

from ..by_site import site_rows
from ..metrics import Location, adam_detection, bootstrap, dice, froc, hausdorff, reliability, volume_similarity, wilson
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


#: DSC, HD95 (mm), VS, HD (mm)
Overlap = tuple[float, float, float, float]


@dataclass(frozen=True)
class Truth:
    """An aneurysm of a case: its number, place, diameter (mm), and site ("" unknown)."""

    number: int
    location: Location
    diameter: float
    site: str = ""


@dataclass(frozen=True)
class Read:
    """What figures need of a case at an outline threshold, and no volume: its aneurysms, the marks without their voxels, for each mark the number
    of the aneurysm it lies on (0 none), the overlap of each aneurysm with the marks on it, candidates, and DSC of the arteries where they are known."""

    truth: list[Truth]
    marks: list[Mark]
    on: tuple[int, ...]
    overlaps: dict[int, Overlap]
    candidates: int
    artery_dice: float | None


def outlined(case: FineCase, steps: Steps, threshold: float) -> Read:
    """A mark hits an aneurysm where ADAM counts it: within the largest radius of its centre. Those on what is left out are left out too."""
    truth, beside = truth_of(case), [] if case.left_out is None else [place for _, place in locations(case.left_out)]
    marks, on = [], []
    for mark in steps.marks(threshold):
        hits = [t.number for t in truth if _hits(mark, t.location)]
        if hits or not any(_hits(mark, place) for place in beside):
            marks.append(mark)
            on.append(hits[0] if hits else 0)
    overlaps = {number: overlap(case.aneurysms == number, [m for m, k in zip(marks, on) if k == number]) for number in sorted({*on} - {0})}
    kept = [replace(mark, inside=()) for mark in marks]
    return Read(truth, kept, tuple(on), overlaps, len(steps.centres), dice(case.arteries, steps.arteries) if case.arteries_known else None)


def truth_of(case: FineCase) -> list[Truth]:
    """The aneurysms in the box."""
    return [Truth(number, place, case.diameters[number - 1], case.sites[number - 1] if case.sites else "") for number, place in locations(case.aneurysms)]


def locations(numbers: np.ndarray) -> list[tuple[int, Location]]:
    """Number, centre and largest radius (mm) of everything that is numbered [z,y,x]."""
    found = []
    for number, box in enumerate(ndimage.find_objects(numbers), start=1):
        if box is not None:
            inside = (np.argwhere(numbers[box] == number) + [b.start for b in box])[:, ::-1] * SPACING_MM
            centre = inside.mean(0)
            radius = float(max(np.linalg.norm(inside - centre, axis=1).max(), SPACING_MM))
            found.append((number, Location((float(centre[0]), float(centre[1]), float(centre[2])), radius)))
    return found


def _hits(mark: Mark, place: Location) -> bool:
    return bool(np.linalg.norm(np.array(mark.centre[::-1]) * SPACING_MM - np.array(place.centre)) <= place.radius)


@dataclass(frozen=True)
class Chosen:
    """Calibration of marks, probability from which a voxel is outlined, probability of a finding."""

    calibration: Calibration
    outline: float
    finding: float


class TooFewMarks(ValueError):
    """Nothing can be calibrated on marks that are all true, all false, or fewer than the weights."""


def choose(seen: list[dict[float, Read]]) -> Chosen:
    """From validation cases, each read at every one of OUTLINES. Throws TooFewMarks."""
    outline = choose_outline(seen)
    read = [by_threshold[outline] for by_threshold in seen]
    calibration = calibrate(read)
    return Chosen(calibration, outline, choose_threshold(read, calibration))


def calibrate(read: list[Read]) -> Calibration:
    """Logistic regression over the marks of validation cases."""
    rows = np.array([m.row for r in read for m in r.marks])
    truth = np.array([k > 0 for r in read for k in r.on], float)
    if len(rows) < 4 or len(np.unique(truth)) < 2:
        raise TooFewMarks(f"{len(rows)} marks on validation cases, {int(truth.sum())} of them true: too few to calibrate on")
    fit = LogisticRegression(C=1.0, max_iter=2000).fit(rows, truth)
    coarse, fine, volume = (float(v) for v in fit.coef_[0])
    return Calibration((coarse, fine, volume), float(fit.intercept_[0]))


#: outline thresholds that are tried
OUTLINES = (0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8)


def choose_outline(seen: list[dict[float, Read]]) -> float:
    """The threshold of the greatest mean of DSC and VS over the validation aneurysms that are marked at one half; one no longer marked counts 0."""
    wanted = [(by_threshold, number) for by_threshold in seen for number in by_threshold[0.5].overlaps]

    def worth(threshold: float) -> float:
        rows = [by_threshold[threshold].overlaps.get(number, (0.0, 0.0, 0.0, 0.0)) for by_threshold, number in wanted]
        return float(np.sum([dsc + vs for dsc, _, vs, _ in rows])) / max(len(wanted), 1)

    return max(OUTLINES, key=lambda t: (worth(t), -abs(t - 0.5)))


def choose_threshold(read: list[Read], calibration: Calibration) -> float:
    """The lowest probability with at most 0.5 false positives a validation scan, at least 0.01 and at most 0.5."""
    false = sorted((calibration(m) for r in read for m, k in zip(r.marks, r.on) if k == 0), reverse=True)
    allowed = len(read) // 2
    limit = false[allowed] + 1e-4 if len(false) > allowed else 0.01
    return float(np.clip(limit, 0.01, 0.5))


def measure(read: list[Read], chosen: Chosen) -> dict[str, object]:
    """Detection as ADAM counts, by size; overlap of the outline on detected aneurysms; all with intervals over scans."""
    kept = [[(m, k, chosen.calibration(m)) for m, k in zip(r.marks, r.on)] for r in read]
    called = [[row for row in rows if row[2] >= chosen.finding] for rows in kept]
    adam = [adam_detection([t.location for t in r.truth], np.array([m.centre[::-1] for m, _, _ in rows]).reshape(-1, 3) * SPACING_MM)
            for r, rows in zip(read, called)]
    truth = [(t.number, t.diameter, {k for _, k, _ in rows}) for r, rows in zip(read, called) for t in r.truth]
    sites = [t.site for r in read for t in r.truth]
    scores = np.array([p for rows in kept for _, _, p in rows])
    true = np.array([k > 0 for rows in kept for _, k, _ in rows], float)
    unique = np.array([100 * i + k if k else -1 for i, rows in enumerate(kept) for _, k, _ in rows])
    curve = froc(scores, unique, len(truth), len(read)) if len(scores) else None
    overlaps = [(scan, r.overlaps[k]) for scan, (r, rows) in enumerate(zip(read, called)) for k in sorted({k for _, k, _ in rows} - {0})]
    arteries = [r.artery_dice for r in read if r.artery_dice is not None]
    large = [d >= 3 for _, d, _ in truth]
    hits = [number in found for number, _, found in truth]
    owners = np.array([scan for scan, r in enumerate(read) for _ in r.truth])
    of_large = np.array([float(h) for h, big in zip(hits, large) if big])
    return {
        "scans": len(read), "aneurysms": len(truth),
        "adamSensitivity": _mean([s for s, _ in adam if not np.isnan(s)]),
        "adamSensitivityInterval": _interval(np.array([s for s, _ in adam if not np.isnan(s)])), "falsePositivesPerScan": _mean([f for _, f in adam]),
        "falsePositivesInterval": _interval(np.array([float(f) for _, f in adam])),
        "aneurysms3mmUp": len(of_large), "sensitivity3mmUp": _mean(list(of_large)),
        "sensitivity3mmUpInterval": _interval(of_large, owners[large]),
        "sensitivityAtHalfFalsePositive": round(curve.at(0.5), 4) if curve else 0.0,
        **(reliability(true, scores) if len(scores) else {}),
        "candidatesPerScan": _mean([r.candidates for r in read]),
        **({"arteryDice": _mean(arteries)} if arteries else {}),
        "outlines": len(overlaps), **{name: _column(overlaps, k) for k, name in enumerate(("dsc", "hd95Mm", "vs", "hdMm"))},
        "bySize": [_size_row([h for h, (_, d, _) in zip(hits, truth) if low <= d < high], name) for low, high, name in SIZES],
        "bySite": site_rows((site, hit) for site, hit, big in zip(sites, hits, large) if big)}


def overlap(sac: np.ndarray, marks: list[Mark]) -> Overlap:
    """An aneurysm [z,y,x] against all that the marks on it outline, however far it reaches."""
    outline = np.zeros(sac.shape, bool)
    for mark in marks:
        outline[mark.inside] = True
    box = ndimage.find_objects((sac | outline).astype(np.uint8))[0]
    true, drawn = sac[box], outline[box]
    return (dice(true, drawn), hausdorff(true, drawn, (SPACING_MM,) * 3, 95), volume_similarity(true, drawn),
            hausdorff(true, drawn, (SPACING_MM,) * 3, 100))


def _mean(values: list[float] | list[int]) -> float:
    return round(float(np.mean(values)), 4) if values else 0.0


def _interval(values: np.ndarray, scans: np.ndarray | None = None) -> list[float]:
    """Scans are drawn anew, all that is in one together; without `scans` each value is one."""
    return [round(v, 4) for v in bootstrap(lambda rows: float(values[rows].mean()), np.arange(len(values)) if scans is None else scans, 1)] if len(values) else []


def _column(rows: list[tuple[int, Overlap]], k: int) -> dict[str, object] | None:
    values, scans = np.array([row[k] for _, row in rows]), np.array([scan for scan, _ in rows])
    return {"mean": round(float(values.mean()), 4), "interval": _interval(values, scans)} if len(values) else None


def _size_row(hits: list[bool], name: str) -> dict[str, object]:
    return {"sizeMm": name, "aneurysms": len(hits), "detected": sum(hits), "interval": [round(v, 2) for v in wilson(sum(hits), len(hits))] if hits else [0.0, 1.0]}
