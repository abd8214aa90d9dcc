"""Where the skull says that the head is, for series in which pads, rests or what lies above the head would move the field off the brain.

The node does the same (src/pipelines/ncct-haemorrhage/skull.ts and prepare.ts).
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from .prepare import FIELD_MM, HEAD_EXTENT_MM, SMALLEST_SLICE_MM2, head_centre, head_part, slabs

#: bone from here on; brain from cerebrospinal fluid up to clots
BONE_HU, BRAIN_HU = 300.0, (14.0, 60.0)
#: the grid (mm, in slices and across them): fine enough for the vault, which is 5 mm thick
PITCH_MM, SLICE_PITCH_MM = 2.5, 3.0
#: below the vertex lies brain for 140 mm; from here on down jaw and neck lie beside it
VAULT_MM = 120.0
#: scalp and hair: the head part may begin so much above the vertex of the skull
ABOVE_VERTEX_MM = 20.0
#: partial volume at the vault, and the root of the nose
MOST_CUT_ML = 2.0
Spacing = tuple[float, float, float]


@dataclass(frozen=True)
class Skull:
    """The vertex's slice; the vault's middle (column, row); places in it as dense as brain [n,3] (slice, row, column), and what each stands for."""

    vertex: int
    middle: tuple[float, float]
    brain: np.ndarray
    millilitres_each: float


@dataclass(frozen=True)
class Layout:
    """Which slices are read, the middle (column, row) of the square about them, and how much brain lies in neither."""

    part: slice
    centre: tuple[float, float]
    cut_ml: float


def layout(volume: np.ndarray, spacing: Spacing) -> Layout:
    """Of a series [z,y,x] in HU, slices from below upwards, spacing (x, y, z) in mm: by tissue, and by the skull where that is off the brain."""
    skull, part = skull_of(volume, spacing), head_part(volume, spacing)
    if skull is not None and (skull.vertex - part.start) * spacing[2] < HEAD_EXTENT_MM - ABOVE_VERTEX_MM:
        part = slice(min(part.start, max(0, skull.vertex - int(HEAD_EXTENT_MM / spacing[2]))), len(volume))
    centre = head_centre(slabs(volume[part], spacing[2])[0])
    if skull is None:
        return Layout(part, centre, 0.0)
    if _cut_ml(skull, part, centre, spacing) > MOST_CUT_ML:
        centre = skull.middle
    return Layout(part, centre, _cut_ml(skull, part, centre, spacing))


def skull_of(volume: np.ndarray, spacing: Spacing) -> Skull | None:
    """The largest piece of bone and what it encloses in its row and its column: pads, rests and table lie outside. None without a skull."""
    x, y, z = steps = [max(1, int(pitch / step + 0.5)) for pitch, step in zip((PITCH_MM, PITCH_MM, SLICE_PITCH_MM), spacing)]
    coarse = volume[::z, ::y, ::x]
    pieces, count = ndimage.label(coarse > BONE_HU, np.ones((3, 3, 3)))
    if count == 0:
        return None
    bone = pieces == 1 + np.bincount(pieces.ravel())[1:].argmax()
    inside = _between(bone, 1) & _between(bone, 2)
    pixel_mm2 = x * spacing[0] * y * spacing[1]
    tops = np.flatnonzero(inside.sum((1, 2)) * pixel_mm2 >= SMALLEST_SLICE_MM2)
    if len(tops) == 0:
        return None
    top, bottom = int(tops[-1]), max(0, int(tops[-1]) - int(VAULT_MM / (z * spacing[2])))
    inside[top + 1 :] = inside[:bottom] = False
    low, high = (getattr(np.argwhere(inside), end)(0) * steps[::-1] for end in ("min", "max"))
    brain = np.argwhere(inside & (coarse >= BRAIN_HU[0]) & (coarse <= BRAIN_HU[1])) * steps[::-1]
    return Skull(top * z, ((low[2] + high[2]) / 2, (low[1] + high[1]) / 2), brain, pixel_mm2 * z * spacing[2] / 1000)


def _between(bone: np.ndarray, axis: int) -> np.ndarray:
    """From the first to the last bone along an axis."""
    behind = np.flip(np.maximum.accumulate(np.flip(bone, axis), axis), axis)
    return np.maximum.accumulate(bone, axis) & behind  # type: ignore[no-any-return]


def _cut_ml(skull: Skull, part: slice, centre: tuple[float, float], spacing: Spacing) -> float:
    beside = (np.abs(skull.brain[:, :0:-1] - centre) * spacing[:2] > FIELD_MM / 2).any(1)
    return float((beside | (skull.brain[:, 0] < part.start)).sum()) * skull.millilitres_each
