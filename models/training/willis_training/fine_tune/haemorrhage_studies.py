"""Head CT cases of any set as studies of the haemorrhage networks: prepared as the node does, labelled slab by slab, refused by name."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..haemorrhage.dataset import OF_SOME_KIND, STORED_MM, STORED_PIXELS, Study
from ..haemorrhage.prepare import FIELD_MM, PIXELS, held_by_slabs, prepare, prepare_mask, slabs
from ..haemorrhage.skull import MOST_CUT_ML, layout
from ..ncct import CLASSES
from ..readers import Case, Refusal, validate
from ..readers.case import Volume
from ..readers.haemorrhage_sets import slice_table
from .orientation import flipped, to_lps
from .refused import read_or_name_all

#: around a head there is air: pixels at the border of the slices, in HU, and the least share of them (the node judges so, too)
DENSEST_AIR_HU, LEAST_AIR_SHARE = -500.0, 0.4


@dataclass(frozen=True)
class Recipe:
    """How studies are prepared: labels of slices or of scans, what the bundle accepts (its manifest), the square's edge in mm and pixels, masks or none."""

    by_slice: bool
    accepts: dict  # type: ignore[type-arg]
    size: tuple[float, int] = (FIELD_MM, PIXELS)
    with_mask: bool = False


def studies_of(parts: dict[str, list[Case]], by_slice: bool, accepts: dict, folder: Path) -> dict[str, list[Study]]:  # type: ignore[type-arg]
    """Every case checked and prepared; voxels lie in files under `folder`. Where cases are refused all are named.

    Parts without a slice (or scan) of each sort are refused.
    """
    # for training wider and finer than the networks' field, so that turning and shifting need no invented pixels
    recipes = {"train": Recipe(by_slice, accepts, (STORED_MM, STORED_PIXELS)), "validation": Recipe(by_slice, accepts),
               "test": Recipe(by_slice, accepts, with_mask=by_slice)}
    studies = read_or_name_all(parts, lambda part, number, case: _on_disk(study_of(case, recipes[part]), folder / f"{part}-{number}"))
    for part, prepared in studies.items():
        _require_both(part, prepared, "slice" if by_slice else "scan")
    return studies


def labelled_by_slice(cases: list[Case]) -> bool:
    """Whether slices are labelled, or scans only; refuses labels that no class has, and sets that mix both sorts."""
    for case in cases:
        for labels in (case.labels, *case.slice_labels.values()):
            unknown = sorted(labels.keys() - set(CLASSES))
            if unknown:
                raise Refusal("UNKNOWN_CLASS", case.name, f"is labelled {unknown[0]}, which is none of {', '.join(CLASSES)}")
            if set(labels) == {"any"}:
                raise Refusal("UNKNOWN_CLASS", case.name, "is labelled any without its kind; the kinds that are not named count as absent")
    positive = [c for c in cases if any(c.labels.values())]
    whole = [c.name for c in positive if not c.slice_labels]
    if whole and len(whole) < len(positive):
        raise Refusal("MIXED_LABELS", whole[0], "has a label of the scan, others have labels of their slices; train on one sort at a time")
    return not whole


def study_of(case: Case, recipe: Recipe) -> Study:
    """One case; labels [z,6] by slab, or [1,6] of the scan."""
    volume = validate(case)
    spacing = spacing_of(volume)
    require_accepted(case.name, len(volume.voxels), spacing, recipe.accepts)
    voxels, flips = to_lps(volume.voxels, volume.affine, case.name)
    require_units(case.name, voxels)
    laid = layout(voxels, spacing)
    if laid.cut_ml > MOST_CUT_ML:
        raise Refusal("HEAD_CUT_OFF", case.name, f"has {laid.cut_ml:.0f} ml of brain outside the {FIELD_MM:.0f} mm that the bundle reads; the node would not analyse it")
    head = laid.part
    thick, slab_spacing = slabs(voxels[head], spacing[2])
    labels = _slice_labels(case, volume)[:: -1 if flips[2] else 1] if recipe.by_slice else _scan_labels(case)[None]
    mask = None
    if recipe.by_slice:
        if labels[: head.start].any():
            raise Refusal("LABEL_OUTSIDE", case.name, "has haemorrhage in slices below the head, which the bundle does not read")
        if recipe.with_mask and case.mask is not None:
            marked = flipped(case.mask().voxels, flips) > 0
            mask = prepare_mask(held_by_slabs(_kinds(marked, labels)[head], spacing[2]), laid.centre, spacing[:2], *recipe.size)
        labels = held_by_slabs(labels[head], spacing[2])
    hu = np.round(prepare(thick, spacing[:2], *recipe.size, laid.centre)).clip(-32768, 32767).astype(np.int16)
    return Study(hu, mask, labels, slab_spacing)


def spacing_of(volume: Volume) -> tuple[float, float, float]:
    """Of pixels and of planes (mm, to a thousandth): planes of a tilted gantry are nearer to each other than the table's steps."""
    x, y, step = volume.spacing
    return round(x, 3), round(y, 3), round(step * float(np.cos(np.radians(volume.tilt))), 3)


def require_accepted(name: str, count: int, spacing: tuple[float, float, float], accepts: dict) -> None:  # type: ignore[type-arg]
    """Refuses a series that the node would not give to the bundle."""
    x, y, z = spacing
    pixels, slices = accepts["pixelSpacingMm"], accepts["sliceSpacingMm"]
    if not (pixels[0] <= min(x, y) and max(x, y) <= pixels[1] and slices[0] <= z <= slices[1]):
        raise Refusal("WRONG_SPACING", name, f"has pixels of {x:.2f} x {y:.2f} mm and slices {z:.2f} mm apart; the bundle reads {pixels[0]} to "
                      f"{pixels[1]} and {slices[0]} to {slices[1]} mm")
    if count < accepts["minSlices"]:
        raise Refusal("TOO_FEW_SLICES", name, f"has {count} slices; the bundle reads {accepts['minSlices']} and more")


def require_units(name: str, voxels: np.ndarray) -> None:
    """Refuses grey values that are no Hounsfield units: too little air at the border of the slices."""
    border = np.concatenate([voxels[:, [0, -1]].reshape(-1), voxels[:, 1:-1, [0, -1]].reshape(-1)])
    air = float((border <= DENSEST_AIR_HU).mean())
    if air < LEAST_AIR_SHARE:
        raise Refusal("WRONG_UNITS", name, f"has air at {100 * air:.0f} % of the border of its slices; are its grey values Hounsfield units?")


def _require_both(part: str, studies: list[Study], unit: str) -> None:
    bleeding = np.concatenate([s.labels[:, 0] for s in studies])
    for code, there, what in (("NO_HAEMORRHAGE", bleeding.any(), "with"), ("NO_NEGATIVE", not bleeding.all(), "without")):
        if not there:
            raise Refusal(code, part, f"holds no {unit} {what} haemorrhage; add cases or choose another seed")


def _slice_labels(case: Case, volume: Volume) -> np.ndarray:
    if not any(case.labels.values()) and not case.slice_labels:
        return np.zeros((len(volume.voxels), len(CLASSES)), np.uint8)
    table = slice_table(case, volume)
    table[:, 0] = table.max(1)
    return table


def _scan_labels(case: Case) -> np.ndarray:
    row = np.array([case.labels.get(name, 0) for name in CLASSES], np.uint8)
    row[0] = row.max()
    return row


def _kinds(marked: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """A mask of blood [z,y,x] with its kind where the slice's labels name one only: 1 + index in SUBTYPES, OF_SOME_KIND, 0."""
    kinds = np.where(labels[:, 1:].sum(1) == 1, 1 + labels[:, 1:].argmax(1), OF_SOME_KIND)
    return np.where(marked, kinds[:, None, None], 0).astype(np.uint8)


def _on_disk(study: Study, stem: Path) -> Study:
    """The same with its voxels in files: sets of thousands of series do not fit into memory."""
    def keep(values: np.ndarray, name: str) -> np.ndarray:
        file = stem.with_name(f"{stem.name}-{name}.npy")
        np.save(file, values)
        return np.load(file, mmap_mode="r")  # type: ignore[no-any-return]
    return replace(study, hu=keep(study.hu, "hu"), mask=None if study.mask is None else keep(study.mask, "mask"))
