"""Two-class figures: counts and rates, area under the curve, calibration, reclassification. Scores are higher for positives."""

from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats


@dataclass(frozen=True)
class Confusion:
    """Counts, and the rates that follow; a rate without a denominator is NaN."""

    tp: int
    tn: int
    fp: int
    fn: int

    @property
    def sensitivity(self) -> float:
        return _share(self.tp, self.tp + self.fn)

    @property
    def specificity(self) -> float:
        return _share(self.tn, self.tn + self.fp)

    @property
    def ppv(self) -> float:
        return _share(self.tp, self.tp + self.fp)

    @property
    def npv(self) -> float:
        return _share(self.tn, self.tn + self.fn)

    @property
    def accuracy(self) -> float:
        return _share(self.tp + self.tn, self.tp + self.tn + self.fp + self.fn)

    @property
    def youden(self) -> float:
        return self.sensitivity + self.specificity - 1

    def f_score(self, beta: float = 1.0) -> float:
        """(1+b^2) P R / (b^2 P + R); beta 2 is what system 001 selects its epoch by."""
        weight = beta**2
        return _share((1 + weight) * self.tp, (1 + weight) * self.tp + weight * self.fn + self.fp)


def confusion(truth: np.ndarray, score: np.ndarray, threshold: float) -> Confusion:
    """Counts at `score >= threshold`."""
    positive, called = truth.astype(bool), score >= threshold
    return Confusion(int((positive & called).sum()), int((~positive & ~called).sum()), int((~positive & called).sum()),
                     int((positive & ~called).sum()))


def auc(truth: np.ndarray, score: np.ndarray) -> float:
    """Mann-Whitney, ties count half; NaN where one class is missing."""
    positive = truth.astype(bool)
    n1, n0 = int(positive.sum()), int((~positive).sum())
    if n1 == 0 or n0 == 0:
        return float("nan")
    ranks = stats.rankdata(score)
    return float((ranks[positive].sum() - n1 * (n1 + 1) / 2) / (n1 * n0))


def delong(truth: np.ndarray, first: np.ndarray, second: np.ndarray) -> tuple[float, float]:
    """Difference of two AUCs on the same cases and its two-sided p (DeLong, DeLong and Clarke-Pearson 1988)."""
    positive = truth.astype(bool)
    tables = [(score[positive][:, None] > score[~positive][None]) + 0.5 * (score[positive][:, None] == score[~positive][None])
              for score in (first, second)]
    by_positive = np.cov(np.stack([t.mean(1) for t in tables]))
    by_negative = np.cov(np.stack([t.mean(0) for t in tables]))
    covariance = by_positive / positive.sum() + by_negative / (~positive).sum()
    difference = float(tables[0].mean() - tables[1].mean())
    variance = float(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    if variance <= 0:
        return difference, 1.0 if difference == 0 else 0.0
    return difference, float(2 * stats.norm.sf(abs(difference) / np.sqrt(variance)))


def youden_threshold(truth: np.ndarray, score: np.ndarray) -> float:
    """The score at which sensitivity + specificity is largest."""
    thresholds = np.unique(score)
    return float(thresholds[int(np.argmax([confusion(truth, score, t).youden for t in thresholds]))])


def brier(truth: np.ndarray, probability: np.ndarray) -> float:
    """Mean squared difference of probability and truth."""
    return float(((probability - truth) ** 2).mean())


def expected_calibration_error(truth: np.ndarray, probability: np.ndarray, bins: int = 15) -> float:
    """Mean |frequency - probability| over bins of equal mass."""
    parts = np.array_split(np.argsort(probability, kind="stable"), min(bins, len(truth)))
    return float(sum(len(p) * abs(truth[p].mean() - probability[p].mean()) for p in parts) / len(truth))


def reliability(truth: np.ndarray, probability: np.ndarray) -> dict[str, float]:
    """Fields of a manifest: Brier score and expected calibration error."""
    return {"brier": round(brier(truth, probability), 4), "calibrationError": round(expected_calibration_error(truth, probability), 4)}


def calibration_line(truth: np.ndarray, probability: np.ndarray) -> tuple[float, float]:
    """Intercept and slope of truth against the logit of the probability (0 and 1 are perfect)."""
    logit = np.log(np.clip(probability, 1e-7, 1 - 1e-7) / np.clip(1 - probability, 1e-7, 1))

    def loss(line: np.ndarray) -> float:
        value = line[0] + line[1] * logit
        return float(np.logaddexp(0, value).sum() - (truth * value).sum() + 1e-6 * (line**2).sum())

    best = optimize.minimize(loss, np.array([0.0, 1.0]), method="BFGS").x
    return float(best[0]), float(best[1])


def decision_curve(truth: np.ndarray, probability: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Net benefit TP/n - FP/n t/(1-t) at each threshold."""
    counts = [confusion(truth, probability, t) for t in thresholds]
    return np.array([c.tp / len(truth) - c.fp / len(truth) * t / (1 - t) for c, t in zip(counts, thresholds)])


def net_reclassification(before: Confusion, after: Confusion) -> float:
    """Two categories: gain in sensitivity plus gain in specificity."""
    return after.sensitivity - before.sensitivity + after.specificity - before.specificity


def integrated_discrimination(truth: np.ndarray, before: np.ndarray, after: np.ndarray) -> float:
    """Gain of (mean probability of positives - mean probability of negatives)."""
    positive = truth.astype(bool)
    gain = after - before
    return float(gain[positive].mean() - gain[~positive].mean())


def _share(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")
