"""From the network's fields to candidates. The node does exactly the same (golden vectors)."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

PATCH = 32


@dataclass(frozen=True)
class Fields:
    """Evidence, localisation logits and dense patch logits, all [z,y,x] on the 1 mm grid."""

    evidence: np.ndarray
    localisation: np.ndarray
    patch_logit: np.ndarray


@dataclass(frozen=True)
class Localisation:
    """What makes a candidate: connected voxels of more than `threshold` (probability), `min_voxels` of them at least. Unless told otherwise, those that training looks for false marks with."""

    threshold: float = 0.5
    min_voxels: int = 3


@dataclass(frozen=True)
class Candidate:
    """Centre in voxels (x,y,z) of the 1 mm grid; volume in mm^3, largest extent in mm."""

    centre: np.ndarray
    seed_logit: float
    patch_logit: float
    volume: float
    extent: float


def window_mean(field: np.ndarray, size: int = PATCH) -> np.ndarray:
    """Mean over [c - size/2, c + size/2 - 1] along each axis, the window moved inside the volume at its borders."""
    out = field.astype(np.float64)
    for axis, n in enumerate(field.shape):
        length = min(size, n)
        total = np.cumsum(out, axis)
        total = np.concatenate([np.zeros_like(np.take(total, [0], axis)), total], axis)
        start = np.clip(np.arange(n) - size // 2, 0, n - length)
        out = (np.take(total, start + length, axis) - np.take(total, start, axis)) / length
    return out.astype(np.float32)


def candidates_of(fields: Fields, mask: np.ndarray, localisation: Localisation) -> list[Candidate]:
    """26-connected components of the localisation probability above the threshold inside the head mask."""
    probability = 1 / (1 + np.exp(-fields.localisation.astype(np.float64)))
    labels, count = ndimage.label((probability > localisation.threshold) & mask, structure=np.ones((3, 3, 3)))
    found = []
    for number, box in enumerate(ndimage.find_objects(labels), start=1):
        voxels = np.argwhere(labels[box] == number) + [s.start for s in box]
        if len(voxels) < localisation.min_voxels:
            continue
        weights = probability[tuple(voxels.T)]
        centre = (voxels * weights[:, None]).sum(0) / weights.sum()
        nearest = tuple(np.floor(centre + 0.5).astype(int))
        found.append(Candidate(
            centre=centre[::-1],
            seed_logit=float(fields.localisation[tuple(voxels.T)].max()),
            patch_logit=float(fields.patch_logit[nearest]),
            volume=float(len(voxels)),
            extent=_extent(voxels),
        ))
    return found


def _extent(voxels: np.ndarray) -> float:
    """Largest distance between voxel centres plus one voxel, mm."""
    if len(voxels) > 400:
        shifted = voxels - voxels.min(0)
        solid = np.zeros(shifted.max(0) + 1, bool)
        solid[tuple(shifted.T)] = True
        voxels = np.argwhere(solid & ~ndimage.binary_erosion(solid))
    differences = voxels[:, None, :] - voxels[None, :, :]
    return float(np.sqrt((differences**2).sum(-1).max())) + 1.0
