"""The 13 locations of RSNA 2025 in the order of its metric, what mirrors what, and where on the arterial graph each lies."""

from dataclasses import dataclass

import numpy as np

from ..phantom.anatomy import Anatomy
from ..phantom.arteries import Segment

LOCATIONS = (
    "Left Infraclinoid Internal Carotid Artery", "Right Infraclinoid Internal Carotid Artery",
    "Left Supraclinoid Internal Carotid Artery", "Right Supraclinoid Internal Carotid Artery",
    "Left Middle Cerebral Artery", "Right Middle Cerebral Artery", "Anterior Communicating Artery",
    "Left Anterior Cerebral Artery", "Right Anterior Cerebral Artery",
    "Left Posterior Communicating Artery", "Right Posterior Communicating Artery",
    "Basilar Tip", "Other Posterior Circulation",
)
#: after the 13: on none of these arteries (scalp, vein, no vessel at all)
ELSEWHERE = len(LOCATIONS)
CLASSES = (*LOCATIONS, "Elsewhere")
#: the class that a mirrored head shows in place of each class
MIRRORED = tuple(CLASSES.index(c.replace("Left", "*").replace("Right", "Left").replace("*", "Right")) for c in CLASSES)

#: first of each sided pair, by the phantom's word for the site
FIRST = {"infraclinoid ICA": 0, "supraclinoid ICA": 2, "MCA": 4, "ACom": 6, "ACA": 7, "PCom": 9, "basilar tip": 11, "other posterior": 12}
SIDED = ("infraclinoid ICA", "supraclinoid ICA", "MCA", "ACA", "PCom")
#: by segment, where the whole segment lies at one site
WHOLE = {"M1": "MCA", "M2s": "MCA", "M2i": "MCA", "A1": "ACA", "A2": "ACA", "ACom": "ACom", "VA": "other posterior",
         "P1": "other posterior", "P2": "other posterior", "SCA": "other posterior", "AICA": "other posterior"}
#: control point of the carotid above which it is supraclinoid: between the anterior genu and the ophthalmic segment
CLINOID = 6.5
#: nearer than this to an artery of another site the name of a place is a matter of taste; it is not asked for (mm)
UNDECIDED_MM = 2.5
#: sites so short that their whole length lies near their neighbours: how near is too near there (mm)
SHORT = {FIRST["ACom"]: 1.2, FIRST["basilar tip"]: 0.5}
#: the end of the basilar artery that is its tip, and from where on it is not (mm)
TIP_MM, BELOW_TIP_MM = 2.5, 5.0


@dataclass(frozen=True)
class Place:
    """A point (LPS mm in the phantom) with its class; `sac` where an aneurysm lies there."""

    centre: np.ndarray
    label: int
    sac: bool


def label_of(site: str, side: str | None) -> int:
    """The class of a phantom's site and side."""
    return FIRST[site] + (1 if site in SIDED and side == "right" else 0)


def places_on_arteries(anatomy: Anatomy, rng: np.random.Generator, count: int) -> list[Place]:
    """Places along arteries as a detector could mark them: up to 3 mm off the lumen, where the name is beyond dispute."""
    lines = [(points, labels) for segment in anatomy.arteries for points, labels in [_labelled(segment)]]
    points = np.concatenate([line for line, _ in lines])
    labels = np.concatenate([values for _, values in lines])
    places: list[Place] = []
    for index in _balanced(labels, rng, count):
        near = np.linalg.norm(points - points[index], axis=1) < SHORT.get(int(labels[index]), UNDECIDED_MM)
        if ((labels[near] != labels[index]) & (labels[near] >= 0)).any():
            continue
        offset = rng.normal(0, 1, 3)
        places.append(Place(points[index] + offset / np.linalg.norm(offset) * rng.uniform(0, 3), int(labels[index]), False))
    return places


def far_from_arteries(anatomy: Anatomy, point: np.ndarray, least_mm: float) -> bool:
    """Whether no named artery passes within least_mm of the point."""
    named = [s for s in anatomy.arteries if s.name != "STA"]
    return all(np.linalg.norm(s.sample(2.0)[0] - point, axis=1).min() > least_mm for s in named)


def _labelled(segment: Segment) -> tuple[np.ndarray, np.ndarray]:
    """Points every millimetre and their classes; -1 where nobody would ask."""
    points, _ = segment.sample(1.0)
    kind, _, rest = segment.name.partition("-")
    side = "right" if rest.startswith("right") else "left"
    from_end = np.linalg.norm(points - segment.points[-1], axis=1)
    from_start = np.linalg.norm(points - segment.points[0], axis=1)
    if kind in WHOLE:
        return points, np.full(len(points), label_of(WHOLE[kind], side))
    if kind == "ICA":
        control = np.array([np.linalg.norm(segment.points - p, axis=1).argmin() for p in points])
        below, above = label_of("infraclinoid ICA", side), label_of("supraclinoid ICA", side)
        return points, np.where(control < CLINOID, below, above)
    if kind == "PCom":
        return points, np.where(from_start < 0.6 * (from_start + from_end), label_of("PCom", side), -1)
    if kind == "BA":
        return points, np.where(from_end <= TIP_MM, FIRST["basilar tip"],
                                np.where(from_end > BELOW_TIP_MM, FIRST["other posterior"], -1))
    if kind == "STA":
        return points, np.full(len(points), ELSEWHERE)
    return points, np.full(len(points), -1)


def _balanced(labels: np.ndarray, rng: np.random.Generator, count: int) -> list[int]:
    """Indices of points, each class as often as any other; of -1 none."""
    classes = [c for c in np.unique(labels) if c >= 0]
    return [int(rng.choice(np.flatnonzero(labels == rng.choice(classes)))) for _ in range(count)]
