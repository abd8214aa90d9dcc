"""The vessel image and its contour: what the fine network sees as its two channels."""

import numpy as np
from scipy import ndimage

#: smoothing of the dilated artery mask before Sobel, voxels
SOFTEN = 0.5


def channels_of(image: np.ndarray, arteries: np.ndarray) -> np.ndarray:
    """TOF [z,y,x] (any units) and artery mask -> [2,z,y,x]: z-scored image inside the dilated arteries, and their contour."""
    near = dilated(arteries)
    mean, spread = (float(image[near].mean()), float(image[near].std())) if near.any() else (0.0, 1.0)
    vessel = np.where(near, (image - mean) / max(spread, 1e-6), 0.0)
    return np.stack([vessel, contour(arteries)]).astype(np.float32)


def contour(arteries: np.ndarray) -> np.ndarray:
    """Sobel magnitude of the dilated, softened mask, scaled to 0..1."""
    edges = sobel_magnitude(ndimage.gaussian_filter(dilated(arteries).astype(np.float32), SOFTEN))
    return edges / max(float(edges.max()), 1e-6)


def dilated(mask: np.ndarray) -> np.ndarray:
    """The mask and its 18 neighbours: a ball of radius one voxel and a half."""
    return ndimage.binary_dilation(mask, ndimage.generate_binary_structure(3, 2))


def sobel_magnitude(volume: np.ndarray) -> np.ndarray:
    """3-D Sobel, each axis scaled so that a unit step gives 1, combined as the root mean square of the three axes."""
    squares = sum((ndimage.sobel(volume.astype(np.float64), axis, mode="reflect") / 16) ** 2 for axis in range(3))
    return np.sqrt(squares / 3)  # type: ignore[no-any-return]
