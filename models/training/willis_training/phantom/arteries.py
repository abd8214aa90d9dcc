"""The circle of Willis as a graph of smooth centre lines.

Coordinates are mm, LPS axes (x Left, y Posterior, z Superior), origin in the middle of the circle. Mean diameters:
ICA cavernous 5.0, terminus 3.6, M1 3.1, M2 2.4, A1 2.3, A2 2.2, ACom 1.3, P1 2.2, P2 2.0, PCom 1.3, vertebral 2.9,
basilar 3.4 mm (literature means; see docs of the kit).
"""

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline

Point = tuple[float, float, float]


@dataclass(frozen=True)
class Segment:
    """One artery: control points (mm), radii (mm) at its ends or evenly along it, relative inflow brightness."""

    name: str
    points: np.ndarray
    radii: tuple[float, ...]
    inflow: float = 1.0

    def sample(self, step_mm: float) -> tuple[np.ndarray, np.ndarray]:
        """Centre line points [n,3] and radii [n] about every step_mm."""
        chord = np.r_[0, np.cumsum(np.linalg.norm(np.diff(self.points, axis=0), axis=1))]
        spline = CubicSpline(chord, self.points, bc_type="natural")
        t = np.linspace(0, chord[-1], max(2, int(chord[-1] / step_mm) + 1))
        return spline(t), np.interp(t, np.linspace(0, chord[-1], len(self.radii)), self.radii)


# name, control points of the LEFT side (x > 0), radius at start and end
SIDED: list[tuple[str, list[Point], tuple[float, float]]] = [
    ("ICA", [(20, 9, -48), (20, 8, -36), (15, 4, -29), (11, 2, -23), (10, -4, -17), (10, -13, -16),
             (9.5, -17, -11.5), (9.5, -13, -7), (10, -9, -4), (11, -9, 1)], (2.5, 1.8)),
    ("M1", [(11, -9, 1), (18, -11, 2.5), (25, -9.5, 1.5), (31, -6, 2)], (1.6, 1.4)),
    ("M2s", [(31, -6, 2), (35, -3, 8), (38, 5, 17), (43, 14, 26), (46, 22, 38)], (1.2, 0.6)),
    ("M2i", [(31, -6, 2), (36, 0, 3), (41, 11, 8), (46, 24, 13), (48, 38, 20)], (1.2, 0.6)),
    ("A1", [(11, -9, 1), (7, -14, 2.5), (2.2, -19, 4)], (1.25, 1.1)),
    ("A2", [(2.2, -19, 4), (1.6, -25, 10), (1.6, -28, 20), (1.6, -22, 31), (1.6, -8, 39), (1.6, 8, 42)], (1.1, 0.6)),
    ("VA", [(11, 24, -48), (8, 17, -36), (0.6, 9, -26)], (1.5, 1.4)),
    ("P1", [(0, 3, -3), (6, 4.5, -1.5), (12, 9, -1)], (1.15, 1.05)),
    ("P2", [(12, 9, -1), (18, 18, 1), (20, 30, 4), (15, 45, 9), (10, 56, 14)], (1.05, 0.6)),
    ("PCom", [(10, -8, -3.5), (11, -1, -3), (12, 9, -1)], (0.65, 0.65)),
    ("SCA", [(0.3, 4, -6), (7, 7, -7), (15, 16, -7), (18, 28, -4)], (0.75, 0.45)),
    ("AICA", [(0.4, 6, -17), (8, 9, -18), (18, 16, -18)], (0.6, 0.4)),
    ("OphA", [(9.5, -15, -8), (11, -22, -8), (15, -34, -9)], (0.65, 0.5)),
    ("AChA", [(10.4, -9, -2), (13, -2, 0), (18, 8, 1)], (0.5, 0.35)),
]
MIDLINE: list[tuple[str, list[Point], tuple[float, float]]] = [
    ("BA", [(0, 9, -26), (0.6, 6, -17), (-0.3, 4, -9), (0, 3, -3)], (1.75, 1.6)),
    ("ACom", [(2.2, -19, 4), (0, -19.6, 4.2), (-2.2, -19, 4)], (0.7, 0.7)),
]
# how often a segment is absent or thread-like: about one circle in six is complete, both PCom are missing in a quarter
ABSENT = {"PCom": 0.5, "A1": 0.07, "AICA": 0.3, "AChA": 0.3, "P1": 0.08}
#: arteries beyond the circle, whose trees fill the sulci
DISTAL = ("M2s", "M2i", "A2", "P2")
# places where aneurysms sit: site name, segment and control point index, outward direction (left side), weight
SITES: list[tuple[str, str, int, Point, float]] = [
    ("ACom", "ACom", 1, (0, -0.8, 0.6), 0.167),
    ("supraclinoid ICA", "ICA", 8, (-0.3, 0.9, -0.2), 0.28),
    ("MCA", "M1", 3, (0.9, 0.2, -0.3), 0.235),
    ("basilar tip", "BA", 3, (0, -0.2, 1.0), 0.06),
    ("PCom", "PCom", 0, (0.3, 0.9, -0.2), 0.09),
    ("infraclinoid ICA", "ICA", 5, (-0.7, -0.3, -0.4), 0.08),
    ("ACA", "A2", 2, (0.1, -0.8, 0.5), 0.05),
    ("other posterior", "VA", 1, (0.6, -0.6, 0.3), 0.04),
]


def draw_arteries(rng: np.random.Generator) -> list[Segment]:
    """A random circle: jittered, scaled, with absent segments and distal trees; joints stay joined."""
    scale = rng.uniform(0.9, 1.12, 3)
    rotation = rotation_matrix(rng.normal(0, 4, 3))
    moved: dict[Point, np.ndarray] = {}

    def place(point: Point) -> np.ndarray:
        if point not in moved:
            moved[point] = rotation @ (np.array(point) * scale + rng.normal(0, 0.9, 3))
        return moved[point]

    segments = []
    for name, points, radii in [*MIDLINE, *_both_sides()]:
        kind = name.split("-")[0]
        if rng.random() < ABSENT.get(kind, 0.0):
            continue
        thin = rng.uniform(0.82, 1.2)
        segments.append(Segment(name, np.array([place(p) for p in points]), (radii[0] * thin, radii[1] * thin),
                                inflow=float(rng.uniform(0.85, 1.05))))
    for segment in list(segments):
        if segment.name.split("-")[0] in (*DISTAL, "M1"):
            segments.extend(distal(segment, rng))
    segments.extend(_scalp_arteries(rng))
    return segments


def atlas() -> dict[str, tuple[np.ndarray, tuple[float, float]]]:
    """Control points (mm) and radii at its ends of every artery of the mean circle, both sides."""
    return {name: (np.array(points, float), radii) for name, points, radii in [*MIDLINE, *_both_sides()]}


def rotation_matrix(degrees: np.ndarray) -> np.ndarray:
    """Rotation by three angles about x, y, z."""
    a, b, c = np.deg2rad(degrees)
    rx = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    ry = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    rz = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    return rz @ ry @ rx


def _both_sides() -> list[tuple[str, list[Point], tuple[float, float]]]:
    both = []
    for name, points, radii in SIDED:
        both.append((f"{name}-left", points, radii))
        # joints on the midline are shared by both sides, so they keep their coordinates
        both.append((f"{name}-right", [(-x if abs(x) > 1e-9 else x, y, z) for x, y, z in points], radii))
    return both


def distal(parent: Segment, rng: np.random.Generator) -> list[Segment]:
    """Branches that leave the parent and wander off, thinner by Murray's law (r0^3 = r1^3 + r2^3)."""
    branches = []
    line, radii = parent.sample(2.0)
    for index in rng.integers(2, len(line), size=int(rng.integers(1, 4))):
        direction = line[index] - line[max(0, index - 2)]
        direction = direction / (np.linalg.norm(direction) + 1e-9)
        points = [line[index]]
        for _ in range(int(rng.integers(3, 7))):
            direction = direction + rng.normal(0, 0.45, 3)
            direction /= np.linalg.norm(direction)
            points.append(points[-1] + direction * rng.uniform(4, 8))
        radius = radii[index] * 0.5 ** (1 / 3) * rng.uniform(0.55, 0.9)
        branches.append(Segment(f"{parent.name}-branch", np.array(points), (max(radius, 0.35), 0.3),
                                inflow=float(rng.uniform(0.7, 1.0))))
    return branches


def _scalp_arteries(rng: np.random.Generator) -> list[Segment]:
    """Superficial temporal arteries: bright vessels far from any aneurysm."""
    segments = []
    for side in (-1, 1):
        points = [np.array([side * 72.0, -5, -45]) + rng.normal(0, 2, 3)]
        for _ in range(6):
            points.append(points[-1] + np.array([side * rng.uniform(-1, 1), rng.uniform(-5, 4), 15]))
        segments.append(Segment("STA", np.array(points), (0.9, 0.6), inflow=float(rng.uniform(0.7, 1.0))))
    return segments
