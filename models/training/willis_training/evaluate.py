"""How well candidates find aneurysms: matching, calibration, operating point, FROC numbers by size."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnxruntime as ort
from scipy.optimize import minimize

from .dataset import PATCH, Case
from .detect import Candidate, Fields, Localisation, candidates_of, window_mean
from .preprocess import pad_to_multiple

SIZES = (("<3", 0.0, 3.0), ("3-4", 3.0, 4.0), ("4-5", 4.0, 5.0), ("5-7", 5.0, 7.0), (">=7", 7.0, 99.0))


@dataclass(frozen=True)
class Calibration:
    """probability = sigmoid(intercept + seed * seed_logit + patch * patch_logit + volume * ln(volume mm^3))."""

    intercept: float
    seed: float
    patch: float
    volume: float

    def logit(self, candidate: Candidate) -> float:
        return float(self.intercept + self.seed * candidate.seed_logit + self.patch * candidate.patch_logit
                     + self.volume * np.log(candidate.volume))


@dataclass(frozen=True)
class Scan:
    """Candidates of one scan, and for each the index of the aneurysm it hits (-1 none)."""

    candidates: list[Candidate]
    hits: list[int]
    diameters: np.ndarray
    volumes: np.ndarray
    sites: tuple[str, ...] = ()


def onnx_fields(session: ort.InferenceSession, image: np.ndarray) -> Fields:
    """The exported network over a whole volume."""
    padded = pad_to_multiple(image.astype(np.float32))[None, None]
    evidence, localisation = session.run(["evidence", "localisation"], {"volume": padded})
    z, y, x = image.shape
    cropped = evidence[0, 0, :z, :y, :x]
    return Fields(cropped, localisation[0, 0, :z, :y, :x], window_mean(cropped))


def scan_case(session: ort.InferenceSession, case: Case, localisation: Localisation) -> Scan:
    """A candidate is a hit where its centre lies within the aneurysm's radius, at least 3 mm, of its centre."""
    found = candidates_of(onnx_fields(session, case.image), case.image > 0, localisation)
    hits = []
    for candidate in found:
        distances = [np.linalg.norm(candidate.centre - centre) for centre in case.centres]
        near = [i for i, d in enumerate(distances) if d <= max(3.0, case.diameters[i] / 2)]
        hits.append(min(near, key=lambda i: distances[i]) if near else -1)
    return Scan(found, hits, case.diameters, case.volumes, case.sites)


def calibrate(scans: list[Scan]) -> Calibration:
    """Logistic regression of hit on seed, patch logit and ln volume, with a light ridge."""
    rows = [(c.seed_logit, c.patch_logit, np.log(c.volume), h >= 0) for s in scans for c, h in zip(s.candidates, s.hits)]
    x = np.array([r[:3] for r in rows])
    y = np.array([r[3] for r in rows], float)

    def loss(w: np.ndarray) -> float:
        logit = w[0] + x @ w[1:]
        return float(np.mean(np.logaddexp(0, logit) - y * logit) + 1e-3 * np.sum(w[1:] ** 2))

    w = minimize(loss, np.array([0.0, 1.0, 0.0, 0.0])).x
    return Calibration(*(float(v) for v in w))


@dataclass(frozen=True)
class Score:
    """Counts at one threshold."""

    scans: int
    lesions: int
    detected: int
    false_positives: int
    by_size: list[tuple[str, int, int]]

    @property
    def false_positives_per_scan(self) -> float:
        return self.false_positives / self.scans


def score(scans: list[Scan], calibration: Calibration, threshold: float, smallest_mm: float = 4.0) -> Score:
    """Sensitivity over aneurysms of smallest_mm and more; a mark on a smaller aneurysm is neither hit nor false."""
    cut = np.log(threshold / (1 - threshold))
    lesions = detected = false = 0
    sizes = {name: [0, 0] for name, _, _ in SIZES}
    for scan in scans:
        kept = [h for c, h in zip(scan.candidates, scan.hits) if calibration.logit(c) >= cut]
        false += sum(h < 0 for h in kept)
        for index, diameter in enumerate(scan.diameters):
            name = next(n for n, low, high in SIZES if low <= diameter < high)
            sizes[name][0] += 1
            sizes[name][1] += index in kept
            lesions += diameter >= smallest_mm
            detected += diameter >= smallest_mm and index in kept
    return Score(len(scans), int(lesions), int(detected), false, [(n, v[0], v[1]) for n, v in sizes.items()])


def choose_threshold(scans: list[Scan], calibration: Calibration, most_false_positives: float) -> float:
    """The lowest probability whose false positives a scan stay within the budget, so sensitivity is the most it can be."""
    for threshold in np.arange(0.1, 0.98, 0.01):
        if score(scans, calibration, float(threshold)).false_positives_per_scan <= most_false_positives:
            return round(float(threshold), 2)
    return 0.98


def sphere_diameter(volume: float) -> float:
    """mm of the sphere of a volume in mm^3."""
    return float(np.cbrt(6 * volume / np.pi))


def told_diameter(candidate: Candidate, measures: dict[str, Any]) -> float:
    """mm, as the node tells it with the `measures` of a manifest; bundles of before go by the extent."""
    raw = sphere_diameter(candidate.volume) if measures.get("diameterFrom") == "volume" else candidate.extent
    return float(raw * measures["diameterScale"] + measures["diameterOffsetMm"])


def fit_measures(scans: list[Scan]) -> dict[str, Any]:
    """Linear correction of the diameter of a sphere as large as the candidate to the true one, and of the volume, with the residual spread.

    Not of the largest extent: one voxel that runs into the artery beside the sac lengthens that by a millimetre.
    """
    pairs = [(sphere_diameter(c.volume), s.diameters[h], c.volume, s.volumes[h]) for s in scans for c, h in zip(s.candidates, s.hits) if h >= 0]
    sphere, diameter, volume, truth = (np.array(v) for v in zip(*pairs))
    slope, offset = np.polyfit(sphere, diameter, 1)
    residual = float(np.std(diameter - (slope * sphere + offset)))
    return {"diameterFrom": "volume", "diameterScale": round(float(slope), 4), "diameterOffsetMm": round(float(offset), 4),
            "diameterResidualSdMm": round(residual, 2), "volumeScale": round(float(np.median(truth / volume)), 4)}


def dense_versus_patch(session: ort.InferenceSession, cases: list[Case], seed: int, patches: int = 40) -> float:
    """Correlation of dense patch logits with the logits of the same patches cut out and classified by themselves."""
    rng = np.random.default_rng(seed)
    pairs = []
    for case in cases:
        image = case.image.astype(np.float32)
        fields = onnx_fields(session, image)
        spots = np.argwhere(image > 0.4)
        spots = spots[rng.integers(len(spots), size=patches)]
        spots = np.vstack([spots, np.round(case.centres[:, ::-1]).astype(int)]) if len(case.centres) else spots
        for spot in spots:
            # corners on the pooling grid, as a sliding window with a stride of 4 or 8 has them
            start = [int(np.clip((c - PATCH // 2) // 4 * 4, 0, n - PATCH)) for c, n in zip(spot, image.shape)]
            box = tuple(slice(s, s + PATCH) for s in start)
            if image[box].shape != (PATCH,) * 3:
                continue
            evidence, _ = session.run(["evidence", "localisation"], {"volume": image[box][None, None]})
            pairs.append((float(evidence.mean()), float(fields.evidence[box].mean())))
    a, b = np.array(pairs).T
    return float(np.corrcoef(a, b)[0, 1])


def wilson(hits: int, n: int) -> tuple[float, float]:
    """95 % Wilson score interval of a proportion."""
    if n == 0:
        return (0.0, 1.0)
    z, p = 1.96, hits / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return (float(centre - half), float(centre + half))
