"""Where a detector would look: every aneurysm, and the places that are taken for one."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from .scan import Patient

Kind = Literal["aneurysm", "bifurcation", "artery", "infundibulum", "vein", "calcium"]


KINDS: tuple[Kind, ...] = ("bifurcation", "artery", "infundibulum", "vein", "calcium")
SHARES = (0.4, 0.25, 0.12, 0.11, 0.12)


@dataclass(frozen=True)
class Candidate:
    """A place (LPS mm) with its truth; `diameter` is 0 unless it is an aneurysm."""

    centre: np.ndarray
    kind: Kind
    diameter: float


def draw_candidates(patient: Patient, seed: int, negatives: int = 3, jitter_mm: float = 1.0) -> list[Candidate]:
    """All aneurysms and some places at least 10 mm from any; centres jitter as a detector's do."""
    rng = np.random.default_rng([29, seed])
    sacs = [Candidate(a.centre + rng.normal(0, jitter_mm, 3), "aneurysm", a.diameter) for a in patient.anatomy.aneurysms]
    found: list[Candidate] = []
    for _ in range(200):
        if len(found) == negatives:
            break
        kind, centre = _place(patient, rng)
        if centre is None or any(np.linalg.norm(centre - s.centre) < 10 for s in (*sacs, *found)):
            continue
        found.append(Candidate(centre + rng.normal(0, jitter_mm, 3), kind, 0.0))
    return sacs + found


def _place(patient: Patient, rng: np.random.Generator) -> tuple[Kind, np.ndarray | None]:
    kind = KINDS[int(rng.choice(len(KINDS), p=SHARES))]
    arteries = [s for s in patient.anatomy.arteries if "branch" not in s.name and s.name != "STA"]
    artery = arteries[int(rng.integers(len(arteries)))]
    if kind == "bifurcation":
        return kind, artery.points[0] if rng.random() < 0.5 else artery.points[-1]
    if kind == "infundibulum":
        return kind, patient.anatomy.mimics[0].centre if patient.anatomy.mimics else None
    if kind == "vein":
        line = patient.veins[int(rng.integers(len(patient.veins)))].sample(1.0)[0] if patient.veins else None
        return kind, None if line is None else line[int(rng.integers(len(line)))]
    if kind == "calcium":
        return kind, patient.calcium[int(rng.integers(len(patient.calcium)))][0].centre if patient.calcium else None
    line, _ = artery.sample(1.0)
    return kind, line[int(rng.integers(len(line)))]
