"""Phantoms for the site model: sacs at every site, read as the runtime's pipelines read their series, on a 1 mm grid."""

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from scipy import ndimage

from ..cta import Patient, draw_cta_appearance, draw_patient, render_cta
from ..phantom import Anatomy, Aneurysm, Grid, draw_anatomy, draw_appearance, render
from ..phantom.anatomy import DIAMETERS_MM, draw_sac
from ..phantom.appearance import Split
from ..phantom.arteries import Point
from ..preprocess import prepare, resample
from .locations import ELSEWHERE, Place, far_from_arteries, label_of, places_on_arteries
from .vessels import GRID_MM, vessel_image

Modality = Literal["MR", "CT"]
#: anatomy seeds apart from those of the detectors
FIRST_SEED: dict[Split, int] = {"train": 400_000, "validation": 500_000, "test": 600_000}
#: box of a rendered CT angiogram (mm, LPS) and its pixel size: the classifier sees 1 mm, finer pixels cost minutes
LOW, HIGH, PIXEL_MM = np.array([-80.0, -72.0, -46.0]), np.array([80.0, 58.0, 50.0]), 0.85
#: where sacs of each site sit: segment, control point, outward direction on the left side. More places than the detectors'
#: phantoms have: a site is an artery, not a point.
SACS: dict[str, list[tuple[str, int, Point]]] = {
    "infraclinoid ICA": [("ICA", 5, (-0.7, -0.3, -0.4)), ("ICA", 4, (0.7, 0.2, -0.3)), ("ICA", 5, (0.8, 0, 0.2)), ("ICA", 3, (-0.6, 0.5, 0))],
    "supraclinoid ICA": [("ICA", 7, (-0.7, -0.2, 0.4)), ("ICA", 7, (0.2, -0.4, 0.9)), ("ICA", 9, (0.1, 0.3, 0.9)), ("ICA", 9, (0.3, 0.8, 0.3)),
                         ("ICA", 8, (-0.3, 0.9, -0.2))],
    "MCA": [("M1", 3, (0.9, 0.2, -0.3)), ("M1", 2, (0, -0.2, 0.9)), ("M1", 1, (0, 0.2, -0.9)), ("M2s", 1, (0.6, -0.5, 0.5)), ("M2i", 1, (0.7, 0, -0.6))],
    "ACom": [("ACom", 1, (0, -0.8, 0.6)), ("ACom", 1, (0, -0.6, -0.7)), ("ACom", 1, (0, 0.5, 0.8))],
    "ACA": [("A2", 2, (0.1, -0.8, 0.5)), ("A2", 3, (0.2, -0.8, 0.4)), ("A1", 1, (0.1, 0.3, 0.9))],
    "PCom": [("PCom", 0, (0.3, 0.9, -0.2)), ("PCom", 0, (0.5, 0.7, -0.5))],
    "basilar tip": [("BA", 3, (0, -0.2, 1.0)), ("BA", 3, (0.2, -0.5, 0.8))],
    "other posterior": [("VA", 1, (0.6, -0.6, 0.3)), ("VA", 2, (0.2, -0.9, 0.2)), ("BA", 1, (0.4, -0.9, 0)), ("SCA", 0, (0.9, -0.3, 0)),
                        ("P1", 1, (0.2, -0.3, 0.9)), ("P2", 1, (0.8, 0.2, 0.4)), ("AICA", 0, (0.7, -0.7, 0))],
}


@dataclass(frozen=True)
class Scene:
    """One prepared scan: uint8 [z,y,x] at 1 mm, x of the mid-sagittal plane (voxels), places [n,3] (x,y,z voxels), their classes."""

    image: np.ndarray
    middle: float
    centres: np.ndarray
    labels: np.ndarray
    sacs: np.ndarray


def load_scenes(cache: Path, modality: Modality, split: Split, count: int, workers: int = 1) -> list[Scene]:
    """Makes what is missing, then loads; the same split and index give the same scene."""
    cache.mkdir(parents=True, exist_ok=True)
    jobs = [(cache / f"{modality}-{split}-{index:04d}.npz", modality, split, index) for index in range(count)]
    with ProcessPoolExecutor(workers) as pool:
        list(pool.map(_make, [job for job in jobs if not job[0].exists()]))
    return [_load(job[0]) for job in jobs]


def scene(modality: Modality, split: Split, index: int) -> Scene:
    """Renders and prepares one scan. Every other test scan has its sacs where the detectors' phantoms have them."""
    seed = FIRST_SEED[split] + index
    rng = np.random.default_rng([41, seed])
    patient = draw_patient(seed, int(rng.integers(1, 4)))
    if split != "test" or index % 2:
        patient = replace(patient, anatomy=with_sacs(patient.anatomy, rng, int(rng.integers(2, 6))))
    anatomy = patient.anatomy
    image, origin, middle = _mr(anatomy, seed, split) if modality == "MR" else _ct(patient, seed, split)
    places = [Place(a.centre + rng.normal(0, 0.8, 3), label_of(a.site, a.side), True) for a in anatomy.aneurysms]
    places += places_on_arteries(anatomy, rng, 100) + _elsewhere(patient, rng, modality)
    centres = np.array([p.centre - origin for p in places])
    inside = ((centres > 1) & (centres < np.array(image.shape[::-1]) - 2)).all(1)
    return Scene(np.round(image * 255).astype(np.uint8), middle, centres[inside].astype(np.float32),
                 np.array([p.label for p in places])[inside], np.array([p.sac for p in places])[inside])


def with_sacs(anatomy: Anatomy, rng: np.random.Generator, count: int) -> Anatomy:
    """The person with sacs at sites drawn evenly, at least 12 mm apart, in place of those it had."""
    arteries = {segment.name: segment for segment in anatomy.arteries}
    sacs: list[Aneurysm] = []
    for _ in range(20 * count):
        if len(sacs) == count:
            break
        site = str(rng.choice(list(SACS)))
        name, index, direction = SACS[site][int(rng.integers(len(SACS[site])))]
        side = None if name in ("ACom", "BA") else str(rng.choice(["left", "right"]))
        segment = arteries.get(name if side is None else f"{name}-{side}")
        if segment is None:
            continue
        sac = draw_sac(rng, (site, side), segment, index, (direction, DIAMETERS_MM))
        if all(np.linalg.norm(sac.centre - other.centre) > 12 for other in sacs):
            sacs.append(sac)
    return replace(anatomy, aneurysms=tuple(sacs))


def middle_of(mask: np.ndarray) -> float:
    """Where the mid-sagittal plane cuts the x axis (voxels), as the runtime finds it: the median middle of the long rows."""
    rows = mask.reshape(-1, mask.shape[2]).astype(bool)
    first, last = rows.argmax(1), mask.shape[2] - 1 - rows[:, ::-1].argmax(1)
    long = rows.any(1) & (last - first >= 0.4 * mask.shape[2])
    middles = np.sort((first + last)[long] / 2)
    return float(middles[len(middles) >> 1]) if len(middles) else (mask.shape[2] - 1) / 2


def _mr(anatomy: Anatomy, seed: int, split: Split) -> tuple[np.ndarray, np.ndarray, float]:
    phantom = render(anatomy, draw_appearance(seed, split))
    prepared = prepare(phantom.image, phantom.spacing)
    return prepared.image, np.array(phantom.origin), middle_of(prepared.mask)


def _ct(patient: Patient, seed: int, split: Split) -> tuple[np.ndarray, np.ndarray, float]:
    drawn = draw_cta_appearance(seed, split)
    appearance = replace(drawn, spacing=(PIXEL_MM, PIXEL_MM, drawn.spacing[2]))
    x, y, z = (int(v) for v in np.ceil((HIGH - LOW) / np.array(appearance.spacing)))
    image = render_cta(patient, appearance, Grid((LOW[0], LOW[1], LOW[2]), appearance.spacing, (x, y, z))).image
    vessels, head = vessel_image(image, appearance.spacing)
    return resample(vessels, (GRID_MM, GRID_MM, GRID_MM)), LOW, middle_of(head) * GRID_MM


def _elsewhere(patient: Patient, rng: np.random.Generator, modality: Modality) -> list[Place]:
    """Veins, bright spots and any tissue, well away from the arteries."""
    spots = [ball.centre for ball in patient.anatomy.mimics]
    if modality == "CT":
        lines = [vein.sample(2.0)[0] for vein in patient.veins]
        spots += [line[int(rng.integers(len(line)))] for line in lines for _ in range(2)]
    spots += list(rng.uniform([-65, -60, -35], [65, 65, 40], (10, 3)))
    return [Place(spot, ELSEWHERE, False) for spot in spots if far_from_arteries(patient.anatomy, spot, 8.0)]


def _make(job: tuple[Path, Modality, Split, int]) -> None:
    file, modality, split, index = job
    made = scene(modality, split, index)
    partial = file.with_suffix(".part.npz")
    np.savez_compressed(partial, **made.__dict__)
    partial.rename(file)


def _load(file: Path) -> Scene:
    with np.load(file) as data:
        return Scene(data["image"], float(data["middle"]), data["centres"], data["labels"], data["sacs"])
