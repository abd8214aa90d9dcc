"""What the network sees of a scan and what is made of its answer. The node does exactly the same (golden vectors).

The scan is taken to 1 mm along its own axes, then sampled on a 2 mm grid along the patient's axes that lies within its bounding box, half a
millimetre off the corner: along the patient's axes each sample is then the mean of 2 x 2 x 2. Samples outside the scan are 0. Grey values are
taken to 0..1 between the least sample and a percentile. Zeros fill the grid up to a multiple the network can halve.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

SPACING_MM = 2.0
#: the first sample lies so far inside the bounding box of the scan's voxel centres
INSET_MM = 0.5
HIGH_PERCENTILE = 99.0
MULTIPLE_OF = 16
KEEP_MM = 15.0


@dataclass(frozen=True)
class Conformed:
    """Image [z,y,x] 0..1 and which of its voxels the scan covers; voxel 0 at `origin` (x,y,z mm), 2 mm apart along the patient's axes."""

    image: np.ndarray
    covered: np.ndarray
    origin: np.ndarray


def conform(iso: np.ndarray, affine: np.ndarray) -> Conformed:
    """iso [z,y,x] of 1 mm; affine (4x4) takes voxel (x,y,z) to LPS mm."""
    size, origin = grid_of(iso.shape, affine)
    grey = sampled(iso.astype(np.float32), affine, (size, origin), np.nan)
    covered = ~np.isnan(grey)
    values = grey[covered]
    low = float(values.min())
    scale = 1 / max(float(np.percentile(values, HIGH_PERCENTILE)) - low, 1e-6)
    return Conformed(np.where(covered, np.clip((grey - low) * scale, 0, 1), 0).astype(np.float32), covered, origin)


def grid_of(shape: tuple[int, ...], affine: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Size (x,y,z) and origin of the 2 mm grid of a volume [z,y,x]."""
    last = np.array(shape[::-1]) - 1
    corners = np.array([[i, j, k] for i in (0, last[0]) for j in (0, last[1]) for k in (0, last[2])])
    places = corners @ affine[:3, :3].T + affine[:3, 3]
    low, extent = places.min(0), np.ptp(places, axis=0)
    return np.floor(np.maximum(extent - INSET_MM, 0) / SPACING_MM + 1e-6).astype(int) + 1, low + INSET_MM


def sampled(volume: np.ndarray, affine: np.ndarray, grid: tuple[np.ndarray, np.ndarray], outside: float, spacing: float = SPACING_MM) -> np.ndarray:
    """The volume at the points of a grid along the patient's axes; trilinear."""
    size, origin = grid
    inverse = np.linalg.inv(affine)
    # ndimage wants the way from output (z,y,x) to input (z,y,x)
    order = [2, 1, 0]
    steps, start = inverse[:3, :3] * spacing, inverse[:3, :3] @ origin + inverse[:3, 3]
    shape = tuple(int(n) for n in size[::-1])
    return ndimage.affine_transform(volume, steps[np.ix_(order, order)], start[order], shape, order=1, mode="constant", cval=outside)  # type: ignore[no-any-return]


def padded(image: np.ndarray) -> np.ndarray:
    """Zeros at the end of each axis up to a multiple of 16."""
    return np.pad(image, [(0, -n % MULTIPLE_OF) for n in image.shape])


def mask_of(distance: np.ndarray, keep_mm: float = KEEP_MM) -> np.ndarray:
    """The largest 6-connected part within keep_mm of the brain's surface, holes filled slice by slice."""
    labels, count = ndimage.label(distance <= keep_mm)
    if count == 0:
        return np.zeros(distance.shape, bool)
    largest = labels == np.bincount(labels.ravel())[1:].argmax() + 1
    return np.stack([ndimage.binary_fill_holes(plane) for plane in largest])
