"""What a CT series goes through before the network: centred on the head, one pixel size, HU kept.

The rules here go by tissue, as in training on phantoms. Series of patients are laid out by `skull`, as in the node: with pads, rests or what lies above
the head these rules alone would put the field beside the brain.
"""

import numpy as np

#: edge of the square the network sees (mm), and its pixels
FIELD_MM = 208.0
PIXELS = 128
#: every pixel is the mean of this many samples an axis, so that noise and thin blood average instead of aliasing
SAMPLES = 3
#: slices closer than this are averaged to slabs of about SLAB_MM
THIN_BELOW_MM, SLAB_MM = 2.0, 3.0
#: of a series that goes on below the head, this much from the vertex down is read (mm); a slice of the head has at least that area
HEAD_EXTENT_MM, SMALLEST_SLICE_MM2 = 170.0, 2000.0
AIR_HU = -1000.0
Centre = tuple[float, float]
HEAD_HU = -200.0


def prepare(volume: np.ndarray, spacing: tuple[float, float], field_mm: float = FIELD_MM, pixels: int = PIXELS, centre: Centre | None = None) -> np.ndarray:
    """HU [z,y,x] with pixel spacing (x, y) in mm -> float32 [z,pixels,pixels] about a centre (column, row), the tissue's where none is told."""
    down, across = sampling(volume.shape, centre or head_centre(volume), spacing, (field_mm, pixels))
    return np.stack([AIR_HU + down @ (plane.astype(np.float32) - AIR_HU) @ across.T for plane in volume])


def head_part(volume: np.ndarray, spacing: tuple[float, float, float]) -> slice:
    """Which slices (inferior to superior) are the head: from the highest one with enough tissue, HEAD_EXTENT_MM downwards."""
    areas = (volume > HEAD_HU).sum((1, 2)) * spacing[0] * spacing[1]
    tissue = np.flatnonzero(areas >= SMALLEST_SLICE_MM2)
    if len(tissue) == 0:
        return slice(0, len(volume))
    top = int(tissue[-1])
    return slice(max(0, top - int(HEAD_EXTENT_MM / spacing[2])), len(volume))


def slabs(volume: np.ndarray, slice_spacing: float) -> tuple[np.ndarray, float]:
    """Thin slices are averaged in groups of about SLAB_MM: thin reconstructions are too noisy for networks of 2.5-5 mm slices."""
    group = _group(slice_spacing)
    starts = range(0, len(volume), group)
    return np.stack([volume[k : k + group].astype(np.float32).mean(0) for k in starts]), slice_spacing * group


def held_by_slabs(marks: np.ndarray, slice_spacing: float) -> np.ndarray:
    """Labels [z,…] or masks [z,y,x] of the slabs: a slab holds what one of its slices holds."""
    group = _group(slice_spacing)
    return np.stack([marks[k : k + group].max(0) for k in range(0, len(marks), group)])


def prepare_mask(mask: np.ndarray, centre: Centre, spacing: tuple[float, float], field_mm: float, pixels: int) -> np.ndarray:
    """The labels [z,y,x] on the grid of `prepare`: the nearest pixel."""
    cx, cy = centre
    rows = _nearest(mask.shape[1], cy, spacing[1], field_mm, pixels)
    columns = _nearest(mask.shape[2], cx, spacing[0], field_mm, pixels)
    inside = (rows >= 0)[:, None] & (columns >= 0)[None, :]
    return np.where(inside, mask[:, rows.clip(0)[:, None], columns.clip(0)[None, :]], 0).astype(np.uint8)


def head_centre(volume: np.ndarray) -> Centre:
    """Mean column and row of everything denser than fat, over all slices."""
    dense = volume > HEAD_HU
    total = max(int(dense.sum()), 1)
    columns, rows = dense.sum((0, 1)), dense.sum((0, 2))
    return (float(columns @ np.arange(len(columns)) / total), float(rows @ np.arange(len(rows)) / total))


def sampling(shape: tuple[int, ...], centre: Centre, spacing: tuple[float, float], size: tuple[float, int]) -> tuple[np.ndarray, np.ndarray]:
    """The two matrices (rows, columns) whose products with a slice of `shape` [z,y,x] are the resampled slice; `size` is the square's, in mm and pixels."""
    return (_weights(shape[1], centre[1], spacing[1], *size), _weights(shape[2], centre[0], spacing[0], *size))


def _group(slice_spacing: float) -> int:
    return round(SLAB_MM / slice_spacing) if slice_spacing < THIN_BELOW_MM else 1


def _weights(count: int, centre: float, spacing: float, field_mm: float, pixels: int) -> np.ndarray:
    pitch = field_mm / pixels
    weights = np.zeros((pixels, count), np.float32)
    for part in range(SAMPLES):
        offset = (part + 0.5) / SAMPLES - 0.5
        at = centre + ((np.arange(pixels) - (pixels - 1) / 2 + offset) * pitch) / spacing
        low = np.floor(at).astype(int)
        for step, share in ((0, 1 - (at - low)), (1, at - low)):
            inside = (low + step >= 0) & (low + step < count)
            weights[np.arange(pixels)[inside], (low + step)[inside]] += share[inside] / SAMPLES
    return weights


def _nearest(count: int, centre: float, spacing: float, field_mm: float, pixels: int) -> np.ndarray:
    at = np.round(centre + (np.arange(pixels) - (pixels - 1) / 2) * (field_mm / pixels) / spacing).astype(int)
    return np.where((at >= 0) & (at < count), at, -1)
