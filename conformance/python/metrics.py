"""The figures of sklearn, scipy and plain numpy for cases on standard input; one JSON object on standard output."""

import json
import sys

import numpy as np
from scipy import ndimage, stats
from sklearn import metrics

given = json.load(sys.stdin)
truth = np.array(given["truth"], int)
first, second = np.array(given["first"]), np.array(given["second"])
threshold = given["threshold"]
called = first >= threshold
out = {
    "auc": metrics.roc_auc_score(truth, first),
    "averagePrecision": metrics.average_precision_score(truth, first),
    "accuracy": metrics.accuracy_score(truth, called),
    "sensitivity": metrics.recall_score(truth, called),
    "specificity": metrics.recall_score(1 - truth, ~called),
    "ppv": metrics.precision_score(truth, called),
    "npv": metrics.precision_score(1 - truth, ~called),
    "f1": metrics.f1_score(truth, called),
    "f2": metrics.fbeta_score(truth, called, beta=2),
    "youden": metrics.balanced_accuracy_score(truth, called, adjusted=True),
    "brier": metrics.brier_score_loss(truth, first),
}
fpr, tpr, cuts = metrics.roc_curve(truth, first, drop_intermediate=False)
out["youdenThreshold"] = cuts[len(cuts) - 1 - int(np.argmax((tpr - fpr)[::-1]))]
out["roc"] = [[float(a), float(b)] for a, b in zip(fpr, tpr)]


def structural(score):
    """DeLong's components by the definition, a loop over pairs."""
    x, y = score[truth == 1], score[truth == 0]
    psi = (x[:, None] > y[None]) + 0.5 * (x[:, None] == y[None])
    return psi.mean(1), psi.mean(0)


(v10, v01), (w10, w01) = structural(first), structural(second)
s10, s01 = np.cov(v10, w10), np.cov(v01, w01)
covariance = s10 / len(v10) + s01 / len(v01)
out["delongError"] = np.sqrt(covariance[0, 0])
z = (v10.mean() - w10.mean()) / np.sqrt(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
out["delongP"] = 2 * stats.norm.sf(abs(z))

order = np.argsort(first, kind="stable")
parts = np.array_split(order, 15)
out["ece"] = sum(len(p) * abs(truth[p].mean() - first[p].mean()) for p in parts) / len(truth)

from sklearn.linear_model import LogisticRegression  # noqa: E402

logit = np.log(first / (1 - first))
line = LogisticRegression(C=np.inf, tol=1e-10, max_iter=10000).fit(logit[:, None], truth)
out["intercept"], out["slope"] = line.intercept_[0], line.coef_[0, 0]
out["logLoss"] = metrics.log_loss(truth, first)

low, high = stats.binomtest(given["hits"], given["count"]).proportion_ci(0.95, "wilson")
out["wilson"] = [low, high]
out["tails"] = [2 * stats.norm.sf(z) for z in given["tails"]]


def icc(table):
    """By the mean squares of a two-way analysis of variance, from scipy-free sums."""
    table = np.array(table, float)
    n, k = table.shape
    total = ((table - table.mean()) ** 2).sum()
    between = k * ((table.mean(1) - table.mean()) ** 2).sum()
    raters = n * ((table.mean(0) - table.mean()) ** 2).sum()
    error = (total - between - raters) / ((n - 1) * (k - 1))
    rows, columns = between / (n - 1), raters / (k - 1)
    return (rows - error) / (rows + (k - 1) * error + k * (columns - error) / n)


out["icc"] = icc(given["ratings"])

size = given["size"]
spacing = given["spacing"][::-1]
g, p = (np.array(given[name], bool).reshape(size[::-1]) for name in ("truthMask", "foundMask"))
out["dice"] = 1 - metrics.pairwise.pairwise_distances(g.reshape(1, -1), p.reshape(1, -1), "dice")[0, 0]
out["iou"] = metrics.jaccard_score(g.ravel(), p.ravel())
edges = [np.argwhere(m & ~ndimage.binary_erosion(m)) * spacing for m in (g, p)]
pairs = np.sqrt(((edges[0][:, None] - edges[1][None]) ** 2).sum(2))
out["hausdorff"] = max(pairs.min(1).max(), pairs.min(0).max())
out["hausdorff95"] = max(np.percentile(pairs.min(1), 95), np.percentile(pairs.min(0), 95))
print(json.dumps({key: np.asarray(value).tolist() for key, value in out.items()}))
