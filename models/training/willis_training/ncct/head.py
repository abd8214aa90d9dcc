"""Who lies in the scanner: skull, brain, fluid spaces and the harmless dense things, from a seed.

Coordinates are mm, LPS axes, origin between the thalami. Shapes are evaluated plane by plane on warped coordinates, so
that no two heads share an outline. Sizes follow anatomical means; HU follow the tissue ranges of the literature
(GM 37-41, WM 25-32, CSF 0-12, diploe 300-700, tables 1200-1700, fat -90).
"""

from dataclasses import dataclass

import numpy as np

from .field import Field, Plane, draw_field

#: centre line of each lateral ventricle: points (|x|, y, z) and radii at both ends, mm
VENTRICLE = [((11, -36, 13), 4.0, (4.5, -8, 19), 4.0), ((4.5, -8, 19), 4.0, (14, 24, 24), 5.0), ((14, 24, 24), 5.0, (23, 38, 11), 6.5),
             ((23, 38, 11), 6.0, (20, 58, 7), 2.5), ((24, 36, 9), 4.0, (31, 18, -9), 2.0), ((31, 18, -9), 2.0, (27, -6, -18), 1.6)]
NUCLEI = [((13, -27, 12), (5, 9, 9)), ((24, -6, 7), (6.5, 15, 11)), ((10, 10, 9), (8, 13, 9))]


@dataclass(frozen=True)
class Head:
    """One person. Lengths in mm, HU where named so."""

    seed: int
    cavity: tuple[float, float, float]
    skull: float
    scalp: float
    rim: float
    sulcus: float
    ventricles: float
    grey_hu: float
    white_hu: float
    fluid_hu: float
    blood_hu: float
    #: which harmless things this head has: name -> strength 0..1
    mimics: dict[str, float]
    warp: tuple[Field, Field, Field]
    folds: Field
    fine: Field


@dataclass(frozen=True)
class Spaces:
    """What one plane crosses: warped coordinates, depth below the inner table (mm), and the spaces blood can fill."""

    x: np.ndarray
    y: np.ndarray
    z: np.ndarray
    depth: np.ndarray
    ventricle: np.ndarray
    cistern: np.ndarray
    sulci: np.ndarray
    tentorium: np.ndarray
    fine: np.ndarray
    hu: np.ndarray


def draw_head(seed: int) -> Head:
    """Draws a person: age sets atrophy, and the mimics follow age and history."""
    rng = np.random.default_rng([20261122, seed])
    age = rng.uniform(0, 1)
    chances = {"choroid": 0.5 * age + 0.2, "pineal": 0.5, "ganglia": 0.15 * age, "falx": 0.25 * age, "sinus": 0.3, "craniotomy": 0.07,
               "drain": 0.04, "staining": 0.04, "infarct": 0.12}
    return Head(
        seed=seed,
        cavity=(float(rng.uniform(62, 70)), float(rng.uniform(77, 88)), float(rng.uniform(72, 82))),
        skull=float(rng.uniform(4.5, 8.5)), scalp=float(rng.uniform(4, 8)),
        rim=float(0.8 + 2.6 * age**2 + rng.uniform(0, 0.6)), sulcus=float(0.10 + 0.2 * age + rng.uniform(0, 0.06)),
        ventricles=float(0.6 + 0.75 * age + rng.uniform(0, 0.3)),
        grey_hu=float(rng.uniform(36, 40)), white_hu=float(rng.uniform(27, 31)), fluid_hu=float(rng.uniform(3, 10)),
        blood_hu=float(rng.uniform(38, 52)),
        mimics={name: float(rng.uniform(0.3, 1)) for name, chance in chances.items() if rng.random() < chance},
        warp=tuple(draw_field(rng, 26.0, 13.0) for _ in range(3)),  # type: ignore[arg-type]
        folds=draw_field(rng, 4.6, 2.6), fine=draw_field(rng, 2.6, 2.6),
    )


def spaces_of(head: Head, plane: Plane, push: list[tuple[np.ndarray, np.ndarray, float]]) -> Spaces:
    """The undisturbed head on one plane; `push` moves tissue: centre, displacement at the centre (mm), reach (mm)."""
    x, y, z = _warped(head, plane, push)
    depth = _depth(head, x, y, z)
    folds, fine = head.folds.at(plane), head.fine.at(plane)
    side = np.abs(x)
    tent = -4.0 - 0.30 * side - 0.12 * np.maximum(y - 20, 0)
    tentorium = np.where(y > 4 - 0.1 * side, np.abs(z - tent), 99.0)
    below = (z < tent) & (y > 2)
    brain = depth > head.rim
    ventricle = _ventricles(head, (x, y, z)) & (depth > 6)
    cistern = _cisterns(head, (x, y, z), tentorium) & (depth > 0)
    depth_limit = np.where(below, 8.0, 17.0 + 4 * fine)
    width = head.sulcus * np.where(below, 0.45, 1.0) * np.clip(1.35 - depth / 30, 0.4, 1.3)
    fissure = (side < 0.9 + 0.9 * head.sulcus * 3 * (depth < 26)) & (z > 20 - 0.15 * np.abs(y)) & (~below)
    sulci = (((np.abs(folds) < width) & (depth < depth_limit)) | ~brain | fissure | _sylvian(head, (x, y, z), folds)) & (depth > 0)
    grey = (np.abs(folds) < width + 0.42) & (depth < depth_limit + 3) | (depth < head.rim + 3.0)
    hu = np.where(grey | below, head.grey_hu, head.white_hu)
    hu = np.where(below & (np.abs(fine) > 0.9), head.grey_hu - 4, hu)
    for centre, radii in NUCLEI:
        hu = np.where(_ball((side, y, z), centre, radii) < 1, head.grey_hu, hu)
    hu = hu + 0.8 * fine
    hu = np.where(sulci & ~ventricle, 0.75 * head.fluid_hu + 0.25 * hu, hu)
    hu = np.where(cistern, head.fluid_hu, hu)
    hu = np.where(_brainstem((x, y, z)) & (depth > 1), head.grey_hu - 4, hu)
    cistern = cistern & ~_brainstem((x, y, z))
    hu = np.where(ventricle, head.fluid_hu, hu)
    hu = np.where((side < 0.7) & (z > 24) & (depth > 0) & ((depth < 26) | (y > 20)), head.blood_hu, hu)
    hu = np.where((tentorium < 0.9) & (side > 8) & (depth > 0), head.blood_hu, hu)
    sinus = _sinus((x, y, z), depth, tentorium)
    hu = np.where(sinus, head.blood_hu + 6 + 12 * head.mimics.get("sinus", 0), hu)
    return Spaces(x, y, z, depth, ventricle, cistern & ~ventricle, sulci & ~ventricle & ~sinus, tentorium, fine, hu.astype(np.float32))


def _warped(head: Head, plane: Plane, push: list[tuple[np.ndarray, np.ndarray, float]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    shape = (len(plane.y), len(plane.x))
    x = np.broadcast_to(plane.x.astype(np.float32), shape) + 2.6 * head.warp[0].at(plane)
    y = np.broadcast_to(plane.y.astype(np.float32)[:, None], shape) + 2.6 * head.warp[1].at(plane)
    z = np.broadcast_to(plane.z.astype(np.float32)[:, None], shape) + 2.6 * head.warp[2].at(plane)
    dx = dy = dz = np.float32(0)
    for centre, move, reach in push:
        near = np.exp(-((x - centre[0]) ** 2 + (y - centre[1]) ** 2 + (z - centre[2]) ** 2) / np.float32(2 * reach**2))
        # tissue moved by +m shows at p what lay at p - m; the skull does not move
        inside = np.clip((1 - _radius(head, x, y, z)) * 8, 0, 1)
        dx, dy, dz = (d - near * inside * np.float32(m) for d, m in zip((dx, dy, dz), move))
    return x + dx, y + dy, z + dz


def _radius(head: Head, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    a, b, c = head.cavity
    low = np.where(z > 0, np.float32(c), np.float32(64.0))
    return np.sqrt((x / a) ** 2 + (y / np.where(y < 0, b * 0.97, b)) ** 2 + (z / low) ** 2 + np.float32(1e-6))


def _depth(head: Head, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Distance below the inner table in mm (negative outside), first order: (1 - e) / |grad e|; floor of the skull included."""
    a, b, c = head.cavity
    low = np.where(z > 0, np.float32(c), np.float32(64.0))
    e = _radius(head, x, y, z)
    slope = np.sqrt((x / a**2) ** 2 + (y / b**2) ** 2 + (z / low**2) ** 2 + np.float32(1e-8)) / e
    dome = (1 - e) / slope
    side = np.abs(x)
    middle = np.clip((y + 34) / 6, 0, 1)
    back = np.clip((y - 2 - 0.25 * side) / 8, 0, 1)
    # the orbital roofs bulge up beside the midline, and the floor rises forwards
    front = -17 - 0.22 * (y + 58) + 9 * np.exp(-(((side - 31) / 13) ** 2))
    lateral = np.clip((side - 7 - 0.25 * np.abs(y + 14)) / 9, 0, 1)
    floor = front * (1 - middle) - middle * (20 + 14 * lateral) - back * (42 - 16 * lateral)
    ridge = np.maximum(0, 16 - 1.3 * np.abs(y - 4 - 0.25 * side)) * np.clip((side - 16) / 6, 0, 1)
    return np.minimum(dome, (z - floor - ridge) * np.float32(0.85))


def _ventricles(head: Head, at: tuple[np.ndarray, np.ndarray, np.ndarray]) -> np.ndarray:
    x, y, z = at
    side = np.abs(x)
    if float(z.max()) < -45 or float(z.min()) > 45:
        return np.zeros(x.shape, bool)
    inside = np.zeros(x.shape, bool)
    for start, r0, stop, r1 in VENTRICLE:
        inside |= _capsule((side, y, z), (start, stop), (r0 * head.ventricles, r1 * head.ventricles))
    inside &= side > 0.8
    third = (side < 0.9 + 1.3 * head.ventricles) & (((y - 2) / 11) ** 2 + ((z - 2) / 9) ** 2 < 1)
    fourth = _ball(at, (0, 29, -34), (7 * head.ventricles**0.5, 5, 9)) < 1
    return inside | third | fourth


def _cisterns(head: Head, at: tuple[np.ndarray, np.ndarray, np.ndarray], tentorium: np.ndarray) -> np.ndarray:
    x, y, z = at
    if float(z.min()) > 30:
        return np.zeros(x.shape, bool)
    wide = 0.8 + 1.2 * head.sulcus
    star = np.abs(x) < 13 - 0.55 * np.abs(y + 12)
    suprasellar = star & (np.abs(z + 13) < 7) & (y > -30) & (y < 8)
    midbrain = _ball(at, (0, 9, -11), (14, 12, 15))
    ambient = (midbrain > 1) & (midbrain < 1 + 0.32 * wide) & (z < 2)
    quadrigeminal = _ball(at, (0, 25, -4), (9, 5, 7)) < 1
    pons = _ball(at, (0, 12, -32), (16, 13, 15))
    prepontine = (pons > 1) & (pons < 1 + 0.30 * wide) & (y < 16) & (z < -18)
    magna = _ball(at, (0, 54, -50), (16, 9, 10)) < 1
    return suprasellar | ambient | quadrigeminal | prepontine | magna


def _brainstem(at: tuple[np.ndarray, np.ndarray, np.ndarray]) -> np.ndarray:
    return (_ball(at, (0, 9, -11), (14, 12, 15)) < 1) & (at[2] < 4) & (at[1] > -1) | (_ball(at, (0, 12, -32), (16, 13, 15)) < 1)


def _sylvian(head: Head, at: tuple[np.ndarray, np.ndarray, np.ndarray], folds: np.ndarray) -> np.ndarray:
    x, y, z = at
    side = np.abs(x)
    width = 0.8 + 3.0 * head.sulcus
    insula = (np.abs(side - 37 - 2.2 * folds) < width) & (((y + 6) / 24) ** 2 + ((z - 6) / 15) ** 2 < 1 + 0.3 * folds)
    stem = (np.abs(y + 20 + 0.35 * (side - 30) - 3.0 * folds) < width) & (side > 16) & (side < 38) & (np.abs(z + 3) < 8 + 2 * folds)
    lateral = (np.abs(y + 12 + 0.9 * (z - 6) - 4.0 * folds) < 1.2 * width) & (side > 36) & (np.abs(z - 5) < 13)
    return insula | stem | lateral


def _sinus(at: tuple[np.ndarray, np.ndarray, np.ndarray], depth: np.ndarray, tentorium: np.ndarray) -> np.ndarray:
    """Superior sagittal sinus (a triangle under the vault's midline) and the transverse sinuses."""
    x, y, z = at
    sagittal = (np.abs(x) < np.clip(5.5 - 0.8 * depth, 0, 5)) & (depth > 0) & ((z > 25) | (y > 55)) & (z > -12)
    transverse = (depth > 0) & (depth < 4.5) & (tentorium < 4) & (y > 28)
    return sagittal | transverse


def _ball(at: tuple[np.ndarray, np.ndarray, np.ndarray], centre: tuple[float, ...], radii: tuple[float, ...]) -> np.ndarray:
    """Squared radius in units of the ellipsoid's: below 1 is inside."""
    return sum(((v - np.float32(c)) / np.float32(r)) ** 2 for v, c, r in zip(at, centre, radii))  # type: ignore[return-value]


def _capsule(
    at: tuple[np.ndarray, np.ndarray, np.ndarray], ends: tuple[tuple[float, ...], tuple[float, ...]], radii: tuple[float, float]
) -> np.ndarray:
    start, stop = (np.array(e, np.float32) for e in ends)
    axis = stop - start
    t = np.clip(sum((v - s) * a for v, s, a in zip(at, start, axis)) / np.float32(axis @ axis), 0, 1)
    away = sum((v - s - t * a) ** 2 for v, s, a in zip(at, start, axis))
    return away < (radii[0] + t * (radii[1] - radii[0])) ** 2  # type: ignore[no-any-return]
