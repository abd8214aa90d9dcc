"""From anatomy and appearance to voxels: signed distances with partial volume, tissues, flow, bias, Rician noise."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from .anatomy import Anatomy, Sphere
from .appearance import Appearance


@dataclass(frozen=True)
class Phantom:
    """Image [z,y,x] (float32, vessel = 1), aneurysm mask [z,y,x] (0, 1, 2 ... = index + 1), grid in LPS mm."""

    image: np.ndarray
    mask: np.ndarray
    spacing: tuple[float, float, float]
    origin: tuple[float, float, float]
    anatomy: Anatomy
    appearance: Appearance


def render(anatomy: Anatomy, appearance: Appearance) -> Phantom:
    """Renders on the acquisition grid; the same seeds give the same voxels."""
    rng = _dice(anatomy, appearance)
    grid = _grid(anatomy, appearance)
    vessel, inflow, mask = lumen_of(anatomy, grid)
    image = tissues(anatomy, appearance, grid, rng)
    z = grid.axis(2)
    fresh = inflow * (1 - appearance.saturation * np.clip((z - z[0]) / (z[-1] - z[0]), 0, 1))[:, None, None]
    image = image * (1 - vessel) + vessel * fresh
    image = image + _ghosts(vessel * fresh, appearance.ghosts, anatomy.seed)
    image = ndimage.gaussian_filter(image, [appearance.blur / s for s in reversed(grid.spacing)])
    image *= _slabs(appearance, z)[:, None, None] * _bias(appearance, image.shape, rng)
    noisy = np.hypot(image + rng.normal(0, appearance.noise, image.shape), rng.normal(0, appearance.noise, image.shape))
    return Phantom(noisy.astype(np.float32), mask, grid.spacing, grid.origin, anatomy, appearance)


def surroundings_of(phantom: Phantom) -> tuple[np.ndarray, np.ndarray]:
    """What lies within the brain's surface, and the scalp, of a rendered phantom, on its own grid [z,y,x]."""
    grid = _grid(phantom.anatomy, phantom.appearance)
    head = tissue_labels(phantom.anatomy, grid, _dice(phantom.anatomy, phantom.appearance))
    brain, scalp = (on_grid(where, grid) > 0.5 for where in (head.brain, head.labels == SCALP))
    return brain, scalp


def _dice(anatomy: Anatomy, appearance: Appearance) -> np.random.Generator:
    return np.random.default_rng([3, anatomy.seed, int(appearance.noise * 1e6)])


@dataclass(frozen=True)
class Grid:
    """Regular grid: voxel centre (i,j,k) at origin + (i,j,k) * spacing."""

    origin: tuple[float, float, float]
    spacing: tuple[float, float, float]
    size: tuple[int, int, int]

    def axis(self, index: int) -> np.ndarray:
        return self.origin[index] + self.spacing[index] * np.arange(self.size[index])

    @property
    def shape(self) -> tuple[int, int, int]:
        return (self.size[2], self.size[1], self.size[0])


def _grid(anatomy: Anatomy, appearance: Appearance) -> Grid:
    half = (anatomy.head_radii[0] + 8, anatomy.head_radii[1] + 8)
    low = (-half[0], anatomy.head_centre[1] - half[1], appearance.extent[0])
    high = (half[0], anatomy.head_centre[1] + half[1], appearance.extent[1])
    size = tuple(int((h - l) / s) for l, h, s in zip(low, high, appearance.spacing))
    return Grid(low, appearance.spacing, size)  # type: ignore[arg-type]


def lumen_of(anatomy: Anatomy, grid: Grid) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Coverage 0..1 of lumen, its inflow brightness, and the aneurysm labels."""
    distance = np.full(grid.shape, 9.0, np.float32)
    inflow = np.ones(grid.shape, np.float32)
    step = 0.6 * min(grid.spacing)
    for artery in anatomy.arteries:
        line, radii = artery.sample(step)
        for centre, radius in zip(line, radii):
            stamp(Sphere(centre, float(radius), artery.inflow), grid, (distance, inflow))
    for ball in anatomy.mimics:
        stamp(ball, grid, (distance, inflow))
    parent = distance.copy()
    mask = np.zeros(grid.shape, np.uint8)
    for index, aneurysm in enumerate(anatomy.aneurysms):
        # a field of its own: the sac's brightness must end with the sac, or the artery beside it would tell where it is
        sac, slow = np.full(grid.shape, 9.0, np.float32), np.ones(grid.shape, np.float32)
        for ball in aneurysm.balls:
            stamp(ball, grid, (sac, slow))
        beyond = aneurysm.fusiform | (parent > 0)
        mask[(sac < 0) & beyond] = index + 1
        inflow = np.where((sac < distance) & beyond, slow, inflow)
        distance = np.minimum(distance, sac)
    width = float(np.mean(grid.spacing))
    return np.clip(0.5 - distance / width, 0, 1), inflow, mask


def stamp(ball: Sphere, grid: Grid, fields: tuple[np.ndarray, np.ndarray]) -> None:
    """Lowers the distance field around a ball, and notes its brightness where it is the nearest lumen."""
    distance, inflow = fields
    reach = ball.radius + 1.5
    boxes, axes = [], []
    for index in (2, 1, 0):
        axis0, spacing = grid.origin[index], grid.spacing[index]
        start = max(0, int(np.ceil((ball.centre[index] - reach - axis0) / spacing)))
        stop = min(grid.size[index], int(np.floor((ball.centre[index] + reach - axis0) / spacing)) + 1)
        if start >= stop:
            return
        boxes.append(slice(start, stop))
        axes.append(axis0 + spacing * np.arange(start, stop) - ball.centre[index])
    z, y, x = axes
    new = np.sqrt(z[:, None, None] ** 2 + y[None, :, None] ** 2 + x[None, None, :] ** 2) - ball.radius
    box = tuple(boxes)
    nearer = new < distance[box]
    distance[box][nearer] = new[nearer]
    inflow[box][nearer] = ball.inflow


def tissues(anatomy: Anatomy, appearance: Appearance, grid: Grid, rng: np.random.Generator) -> np.ndarray:
    """Scalp, skull, fluid, brain and skull base on a 2 mm grid, then interpolated: tissue borders are soft in TOF."""
    head = tissue_labels(anatomy, grid, rng)
    brain = appearance.tissue * (1 + 0.08 * head.matter)
    values = np.array([0, 0, appearance.fluid, 0.05, 0, 0.6 * appearance.fat, 0.8 * appearance.tissue, 0.06])
    values[SCALP] = appearance.fat * (0.85 + 0.3 * rng.random())
    return on_grid(np.where(head.labels == BRAIN, brain, values[head.labels]), grid)


AIR, BRAIN, FLUID, SKULL, SCALP, MARROW, MUSCLE, BASE_BONE = range(8)


@dataclass(frozen=True)
class TissueLabels:
    """On a 2 mm grid [z,y,x] from the grid's origin: which tissue, texture of the brain (unit variance), what lies within the brain's surface."""

    labels: np.ndarray
    matter: np.ndarray
    brain: np.ndarray


def tissue_labels(anatomy: Anatomy, grid: Grid, rng: np.random.Generator) -> TissueLabels:
    """The head's tissues; cisterns, ventricles and sulci lie within the brain's surface, the fluid around it does not."""
    coarse = [np.arange(a[0], a[-1] + 2, 2.0) for a in (grid.axis(2), grid.axis(1), grid.axis(0))]
    z, y, x = np.meshgrid(*coarse, indexing="ij")
    wobble = ndimage.gaussian_filter(rng.normal(0, 1, z.shape), 8)
    wobble *= 0.03 / (wobble.std() + 1e-9)
    centre, radii = anatomy.head_centre, anatomy.head_radii
    r = np.sqrt(((x - centre[0]) / radii[0]) ** 2 + ((y - centre[1]) / radii[1]) ** 2 + ((z - centre[2]) / radii[2]) ** 2) + wobble
    folds = ndimage.gaussian_filter(rng.normal(0, 1, z.shape), 1.6)
    folds /= folds.std() + 1e-9
    matter = ndimage.gaussian_filter(rng.normal(0, 1, z.shape), 3)
    labels = np.where((folds > 1.1) & (r > 0.5), FLUID, BRAIN).astype(np.uint8)
    ventricle = ((np.abs(x) - 9) / 7) ** 2 + ((y - 10) / 28) ** 2 + ((z - 28) / 9) ** 2 < 1
    labels[ventricle] = FLUID
    # basal cisterns around the circle
    cistern = (x / 16) ** 2 + ((y + 4) / 18) ** 2 + ((z + 2) / 7) ** 2 < 1
    labels[cistern & (folds > -0.6)] = FLUID
    labels[r > 0.86] = FLUID
    labels[r > 0.89] = SKULL
    labels[r > 0.95] = SCALP
    # skull base: bone, marrow fat, muscle below a slanting plane
    base = (z < -20 + 0.12 * (y - 5) + 3 * wobble / 0.03 * 0.3) & (r < 0.95) & (np.hypot(x, y - 30) > 22)
    labels[base] = np.where(folds > 0.9, MARROW, np.where(folds > -0.3, MUSCLE, BASE_BONE))[base]
    labels[r > 1.0] = AIR
    return TissueLabels(labels, matter / (matter.std() + 1e-9), (r <= 0.86) & ~base)


def on_grid(values: np.ndarray, grid: Grid) -> np.ndarray:
    """Values of the 2 mm grid of `tissue_labels` on the grid itself, float32, linear."""
    scale = [n / c for n, c in zip(grid.shape, values.shape)]
    fine = ndimage.zoom(values.astype(np.float32), scale, order=1, mode="nearest", grid_mode=True)
    return fine[: grid.shape[0], : grid.shape[1], : grid.shape[2]]


def _ghosts(blood: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Pulsation: the blood once more, faint, a part of the field of view away along the phase encoding (left to right), from both sides."""
    away = int(np.random.default_rng([53, seed]).uniform(0.15, 0.4) * blood.shape[2])
    return share * (np.roll(blood, away, 2) + np.roll(blood, -away, 2))


def _slabs(appearance: Appearance, z: np.ndarray) -> np.ndarray:
    """The venetian blind of multi-slab acquisitions: brightness falls within each slab of 20 mm."""
    return 1 - appearance.slab_depth * (((z - z[0]) % 20.0) / 20.0)


def _bias(appearance: Appearance, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """A smooth receive field, 1 on average, with the given amplitude."""
    coarse = ndimage.zoom(rng.normal(0, 1, (3, 4, 4)), [8 / 3, 2, 2], order=3)
    coarse = coarse / np.abs(coarse).max() * appearance.bias
    field = ndimage.zoom(coarse, [n / c for n, c in zip(shape, coarse.shape)], order=1, mode="nearest", grid_mode=True)
    return np.exp(field[: shape[0], : shape[1], : shape[2]])
