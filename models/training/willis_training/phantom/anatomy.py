"""Who the phantom is: arteries, aneurysms, mimics and head shape, from a seed alone."""

from dataclasses import dataclass

import numpy as np

from .arteries import SITES, Segment, atlas, draw_arteries
from .real_tree import ArterialTree


@dataclass(frozen=True)
class Sphere:
    """A ball of lumen: centre (mm), radius (mm), relative brightness."""

    centre: np.ndarray
    radius: float
    inflow: float


@dataclass(frozen=True)
class Aneurysm:
    """Balls of the dome and its lobules, or of a widened stretch of the artery (fusiform). Centre and diameter are those of dome or stretch."""

    site: str
    side: str | None
    centre: np.ndarray
    diameter: float
    balls: tuple[Sphere, ...]
    fusiform: bool = False


#: diameters of the population, mm: log-normal with the mean 4.2 and the SD 2.5 of clinical series, drawn again beyond these
DIAMETERS_MM = (1.5, 25.0)
LOG_MEAN, LOG_SPREAD = 1.283, 0.55
#: a real artery may loop through where a sac would grow: so much of the dome may lie within arteries
MOST_HIDDEN = 0.4
#: mm between a point of the atlas and that of a real tree which stands for it
NEAR_MM = 12.0
#: arteries that widen as a whole, how often, and by how much at least
WIDENING, FUSIFORM_SHARE, FUSIFORM_LEAST = ("ICA", "M1", "BA", "VA"), 0.25, 1.4


@dataclass(frozen=True)
class Anatomy:
    """One person. Lengths in mm, LPS axes, origin in the circle of Willis."""

    seed: int
    arteries: tuple[Segment, ...]
    aneurysms: tuple[Aneurysm, ...]
    mimics: tuple[Sphere, ...]
    head_radii: tuple[float, float, float]
    head_centre: tuple[float, float, float]
    #: whether the arteries are a real person's
    real_tree: bool = False


def draw_anatomy(
    seed: int, aneurysms: int | None = None, diameters: tuple[float, float] = DIAMETERS_MM, tree: ArterialTree | None = None
) -> Anatomy:
    """Draws a person; aneurysms None means the population: none in 40 %, one in 40 %, two or three in the rest.

    With a `tree` the arteries are those of its person, changed within what people differ by.
    """
    rng = np.random.default_rng([20261121, seed])
    arteries = draw_arteries(rng) if tree is None else tree.draw(rng)
    count = int(rng.choice([0, 1, 2, 3], p=[0.4, 0.4, 0.15, 0.05])) if aneurysms is None else aneurysms
    sacs = _draw_aneurysms(rng, arteries, count, diameters, real_tree=tree is not None)
    return Anatomy(
        seed=seed,
        arteries=tuple(arteries),
        aneurysms=tuple(sacs),
        mimics=tuple(_draw_mimics(rng, arteries)),
        head_radii=(float(rng.uniform(68, 78)), float(rng.uniform(86, 98)), float(rng.uniform(92, 104))),
        head_centre=(0.0, float(rng.uniform(5, 14)), float(rng.uniform(12, 20))),
        real_tree=tree is not None,
    )


def _draw_aneurysms(
    rng: np.random.Generator, arteries: list[Segment], count: int, diameters: tuple[float, float], real_tree: bool
) -> list[Aneurysm]:
    sacs: list[Aneurysm] = []
    weights = np.array([site[4] for site in SITES])
    for _ in range(50 * max(count, 1)):
        if len(sacs) == count:
            break
        site, segment_name, index, direction, _ = SITES[rng.choice(len(SITES), p=weights / weights.sum())]
        side = None if segment_name in ("ACom", "BA") else str(rng.choice(["left", "right"]))
        spot = spot_of(arteries, segment_name if side is None else f"{segment_name}-{side}", index)
        if spot is None:
            continue
        sac = draw_sac(rng, (site, side), *spot, (direction, diameters))
        if real_tree and not sac.fusiform and hidden_share(sac, arteries) > MOST_HIDDEN:
            continue
        if all(np.linalg.norm(sac.centre - other.centre) > 12 for other in sacs):
            sacs.append(sac)
    return sacs


def hidden_share(sac: Aneurysm, arteries: list[Segment]) -> float:
    """How much of the dome lies within arteries, 0..1."""
    steps = np.stack(np.meshgrid(*[np.linspace(-1, 1, 9)] * 3), -1).reshape(-1, 3)
    inside = sac.centre + steps[np.linalg.norm(steps, axis=1) <= 1] * sac.diameter / 2
    sampled = [artery.sample(0.5) for artery in arteries]
    line, radii = np.vstack([points for points, _ in sampled]), np.concatenate([widths for _, widths in sampled])
    near = np.linalg.norm(line - sac.centre, axis=1) < sac.diameter / 2 + radii
    within = np.linalg.norm(inside[:, None] - line[near], axis=2) < radii[near]
    return float(within.any(1).mean())


def spot_of(arteries: list[Segment], name: str, index: int) -> tuple[Segment, int] | None:
    """The artery and its point that is the atlas's control point `index` of the artery `name`; None where there is none.

    On a real tree, whose arteries have other points, the nearest one of that artery within NEAR_MM.
    """
    of_name = [segment for segment in arteries if segment.name == name]
    mean, _ = atlas()[name]
    if len(of_name) == 1 and len(of_name[0].points) == len(mean):
        return of_name[0], index
    away = [np.linalg.norm(segment.points - mean[index], axis=1) for segment in of_name]
    if not away:
        return None
    nearest = min(range(len(away)), key=lambda n: float(away[n].min()))
    return (of_name[nearest], int(away[nearest].argmin())) if away[nearest].min() <= NEAR_MM else None


def draw_sac(
    rng: np.random.Generator,
    place: tuple[str, str | None],
    segment: Segment,
    index: int,
    shape: tuple[tuple[float, float, float], tuple[float, float]],
) -> Aneurysm:
    direction, (smallest, largest) = shape
    outward = np.array(direction) * np.array([-1 if place[1] == "right" else 1, 1, 1]) + rng.normal(0, 0.25, 3)
    outward /= np.linalg.norm(outward)
    diameter = _diameter(rng, smallest, largest)
    radius = diameter / 2
    along = np.linspace(0, 1, len(segment.points))[index]
    parent = float(np.interp(along, np.linspace(0, 1, len(segment.radii)), segment.radii))
    # the neck is what the dome shares with the parent, as a share of the dome
    sunk = radius * (1 - np.sqrt(1 - rng.uniform(0.4, 0.9) ** 2))
    centre = segment.points[index] + outward * (parent + radius - sunk)
    inflow = float(rng.uniform(0.7, 1.05) * (1 - 0.25 * np.clip((diameter - 7) / 7, 0, 1)))
    if segment.name.split("-")[0] in WIDENING and radius > FUSIFORM_LEAST * parent and rng.random() < FUSIFORM_SHARE:
        return _fusiform(place, segment, segment.points[index], (diameter, inflow))
    balls = [Sphere(centre, radius, inflow)]
    for _ in range(int(rng.integers(0, 3))):
        lobe = rng.normal(0, 1, 3) + outward
        lobe /= np.linalg.norm(lobe)
        balls.append(Sphere(centre + lobe * radius * 0.6, radius * rng.uniform(0.4, 0.65), inflow))
    return Aneurysm(place[0], place[1], centre, diameter, tuple(balls))


def _diameter(rng: np.random.Generator, smallest: float, largest: float) -> float:
    for _ in range(1000):
        drawn = float(np.exp(rng.normal(LOG_MEAN, LOG_SPREAD)))
        if smallest <= drawn <= largest:
            return drawn
    return float(rng.uniform(smallest, largest))


def _fusiform(place: tuple[str, str | None], segment: Segment, middle: np.ndarray, size: tuple[float, float]) -> Aneurysm:
    """The artery widened to `diameter` about a point of it, back to its own width a diameter away on both sides."""
    diameter, inflow = size
    line, radii = segment.sample(0.5)
    away = np.linalg.norm(line - middle, axis=1)
    balls = tuple(Sphere(at, float(own + (diameter / 2 - own) * np.cos(np.pi / 2 * far / diameter) ** 2), inflow)
                  for at, own, far in zip(line, radii, away) if far < diameter)
    return Aneurysm(place[0], place[1], line[int(away.argmin())], diameter, balls, fusiform=True)


def _draw_mimics(rng: np.random.Generator, arteries: list[Segment]) -> list[Sphere]:
    """Infundibula (cones of at most 3 mm at the PCom origin) and bright spots away from arteries (veins, T1-bright blood)."""
    mimics = []
    for segment in arteries:
        if segment.name.startswith("PCom") and rng.random() < 0.4:
            start, towards = segment.points[0], segment.points[1] - segment.points[0]
            towards = towards / np.linalg.norm(towards)
            size = rng.uniform(0.9, 1.3)
            mimics += [Sphere(start + towards * t, size * (1 - 0.25 * t), 1.0) for t in (1.2, 2.0, 2.8)]
    for _ in range(int(rng.integers(0, 5))):
        place = rng.uniform([-55, -60, -30], [55, 70, 40])
        mimics.append(Sphere(place, float(rng.uniform(0.8, 2.0)), float(rng.uniform(0.3, 0.6))))
    return mimics
