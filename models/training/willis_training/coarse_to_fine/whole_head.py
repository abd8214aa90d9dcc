"""A whole TOF-MRA as the node prepares it for system 003: 0.5 mm grid, normalisation, arteries looked for deep in the head."""

from collections.abc import Iterator

import numpy as np
import onnxruntime as ort
from scipy import ndimage

from ..preprocess import head_mask, resample
from .cases import SPACING_MM, normalised
from .reader import SMALLEST_ARTERY_MM3
from .vessels import large_components

#: the head is looked for on a coarser grid, and must fill this share of it
HEAD_MM, LEAST_HEAD_SHARE = 2.0, 0.15
#: skin, fat and muscle: no artery within the skull lies nearer to the surface of the head
SHALLOW_MM = 10
#: side of what is kept of one run of the artery network, and what it sees beyond: more than its field of view; voxels, multiples of four
KEPT, HALO = 128, 24

Box = tuple[slice, ...]


def on_grid(volume: np.ndarray, spacing: tuple[float, float, float]) -> np.ndarray:
    """[z,y,x] in LPS orientation, spacing (x, y, z) in mm -> 0..1 on the 0.5 mm grid whose voxel 0 is the source's."""
    return normalised(_resampled(volume, spacing, SPACING_MM))


def nearest_on_grid(labels: np.ndarray, spacing: tuple[float, float, float]) -> np.ndarray:
    """Labels [z,y,x] on that grid; one that no voxel of the grid is nearest to comes to the voxels next to its own."""
    steps = [step / SPACING_MM for step in spacing[::-1]]
    sizes = [int(np.floor((n - 1) * step + 1e-6)) + 1 for n, step in zip(labels.shape, steps)]
    places = [np.minimum(np.round(np.arange(size) / step).astype(int), n - 1) for size, step, n in zip(sizes, steps, labels.shape)]
    found = labels[np.ix_(*places)]
    for lost in np.setdiff1d(labels, found):
        index = np.round(np.argwhere(labels == lost) * steps).astype(int)
        found[tuple(np.minimum(index, np.array(sizes) - 1).T)] = lost
    return found


def head_of(volume: np.ndarray, spacing: tuple[float, float, float]) -> np.ndarray:
    """Where the head is, on a grid of 2 mm."""
    return head_mask(_resampled(volume, spacing, HEAD_MM))


def deep_inside(head: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Where arteries may be, on the 0.5 mm grid. Slices end where the scan ends, not the head: their ends are no surface."""
    depth = round(SHALLOW_MM / HEAD_MM)
    padded = np.pad(head, ((depth, depth), (0, 0), (0, 0)), constant_values=True)
    deep = ndimage.binary_erosion(padded, iterations=depth)[depth:-depth]
    places = [np.minimum(np.floor(np.arange(n) * SPACING_MM / HEAD_MM + 0.5).astype(int), end - 1) for n, end in zip(shape, head.shape)]
    return deep[np.ix_(*places)]  # type: ignore[no-any-return]


def arteries_in(network: ort.InferenceSession, image: np.ndarray, within: np.ndarray) -> np.ndarray:
    """Mask [z,y,x] of the arteries that a bundle's network finds in a part of a prepared image."""
    mask = np.zeros(image.shape, bool)
    for kept, run in _boxes(within):
        seen = image[run]
        padded = np.pad(seen, [(0, -n % 4) for n in seen.shape])
        probability = network.run(None, {"image": padded[None, None]})[0][0]
        inside = tuple(slice(k.start - r.start, k.stop - r.start) for k, r in zip(kept, run))
        mask[kept] = (probability[inside] > 0.5) & within[kept]
    return large_components(mask, SMALLEST_ARTERY_MM3, SPACING_MM**3)


def _boxes(within: np.ndarray) -> Iterator[tuple[Box, Box]]:
    """Boxes that hold all of it, each cut back to its own part, and what is run for each."""
    for start in np.ndindex(*(-(-n // KEPT) for n in within.shape)):
        corner = [s * KEPT for s in start]
        part = ndimage.find_objects(within[tuple(slice(c, c + KEPT) for c in corner)].view(np.uint8))
        if part:
            kept = tuple(slice(c + p.start // 4 * 4, c + p.stop) for c, p in zip(corner, part[0]))
            yield kept, tuple(slice(max(0, k.start - HALO), min(n, k.stop + HALO)) for k, n in zip(kept, within.shape))


def _resampled(volume: np.ndarray, spacing: tuple[float, float, float], target: float) -> np.ndarray:
    """`resample` makes steps of 1: here of `target` mm."""
    x, y, z = (step / target for step in spacing)
    return resample(volume.astype(np.float32), (x, y, z))
