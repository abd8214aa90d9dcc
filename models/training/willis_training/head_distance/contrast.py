"""From a labelled head to a scan of any contrast: grey values per tissue, pose, slab, bias, blur, noise and resolution (SynthSeg's way)."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ..phantom.arteries import rotation_matrix
from .heads import FARTHEST, TISSUES, LabelledHead

#: grey values of TISSUES in a TOF angiogram (arteries are 1), lowest and highest
TOF = ((0, 0.02), (0.2, 0.5), (0.2, 0.5), (0.04, 0.2), (0.04, 0.2), (0.02, 0.1), (0.15, 0.6), (0.3, 1.0), (0.15, 0.5), (0, 0.05), (0.04, 0.25), (0.2, 0.8))
#: HU of TISSUES
CT = ((-1000, -1000), (34, 42), (25, 33), (2, 14), (2, 14), (900, 1500), (250, 700), (-110, -60), (30, 65), (-1000, -700), (0, 20), (50, 90))
#: chance that a scan covers a slab of the head and not the whole
SLAB_CHANCE = 0.85


@dataclass(frozen=True)
class Sample:
    """Image [z,y,x] 0..1, distance in mm, and which voxels the scan covers; the others are 0 and count for nothing."""

    image: np.ndarray
    distance: np.ndarray
    covered: np.ndarray


def draw_sample(head: LabelledHead, rng: np.random.Generator) -> Sample:
    """One scan of the head on the network's grid."""
    labels, distance, lumen = _posed(head, rng)
    covered = _slab(labels.shape, rng)
    box = tuple(slice(w[0], w[-1] + 1) for w in (np.flatnonzero(covered.any(axes)) for axes in ((1, 2), (0, 2), (0, 1))))
    labels, distance, lumen, covered = labels[box], distance[box], lumen[box], covered[box]
    grey = _acquired(_painted(labels, lumen, rng), rng)
    values = grey[covered]
    low, high = values.min(), np.percentile(values, rng.uniform(98.5, 99.5))
    image = np.clip((grey - low) / max(float(high - low), 1e-6), 0, 1)
    return Sample(np.where(covered, image, 0).astype(np.float32), np.clip(distance, *FARTHEST), covered)


def _posed(head: LabelledHead, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Turned, scaled and mirrored; distances grow with the scale."""
    matrix = rotation_matrix(rng.normal(0, 8, 3)) / (scale := rng.uniform(0.88, 1.12))
    middle = (np.array(head.labels.shape) - 1) / 2
    offset = middle - matrix @ (middle + rng.uniform(-2, 2, 3))
    fields = [ndimage.affine_transform(field, matrix, offset, order=order, mode="constant", cval=fill)
              for field, order, fill in ((head.labels, 0, 0), (head.distance, 1, 2 * FARTHEST[1]), (head.lumen, 1, 0))]
    if rng.random() < 0.5:
        fields = [field[:, :, ::-1] for field in fields]
    return fields[0], fields[1] * scale, fields[2]


def _slab(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Between two parallel planes, at times oblique, and at times with less than the head's width."""
    z, y, x = (np.arange(n, dtype=np.float32) for n in shape)
    covered = np.ones(shape, bool)
    if rng.random() < SLAB_CHANCE:
        tilt = np.deg2rad(rng.normal(0, 12, 2)) if rng.random() < 0.3 else (0, 0)
        height = z[:, None, None] + np.tan(tilt[0]) * (y - shape[1] / 2)[None, :, None] + np.tan(tilt[1]) * (x - shape[2] / 2)[None, None, :]
        thick = rng.uniform(16, 46)
        middle = shape[0] * rng.uniform(0.3, 0.72)
        covered &= np.abs(height - middle) < thick / 2
    for axis, size in ((1, shape[1]), (2, shape[2])):
        if rng.random() < 0.3:
            start, stop = rng.integers(0, size // 8), size - rng.integers(0, size // 8)
            window = [None, None, None]
            window[axis] = slice(None)
            along = np.arange(size)
            covered &= ((along >= start) & (along < stop))[tuple(window)]
    return covered


def _painted(labels: np.ndarray, lumen: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A grey value per tissue, with texture; as an angiogram, as a CT, or as nothing that there is."""
    draw = rng.random()
    count = len(TISSUES)
    if draw < 0.35:
        means, blood = np.array([rng.uniform(*r) for r in TOF]), rng.uniform(0.7, 1.1)
        texture = rng.uniform(0, 0.04, count)
    elif draw < 0.5:
        # about a window that a scanner could have cut at
        means = (np.clip([rng.uniform(*r) for r in CT], -1000, rng.choice([300, 1000, 3000])) + 1000) / 1000
        blood, texture = rng.uniform(1.04, 1.5), rng.uniform(0, 0.008, count)
    else:
        means, blood = rng.uniform(0, 1, count), rng.uniform(0, 1.2)
        means[0] = 0 if rng.random() < 0.85 else rng.uniform(0, 0.3)
        texture = rng.uniform(0, 0.12, count)
    texture[0] = 0
    coarse = ndimage.gaussian_filter(rng.standard_normal(labels.shape, dtype=np.float32), rng.uniform(0.4, 2))
    image = means.astype(np.float32)[labels] + texture.astype(np.float32)[labels] * coarse / coarse.std()
    if rng.random() < 0.8:
        image = image * (1 - lumen) + np.float32(blood) * lumen
    return image  # type: ignore[no-any-return]


def _acquired(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Blur, thick slices, a smooth receive field, slabs that fade, and Rician noise."""
    image = ndimage.gaussian_filter(image, rng.uniform(0.2, 0.7))
    if rng.random() < 0.2:
        image = ndimage.uniform_filter1d(image, int(rng.integers(2, 4)), axis=0)
    field = ndimage.zoom(rng.normal(0, 1, (3, 4, 4)), [n / c for n, c in zip(image.shape, (3, 4, 4))], order=1, mode="nearest", grid_mode=True)
    floor = min(float(image.min()), 0.0)
    image = (image - floor) * np.exp(field / np.abs(field).max() * rng.uniform(0, 0.4)).astype(np.float32)
    if rng.random() < 0.4:
        period = rng.uniform(8, 20)
        image = image * (1 - rng.uniform(0, 0.15) * ((np.arange(len(image)) % period) / period))[:, None, None]
    spread = float(np.percentile(image, 99)) * rng.uniform(0.005, 0.07)
    a, b = (rng.standard_normal(image.shape, dtype=np.float32) * np.float32(spread) for _ in range(2))
    return np.hypot(image + a, b) ** np.float32(rng.uniform(0.75, 1.3))  # type: ignore[no-any-return]
