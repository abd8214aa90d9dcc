"""How well sites are named on unseen phantoms, as the node names them: exact crops, its rule for the side, its threshold."""

from dataclasses import dataclass

import numpy as np
import onnxruntime as ort
from scipy import ndimage, optimize

from ..metrics import bootstrap, expected_calibration_error
from .locations import CLASSES, ELSEWHERE, FIRST, LOCATIONS, MIRRORED
from .network import CROP
from .phantoms import Scene

#: nearer to the mid-sagittal plane no side is told; farther than FAR_MM geometry tells it; between, network and geometry must agree
MIDLINE_MM, FAR_MM, SHARE_OF_SIDE = 4.0, 12.0, 0.9
#: the anterior cerebral arteries run side by side, and either may lie beyond the midline: nearer than this no side of theirs is told
BESIDE_MM, BESIDE = 8.0, FIRST["ACA"]
#: no name; a name without its side is SIDELESS - the first class of its pair
GENERAL, SIDELESS = -1, -2


@dataclass(frozen=True)
class Table:
    """One row a place: probability [n,14], class, scan, mm left of the mid-sagittal plane, whether a sac, drawn as the detectors' are."""

    probability: np.ndarray
    label: np.ndarray
    scan: np.ndarray
    left_mm: np.ndarray
    sac: np.ndarray
    usual: np.ndarray
    modality: np.ndarray

    def rows(self, which: np.ndarray) -> "Table":
        return Table(**{name: values[which] for name, values in self.__dict__.items()})


def crop_at(image: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """float32 [64,64,64] about a place (x,y,z voxels of 1 mm), trilinear, 0 outside: what the node cuts."""
    axes = [c - (CROP - 1) / 2 + np.arange(CROP) for c in centre[::-1]]
    return ndimage.map_coordinates(image.astype(np.float32) / 255, np.meshgrid(*axes, indexing="ij"), order=1, mode="constant")  # type: ignore[no-any-return]


def table_of(session: ort.InferenceSession, scenes: dict[str, list[Scene]], along: int = 8) -> Table:
    """Every sac of the scenes (by modality) and `along` further places of each."""
    rows: list[tuple[np.ndarray, int, int, float, bool, bool, str]] = []
    scan = 0
    for modality, some in scenes.items():
        for index, one in enumerate(some):
            further = np.flatnonzero(~one.sacs)
            kept = np.random.default_rng([47, index]).permutation(further)[:along]
            for place in (*np.flatnonzero(one.sacs), *kept):
                left = float(one.centres[place][0] - one.middle)
                answer = answered(session, crop_at(one.image, one.centres[place]), left)
                rows.append((answer, int(one.labels[place]), scan, left, bool(one.sacs[place]), index % 2 == 0, modality))
            scan += 1
    return Table(*(np.array(column) for column in zip(*rows)))


def answered(session: ort.InferenceSession, crop: np.ndarray, left_mm: float) -> np.ndarray:
    """The graph's 14 probabilities."""
    feeds = {"crop": crop[None, None], "left_mm": np.array([left_mm], np.float32)}
    return session.run(["probability"], feeds)[0][0]  # type: ignore[no-any-return]


def tempered(probability: np.ndarray, temperature: float) -> np.ndarray:
    """The probabilities of logits divided by the temperature."""
    logits = np.log(np.maximum(probability, 1e-12)) / temperature
    odds = np.exp(logits - logits.max(1, keepdims=True))
    return odds / odds.sum(1, keepdims=True)  # type: ignore[no-any-return]


def fit_temperature(table: Table) -> float:
    """The temperature of least cross-entropy (Guo et al. 2017), of a table made at temperature 1; never below 1, which would be
    surer on unseen scans than training was."""
    def loss(log_temperature: float) -> float:
        p = tempered(table.probability, float(np.exp(log_temperature)))
        return float(-np.log(np.maximum(p[np.arange(len(p)), table.label], 1e-12)).mean())

    return float(np.exp(optimize.minimize_scalar(loss, bounds=(0, 1.5), method="bounded").x))


def named(probability: np.ndarray, left_mm: float, threshold: float) -> int:
    """The class that the node names, SIDELESS - class where it tells no side, or GENERAL: one artery, both sides together, reaches the threshold."""
    sites = [probability[k] + (probability[MIRRORED[k]] if MIRRORED[k] != k else 0) for k in range(len(CLASSES))]
    best = int(np.argmax(sites))
    if best == ELSEWHERE or sites[best] < threshold:
        return GENERAL
    first = min(best, MIRRORED[best])
    if MIRRORED[first] == first:
        return first
    share = probability[first] / sites[first]
    seen = first if share >= SHARE_OF_SIDE else MIRRORED[first] if share <= 1 - SHARE_OF_SIDE else None
    if first == BESIDE and abs(left_mm) < BESIDE_MM:
        return SIDELESS - first
    geometric = None if abs(left_mm) < MIDLINE_MM else first if left_mm > 0 else MIRRORED[first]
    if geometric is not None and seen is not None and seen != geometric:
        return GENERAL
    if geometric is not None and (abs(left_mm) >= FAR_MM or seen == geometric):
        return geometric
    return SIDELESS - first


def first_answers(table: Table) -> np.ndarray:
    """The likeliest of the 13 sites of every row; its side by geometry where that tells it, else the likelier one."""
    answers = []
    for probability, left in zip(table.probability, table.left_mm):
        sites = [probability[k] + (probability[MIRRORED[k]] if MIRRORED[k] != k else 0) for k in range(ELSEWHERE)]
        first = int(np.argmax(sites))
        first = min(first, MIRRORED[first])
        is_left = left > 0 if abs(left) >= MIDLINE_MM else probability[first] >= probability[MIRRORED[first]]
        answers.append(first if is_left else MIRRORED[first])
    return np.array(answers)


def names_of(table: Table, threshold: float) -> np.ndarray:
    """`named` of every row."""
    return np.array([named(p, left, threshold) for p, left in zip(table.probability, table.left_mm)])


def is_right(names: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Whether each name is that of the class, with its side or without one."""
    pair = np.minimum(labels, np.array(MIRRORED)[labels])
    return (names == labels) | (names == SIDELESS - pair)  # type: ignore[no-any-return]


def choose_threshold(table: Table, wanted: float = 0.99) -> float:
    """The least threshold at which `wanted` of the names given to sacs, and to places on arteries, are right; 0.95 where none is."""
    for threshold in np.arange(0.5, 0.96, 0.05):
        shares = []
        for rows in (table.rows(table.sac), table.rows(~table.sac & (table.label != ELSEWHERE))):
            names = names_of(rows, float(threshold))
            told = names != GENERAL
            shares.append(is_right(names, rows.label)[told].mean() if told.any() else 1.0)
        if min(shares) >= wanted:
            return round(float(threshold), 2)
    return 0.95


def figures(table: Table, threshold: float) -> dict[str, object]:
    """Everything the card tells."""
    sacs = table.rows(table.sac)
    guess = first_answers(sacs)
    mirrored = np.array(MIRRORED)[sacs.label]
    names = names_of(sacs, threshold)
    told, well = names != GENERAL, is_right(names, sacs.label)
    confidence, right = sacs.probability.max(1), sacs.probability.argmax(1) == sacs.label
    other = table.rows(table.label == ELSEWHERE)
    return {
        "sacs": len(sacs.label), **_accuracy(sacs, guess),
        "byModality": {m: {"sacs": int((sacs.modality == m).sum()), **_accuracy(sacs.rows(sacs.modality == m), guess[sacs.modality == m])}
                       for m in np.unique(sacs.modality)},
        "whereDetectorsPhantomsHaveThem": {"sacs": int(sacs.usual.sum()), **_accuracy(sacs.rows(sacs.usual), guess[sacs.usual])},
        "sidesSwapped": int(((guess == mirrored) & (mirrored != sacs.label)).sum()),
        "placesAlongArteries": _along(table.rows(~table.sac & (table.label != ELSEWHERE))),
        "named": {"threshold": threshold, "share": round(float(told.mean()), 4), "right": int(well[told].sum()), "wrong": int((~well[told]).sum()),
                  "withoutSide": int((names <= SIDELESS).sum()),
                  "wrongSide": int((names[told] == mirrored[told])[mirrored[told] != sacs.label[told]].sum())},
        "elsewhere": {"places": len(other.label), "named": int((names_of(other, threshold) != GENERAL).sum())},
        "calibrationError": round(expected_calibration_error(right.astype(float), confidence), 4),
        "bySite": [{"site": LOCATIONS[k], "sacs": int((sacs.label == k).sum()), "right": int((guess == k)[sacs.label == k].sum()),
                    "named": int(told[sacs.label == k].sum()), "namedRight": int(well[sacs.label == k].sum())}
                   for k in range(len(LOCATIONS))],
        "confusion": [[int(((sacs.label == a) & (guess == b)).sum()) for b in range(len(LOCATIONS))] for a in range(len(LOCATIONS))],
    }


def _accuracy(rows: Table, guess: np.ndarray) -> dict[str, object]:
    right = guess == rows.label
    interval = bootstrap(lambda k: float(right[k].mean()), rows.scan, 1)
    return {"accuracy": round(float(right.mean()), 4), "interval": [round(v, 4) for v in interval]}


def _along(rows: Table) -> dict[str, object]:
    guess = first_answers(rows)
    swapped = (guess == np.array(MIRRORED)[rows.label]) & (guess != rows.label)
    return {"places": len(guess), **_accuracy(rows, guess), "sidesSwapped": int(swapped.sum())}
