"""Three questions to a map, over true positives: does it point at the lesion, does what it points at matter, was it learnt?"""

from dataclasses import dataclass

import numpy as np

from ..metrics import bootstrap, wilson


@dataclass(frozen=True)
class MapSeen:
    """One map of one true positive.

    `pointed`: its peak lies in the lesion. `before`: the probability that the map explains; `after`: the same without what the map calls strongest;
    `elsewhere`: with as much taken out at other places. `values` and `shuffled`: the map, and those of the network with its weights shuffled in SHUFFLES ways, flat.
    """

    pointed: bool
    before: float
    after: float
    elsewhere: tuple[float, ...]
    values: np.ndarray
    shuffled: tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Explained:
    """A true positive: the number of its phantom, and its maps by name."""

    phantom: int
    maps: dict[str, MapSeen]


def figures(found: list[Explained], how: str, phantoms: int) -> dict[str, object]:
    """Fields of the manifest's `performance.explanation`. Shares have Wilson intervals, means are bootstrapped over phantoms."""
    names = list(found[0].maps) if found else []
    return {"how": how, "phantoms": phantoms, "truePositives": len(found), "maps": [_of_map(found, name) for name in names]}


def _of_map(found: list[Explained], name: str) -> dict[str, object]:
    seen = [one.maps[name] for one in found]
    phantom = np.array([one.phantom for one in found])
    before = np.array([s.before for s in seen])
    after, elsewhere = np.array([s.after for s in seen]), np.array([np.mean(s.elsewhere) for s in seen])
    lost = [_logit(s.after) < np.mean([_logit(p) for p in s.elsewhere]) for s in seen]
    others = [_of_another_phantom(found, k).maps[name] for k in range(len(found))]
    return {
        "map": name, "pointing": _share([s.pointed for s in seen]), "deletion": _share(lost),
        "probability": {"before": _mean(before, phantom), "after": _mean(after, phantom), "elsewhere": _mean(elsewhere, phantom)},
        "shuffled": [_alike([(s.values, s.shuffled[way]) for s in seen], phantom) for way in range(len(seen[0].shuffled))],
        "otherFinding": _alike([(s.values, o.values) for s, o in zip(seen, others)], phantom)}


def _of_another_phantom(found: list[Explained], place: int) -> Explained:
    """The next finding in another phantom; the finding itself where there is none."""
    after = [*found[place + 1 :], *found[:place]]
    return next((one for one in after if one.phantom != found[place].phantom), found[place])


def _share(hits: list[bool]) -> dict[str, object]:
    return {"share": round(float(np.mean(hits)), 4), "count": int(sum(hits)), "interval": [round(v, 4) for v in wilson(int(sum(hits)), len(hits))]}


def _mean(values: np.ndarray, phantom: np.ndarray) -> dict[str, object]:
    low, high = bootstrap(lambda rows: float(values[rows].mean()), phantom, 1)
    return {"mean": round(float(values.mean()), 4), "interval": [round(low, 4), round(high, 4)]}


def _alike(pairs: list[tuple[np.ndarray, np.ndarray]], phantom: np.ndarray) -> dict[str, object]:
    """Correlation of values and of ranks, the mean over true positives."""
    return {"pearson": _mean(np.array([correlation(a, b) for a, b in pairs]), phantom),
            "spearman": _mean(np.array([correlation(_ranks(a), _ranks(b)) for a, b in pairs]), phantom)}


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Pearson's; 0 where one of the maps says the same everywhere."""
    if a.std() == 0 or b.std() == 0:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])


def _ranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 0; equal values share their mean rank."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts + 1) / 2)[inverse]  # type: ignore[no-any-return]


def _logit(probability: float) -> float:
    p = min(max(probability, 1e-6), 1 - 1e-6)
    return float(np.log(p / (1 - p)))
