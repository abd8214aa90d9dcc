"""What the maps of system 001 are worth: the voxel evidence whose mean is the patch logit, and the localisation map that the heatmap shows."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import onnx
import onnxruntime as ort
from scipy import ndimage

from .dataset import PATCH, Case
from .detect import Fields, candidates_of
from .evaluate import onnx_fields
from .explanations import SHUFFLES, Explained, MapSeen, filled, shuffled
from .operating_point import OperatingPoint

#: voxels about a mark that are read again: its patch, and what the network sees beyond it
HALF = 40
#: brighter voxels are arteries; without a candidate the scan has this probability
VESSEL, WITHOUT_CANDIDATE = 0.5, 0.01
PLACES = 3
HOW = ("A mark on a sac counts. The part of the map at half its peak and more, and a voxel about it, is filled from its surroundings; 'elsewhere' is the mean of "
       "three balls of the same volume about arteries in the same 32 mm patch, clear of the sacs. Peaks and correlations are those of the patch.")


@dataclass(frozen=True)
class Patch:
    """A mark's surroundings: image in 0..1 and sacs [z,y,x], the mark in them (z, y, x), the box of its patch, and its probability."""

    image: np.ndarray
    sacs: np.ndarray
    mark: np.ndarray
    inner: tuple[slice, ...]
    probability: float


def explained(graph: onnx.ModelProto, cases: Iterable[Case], point: OperatingPoint) -> list[Explained]:
    """The true positives of the cases, with both maps."""
    session, others = _open(graph), [_open(shuffled(graph, seed)) for seed in SHUFFLES]
    return [_explained(session, others, patch, point, number)
            for number, case in enumerate(cases) for patch in true_positives(session, case, point)]


def true_positives(session: ort.InferenceSession, case: Case, point: OperatingPoint) -> list[Patch]:
    """The strongest mark from the threshold on, on each sac that has one."""
    image = case.image.astype(np.float32)
    found = candidates_of(onnx_fields(session, image), image > 0, point.localisation)
    marks = [(p, c) for c in found if (p := point.probability(c)) >= point.threshold]
    patches = []
    for centre, diameter in zip(case.centres, case.diameters):
        on = [(p, c) for p, c in marks if np.linalg.norm(c.centre - centre) <= max(3.0, diameter / 2)]
        if on:
            probability, mark = max(on, key=lambda m: m[0])
            patches.append(_patch(image, case.labels > 0, mark.centre[::-1], probability))
    return patches


def _patch(image: np.ndarray, sacs: np.ndarray, mark: np.ndarray, probability: float) -> Patch:
    # corners on the pooling grid, so that the part gives what the whole gives
    start = [max(0, int(m - HALF) // 4 * 4) for m in mark]
    box = tuple(slice(s, int(m) + HALF) for s, m in zip(start, mark))
    local = mark - start
    inner = tuple(slice(low, low + PATCH) for low in (int(np.clip(round(m) - PATCH // 2, 0, max(0, n - PATCH))) for m, n in zip(local, image[box].shape)))
    return Patch(image[box], sacs[box], local, inner, probability)


def _explained(session: ort.InferenceSession, others: list[ort.InferenceSession], patch: Patch, point: OperatingPoint, number: int) -> Explained:
    fields, plain = onnx_fields(session, patch.image), [onnx_fields(other, patch.image) for other in others]
    maps = {}
    for name, of in (("voxel evidence", _evidence), ("localisation (the heatmap)", _localisation)):
        values = of(fields)[patch.inner]
        peak = tuple(int(i) + s.start for i, s in zip(np.unravel_index(int(values.argmax()), values.shape), patch.inner))
        region = strongest_part(of(fields), peak, patch.inner)
        after, *elsewhere = (_without(session, patch, part, point) for part in (region, *_elsewhere(patch, region, number)))
        maps[name] = MapSeen(bool(patch.sacs[peak]), patch.probability, after, tuple(elsewhere), values.ravel(), tuple(of(one)[patch.inner].ravel() for one in plain))
    return Explained(number, maps)


def _evidence(fields: Fields) -> np.ndarray:
    return fields.evidence


def _localisation(fields: Fields) -> np.ndarray:
    return 1 / (1 + np.exp(-fields.localisation))  # type: ignore[no-any-return]


def strongest_part(values: np.ndarray, peak: tuple[int, ...], inner: tuple[slice, ...]) -> np.ndarray:
    """The connected part at half the peak and more about it, within the patch, and one voxel about that."""
    above = np.zeros(values.shape, bool)
    above[inner] = values[inner] >= 0.5 * values[peak]
    labels, _ = ndimage.label(above)
    return ndimage.binary_dilation(labels == labels[peak])  # type: ignore[no-any-return]


def _elsewhere(patch: Patch, region: np.ndarray, seed: int) -> list[np.ndarray]:
    """As many voxels, as balls about arteries of the patch that touch neither region nor sac; anywhere in it where arteries do not suffice."""
    rng = np.random.default_rng([7, seed])
    radius = (3 * region.sum() / (4 * np.pi)) ** (1 / 3)
    free = ndimage.distance_transform_edt(~(region | patch.sacs)) > radius + 1
    inside = np.zeros_like(free)
    inside[patch.inner] = True
    for allowed in (free & inside & (patch.image > VESSEL), free & inside, free & (patch.image > VESSEL)):
        places = np.argwhere(allowed)
        if len(places) >= PLACES:
            break
    grid = np.indices(region.shape).transpose(1, 2, 3, 0)
    return [((grid - place) ** 2).sum(-1) <= radius**2 for place in places[rng.choice(len(places), min(PLACES, len(places)), replace=False)]]


def _without(session: ort.InferenceSession, patch: Patch, region: np.ndarray, point: OperatingPoint) -> float:
    """The largest probability of a candidate about the mark when a region is taken out."""
    image = filled(patch.image, region)
    found = candidates_of(onnx_fields(session, image), image > 0, point.localisation)
    near = [point.probability(c) for c in found if np.linalg.norm(c.centre[::-1] - patch.mark) <= 8]
    return max(near, default=WITHOUT_CANDIDATE)


def _open(graph: onnx.ModelProto) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    return ort.InferenceSession(graph.SerializeToString(), options, providers=["CPUExecutionProvider"])
