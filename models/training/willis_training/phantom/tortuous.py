"""Arteries as age and hypertension leave them: bent in loops of one to a few centimetres, of uneven width, wide where they fork.

Straight, even arteries teach a network that whatever bulges or turns is an aneurysm; on real arteries it then marks bends and forks.
"""

from dataclasses import dataclass, replace

import numpy as np

from .anatomy import Anatomy, Aneurysm, Sphere
from .arteries import DISTAL, Segment, distal

#: wavelengths (mm) of the bends, and by how much the arteries leave their course (mm, root mean square in each direction)
BENDS = ((40.0, 1.6), (20.0, 1.1), (11.0, 0.5))
#: plane waves of each wavelength
WAVES = 6
#: further trees on each artery beyond the circle
TREES = 2
#: mm between two points of an artery that bends
STEP = 2.0


@dataclass(frozen=True)
class Course:
    """A smooth displacement in space: wherever arteries join they stay joined."""

    waves: np.ndarray
    phases: np.ndarray
    pushes: np.ndarray

    def moved(self, points: np.ndarray) -> np.ndarray:
        """points [n,3] in mm, displaced."""
        return points + np.sin(points @ self.waves.T + self.phases) @ self.pushes  # type: ignore[no-any-return]


def draw_course(rng: np.random.Generator) -> Course:
    """From nearly straight to twice as bent as BENDS says."""
    how_much = rng.uniform(0.4, 2.0) ** 0.5
    waves, pushes = [], []
    for length, amplitude in BENDS:
        direction = rng.normal(0, 1, (WAVES, 3))
        waves.append(direction / np.linalg.norm(direction, axis=1, keepdims=True) * (2 * np.pi / (length * rng.uniform(0.8, 1.25, (WAVES, 1)))))
        pushes.append(rng.normal(0, how_much * amplitude * np.sqrt(2 / WAVES), (WAVES, 3)))
    return Course(np.vstack(waves), rng.uniform(0, 2 * np.pi, WAVES * len(BENDS)), np.vstack(pushes))


def tortuous(anatomy: Anatomy) -> Anatomy:
    """The same person with bent and uneven arteries, and, unless they are a real person's, more distal ones; the same seed gives the same bends.

    Sacs stay on the artery they grew from.
    """
    rng = np.random.default_rng([61, anatomy.seed])
    course = draw_course(rng)
    beyond = [] if anatomy.real_tree else [artery for artery in anatomy.arteries if artery.name.split("-")[0] in DISTAL and not artery.name.endswith("branch")]
    more = [branch for artery in beyond * TREES for branch in distal(artery, rng)]
    lines = np.vstack([artery.sample(STEP)[0] for artery in anatomy.arteries])

    def with_parent(at: np.ndarray) -> np.ndarray:
        nearest = lines[np.linalg.norm(lines - at, axis=1).argmin()][None]
        return at + (course.moved(nearest) - nearest)[0]  # type: ignore[no-any-return]

    def moved(sac: Aneurysm) -> Aneurysm:
        shift = with_parent(sac.centre) - sac.centre
        # a widened stretch follows the bends of its artery, a dome keeps its form
        balls = tuple(replace(b, centre=with_parent(b.centre) if sac.fusiform else b.centre + shift) for b in sac.balls)
        return replace(sac, centre=sac.centre + shift, balls=balls)

    def mimic(ball: Sphere) -> Sphere:
        return replace(ball, centre=with_parent(ball.centre))

    return replace(anatomy, arteries=tuple(_bent(artery, course, rng) for artery in (*anatomy.arteries, *more)),
                   aneurysms=tuple(moved(sac) for sac in anatomy.aneurysms), mimics=tuple(mimic(ball) for ball in anatomy.mimics))


def _bent(artery: Segment, course: Course, rng: np.random.Generator) -> Segment:
    """Its width undulates by some per cent and grows towards its ends, where it forks."""
    line, radii = artery.sample(STEP)
    n = len(line)
    undulating = np.interp(np.arange(n), np.arange(0, n + 3, 3), 1 + rng.normal(0, 0.07, len(np.arange(0, n + 3, 3))))
    from_end = np.minimum(np.arange(n), np.arange(n)[::-1]) * STEP
    forked = 1 + rng.uniform(0, 0.3) * np.exp(-((from_end / (2 * radii)) ** 2))
    return replace(artery, points=course.moved(line), radii=tuple(float(r) for r in radii * np.clip(undulating, 0.75, 1.25) * forked))
