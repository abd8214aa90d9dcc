"""From 512 features to a probability: z-score, redundancy filter, LASSO, logistic regression. Everything is fitted on given rows only."""

from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LassoCV, LogisticRegression
from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

#: of two features with at least this correlation, the later one is dropped
REDUNDANT = 0.9


@dataclass(frozen=True)
class Head:
    """logit = weights . (f[kept] - mean) / spread + bias, as fitted on the training rows of one fold."""

    kept: np.ndarray
    mean: np.ndarray
    spread: np.ndarray
    weights: np.ndarray
    bias: float

    def logit(self, features: np.ndarray) -> np.ndarray:
        return self.contributions(features).sum(1) + self.bias  # type: ignore[no-any-return]

    def contributions(self, features: np.ndarray) -> np.ndarray:
        """What each kept feature adds to the logit, [n,kept]."""
        return (features[:, self.kept] - self.mean) / self.spread * self.weights  # type: ignore[no-any-return]

    def direction(self, size: int) -> tuple[np.ndarray, float]:
        """The same head as one linear layer on raw features: v = w / spread on kept features, and its offset."""
        vector = np.zeros(size)
        vector[self.kept] = self.weights / self.spread
        return vector, float(self.bias - (self.weights * self.mean / self.spread).sum())


@dataclass(frozen=True)
class SelectionOptions:
    """Switches of the published ablation."""

    lasso: bool = True
    class_weights: bool = True
    most: int = 15
    seed: int = 1


def fit_head(features: np.ndarray, truth: np.ndarray, patients: np.ndarray, options: SelectionOptions = SelectionOptions()) -> Head:
    """Fits every step on these rows: features [n,512], truth [n] 0/1, patients [n] so that no patient is on both sides of a fold."""
    mean, spread = features.mean(0), features.std(0)
    alive = np.flatnonzero(spread > 1e-6 * max(float(spread.max()), 1e-12))
    scaled = (features[:, alive] - mean[alive]) / spread[alive]
    distinct = np.arange(len(alive))[not_redundant(scaled)]
    chosen = distinct
    if options.lasso:
        folds = list(GroupKFold(n_splits=min(5, len(np.unique(patients)))).split(scaled, truth, patients))
        path = LassoCV(cv=folds, alphas=40, eps=3e-3, max_iter=4000, random_state=options.seed).fit(scaled[:, distinct], truth)
        strength = np.abs(path.coef_)
        order = np.argsort(-strength)[: options.most]
        chosen = distinct[np.sort(order[strength[order] > 0])]
        if len(chosen) == 0:
            chosen = distinct[[int(np.argmax(np.abs(scaled[:, distinct].T @ (truth - truth.mean()))))]]
    regression = LogisticRegression(class_weight="balanced" if options.class_weights else None, max_iter=2000)
    regression.fit(scaled[:, chosen], truth)
    kept = alive[chosen]
    return Head(kept, mean[kept], spread[kept], regression.coef_[0], float(regression.intercept_[0]))


def not_redundant(scaled: np.ndarray) -> np.ndarray:
    """True for features kept: walking in order, a feature correlated with a kept one is dropped."""
    correlation = np.abs(np.corrcoef(scaled.T)) if scaled.shape[1] > 1 else np.ones((1, 1))
    keep = np.zeros(scaled.shape[1], bool)
    for k in range(scaled.shape[1]):
        keep[k] = not (correlation[k, keep] >= REDUNDANT).any()
    return keep


def cross_validated(
    features: np.ndarray, truth: np.ndarray, patients: np.ndarray, options: SelectionOptions = SelectionOptions(), folds: int = 5
) -> np.ndarray:
    """Out-of-fold logits [n]: selection and regression are fitted again inside every fold, folds by patient."""
    logits = np.full(len(truth), np.nan)
    splitter = StratifiedGroupKFold(n_splits=folds, shuffle=True, random_state=options.seed)
    for train, test in splitter.split(features, truth, patients):
        logits[test] = fit_head(features[train], truth[train], patients[train], options).logit(features[test])
    return logits
