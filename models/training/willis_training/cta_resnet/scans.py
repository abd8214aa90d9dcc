"""The classifier where it works: on what the proposal stage finds in whole phantoms, not on places drawn for training."""

from dataclasses import dataclass, replace
from pathlib import Path

import nibabel
import numpy as np
import onnxruntime as ort

from ..by_site import site_rows
from ..cta import draw_cta_appearance, draw_patient, render_cta
from ..metrics import auc, bootstrap
from ..phantom import Grid
from ..phantom.appearance import Split
from ..readers import Volume
from .crops import FIRST_SEED, PIXELS, SLICES, STORED, crop_in, field
from .measure import by_size, known
from .proposals import Proposal, propose

#: the box that is rendered, about the circle of Willis (mm, LPS); patients apart from those of the crops
LOW, HIGH = np.array([-58.0, -62.0, -42.0]), np.array([58.0, 52.0, 46.0])
FIRST_SCAN = 1000
#: a proposal this near to a sac without lying on it is neither hit nor false positive (mm)
NEAR_MM = 3.0
#: of an aneurysm that nobody measured (src/evaluation/detection.ts)
POINT_RADIUS_MM = 5.0
#: false positives a validation scan that the threshold allows; the results of this bundle are shown and sent nowhere
BUDGET = 3.0
@dataclass(frozen=True)
class Proposed:
    """One scan: HU of every proposal's crop int16 [n,5,64,64]; `on` is the number of the sac it lies on, 0 none, -1 near one; diameters of the
    sacs in mm, NaN where unknown; places and the volume's middle in mm (x, y, z) as its affine gives them; sites of the sacs where they are known."""

    hu: np.ndarray
    on: np.ndarray
    standing: np.ndarray
    diameters: np.ndarray
    centres: np.ndarray
    radii: np.ndarray
    middle: np.ndarray
    sites: tuple[str, ...] = ()


def proposed(split: Split, index: int) -> Proposed:
    """Renders a patient and proposes."""
    seed = FIRST_SEED[split] + FIRST_SCAN + index
    patient = draw_patient(seed, int(np.random.default_rng([31, seed]).choice([0, 1, 2, 3], p=[0.25, 0.5, 0.2, 0.05])))
    appearance = draw_cta_appearance(seed, split)
    x, y, z = (int(v) for v in np.ceil((HIGH - LOW) / np.array(appearance.spacing)))
    image = render_cta(patient, appearance, Grid((LOW[0], LOW[1], LOW[2]), appearance.spacing, (x, y, z))).image
    sacs = patient.anatomy.aneurysms
    centres = np.array([s.centre for s in sacs]).reshape(-1, 3) - LOW
    found = _on_its_grid(image, appearance.spacing, centres, np.array([s.diameter for s in sacs]))
    return replace(found, sites=tuple(s.site for s in sacs))


def read_volume(file: Path) -> Proposed:
    """A NIfTI volume in HU without known aneurysms."""
    hu, spacing = read_hu(file)
    return _on_its_grid(hu, spacing, np.zeros((0, 3)), np.zeros(0))


def read_hu(file: Path) -> tuple[np.ndarray, tuple[float, float, float]]:
    """A NIfTI volume as HU [z,y,x] in LPS orientation, and its spacing (x, y, z) in mm."""
    image = nibabel.as_closest_canonical(nibabel.load(file))  # type: ignore[arg-type]
    x, y, z = (float(v) for v in image.header.get_zooms()[:3])
    # RAS to LPS: the first two axes turn round
    hu = np.asarray(image.dataobj).astype(np.float32)[::-1, ::-1].transpose(2, 1, 0)
    return hu, (x, y, z)


def _on_its_grid(image: np.ndarray, spacing: tuple[float, float, float], centres: np.ndarray, diameters: np.ndarray) -> Proposed:
    volume = Volume(image, np.diag([*spacing, 1.0]))
    return proposed_in(volume, propose(image, spacing), centres, diameters)


def proposed_in(volume: Volume, places: list[Proposal], centres: np.ndarray, diameters: np.ndarray) -> Proposed:
    """What is proposed in a volume of any affine; centres of sacs [n,3] in LPS mm, diameters in mm, NaN where only a point is known."""
    lps = [lps_of(volume, place) for place in places]
    hu = [field(np.round(crop_in(volume, at)).astype(np.int16)) for at in lps]
    on = [sac_at(at, centres, diameters) for at in lps]
    middle = volume.affine @ np.array([*((n - 1) / 2 for n in reversed(volume.voxels.shape)), 1.0])
    return Proposed(np.array(hu, np.int16).reshape(-1, STORED, PIXELS, PIXELS), np.array(on, int), np.array([p.demoted == "" for p in places], bool), diameters,
                    np.array(lps).reshape(-1, 3), np.array([p.radius for p in places]), middle[:3])


def lps_of(volume: Volume, place: Proposal) -> np.ndarray:
    """Where a proposed place lies in the patient (mm)."""
    return (volume.affine @ np.array([*(place.centre / np.array(volume.spacing)), 1.0]))[:3]  # type: ignore[no-any-return]


def sac_at(place: np.ndarray, centres: np.ndarray, diameters: np.ndarray) -> int:
    """1 + index of the nearest sac whose ball (radius 2 mm at least) holds the place; -1 near one; 0 elsewhere. A sac that is known as a point
    alone has the radius that the runtime's evaluation gives it."""
    if len(centres) == 0:
        return 0
    distance = np.linalg.norm(centres - place, axis=1)
    radii = np.where(np.isnan(diameters), POINT_RADIUS_MM, diameters / 2)
    inside = np.flatnonzero(distance <= np.maximum(radii, 2.0))
    if len(inside):
        return 1 + int(inside[distance[inside].argmin()])
    return -1 if (distance <= radii + NEAR_MM).any() else 0


def judged(session: ort.InferenceSession, scan: Proposed) -> np.ndarray:
    """Probability of every proposal: the mean logit of its three central slices."""
    crops = field(scan.hu).astype(np.float32)
    logits = [float(session.run(["logit"], {"hu": np.stack([c[k : k + 3] for k in range(SLICES)])})[0].mean()) for c in crops]
    return 1 / (1 + np.exp(-np.array(logits)))  # type: ignore[no-any-return]


def choose_threshold(session: ort.InferenceSession, scans: list[Proposed], budget: float = BUDGET) -> float:
    """The lowest probability at which false positives a scan stay within the budget: what a detector proposes has far more of them
    than the candidates that selection and regression are fitted on."""
    false = np.sort(np.concatenate([judged(session, s)[s.standing & (s.on == 0)] for s in scans]))[::-1]
    allowed = int(budget * len(scans))
    return min(1.0, round(float(false[allowed]) + 1e-4, 4)) if len(false) > allowed else 0.5


def measure_scans(session: ort.InferenceSession, scans: list[Proposed], threshold: float) -> dict[str, object]:
    """What stages one and two do together: proposals on sacs, AUC over standing proposals, sacs found and false positives a scan."""
    probability = [judged(session, scan) for scan in scans]
    kept = [scan.standing & (scan.on >= 0) for scan in scans]
    truth = np.concatenate([(scan.on[k] > 0).astype(float) for scan, k in zip(scans, kept)])
    score = np.concatenate([p[k] for p, k in zip(probability, kept)])
    owner = np.concatenate([np.full(int(k.sum()), i) for i, k in enumerate(kept)])
    sacs = [_sac(scan, p >= threshold, number, index) for index, (scan, p) in enumerate(zip(scans, probability)) for number in range(1, len(scan.diameters) + 1)]
    on, hit = np.array([s.proposed for s in sacs], bool), np.array([s.found for s in sacs], bool)
    large = [s for s in sacs if s.diameter >= 3]
    false = np.array([int((s.standing & (s.on == 0) & (p >= threshold)).sum()) for s, p in zip(scans, probability)])
    return {"scans": len(scans), "aneurysms": len(sacs), "aneurysms3mmUp": len(large), "proposed": sum(s.proposed for s in sacs),
            "proposed3mmUp": sum(s.proposed for s in large), "found": sum(s.found for s in sacs), "foundInterval": _found_interval(sacs),
            "found3mmUp": sum(s.found for s in large), "found3mmUpInterval": _found_interval(large),
            "bySize": [{"sizeMm": name, "aneurysms": int(group.sum()), "proposed": int(on[group].sum()), "found": int(hit[group].sum())}
                       for name, group in by_size(np.array([s.diameter for s in sacs], float))],
            "bySite": site_rows((s.site, s.found) for s in large),
            "standingPerScan": round(float(np.mean([s.standing.sum() for s in scans])), 2), "threshold": round(threshold, 4),
            "falsePositivesPerScan": round(float(false.mean()), 2),
            "falsePositivesInterval": _rounded(bootstrap(lambda rows: float(false[rows].mean()), np.arange(len(false)), 1)),
            "auc": known(auc(truth, score), 4), "aucInterval": _rounded(bootstrap(lambda rows: auc(truth[rows], score[rows]), owner, 1))}


@dataclass(frozen=True)
class _Sac:
    scan: int
    diameter: float
    proposed: bool
    found: bool
    site: str


def _sac(scan: Proposed, called: np.ndarray, number: int, index: int) -> _Sac:
    on = scan.standing & (scan.on == number)
    return _Sac(index, float(scan.diameters[number - 1]), bool(on.any()), bool((on & called).any()), scan.sites[number - 1] if scan.sites else "")


def _found_interval(sacs: list[_Sac]) -> list[float | None]:
    found, scan_of = np.array([s.found for s in sacs], float), np.array([s.scan for s in sacs])
    return _rounded(bootstrap(lambda rows: float(found[rows].mean()), scan_of, 1)) if sacs else [0.0, 1.0]


def _rounded(interval: tuple[float, float]) -> list[float | None]:
    return [known(v, 4) for v in interval]
