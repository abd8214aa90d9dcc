"""What the probability map of system 003 is worth: the outline network's answer, taken out of the image, and without what was learnt."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from scipy import ndimage

from ..explanations import SHUFFLES, Explained, MapSeen, filled, shuffled
from .cases import FineCase
from .contour import channels_of
from .measure import Calibration
from .reader import SMALLEST_VOXELS, SPACING_MM, FineReader, Mark, Steps

#: voxels read about a sac (half the box: two tiles of the coarse network), and those of the places elsewhere and the correlation
HALF, INNER = 29, 24
PLACES, REACH_MM = 2, 6.0
#: the probability of a scan without candidate
WITHOUT_CANDIDATE = 0.01
HOW = (f"A box of {HALF} mm about each sac is read; a mark on the sac counts. Its outline, and a voxel about it, is filled from its surroundings; 'elsewhere' is the mean of "
       f"two balls of the same volume about arteries within {INNER * SPACING_MM:g} mm, clear of the sacs. The peak is that of the outline, correlations are those "
       f"within {INNER * SPACING_MM:g} mm of the mark.")


@dataclass(frozen=True)
class Box:
    """A part of a case: image, arteries, sacs [z,y,x], and the sac's number and middle (z, y, x)."""

    image: np.ndarray
    arteries: np.ndarray
    sacs: np.ndarray
    number: int
    middle: np.ndarray


@dataclass(frozen=True)
class Point:
    """Where a bundle cuts: probability of the outline, calibration and probability of a finding."""

    outline: float
    calibration: Calibration
    finding: float


def explained(folder: Path, voi: int, cases: Iterable[FineCase], point: Point) -> list[Explained]:
    """The true positives of the cases. Only the outline network, whose answer the map is, is shuffled: shuffled ones before it would mark other places."""
    reader, others = FineReader(folder, voi), [_shuffled_reader(folder, voi, seed) for seed in SHUFFLES]
    return [one for number, case in enumerate(cases) for box in boxes(case)
            if (one := _explained(reader, others, box, point, number)) is not None]


def _shuffled_reader(folder: Path, voi: int, seed: int) -> FineReader:
    reader = FineReader(folder, voi)
    graph = shuffled(onnx.load(str(folder / "fine.onnx")), seed)
    reader.fine = ort.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    return reader


def boxes(case: FineCase) -> list[Box]:
    """A box about each sac of the case."""
    found = []
    for number in range(1, int(case.aneurysms.max()) + 1):
        inside = np.argwhere(case.aneurysms == number)
        if len(inside):
            middle = inside.mean(0)
            start = np.maximum(np.round(middle).astype(int) - HALF, 0)
            part = tuple(slice(int(s), int(m) + HALF) for s, m in zip(start, np.round(middle)))
            found.append(Box(case.image[part], case.arteries[part], case.aneurysms[part], number, middle - start))
    return found


def _explained(reader: FineReader, others: list[FineReader], box: Box, point: Point, number: int) -> Explained | None:
    steps = reader.read(box.image)
    mark = _mark_on(marks_of(steps, point.outline), box)
    if mark is None or (probability := point.calibration(mark)) < point.finding:
        return None
    outline = outline_of(steps.fine, mark, point.outline)
    peak = np.unravel_index(int(np.where(outline, steps.fine, 0).argmax()), outline.shape)
    region = ndimage.binary_dilation(outline)
    after, *elsewhere = (_without(reader, box, part, mark, point) for part in (region, *_elsewhere(box, region, mark, number)))
    channels = channels_of(box.image, steps.arteries)
    plain = tuple(about(other._outline(channels, steps.centres), mark) for other in others)
    seen = MapSeen(bool(box.sacs[peak]), probability, after, tuple(elsewhere), about(steps.fine, mark), plain)
    return Explained(number, {"outline probability": seen})


def about(volume: np.ndarray, mark: Mark) -> np.ndarray:
    """The cube of INNER voxels to each side of a mark, flat; 0 beyond the volume."""
    return np.pad(volume, INNER)[tuple(slice(round(v), round(v) + 2 * INNER) for v in mark.centre)].ravel()


def marks_of(steps: Steps, threshold: float) -> list[Mark]:
    """What is outlined at this probability, in any order."""
    labels, _ = ndimage.label(steps.fine >= threshold, np.ones((3, 3, 3)))
    marks = []
    for number in range(1, int(labels.max()) + 1):
        inside = np.nonzero(labels == number)
        if len(inside[0]) >= SMALLEST_VOXELS:
            z, y, x = (float(v.mean()) for v in inside)
            marks.append(Mark((z, y, x), len(inside[0]), float(steps.fine[inside].mean()), float(steps.coarse[inside].max())))
    return marks


def outline_of(probability: np.ndarray, mark: Mark, threshold: float) -> np.ndarray:
    """The connected part at the threshold and more whose middle the mark is."""
    labels, count = ndimage.label(probability >= threshold, np.ones((3, 3, 3)))
    middles = ndimage.center_of_mass(labels > 0, labels, range(1, count + 1))
    return labels == 1 + int(np.linalg.norm(np.array(middles) - mark.centre, axis=1).argmin())  # type: ignore[no-any-return]


def _mark_on(marks: list[Mark], box: Box) -> Mark | None:
    """The mark whose centre lies nearest to the sac's middle, within its largest radius, as ADAM counts."""
    radius = np.linalg.norm(np.argwhere(box.sacs == box.number) - box.middle, axis=1).max()
    near = [(float(np.linalg.norm(np.array(m.centre) - box.middle)), m) for m in marks]
    return min((one for one in near if one[0] <= radius), key=lambda one: one[0], default=(0.0, None))[1]


def _elsewhere(box: Box, region: np.ndarray, mark: Mark, seed: int) -> list[np.ndarray]:
    rng = np.random.default_rng([8, seed])
    radius = (3 * region.sum() / (4 * np.pi)) ** (1 / 3)
    free = ndimage.distance_transform_edt(~(region | (box.sacs > 0))) > radius + 1
    inside = np.zeros_like(free)
    inside[tuple(slice(max(0, round(v) - INNER), round(v) + INNER) for v in mark.centre)] = True
    for allowed in (free & inside & box.arteries, free & box.arteries, free & inside, free):
        places = np.argwhere(allowed)
        if len(places) >= PLACES:
            break
    grid = np.indices(region.shape).transpose(1, 2, 3, 0)
    return [((grid - place) ** 2).sum(-1) <= radius**2 for place in places[rng.choice(len(places), min(PLACES, len(places)), replace=False)]]


def _without(reader: FineReader, box: Box, region: np.ndarray, mark: Mark, point: Point) -> float:
    """The largest probability of a mark about the place when a region is taken out."""
    steps = reader.read(filled(box.image, region))
    near = [point.calibration(m) for m in marks_of(steps, point.outline) if np.linalg.norm(np.array(m.centre) - mark.centre) * SPACING_MM <= REACH_MM]
    return max(near, default=WITHOUT_CANDIDATE)
