"""What the maps of system 002 are worth: Grad-CAM++ of the slice networks and the sequence-level map, in the slice that shows a finding best."""

from collections.abc import Iterable, Iterator
from copy import copy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort

from ..explanations import SHUFFLES, Explained, MapSeen, as_pixels, by_cell, filled, other_cells, shuffled, strongest_cells
from ..ncct import CLASSES
from .dataset import Study, at_network_size, neighbours
from .measure import Calibration, Reader
from .prepare import HEAD_HU

HOW = ("A finding is a kind of blood that a scan is rightly called for; its maps are those of the slice most probable for it, if that slice holds the blood. The cells "
       "(26 mm) at half the map's peak and more are filled from their surroundings in this slice alone; 'elsewhere' is the mean of four draws of as many other cells "
       "inside the head that hold no blood. Each map is tried on what it explains: Grad-CAM++ on the mean logit of both slice networks (as a probability), the "
       "sequence-level map on the sequence model's probability of the slice, which its neighbours hold up.")


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
    reader = Reader(folder)
    others = [_shuffled_reader(reader, folder, seed) for seed in SHUFFLES]
    return [one for number, study in enumerate(studies) if study.labels.any()
            for one in _of_study(reader, others, study, (calibration, thresholds), number)]


def _shuffled_reader(reader: Reader, folder: Path, seed: int) -> Reader:
    """The reader with its slice networks shuffled."""
    reader, options = copy(reader), ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    reader.a, reader.b = (ort.InferenceSession(shuffled(onnx.load(str(folder / f"slices-{which}.onnx")), seed).SerializeToString(), options,
                                               providers=["CPUExecutionProvider"]) for which in "ab")
    return reader


def _of_study(reader: Reader, others: list[Reader], study: Study, point: tuple[Calibration, np.ndarray], number: int) -> Iterator[Explained]:
    calibration, thresholds = point
    hu = at_network_size(study)
    logits, maps, parts = reader.read(hu, study.slice_spacing)
    read = Read(study, hu, parts, logits, maps)
    probability = calibration(logits)
    for k in range(1, len(CLASSES)):
        best = int(probability[:, k].argmax())
        if probability[best, k] >= thresholds[k] and study.labels[best, k]:
            yield _explained(reader, others, read, (best, k, calibration), number)


def _explained(reader: Reader, others: list[Reader], read: Read, at: tuple[int, int, Calibration], number: int) -> Explained:
    t, k, _ = at
    mask = read.study.mask[t] == k
    plain = [_plain(reader, other, read, t) for other in others]
    maps = {}
    before = _probabilities(read.parts["logits"], read.logits, at)
    for which, (name, cells) in enumerate((("Grad-CAM++ (the heatmap)", read.maps[t, k]),
                                           ("sequence-level map", reader.explain(read.parts, read.study.slice_spacing, [t])[0, k]))):
        held, count = by_cell(mask, len(cells)) > 0, len(cells)
        inside = by_cell(read.hu[t] > HEAD_HU, count) >= 0.5 * (len(mask) // count) ** 2
        strongest = strongest_cells(cells)
        sets = [strongest, *other_cells(strongest, by_cell(read.study.mask[t] > 0, count) > 0, inside, [9, number])]
        after, *elsewhere = (_without(reader, read, as_pixels(one, len(mask)), at)[which] for one in sets)
        pointed = bool(cells.max() > 0 and held.flat[int(cells.argmax())])
        maps[name] = MapSeen(pointed, before[which], after, tuple(elsewhere), cells.ravel(), tuple(one[which][k].ravel() for one in plain))
    return Explained(number, maps)


def _plain(reader: Reader, other: Reader, read: Read, t: int) -> tuple[np.ndarray, np.ndarray]:
    """Both maps [6,8,8] of a slice with shuffled slice networks; the other slices' features stay."""
    triples = neighbours(read.hu)[t : t + 1]
    logits, features, cams, maps = (np.stack(v) for v in zip(*(reader.slices(session, triples) for session in (other.a, other.b))))
    parts = {name: value.copy() for name, value in read.parts.items()}
    parts["logits"][:, t], parts["features"][:, t], parts["maps"][:, t] = logits[:, 0], features[:, 0], maps[:, 0]
    return cams.mean(0)[0], reader.explain(parts, read.study.slice_spacing, [t])[0]


def _without(reader: Reader, read: Read, region: np.ndarray, at: tuple[int, int, Calibration]) -> tuple[float, float]:
    """Probabilities of a slice with a region of it filled: it and its neighbours are read again, then the sequence."""
    t = at[0]
    hu = read.hu.copy()
    hu[t] = filled(hu[t], region)
    first, last = max(0, t - 1), min(len(hu), t + 2)
    triples = neighbours(hu)[first:last]
    logits, features, _, _ = (np.stack(v) for v in zip(*(reader.slices(session, triples) for session in (reader.a, reader.b))))
    parts = {name: read.parts[name].copy() for name in ("logits", "features")}
    parts["logits"][:, first:last], parts["features"][:, first:last] = logits, features
    feeds = {name: value[None] for name, value in parts.items()} | {"spacing": np.array([read.study.slice_spacing], np.float32)}
    return _probabilities(parts["logits"], reader.sequence.run(None, feeds)[0][0], at)


def _probabilities(slice_logits: np.ndarray, sequence: np.ndarray, at: tuple[int, int, Calibration]) -> tuple[float, float]:
    """Of both slice networks' mean logit, and of the sequence model, calibrated."""
    t, k, calibration = at
    return float(1 / (1 + np.exp(-slice_logits[:, t, k].mean()))), float(calibration(sequence)[t, k])
