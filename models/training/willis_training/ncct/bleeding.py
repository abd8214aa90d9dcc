"""Haemorrhage by subtype and age. Each type is drawn by the shape that names it in radiology.

Epidural: a biconvex lens under the vault. Subdural: a crescent along the convexity, the falx or the tentorium, on one side
of the midline. Subarachnoid: fills cisterns and sulci. Intraventricular: layers at the back of the ventricles or casts
them. Intraparenchymal: an irregular ellipsoid in the brain with a rim of oedema, sometimes broken into the ventricle.
"""

from dataclasses import dataclass

import numpy as np

from .head import Head, Spaces, _ball

SUBTYPES = ("epidural", "intraparenchymal", "intraventricular", "subarachnoid", "subdural")
CLASSES = ("any", *SUBTYPES)
#: HU of clotted blood by age, before anaemia: acute, subacute, chronic
AGES = {"acute": (58, 82), "subacute": (36, 52), "chronic": (12, 28)}
SITES = [("ganglia", (25, -6, 8), 0.35), ("thalamus", (11, 11, 9), 0.12), ("lobar", (40, -35, 30), 0.15), ("lobar", (42, 35, 28), 0.15),
         ("lobar", (45, -5, 38), 0.08), ("cerebellum", (22, 42, -36), 0.08), ("pons", (3, 12, -30), 0.07)]


@dataclass(frozen=True)
class Bleed:
    """One haemorrhage. Lengths in mm; `hu` of its clot; `kind` is the variant within the subtype."""

    subtype: str
    kind: str
    age: str
    hu: float
    centre: tuple[float, float, float]
    size: tuple[float, float, float]
    side: int

    def push(self, head: Head) -> list[tuple[np.ndarray, np.ndarray, float]]:
        """What its mass moves: centre, displacement there (mm), reach (mm); see `spaces_of`."""
        if self.subtype not in ("epidural", "subdural") or self.kind != "convexity":
            return []
        centre = np.array(self.centre) * 0.55
        return [(centre, np.array([-self.side * 0.55 * self.size[0], 0.0, 0.0]), 42.0)]


def draw_bleeds(seed: int, head: Head, subtypes: tuple[str, ...] | None = None) -> tuple[Bleed, ...]:
    """Subtypes None draws the population: none in 40 %, one type in 42 %, two or three in the rest."""
    rng = np.random.default_rng([20261123, seed])
    if subtypes is None:
        count = int(rng.choice([0, 1, 2, 3], p=[0.4, 0.42, 0.14, 0.04]))
        subtypes = tuple(str(v) for v in rng.choice(SUBTYPES, size=count, replace=False))
    anaemia = rng.uniform(0.88, 1.0)
    return tuple(_DRAW[subtype](rng, head, anaemia) for subtype in subtypes)


def cover(bleed: Bleed, head: Head, s: Spaces) -> np.ndarray:
    """Where the bleed lies on the plane, bool [ny,nx]."""
    return _COVER[bleed.subtype](bleed, head, s) & (s.depth > 0)


def paint_bleed(bleed: Bleed, s: Spaces, mask: np.ndarray, hu: np.ndarray) -> np.ndarray:
    """Clot with its texture; chronic collections are layered, and parenchymal clots get their oedema."""
    if bleed.subtype == "intraparenchymal":
        oedema = (_ball((s.x, s.y, s.z), bleed.centre, tuple(1.45 * v + 2 for v in bleed.size)) < 1 + 0.35 * s.fine) & (s.depth > 2)
        hu = np.where(oedema & ~s.ventricle, np.minimum(hu, 20), hu)
    clot = bleed.hu + (5 if bleed.age == "acute" else 2.5) * s.fine
    if bleed.subtype == "subdural" and bleed.age == "chronic":
        # cells sink: the fluid level lies across the collection, denser behind
        clot = clot + 18 / (1 + np.exp(-(s.y - 15) / 3))
    if bleed.subtype == "subarachnoid":
        # mixed with fluid, and the sulci are narrow
        return np.where(mask, 0.82 * clot + 0.18 * hu, hu)
    return np.where(mask, clot, hu)


def _age_and_hu(rng: np.random.Generator, anaemia: float, ages: tuple[float, float, float]) -> tuple[str, float]:
    age = str(rng.choice(list(AGES), p=ages))
    return age, float(rng.uniform(*AGES[age]) * anaemia)


def _on_vault(rng: np.random.Generator, head: Head, side: int, z: tuple[float, float]) -> tuple[float, float, float]:
    """A point on the inner table beside the midline."""
    angle, height = np.deg2rad(rng.uniform(-60, 55)), rng.uniform(*z)
    a, b, c = head.cavity
    ring = np.sqrt(max(0.05, 1 - (height / (c if height > 0 else 64)) ** 2))
    return (float(side * a * ring * np.cos(angle)), float(b * ring * np.sin(angle)), float(height))


def _draw_epidural(rng: np.random.Generator, head: Head, anaemia: float) -> Bleed:
    side = int(rng.choice([-1, 1]))
    age, hu = _age_and_hu(rng, anaemia, (0.94, 0.06, 0.0))
    thickness = rng.uniform(8, 26)
    return Bleed("epidural", "convexity", age, hu, _on_vault(rng, head, side, (-8, 48)),
                 (float(thickness), float(rng.uniform(1.0, 1.5) * thickness + 12), 0.0), side)


def _draw_subdural(rng: np.random.Generator, head: Head, anaemia: float) -> Bleed:
    side = int(rng.choice([-1, 1]))
    kind = str(rng.choice(["convexity", "falx", "tentorium"], p=[0.82, 0.11, 0.07]))
    age, hu = _age_and_hu(rng, anaemia, (0.62, 0.2, 0.18) if kind == "convexity" else (1.0, 0.0, 0.0))
    thickness = rng.uniform(4, 15) if kind == "convexity" else rng.uniform(3, 6)
    return Bleed("subdural", kind, age, hu, _on_vault(rng, head, side, (5, 45)), (float(thickness), float(rng.uniform(58, 95)), 0.0), side)


def _draw_subarachnoid(rng: np.random.Generator, head: Head, anaemia: float) -> Bleed:
    side = int(rng.choice([-1, 1]))
    kind = str(rng.choice(["aneurysmal", "sulcal"], p=[0.6, 0.4]))
    age, hu = _age_and_hu(rng, anaemia, (1.0, 0.0, 0.0))
    centre = (float(side * rng.uniform(0, 12)), float(rng.uniform(-20, 5)), -10.0)
    size = (float(rng.uniform(28, 55)), float(rng.uniform(25, 45)), float(rng.uniform(14, 30)))
    if kind == "sulcal":
        x, y, z = _on_vault(rng, head, side, (5, 55))
        centre, size = (0.85 * x, 0.85 * y, 0.9 * z), (float(rng.uniform(20, 34)),) * 3
    return Bleed("subarachnoid", kind, age, 0.9 * hu, centre, size, side)


def _draw_intraventricular(rng: np.random.Generator, head: Head, anaemia: float) -> Bleed:
    kind = str(rng.choice(["layer", "cast"], p=[0.55, 0.45]))
    age, hu = _age_and_hu(rng, anaemia, (1.0, 0.0, 0.0))
    # for a layer: the level behind which blood lies; for a cast: the part of the ventricles it fills
    centre = (float(rng.choice([-1, 0, 1]) * 14), float(rng.uniform(-20, 30)), float(rng.uniform(5, 20)))
    return Bleed("intraventricular", kind, age, hu, centre, (float(rng.uniform(22, 44)), float(rng.uniform(24, 40)), 0.0), 1)


def _draw_intraparenchymal(rng: np.random.Generator, head: Head, anaemia: float) -> Bleed:
    side = int(rng.choice([-1, 1]))
    kind, centre, _ = SITES[rng.choice(len(SITES), p=[site[2] for site in SITES])]
    age, hu = _age_and_hu(rng, anaemia, (0.9, 0.1, 0.0))
    largest = 9 if kind in ("pons", "thalamus") else 22
    radius = float(np.clip(np.exp(rng.normal(np.log(10), 0.4)), 4, largest))
    place = tuple(float(v + rng.normal(0, 4)) for v in centre)
    return Bleed("intraparenchymal", kind, age, hu, (side * abs(place[0]), place[1], place[2]),
                 tuple(float(radius * rng.uniform(0.75, 1.3)) for _ in range(3)), side)  # type: ignore[arg-type]


def _epidural(bleed: Bleed, head: Head, s: Spaces) -> np.ndarray:
    along = sum((v - c) ** 2 for v, c in zip((s.x, s.y, s.z), bleed.centre)) - np.clip(s.depth, 0, 60) ** 2
    return s.depth < bleed.size[0] * (1 - along / bleed.size[1] ** 2) + 0.4 * s.fine


def _subdural(bleed: Bleed, head: Head, s: Spaces) -> np.ndarray:
    own_side = s.x * bleed.side > 1.5
    if bleed.kind == "falx":
        return own_side & (s.x * bleed.side < bleed.size[0] + 0.4 * s.fine) & (s.z > 22) & (np.abs(s.y - bleed.centre[1]) < 40) & (s.depth < 32)
    if bleed.kind == "tentorium":
        return own_side & (s.tentorium < bleed.size[0] * 0.8) & (s.x * bleed.side > 6) & (s.y > 8)
    length = np.sqrt(s.x**2 + s.y**2 + s.z**2) + 1e-3
    centre = np.array(bleed.centre) / np.linalg.norm(bleed.centre)
    angle = np.degrees(np.arccos(np.clip((s.x * centre[0] + s.y * centre[1] + s.z * centre[2]) / length, -1, 1)))
    return own_side & (s.depth < bleed.size[0] * (1 - (angle / bleed.size[1]) ** 4) + 0.5 * s.fine) & (s.tentorium > 3) & (s.z > -26)


def _subarachnoid(bleed: Bleed, head: Head, s: Spaces) -> np.ndarray:
    near = _ball((s.x, s.y, s.z), bleed.centre, bleed.size) < 1 + 0.4 * s.fine
    spaces = s.sulci | s.cistern if bleed.kind == "aneurysmal" else s.sulci
    return near & spaces


def _intraventricular(bleed: Bleed, head: Head, s: Spaces) -> np.ndarray:
    if bleed.kind == "layer":
        return s.ventricle & (s.y > bleed.size[0] + 0.6 * s.fine) & (s.z > -12) | s.ventricle & (s.z < -20) & (s.y > 30)
    return s.ventricle & (_ball((s.x, s.y, s.z), bleed.centre, (bleed.size[1],) * 3) < 1)


def _intraparenchymal(bleed: Bleed, head: Head, s: Spaces) -> np.ndarray:
    return (_ball((s.x, s.y, s.z), bleed.centre, bleed.size) < 1 + 0.3 * s.fine) & (s.depth > head.rim) & ~s.ventricle & (s.fine > -2.2)


_DRAW = {"epidural": _draw_epidural, "intraparenchymal": _draw_intraparenchymal, "intraventricular": _draw_intraventricular,
         "subarachnoid": _draw_subarachnoid, "subdural": _draw_subdural}
_COVER = {"epidural": _epidural, "intraparenchymal": _intraparenchymal, "intraventricular": _intraventricular,
          "subarachnoid": _subarachnoid, "subdural": _subdural}
