"""Free-response figures: sensitivity against false positives a scan."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Froc:
    """Sensitivity and false positives a scan at falling thresholds."""

    thresholds: np.ndarray
    sensitivity: np.ndarray
    false_positives: np.ndarray

    def at(self, false_positives: float) -> float:
        """The best sensitivity with at most this many false positives a scan; 0 if none is so quiet."""
        quiet = self.false_positives <= false_positives + 1e-12
        return float(self.sensitivity[quiet].max()) if quiet.any() else 0.0


def froc(scores: np.ndarray, lesions: np.ndarray, lesion_count: int, scans: int) -> Froc:
    """Marks with a score and the lesion each hits (index, or -1 for none); a lesion counts once, by its best mark."""
    thresholds = np.unique(scores)[::-1]
    sensitivity, false_positives = [], []
    for threshold in thresholds:
        called = lesions[scores >= threshold]
        sensitivity.append(len(set(called[called >= 0].tolist())) / max(lesion_count, 1))
        false_positives.append(int((called < 0).sum()) / scans)
    return Froc(thresholds, np.array(sensitivity), np.array(false_positives))


def mean_sensitivity(curve: Froc) -> float:
    """Mean sensitivity at 1/8, 1/4, 1/2, 1, 2, 4 and 8 false positives a scan (the CPM of lung nodule challenges)."""
    return float(np.mean([curve.at(2.0**k) for k in range(-3, 4)]))
