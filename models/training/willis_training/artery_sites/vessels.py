"""CT angiography as the pipeline cta-resnet shows it: the head without its bone, 0..1 from 0 to 600 HU."""

import numpy as np
from scipy import ndimage

GRID_MM = 0.8
TISSUE_HU, BONE_HU, LEAST_BONE_MM3 = -300.0, 600.0, 300.0
#: bone with its marrow and a rim of partial volume: grown by so many voxels, shrunk by so many. The node hides one voxel more.
GROWN, SHRUNK = 3, 2
HIDDEN = 0.1


def vessel_image(volume: np.ndarray, spacing: tuple[float, float, float]) -> tuple[np.ndarray, np.ndarray]:
    """HU [z,y,x] with spacing x, y, z in mm -> image and head mask on the grid of GRID_MM."""
    step = np.array([GRID_MM / s for s in reversed(spacing)])
    size = [int((n - 1) / s) + 1 for n, s in zip(volume.shape, step)]
    grid = ndimage.affine_transform(volume.astype(np.float32), step, output_shape=size, order=1, mode="nearest")
    head = _filled(_components(grid > TISSUE_HU, 1, None))
    bone = _components(grid > BONE_HU, 3, LEAST_BONE_MM3 / GRID_MM**3)
    near = ndimage.binary_erosion(ndimage.binary_dilation(bone, iterations=GROWN), iterations=SHRUNK, border_value=1)
    return np.where(head, np.where(near, HIDDEN, np.clip(grid / BONE_HU, 0, 1)), 0).astype(np.float32), head


def _components(mask: np.ndarray, connectivity: int, least: float | None) -> np.ndarray:
    """The components of at least so many voxels; the largest one where none is named."""
    labels, count = ndimage.label(mask, ndimage.generate_binary_structure(3, connectivity))
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    sizes[0] = 0
    return (sizes == sizes.max() if least is None else sizes >= least)[labels]  # type: ignore[no-any-return]


def _filled(mask: np.ndarray) -> np.ndarray:
    return np.stack([ndimage.binary_fill_holes(plane) for plane in mask])
