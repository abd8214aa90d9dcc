"""Confidence intervals: Wilson for proportions, percentile bootstrap over patients for the rest."""

from collections.abc import Callable

import numpy as np


def bootstrap(
    statistic: Callable[[np.ndarray], float], patients: np.ndarray, seed: int, resamples: int = 1000
) -> tuple[float, float]:
    """95 % interval of statistic(rows), resampling PATIENTS: `patients` [n] names the patient of each row."""
    rng = np.random.default_rng(seed)
    names, inverse = np.unique(patients, return_inverse=True)
    rows_of = [np.flatnonzero(inverse == k) for k in range(len(names))]
    values = []
    for _ in range(resamples):
        drawn = rng.integers(len(names), size=len(names))
        value = statistic(np.concatenate([rows_of[k] for k in drawn]))
        if np.isfinite(value):
            values.append(value)
    if not values:
        return (float("nan"), float("nan"))
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def wilson(hits: int, count: int, z: float = 1.96) -> tuple[float, float]:
    """95 % interval of a proportion; (0, 1) without any case."""
    if count == 0:
        return (0.0, 1.0)
    share, weight = hits / count, z**2 / count
    middle = (share + weight / 2) / (1 + weight)
    half = z * np.sqrt(share * (1 - share) / count + weight / (4 * count)) / (1 + weight)
    return float(middle - half), float(middle + half)
