"""Volumes as the node hands them to its pipelines: axes x, y, z towards the patient's left, back and head."""

import numpy as np

from ..readers import Refusal, Volume

Flips = tuple[bool, bool, bool]


def in_lps(volume: Volume, name: str) -> Volume:
    """The same voxels with axes turned, and the affine with them: no voxel moves in the patient, an oblique grid stays oblique."""
    voxels, flips = to_lps(volume.voxels, volume.affine, name)
    affine = volume.affine.copy()
    for axis in (k for k, flip in enumerate(flips) if flip):
        affine[:3, 3] += affine[:3, axis] * (voxels.shape[2 - axis] - 1)
        affine[:3, axis] *= -1
    return Volume(voxels, affine)


def to_lps(voxels: np.ndarray, affine: np.ndarray, name: str) -> tuple[np.ndarray, Flips]:
    """Voxels [z,y,x] and which axes (x, y, z) were turned; the grid's axes must be the patient's in that order, or the case is refused by `name`."""
    directions = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    if not all(abs(directions[k, k]) > 0.8 for k in range(3)):
        raise Refusal("WRONG_ORIENTATION", name, "is not axial; export it in axial orientation")
    flips = (bool(directions[0, 0] < 0), bool(directions[1, 1] < 0), bool(directions[2, 2] < 0))
    return flipped(voxels, flips), flips


def flipped(voxels: np.ndarray, flips: Flips) -> np.ndarray:
    """[z,y,x] with the named axes (x, y, z) turned."""
    return np.flip(voxels, [2 - k for k, flip in enumerate(flips) if flip])
