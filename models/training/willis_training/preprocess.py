"""What the network sees: 1 mm grid, head mask, percentile normalisation. The node does exactly the same (golden vectors)."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import ndimage

from .readers.refusal import Refusal

RELATIVE_THRESHOLD = 0.10
REFERENCE_PERCENTILE = 99.0
LOW_PERCENTILE = 0.5
HIGH_PERCENTILE = 99.9
MULTIPLE_OF = 4


@dataclass(frozen=True)
class Prepared:
    """Normalised image and head mask [z,y,x] on the 1 mm grid whose voxel 0 is the source's voxel 0."""

    image: np.ndarray
    mask: np.ndarray


def prepare(volume: np.ndarray, spacing: tuple[float, float, float]) -> Prepared:
    """volume [z,y,x] in LPS orientation, spacing (x,y,z) in mm."""
    iso = resample(volume.astype(np.float32), spacing)
    mask = head_mask(iso)
    return Prepared(normalise(iso, mask), mask)


def require_prepared_here(folder: Path, recipe: dict) -> None:  # type: ignore[type-arg]
    """The runtime knows more ways to prepare a series than `prepare`; what is measured or trained here would not be what a bundle that asks for them sees."""
    if recipe["interpolation"] != "linear" or recipe.get("antiAlias") or recipe.get("biasCorrection", "none") != "none":
        raise Refusal("OTHER_PREPROCESSING", folder, "asks for preprocessing that only the runtime has (cubic or nearest interpolation, "
                      "antiAlias or biasCorrection); measure it with `willis evaluate`, and train from a bundle that `bundle` wrote")


def resample(volume: np.ndarray, spacing: tuple[float, float, float]) -> np.ndarray:
    """Trilinear resampling to 1 mm; output n = floor((n_in - 1) * spacing + 1e-6) + 1, voxel 0 on voxel 0."""
    out = volume
    for axis, step in zip((0, 1, 2), (spacing[2], spacing[1], spacing[0])):
        out = _resample_axis(out, axis, step)
    return out.astype(np.float32)


def _resample_axis(volume: np.ndarray, axis: int, step: float) -> np.ndarray:
    n = volume.shape[axis]
    size = int(np.floor((n - 1) * step + 1e-6)) + 1
    position = np.minimum(np.arange(size) / step, n - 1)
    low = np.minimum(np.floor(position).astype(int), max(n - 2, 0))
    weight = (position - low).astype(np.float32)
    shape = [1, 1, 1]
    shape[axis] = size
    weight = weight.reshape(shape)
    high = np.minimum(low + 1, n - 1)
    return np.take(volume, low, axis) * (1 - weight) + np.take(volume, high, axis) * weight


def head_mask(iso: np.ndarray) -> np.ndarray:
    """Largest 6-connected component above a threshold, holes filled slice by slice."""
    low = iso.min()
    above = iso[iso > low]
    if above.size == 0:
        return np.zeros(iso.shape, bool)
    threshold = low + RELATIVE_THRESHOLD * (np.percentile(above, REFERENCE_PERCENTILE) - low)
    labels, count = ndimage.label(iso > threshold)
    if count == 0:
        return np.zeros(iso.shape, bool)
    largest = labels == np.bincount(labels.ravel())[1:].argmax() + 1
    return np.stack([ndimage.binary_fill_holes(plane) for plane in largest])


def normalise(iso: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Percentiles inside the mask to 0..1, background 0."""
    low, high = np.percentile(iso[mask], [LOW_PERCENTILE, HIGH_PERCENTILE])
    scaled = np.clip((iso - low) / max(high - low, 1e-6), 0, 1)
    return np.where(mask, scaled, 0).astype(np.float32)


def pad_to_multiple(image: np.ndarray) -> np.ndarray:
    """Zeros at the end of each axis up to a multiple of 4."""
    return np.pad(image, [(0, -n % MULTIPLE_OF) for n in image.shape])
