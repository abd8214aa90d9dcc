"""False positives on real arteries: a volume that holds vessels alone is set into a synthetic head and read as a scan is."""

from dataclasses import dataclass, replace
from pathlib import Path

import nibabel
import numpy as np
from scipy import ndimage

from .phantom import ArterialTree, Grid, draw_anatomy, draw_appearance, tree_of
from .phantom.render import tissues

#: head and receiver are those of one training phantom
SEED = 1
#: brightness of the brightest vessels relative to fresh blood, and noise
BRIGHT, NOISE = 0.95, 0.03


@dataclass(frozen=True)
class Embedded:
    """A TOF image [z,y,x]; its first voxel's centre in mm (x, y, z) from the middle of the head, and the head's radii in mm."""

    image: np.ndarray
    low: tuple[float, float, float]
    radii: tuple[float, float, float]


def vessels_of(file: Path) -> tuple[np.ndarray, tuple[float, float, float]]:
    """Lumen coverage 0..1 [z,y,x] in LPS orientation and spacing (x,y,z) in mm, from an image or mask whose background is 0."""
    image = nibabel.as_closest_canonical(nibabel.load(file))  # type: ignore[arg-type]
    voxels = np.asarray(image.dataobj).astype(np.float32)[::-1, ::-1].transpose(2, 1, 0)
    x, y, z = (float(v) for v in image.header.get_zooms()[:3])
    inside = voxels[voxels > 0]
    if inside.size == 0:
        raise ValueError(f"{file} holds no vessel: every voxel is 0")
    return np.clip(voxels / np.percentile(inside, 95), 0, 1), (x, y, z)


def tree_from(file: Path) -> ArterialTree:
    """The arteries of a mask or of an image whose background is 0."""
    lumen, spacing = vessels_of(file)
    return tree_of(lumen > 0.5, spacing)


def in_synthetic_head(vessels: np.ndarray, spacing: tuple[float, float, float]) -> Embedded:
    """A TOF image on the same grid, widened to a whole head in x and y where it is smaller."""
    anatomy, appearance = draw_anatomy(SEED, 0), replace(draw_appearance(SEED, "train"), spacing=spacing)
    rng = np.random.default_rng([37, SEED])
    head = [2 * (radius + 8) for radius in anatomy.head_radii[:2]]
    pad = [max(0, int(np.ceil((length / step - n) / 2))) for length, step, n in zip(head, spacing, vessels.shape[::-1])]
    lumen = np.pad(vessels, ((0, 0), (pad[1],) * 2, (pad[0],) * 2))
    nz, ny, nx = lumen.shape
    middle = np.argwhere(lumen > 0.5).mean(0)[::-1] * spacing
    low = (-middle[0], anatomy.head_centre[1] - (ny - 1) / 2 * spacing[1], -(nz - 1) / 2 * spacing[2])
    grid = Grid(low, spacing, (nx, ny, nz))
    soft = ndimage.gaussian_filter(lumen, [0.3 / s for s in reversed(spacing)])
    image = tissues(anatomy, appearance, grid, rng) * (1 - soft) + BRIGHT * soft
    noisy = np.hypot(image + rng.normal(0, NOISE, image.shape), rng.normal(0, NOISE, image.shape)).astype(np.float32)
    x, y, z = (first - middle for first, middle in zip(low, anatomy.head_centre))
    return Embedded(noisy, (float(x), float(y), float(z)), anatomy.head_radii)
