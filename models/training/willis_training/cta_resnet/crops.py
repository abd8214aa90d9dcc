"""The 2.5-D input of system 000: a 32 mm crop about a candidate on a 0.5 mm grid, with its neighbours along z.

The first crops were 56 mm wide. Pooled over so wide a field a sac of 4 mm is half a percent of what the network averages: the
same weights reached an AUC of 0.78 on 56 mm and 0.90 on 32 mm, so 32 mm it is.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import ndimage

from ..cta import Candidate, CtaPhantom, draw_candidates, draw_cta_appearance, draw_patient, render_cta
from ..cta.scan import box_around
from ..phantom.appearance import Split
from ..readers import Volume

CROP_MM, STEP_MM, PIXELS = 32.0, 0.5, 64
#: crops are kept wider, so that turning and shifting need no invented pixels
KEPT_MM, KEPT_PIXELS = 56.0, 112
#: central slices whose logits are averaged, and the slices kept for them: one more at each end
SLICES, STORED = 3, 5
FIRST_SEED = {"train": 0, "validation": 100_000, "test": 200_000}


@dataclass(frozen=True)
class Crop:
    """hu int16 [5,112,112] about a candidate, mask uint8 of the same shape, truth, diameter in mm (NaN where nobody measured it), patient number;
    `outlined` is False where an aneurysm in it is known as a point alone, so that the mask cannot tell where it is."""

    hu: np.ndarray
    mask: np.ndarray
    aneurysm: bool
    kind: str
    diameter: float
    patient: int
    outlined: bool = True


#: of a phantom's crop: its mask is always known
KEPT_COLUMNS = ("hu", "mask", "aneurysm", "kind", "diameter", "patient")


def crop_at(image: np.ndarray, grid_origin: np.ndarray, spacing: np.ndarray, centre: np.ndarray, order: int = 1) -> np.ndarray:
    """Samples a volume [z,y,x] along the patient's axes (origin and spacing x, y, z in mm) about a point: [5,112,112]; outside repeats the edge."""
    affine = np.diag([*spacing, 1.0])
    affine[:3, 3] = grid_origin
    return crop_in(Volume(image, affine), centre, order)


def crop_in(volume: Volume, centre: np.ndarray, order: int = 1) -> np.ndarray:
    """The same of a volume with any affine: planes along the patient's axes, Right to Left, Anterior to Posterior, from below, as the
    runtime cuts them (src/pipelines/cta-resnet/crops.ts)."""
    from_origin = planes_about(centre) - volume.affine[:3, 3].reshape(3, 1, 1, 1)
    at = np.tensordot(np.linalg.inv(volume.affine[:3, :3]), from_origin, 1)
    return ndimage.map_coordinates(volume.voxels, at[::-1], order=order, mode="nearest")  # type: ignore[no-any-return]


def planes_about(centre: np.ndarray) -> np.ndarray:
    """LPS mm [3,5,112,112] of a crop's pixels."""
    middle = (KEPT_PIXELS - 1) / 2
    plane = (np.arange(KEPT_PIXELS) - middle) * STEP_MM
    depth = (np.arange(STORED) - (STORED - 1) / 2) * STEP_MM
    z, y, x = np.meshgrid(depth, plane, plane, indexing="ij")
    return np.stack([x + centre[0], y + centre[1], z + centre[2]])


def phantom_crops(split: Split, index: int, only: str | None = None) -> list[Crop]:
    """The candidates of one synthetic patient, or those of one kind."""
    seed = FIRST_SEED[split] + index
    rng = np.random.default_rng([31, seed])
    patient = draw_patient(seed, int(rng.choice([0, 1, 2, 3], p=[0.15, 0.45, 0.25, 0.15])))
    appearance = draw_cta_appearance(seed, split)
    crops = []
    for candidate in (c for c in draw_candidates(patient, seed) if only in (None, c.kind)):
        grid = box_around(candidate.centre, (KEPT_MM + 3, KEPT_MM + 3, 9.0), appearance.spacing)
        crops.append(_crop(render_cta(patient, appearance, grid), candidate, index))
    return crops


def load_crops(folder: Path, split: Split, patients: range) -> list[Crop]:
    """Crops of many patients, rendered once and kept in one file a hundred patients."""
    folder.mkdir(parents=True, exist_ok=True)
    crops: list[Crop] = []
    for start in range(patients.start, patients.stop, 100):
        stop = min(start + 100, patients.stop)
        file = folder / f"{split}-{start:05d}-{stop:05d}.npz"
        if not file.exists():
            made = [c for index in range(start, stop) for c in phantom_crops(split, index)]
            partial = file.with_suffix(".part.npz")
            np.savez_compressed(partial, **{name: np.array([getattr(c, name) for c in made]) for name in KEPT_COLUMNS})
            partial.rename(file)
        data = np.load(file)
        columns = [data[name] for name in KEPT_COLUMNS]
        crops += [Crop(h, m, bool(a), str(k), float(d), int(p)) for h, m, a, k, d, p in zip(*columns)]
    return crops


def triples(crop: Crop) -> np.ndarray:
    """The three central slices with their neighbours: float32 HU [3,3,64,64]."""
    hu = field(crop.hu)
    return np.stack([hu[k : k + 3] for k in range(SLICES)]).astype(np.float32)


def field(kept: np.ndarray) -> np.ndarray:
    """The part of kept slices [...,p,p] that the network sees: [...,64,64]."""
    margin = (kept.shape[-1] - PIXELS) // 2
    return kept[..., margin : margin + PIXELS, margin : margin + PIXELS]


def _crop(phantom: CtaPhantom, candidate: Candidate, patient: int) -> Crop:
    origin, spacing = np.array(phantom.grid.origin), np.array(phantom.grid.spacing)
    hu = crop_at(phantom.image, origin, spacing, candidate.centre)
    mask = crop_at((phantom.mask > 0).astype(np.uint8), origin, spacing, candidate.centre, order=0)
    return Crop(np.round(hu).astype(np.int16), mask, candidate.kind == "aneurysm", candidate.kind, candidate.diameter, patient)
