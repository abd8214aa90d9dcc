"""The acquisition: slices with their thickness, the reconstruction kernel, noise, beam hardening, tilt; HU and masks out."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ..phantom.appearance import Split
from .bleeding import CLASSES, SUBTYPES, Bleed, cover, paint_bleed
from .field import Plane
from .head import Head, spaces_of
from .skull import paint_mimics, paint_surroundings

#: a slice counts as bleeding where the bleed covers at least this area
SMALLEST_AREA_MM2 = 20.0


@dataclass(frozen=True)
class CtAppearance:
    """One acquisition: lengths in mm, noise in HU of a pixel after the kernel, tilt of the gantry in degrees."""

    pixel: float
    slice_spacing: float
    field_of_view: float
    noise: float
    blur: float
    sharpening: float
    hardening: float
    hu_offset: float
    tilt: float
    headrest: bool
    shift: tuple[float, float]
    extent: tuple[float, float]


@dataclass(frozen=True)
class CtPhantom:
    """HU float32 [z,y,x]; mask uint8 [z,y,x]: 0 or 1 + index in SUBTYPES; labels uint8 [z,6] in the order of CLASSES.

    Pixel (i, j) of slice k lies at origin + (i * pixel, j * pixel * cos tilt, j * pixel * sin tilt + k * slice_spacing), LPS mm.
    """

    image: np.ndarray
    mask: np.ndarray
    labels: np.ndarray
    origin: tuple[float, float, float]
    head: Head
    bleeds: tuple[Bleed, ...]
    appearance: CtAppearance

    @property
    def spacing(self) -> tuple[float, float, float]:
        return (self.appearance.pixel, self.appearance.pixel, self.appearance.slice_spacing)


def draw_ct_appearance(seed: int, split: Split, pixel: float | None = None) -> CtAppearance:
    """Draws an acquisition. Spacing, noise and kernel of the test ranges lie beside those of training."""
    rng = np.random.default_rng([11, seed, {"train": 0, "validation": 1, "test": 2}[split]])
    seen = split != "test"
    view = rng.uniform(215, 250)
    spacing = rng.choice([rng.uniform(2.5, 3.2), rng.uniform(4.2, 5.0)]) if seen else rng.uniform(3.2, 4.2)
    return CtAppearance(
        pixel=float(pixel or view / 512), slice_spacing=float(np.round(spacing, 2)), field_of_view=float(view),
        noise=float(rng.uniform(2.5, 5.0) if seen else rng.uniform(5.0, 6.5)),
        blur=float(rng.uniform(0.5, 0.8) if seen else rng.choice([rng.uniform(0.4, 0.5), rng.uniform(0.8, 1.0)])),
        sharpening=float(rng.uniform(0, 0.35)), hardening=float(rng.uniform(0, 1.0)), hu_offset=float(rng.uniform(-1.5, 1.5)),
        tilt=0.0, headrest=bool(rng.random() < 0.6), shift=(float(rng.normal(0, 5)), float(rng.normal(0, 6))),
        extent=(float(rng.uniform(-62, -48)), float(rng.uniform(82, 90))),
    )


def render_ct(head: Head, bleeds: tuple[Bleed, ...], appearance: CtAppearance) -> CtPhantom:
    """Renders every slice; the same seeds give the same voxels."""
    rng = np.random.default_rng([13, head.seed, int(appearance.noise * 1e6)])
    count = int(round(appearance.field_of_view / appearance.pixel))
    x = (np.arange(count) - (count - 1) / 2) * appearance.pixel + appearance.shift[0]
    y = (np.arange(count) - (count - 1) / 2) * appearance.pixel + appearance.shift[1]
    low, high = appearance.extent
    depths = np.arange(low, high + 1e-6, appearance.slice_spacing)
    push = [p for b in bleeds for p in b.push(head)]
    rise, run = np.sin(np.deg2rad(appearance.tilt)), np.cos(np.deg2rad(appearance.tilt))
    image = np.empty((len(depths), count, count), np.float32)
    mask = np.zeros(image.shape, np.uint8)
    for index, depth in enumerate(depths):
        parts = []
        for offset in (-0.25, 0.25):
            z = depth + offset * appearance.slice_spacing + rise * (y - appearance.shift[1])
            parts.append(_plane(head, bleeds, Plane(x, run * y, z), push))
        image[index] = _reconstruct(0.5 * (parts[0][0] + parts[1][0]), appearance, rng)
        mask[index] = np.where(parts[0][1] > 0, parts[0][1], parts[1][1])
    origin = (float(x[0]), float(run * y[0]), float(low + rise * (y[0] - appearance.shift[1])))
    return CtPhantom(image, mask, labels_of(mask, appearance.pixel), origin, head, bleeds, appearance)


def labels_of(mask: np.ndarray, pixel: float) -> np.ndarray:
    """Six labels a slice, order of CLASSES, from the mask [z,y,x] of subtypes."""
    areas = np.stack([(mask == 1 + k).sum((1, 2)) for k in range(len(SUBTYPES))], 1) * pixel**2
    present = areas >= SMALLEST_AREA_MM2
    labels = np.concatenate([present.any(1, keepdims=True), present], 1)
    assert labels.shape[1] == len(CLASSES)
    return labels.astype(np.uint8)


def _plane(
    head: Head, bleeds: tuple[Bleed, ...], plane: Plane, push: list[tuple[np.ndarray, np.ndarray, float]]
) -> tuple[np.ndarray, np.ndarray]:
    s = spaces_of(head, plane, push)
    hu = paint_mimics(head, s, s.hu)
    mask = np.zeros(hu.shape, np.uint8)
    # parenchymal blood first: what fills spaces and collections lies over it
    order = sorted(bleeds, key=lambda b: ("intraparenchymal", "intraventricular", "subarachnoid", "subdural", "epidural").index(b.subtype))
    for bleed in order:
        where = cover(bleed, head, s)
        hu = paint_bleed(bleed, s, where, hu)
        mask[where] = 1 + SUBTYPES.index(bleed.subtype)
    return paint_surroundings(head, s, hu), mask


def _reconstruct(hu: np.ndarray, a: CtAppearance, rng: np.random.Generator) -> np.ndarray:
    """Kernel, beam hardening and noise of one slice."""
    if a.headrest:
        hu = _headrest(hu, a)
    soft = ndimage.gaussian_filter(hu, a.blur / a.pixel)
    if a.sharpening > 0:
        soft = soft + a.sharpening * (soft - ndimage.gaussian_filter(soft, 1.2 / a.pixel))
    bone = np.clip(hu, 300, 1400) - 300
    if a.hardening > 0 and bone.mean() > 50:
        soft = soft + a.hardening * _hardening(bone)
    noise = ndimage.gaussian_filter(rng.standard_normal(hu.shape, dtype=np.float32), max(0.35, 0.55 / a.pixel))
    noise *= a.noise / (noise.std() + 1e-6)
    # thicker bone, fewer photons
    return soft + noise * (1 + bone.mean() / 300) + a.hu_offset


def _hardening(bone: np.ndarray) -> np.ndarray:
    """Dark bands between dense bones along rows, and the brightening under the vault."""
    along = bone.mean(1, keepdims=True)
    band = -0.05 * np.maximum(along - 90, 0) * (ndimage.gaussian_filter1d(bone, 14, axis=1) < 350)
    glow = ndimage.gaussian_filter(bone[::4, ::4], 2.5)
    return band + 0.012 * np.kron(glow, np.ones((4, 4), np.float32))[: bone.shape[0], : bone.shape[1]]


def _headrest(hu: np.ndarray, a: CtAppearance) -> np.ndarray:
    n = hu.shape[0]
    axis = (np.arange(n) - (n - 1) / 2) * a.pixel
    ring = np.hypot(axis[None, :], axis[:, None] - 10)
    return np.where((np.abs(ring - 107) < 2.0) & (axis[:, None] > 30) & (hu < -900), 60, hu).astype(np.float32)
