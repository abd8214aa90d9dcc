"""The metrics of the two RSNA challenges."""

import numpy as np

from .classification import auc

HAEMORRHAGE_WEIGHTS = np.array([2.0, 1, 1, 1, 1, 1])


def haemorrhage_log_loss(truth: np.ndarray, probability: np.ndarray) -> float:
    """RSNA 2019: weighted log loss over [n,6] in the order any, five subtypes; any counts twice, divided by seven."""
    p = np.clip(probability, 1e-15, 1 - 1e-15)
    loss = -(truth * np.log(p) + (1 - truth) * np.log(1 - p)).mean(0)
    return float(loss @ HAEMORRHAGE_WEIGHTS / HAEMORRHAGE_WEIGHTS.sum())


def aneurysm_score(present: tuple[np.ndarray, np.ndarray], locations: tuple[np.ndarray, np.ndarray]) -> float:
    """RSNA 2025: half the AUC of presence, half the mean AUC of the 13 locations; (truth, score) pairs, locations [n,13]."""
    truth, score = locations
    return 0.5 * (auc(*present) + float(np.mean([auc(truth[:, k], score[:, k]) for k in range(truth.shape[1])])))
