"""What the maps of system 002 are worth: Grad-CAM++ of the slice networks and the sequence-level map, in the slice that shows a finding best."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort

from ..explanations import Explained, MapSeen, filled, shuffled
from ..ncct import CLASSES
from .dataset import Study, at_network_size, neighbours
from .measure import Calibration, Reader
from .prepare import HEAD_HU

PLACES = 6
HOW = ("A finding is a kind of blood that a scan is rightly called for; its maps are those of the slice most probable for it. The strongest of 8 x 8 cells (26 mm) is "
       "filled from its surroundings in this slice alone; 'elsewhere' is the mean of six other cells inside the head. Probabilities are those of the slice.")


@dataclass(frozen=True)
class Read:
    """A study: HU [t,p,p], the parts a reader gave, and logits of the sequence model [t,6]."""

    study: Study
    hu: np.ndarray
    parts: dict[str, np.ndarray]
    logits: np.ndarray
    maps: np.ndarray


def explained(folder: Path, studies: Iterable[Study], calibration: Calibration, thresholds: np.ndarray) -> list[Explained]:
    """The true positives of the studies, kind by kind (`any` has no place of its own and is left out). The shuffled weights are those of both slice networks."""
    reader, other = Reader(folder), Reader(folder)
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    other.a, other.b = (ort.InferenceSession(shuffled(onnx.load(str(folder / f"slices-{which}.onnx")), seed).SerializeToString(), options,
                                             providers=["CPUExecutionProvider"]) for seed, which in ((1, "a"), (2, "b")))
    return [one for number, study in enumerate(studies) if study.labels.any()
            for one in _of_study(reader, other, study, (calibration, thresholds), number)]


def _of_study(reader: Reader, other: Reader, study: Study, point: tuple[Calibration, np.ndarray], number: int) -> Iterator[Explained]:
    calibration, thresholds = point
    hu = at_network_size(study)
    logits, maps, parts = reader.read(hu, study.slice_spacing)
    read = Read(study, hu, parts, logits, maps)
    probability = calibration(logits)
    for k in range(1, len(CLASSES)):
        best = int(probability[:, k].argmax())
        if probability[best, k] >= thresholds[k] and study.labels[best, k]:
            yield _explained(reader, other, read, (best, k, calibration), number)


def _explained(reader: Reader, other: Reader, read: Read, at: tuple[int, int, Calibration], number: int) -> Explained:
    t, k, calibration = at
    mask = read.study.mask[t] == k
    plain = _plain(reader, other, read, t)
    maps = {}
    for name, cells, other_cells in (("Grad-CAM++ (the heatmap)", read.maps[t, k], plain[0][k]),
                                     ("sequence-level map", reader.explain(read.parts, read.study.slice_spacing, [t])[0, k], plain[1][k])):
        hottest = int(cells.argmax())
        squares = [_square(cell, cells.shape[0], mask.shape[0]) for cell in (hottest, *_elsewhere(read.hu[t], hottest, cells.shape[0], number))]
        after, *elsewhere = (_without(reader, read, square, at) for square in squares)
        pointed = bool(cells.max() > 0 and mask[squares[0]].any())
        maps[name] = MapSeen(pointed, after, tuple(elsewhere), cells.ravel(), other_cells.ravel())
    return Explained(number, float(calibration(read.logits)[t, k]), maps)


def _plain(reader: Reader, other: Reader, read: Read, t: int) -> tuple[np.ndarray, np.ndarray]:
    """Both maps [6,8,8] of a slice with shuffled slice networks; the other slices' features stay."""
    triples = neighbours(read.hu)[t : t + 1]
    logits, features, cams, maps = (np.stack(v) for v in zip(*(reader.slices(session, triples) for session in (other.a, other.b))))
    parts = {name: value.copy() for name, value in read.parts.items()}
    parts["logits"][:, t], parts["features"][:, t], parts["maps"][:, t] = logits[:, 0], features[:, 0], maps[:, 0]
    return cams.mean(0)[0], reader.explain(parts, read.study.slice_spacing, [t])[0]


def _elsewhere(hu: np.ndarray, hottest: int, cells: int, seed: int) -> list[int]:
    """Other cells of which at least half lies inside the head."""
    side = hu.shape[0] // cells
    inside = (hu > HEAD_HU).reshape(cells, side, cells, side).mean((1, 3)).ravel() >= 0.5
    inside[hottest] = False
    places = np.flatnonzero(inside)
    return [int(v) for v in np.random.default_rng([9, seed]).choice(places, min(PLACES, len(places)), replace=False)]


def _square(cell: int, cells: int, pixels: int) -> tuple[slice, slice]:
    side = pixels // cells
    y, x = (cell // cells) * side, (cell % cells) * side
    return slice(y, y + side), slice(x, x + side)


def _without(reader: Reader, read: Read, square: tuple[slice, slice], at: tuple[int, int, Calibration]) -> float:
    """Probability of a slice with a square of it filled: it and its neighbours are read again, then the sequence."""
    t, k, calibration = at
    region = np.zeros(read.hu.shape[1:], bool)
    region[square] = True
    hu = read.hu.copy()
    hu[t] = filled(hu[t], region)
    first, last = max(0, t - 1), min(len(hu), t + 2)
    triples = neighbours(hu)[first:last]
    logits, features, _, _ = (np.stack(v) for v in zip(*(reader.slices(session, triples) for session in (reader.a, reader.b))))
    parts = {name: read.parts[name].copy() for name in ("logits", "features")}
    parts["logits"][:, first:last], parts["features"][:, first:last] = logits, features
    feeds = {name: value[None] for name, value in parts.items()} | {"spacing": np.array([read.study.slice_spacing], np.float32)}
    return float(calibration(reader.sequence.run(None, feeds)[0][0])[t, k])
