"""A contrast-enhanced head in HU: lumen by phase, veins, wall calcium, bone, kernel, noise and streaks.

Coordinates are the arterial tree's (LPS mm, origin in the circle of Willis); the head phantom's origin lies at HEAD_ORIGIN.
Any box can be rendered by itself: training needs crops around candidates, not whole heads.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ..ncct.field import Plane
from ..ncct.head import Head, draw_head, spaces_of
from ..ncct.skull import paint_surroundings
from ..phantom import Anatomy, Grid, draw_anatomy, lumen_of, stamp
from ..phantom.anatomy import DIAMETERS_MM, Sphere
from ..phantom.appearance import Split
from ..phantom.arteries import Point, Segment

#: the head phantom's origin in the arterial tree's coordinates, mm
HEAD_ORIGIN = (0.0, 3.0, 13.0)
#: how much of the difference in flow is seen: contrast medium mixes where fresh blood does not
MIXED = 0.3
#: veins that run beside the arteries (left side): control points and radii
VEINS: list[tuple[str, list[Point], tuple[float, float]]] = [
    ("cavernous sinus", [(15, -14, -17), (16, -6, -18), (17, 2, -20)], (3.2, 2.4)),
    ("basal vein", [(9, -4, -1), (14, 8, 1), (9, 22, 6), (1, 30, 9)], (0.8, 1.2)),
    ("middle cerebral vein", [(40, -6, 12), (33, -14, 3), (24, -16, -8)], (1.1, 1.3)),
    ("internal cerebral vein", [(1.5, 4, 18), (1.5, 18, 17), (0.5, 30, 10)], (0.9, 1.2)),
]


@dataclass(frozen=True)
class CtaAppearance:
    """One acquisition: lengths in mm, HU where named so; `venous` is the veins' share of the arterial enhancement."""

    spacing: tuple[float, float, float]
    lumen_hu: float
    venous: float
    noise: float
    blur: float
    sharpening: float
    streaks: float


@dataclass(frozen=True)
class Patient:
    """Arteries with aneurysms, head, veins and wall calcium of one person."""

    anatomy: Anatomy
    head: Head
    veins: tuple[Segment, ...]
    calcium: tuple[tuple[Sphere, float], ...]


@dataclass(frozen=True)
class CtaPhantom:
    """HU float32 [z,y,x] and aneurysm mask uint8 [z,y,x] (index + 1) on a grid."""

    image: np.ndarray
    mask: np.ndarray
    grid: Grid


def draw_patient(seed: int, aneurysms: int | None = None, diameters: tuple[float, float] = DIAMETERS_MM) -> Patient:
    """Draws a person from a seed."""
    rng = np.random.default_rng([20261124, seed])
    anatomy = draw_anatomy(seed, aneurysms, diameters)
    return Patient(anatomy, draw_head(seed), tuple(_veins(rng)), tuple(_calcium(rng, anatomy)))


def draw_cta_appearance(seed: int, split: Split) -> CtaAppearance:
    """Draws an acquisition. Noise, kernel, enhancement and slice spacing of the test ranges lie beside those of training."""
    rng = np.random.default_rng([19, seed, {"train": 0, "validation": 1, "test": 2}[split]])
    seen = split != "test"
    plane = rng.uniform(0.36, 0.48)
    return CtaAppearance(
        spacing=(float(plane), float(plane), float(rng.uniform(0.5, 0.7) if seen else rng.uniform(0.7, 0.9))),
        lumen_hu=float(rng.uniform(260, 420) if seen else rng.choice([rng.uniform(220, 260), rng.uniform(420, 470)])),
        venous=float(rng.uniform(0.15, 0.7)), noise=float(rng.uniform(8, 18) if seen else rng.uniform(18, 23)),
        blur=float(rng.uniform(0.35, 0.55) if seen else rng.uniform(0.55, 0.65)), sharpening=float(rng.uniform(0, 0.5)),
        streaks=float(rng.uniform(0, 1)))


def render_cta(patient: Patient, appearance: CtaAppearance, grid: Grid) -> CtaPhantom:
    """Renders the box; the same seeds and box give the same voxels."""
    rng = np.random.default_rng([23, patient.anatomy.seed, *(int(round(1000 * (v + 500))) for v in grid.origin)])
    hu = np.stack([_tissue(patient.head, grid, float(z)) for z in grid.axis(2)])
    vein, _ = _coverage(patient.veins, grid)
    hu = hu * (1 - vein) + vein * (45 + appearance.venous * appearance.lumen_hu)
    vessel, inflow, mask = lumen_of(patient.anatomy, grid)
    hu = hu * (1 - vessel) + vessel * appearance.lumen_hu * (1 - MIXED * (1 - inflow))
    for ball, plaque_hu in patient.calcium:
        field = np.full(grid.shape, 9.0, np.float32)
        stamp(ball, grid, (field, np.ones_like(field)))
        cover = np.clip(0.5 - field / np.mean(grid.spacing), 0, 1)
        hu = hu * (1 - cover) + cover * plaque_hu
    return CtaPhantom(_reconstruct(hu, appearance, grid, rng), mask, grid)


def box_around(centre: np.ndarray, size_mm: tuple[float, float, float], spacing: tuple[float, float, float]) -> Grid:
    """The acquisition grid of a box about a point."""
    size = tuple(int(np.ceil(length / step)) + 1 for length, step in zip(size_mm, spacing))
    origin = tuple(float(c - (n - 1) / 2 * step) for c, n, step in zip(centre, size, spacing))
    return Grid(origin, spacing, size)  # type: ignore[arg-type]


def _tissue(head: Head, grid: Grid, z: float) -> np.ndarray:
    x, y = (grid.axis(k) - HEAD_ORIGIN[k] for k in (0, 1))
    s = spaces_of(head, Plane(x, y, np.full(len(y), z - HEAD_ORIGIN[2])), [])
    return paint_surroundings(head, s, s.hu)


def _coverage(segments: tuple[Segment, ...], grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    distance, inflow = np.full(grid.shape, 9.0, np.float32), np.ones(grid.shape, np.float32)
    for segment in segments:
        line, radii = segment.sample(0.6 * min(grid.spacing))
        for centre, radius in zip(line, radii):
            stamp(Sphere(centre, float(radius), segment.inflow), grid, (distance, inflow))
    return np.clip(0.5 - distance / float(np.mean(grid.spacing)), 0, 1), inflow


def _veins(rng: np.random.Generator) -> list[Segment]:
    segments = []
    for name, points, radii in VEINS:
        for side in (-1, 1):
            if rng.random() < 0.2:
                continue
            moved = np.array([(side * x, y, z) for x, y, z in points]) + rng.normal(0, 1.3, (len(points), 3))
            thin = rng.uniform(0.7, 1.3)
            segments.append(Segment(f"{name} {side}", moved, (radii[0] * thin, radii[1] * thin)))
    return segments


def _calcium(rng: np.random.Generator, anatomy: Anatomy) -> list[tuple[Sphere, float]]:
    """Plaques in the walls of carotid siphon and vertebral arteries of every other person, rarely in a sac's wall."""
    plaques = []
    for segment in anatomy.arteries:
        if segment.name.split("-")[0] not in ("ICA", "VA") or rng.random() < 0.5:
            continue
        line, radii = segment.sample(1.0)
        for index in rng.integers(0, len(line), size=int(rng.integers(1, 6))):
            outward = rng.normal(0, 1, 3)
            place = line[index] + outward / np.linalg.norm(outward) * radii[index]
            plaques.append((Sphere(place, float(rng.uniform(0.4, 1.3)), 1.0), float(rng.uniform(350, 1300))))
    for sac in anatomy.aneurysms:
        if rng.random() < 0.08:
            outward = rng.normal(0, 1, 3)
            plaques.append((Sphere(sac.centre + outward / np.linalg.norm(outward) * sac.diameter / 2, 0.7, 1.0), 700.0))
    return plaques


def _reconstruct(hu: np.ndarray, a: CtaAppearance, grid: Grid, rng: np.random.Generator) -> np.ndarray:
    scale = np.array(list(reversed(grid.spacing)))
    soft = ndimage.gaussian_filter(hu, a.blur / scale)
    soft = soft + a.sharpening * (soft - ndimage.gaussian_filter(soft, 0.9 / scale))
    noise = ndimage.gaussian_filter(rng.standard_normal(hu.shape, dtype=np.float32), 0.45 / scale)
    noise *= a.noise / (noise.std() + 1e-6)
    bone = np.clip(hu, 400, 1500) - 400
    # photons lost along rows of bone: dark bands and louder noise
    along = ndimage.uniform_filter1d(bone.mean(2, keepdims=True), 5, axis=1)
    return (soft - a.streaks * 0.12 * along * (hu < 400) + noise * (1 + along / 250)).astype(np.float32)
