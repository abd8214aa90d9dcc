"""Figures on unseen scans from 3 mm up: at the operating point, and read off the curve at half a false positive a scan."""

from dataclasses import dataclass

import numpy as np

from .evaluate import Calibration, Scan
from .by_site import site_rows
from .metrics import bootstrap, reliability

#: the smallest diameter that counts (mm); a mark on a smaller aneurysm is neither hit nor false
SMALLEST_MM = 3.0
#: false positives a scan: what a threshold allows on validation scans of patients, and where the curve is read
BUDGET = 0.5
#: what it allows on validation phantoms: less, since real arteries make for more marks than those of phantoms
BUDGET_ON_PHANTOMS = 0.3
#: below every mark's logit and above that of an aneurysm without a mark
LOWEST = -30.0


@dataclass(frozen=True)
class Marks:
    """One scan: for each aneurysm of SMALLEST_MM and more the best logit of a mark on it (-inf none), and its site ("" unknown); logits of false marks."""

    best: np.ndarray
    false: np.ndarray
    sites: tuple[str, ...]


def marks_of(scan: Scan, calibration: Calibration) -> Marks:
    """Joins marks and aneurysms."""
    logits = np.array([calibration.logit(c) for c in scan.candidates])
    hits = np.array(scan.hits, int)
    counted = [k for k, diameter in enumerate(scan.diameters) if diameter >= SMALLEST_MM]
    return Marks(np.array([max(logits[hits == k], default=-np.inf) for k in counted]), logits[hits < 0],
                 tuple(scan.sites[k] if scan.sites else "" for k in counted))


def sensitivity(marks: list[Marks], cut: float) -> float:
    """Share of aneurysms with a mark of this logit or more; NaN without aneurysms."""
    best = np.concatenate([m.best for m in marks])
    return float((best >= cut).mean()) if len(best) else float("nan")


def false_positives(marks: list[Marks], cut: float) -> float:
    """False marks of this logit or more, a scan."""
    return float((np.concatenate([m.false for m in marks]) >= cut).sum() / len(marks))


def cut_within(marks: list[Marks], budget: float) -> float:
    """The lowest logit at which false marks a scan stay within the budget."""
    false = np.sort(np.concatenate([m.false for m in marks]))[::-1]
    allowed = int(np.floor(budget * len(marks) + 1e-9))
    return float(np.nextafter(false[allowed], np.inf)) if len(false) > allowed else LOWEST


def figures(scans: list[Scan], calibration: Calibration, threshold: float) -> dict[str, object]:
    """Fields of the manifest's `performance`; intervals are bootstraps over scans, in which the curve is read anew each time.

    Of scans without an aneurysm of SMALLEST_MM and more it says no sensitivity.
    """
    marks = [marks_of(scan, calibration) for scan in scans]
    cut, scan_numbers = float(np.log(threshold / (1 - threshold))), np.arange(len(marks))

    def at_budget(rows: np.ndarray) -> float:
        drawn = [marks[k] for k in rows]
        return sensitivity(drawn, cut_within(drawn, BUDGET))

    best = np.concatenate([m.best for m in marks])
    false = bootstrap(lambda rows: false_positives([marks[k] for k in rows], cut), scan_numbers, 1)
    found = {"lesions3mmUp": len(best), "detected3mmUp": int((best >= cut).sum()), "falsePositivesPerScanInterval": _rounded(false),
             **_reliability(scans, calibration), "bySite": site_rows((s, bool(b >= cut)) for m in marks for s, b in zip(m.sites, m.best))}
    if len(best) == 0:
        return found
    at_cut = bootstrap(lambda rows: sensitivity([marks[k] for k in rows], cut), scan_numbers, 1)
    read_off = bootstrap(at_budget, scan_numbers, 1)
    return found | {
        "lesionSensitivity3mmUpInterval": _rounded(at_cut),
        "atHalfFalsePositive": {"lesionSensitivity3mmUp": round(at_budget(scan_numbers), 4), "interval": _rounded(read_off),
                                "threshold": round(float(1 / (1 + np.exp(-cut_within(marks, BUDGET)))), 3)}}


def _reliability(scans: list[Scan], calibration: Calibration) -> dict[str, float]:
    """Of the probabilities of all candidates, whether they are told or not; nothing without any."""
    truth = np.array([hit >= 0 for scan in scans for hit in scan.hits], float)
    logits = np.array([calibration.logit(c) for scan in scans for c in scan.candidates])
    return reliability(truth, 1 / (1 + np.exp(-logits))) if len(truth) else {}


def _rounded(interval: tuple[float, float]) -> list[float]:
    return [round(v, 3) for v in interval]
