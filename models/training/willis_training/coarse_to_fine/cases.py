"""TOF cases on the 0.5 mm grid of system 003: image, arteries, aneurysms; phantoms, and the split of subjects into folds."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import ndimage

from ..phantom import Grid, draw_anatomy, draw_appearance, lumen_of, render
from ..phantom.appearance import Split
from ..readers.refusal import Refusal

SPACING_MM = 0.5
#: of the anatomies that are drawn
FIRST_TRAIN_SEED, FIRST_TEST_SEED = 400_000, 600_000
#: the box of a phantom that is kept: around the circle of Willis (mm, LPS)
LOW, HIGH = np.array([-44.0, -40.0, -28.0]), np.array([44.0, 40.0, 28.0])


@dataclass(frozen=True)
class FineCase:
    """image float32 in 0..1, arteries and aneurysms (0 or index + 1) [z,y,x] on a 0.5 mm grid; `subject` may appear more than once.

    `arteries` are the true ones, or where `arteries_known` is false those that the bundle's network found. `left_out` numbers as `aneurysms`
    does what is neither target nor background (treated aneurysms), if there are such. `sites` are those of the aneurysms, where they are known.
    """

    image: np.ndarray
    arteries: np.ndarray
    aneurysms: np.ndarray
    subject: str
    diameters: tuple[float, ...]
    arteries_known: bool = True
    left_out: np.ndarray | None = None
    sites: tuple[str, ...] = ()


def phantom_case(seed: int, split: Split, aneurysms: int | None = None, spacing: float = SPACING_MM) -> FineCase:
    """A TOF phantom about the circle of Willis."""
    anatomy = draw_anatomy(seed, aneurysms)
    phantom = render(anatomy, draw_appearance(seed, split))
    size = tuple(int(n) // 16 * 16 for n in np.floor((HIGH - LOW) / spacing))
    grid = Grid(tuple(LOW), (spacing,) * 3, size)  # type: ignore[arg-type]
    image = resampled(phantom.image, phantom.origin, phantom.spacing, grid)
    vessel, _, mask = lumen_of(anatomy, grid)
    return FineCase(normalised(image), vessel > 0.5, mask, f"phantom-{seed}", tuple(a.diameter for a in anatomy.aneurysms),
                    sites=tuple(a.site for a in anatomy.aneurysms))


def kept_case(seed: int, split: Split, aneurysms: int | None, spacing: float, cache: Path | None) -> FineCase:
    """A phantom, out of the cache where it lies there."""
    if cache is None:
        return phantom_case(seed, split, aneurysms, spacing)
    file = cache / f"{split}-{seed}-{spacing}.npz"
    if not file.exists():
        case = phantom_case(seed, split, aneurysms, spacing)
        save_whole(file, image=case.image, arteries=case.arteries, aneurysms=case.aneurysms, diameters=np.array(case.diameters), subject=np.array(case.subject),
                   sites=np.array(case.sites, str))
        return case
    with np.load(file) as kept:
        return FineCase(kept["image"], kept["arteries"], kept["aneurysms"], str(kept["subject"]), tuple(float(v) for v in kept["diameters"]),
                        sites=tuple(str(v) for v in kept["sites"]))


def save_whole(file: Path, **arrays: np.ndarray) -> None:
    """An npz that is either there in full or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"part-{file.name}")
    np.savez_compressed(part, **arrays)
    part.rename(file)


def resampled(volume: np.ndarray, origin: tuple[float, ...], spacing: tuple[float, ...], grid: Grid) -> np.ndarray:
    """Linear interpolation of [z,y,x] onto a grid; outside is 0."""
    axes = [(grid.axis(k) - origin[k]) / spacing[k] for k in (2, 1, 0)]
    return ndimage.map_coordinates(volume, np.meshgrid(*axes, indexing="ij"), order=1, cval=0.0).astype(np.float32)  # type: ignore[no-any-return]


def normalised(image: np.ndarray) -> np.ndarray:
    """0..1 between the 0.5th percentile and the 99.9th of the voxels above 0."""
    inside = image[image > 0]
    low, high = np.percentile(inside, [0.5, 99.9]) if len(inside) else (0.0, 1.0)
    return np.clip((image - low) / max(high - low, 1e-6), 0, 1).astype(np.float32)  # type: ignore[no-any-return]


def folds_by_subject(subjects: list[str], folds: int, seed: int) -> list[tuple[list[int], list[int]]]:
    """Train and validation cases of each fold; all cases of a subject (baseline and follow-up) are on one side."""
    names = sorted(set(subjects))
    if len(names) < folds:
        raise Refusal("TOO_FEW_SUBJECTS", "the cases", f"come from {len(names)} subjects; {folds} folds need at least as many")
    order = np.random.default_rng(seed).permutation(len(names))
    fold_of = {names[k]: place % folds for place, k in enumerate(order)}
    split = [([k for k, s in enumerate(subjects) if fold_of[s] != f], [k for k, s in enumerate(subjects) if fold_of[s] == f])
             for f in range(folds)]
    return split


def require_disjoint(train: list[str], validation: list[str]) -> None:
    """Refuses a split in which a subject is on both sides."""
    both = sorted(set(train) & set(validation))
    if both:
        raise Refusal("MIXED_SUBJECTS", "the split", f"has subject {both[0]} in training and in validation")
