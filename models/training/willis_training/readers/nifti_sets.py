"""Sets of NIfTI volumes: ADAM, OpenNeuro ds003949 (Lausanne), Large IA (GLIA-Net)."""

import csv
from pathlib import Path

import nibabel
import numpy as np
from scipy import ndimage

from .case import Case, Point, Volume
from .refusal import Refusal


def read_adam(folder: Path) -> list[Case]:
    """`<id>/orig/TOF.nii.gz` (or pre/), `<id>/aneurysms.nii.gz` (1 untreated, 2 treated), `<id>/location.txt` (x, y, z, radius in voxels).

    Ids that end in B and F are baseline and follow-up of one subject.
    """
    cases = []
    for place in sorted(p for p in folder.iterdir() if p.is_dir()):
        tof = _first(place, ["orig/TOF.nii.gz", "pre/TOF.nii.gz"])
        mask = place / "aneurysms.nii.gz"
        subject = place.name[:-1] if place.name[-1:] in "BF" else place.name
        points = _adam_points(place / "location.txt", load_nifti(tof), load_nifti(mask) if mask.exists() else None)
        # label 2 (treated) is background for training and for scoring
        cases.append(Case(place.name, subject, "MR", nifti_loader(tof), nifti_loader(mask, keep=1) if mask.exists() else None, points,
                          licence="ADAM challenge agreement"))
    return _some(cases, folder, "ADAM")


def read_lausanne(folder: Path) -> list[Case]:
    """BIDS: `sub-*/ses-*/anat/*_angio.nii.gz`, masks under `derivatives/manual_masks/<sub>/<ses>/anat/*Lesion*mask.nii.gz`."""
    cases = []
    for tof in sorted(folder.glob("sub-*/ses-*/anat/*_angio.nii.gz")):
        subject, session = tof.parts[-4], tof.parts[-3]
        lesions = sorted((folder / "derivatives" / "manual_masks" / subject / session / "anat").glob("*esion*mask.nii.gz"))
        points = tuple(p for lesion in lesions for p in _points_of(load_nifti(lesion)))
        mask = (lambda files=tuple(lesions), image=tof: _union(files, image)) if lesions else None
        cases.append(Case(f"{subject} {session}", subject, "MR", nifti_loader(tof), mask, points, {"aneurysm": 1} if lesions else {}, licence="CC0"))
    return _some(cases, folder, "ds003949")


def read_large_ia(folder: Path) -> list[Case]:
    """`<case>/CTA.nii.gz` with `<case>/aneurysm_seg.nii.gz`, and rupture status in an optional `labels.csv` (case, ruptured)."""
    ruptured = {}
    if (folder / "labels.csv").exists():
        with (folder / "labels.csv").open(newline="") as handle:
            ruptured = {row["case"]: int(row["ruptured"]) for row in csv.DictReader(handle)}
    cases = []
    for place in sorted(p for p in folder.iterdir() if p.is_dir()):
        image, mask = place / "CTA.nii.gz", place / "aneurysm_seg.nii.gz"
        if not image.exists():
            raise Refusal("MISSING_FILE", place, "has no CTA.nii.gz")
        points = _points_of(load_nifti(mask)) if mask.exists() else ()
        labels = {"aneurysm": 1} | ({"ruptured": ruptured[place.name]} if place.name in ruptured else {})
        cases.append(Case(place.name, place.name, "CTA", nifti_loader(image), nifti_loader(mask) if mask.exists() else None, points, labels,
                          licence="CC BY-NC-SA (see the data set)"))
    return _some(cases, folder, "Large IA")


def load_nifti(file: Path, keep: int | None = None) -> Volume:
    """NIfTI (RAS) as [z,y,x] with an affine to LPS mm; `keep` leaves one label only."""
    image = nibabel.load(file)
    voxels = np.transpose(np.asarray(image.dataobj), (2, 1, 0))
    if keep is not None:
        voxels = (np.round(voxels) == keep).astype(np.uint8)
    return Volume(voxels, np.diag([-1.0, -1, 1, 1]) @ image.affine)


def nifti_loader(file: Path, keep: int | None = None):  # type: ignore[no-untyped-def]
    """Reads the file when called."""
    return lambda: load_nifti(file, keep)


def _first(place: Path, names: list[str]) -> Path:
    for name in names:
        if (place / name).exists():
            return place / name
    raise Refusal("MISSING_FILE", place, f"has none of {', '.join(names)}")


def _adam_points(file: Path, image: Volume, mask: Volume | None) -> tuple[Point, ...]:
    if not file.exists() or not file.read_text().strip():
        return ()
    points = []
    for line in file.read_text().splitlines():
        values = [float(v) for v in line.replace(",", " ").split()]
        if len(values) != 4:
            raise Refusal("BAD_LOCATION", file, f"has a line of {len(values)} numbers; x, y, z and radius are needed")
        voxel, place = np.array(values[:3]), image.affine @ np.array([*values[:3], 1.0])
        treated = False
        if mask is not None:
            index = tuple(int(np.clip(round(v), 0, n - 1)) for v, n in zip(voxel[::-1], mask.voxels.shape))
            treated = int(round(float(mask.voxels[index]))) == 2
        points.append(Point(tuple(float(v) for v in place[:3]), values[3] * min(image.spacing[:2]), treated=treated))  # type: ignore[arg-type]
    return tuple(points)


def _points_of(mask: Volume) -> tuple[Point, ...]:
    """Centre and radius of each 26-connected component."""
    labels, count = ndimage.label(mask.voxels > 0, np.ones((3, 3, 3)))
    points = []
    for k in range(1, count + 1):
        inside = np.argwhere(labels == k)[:, ::-1]
        centre = mask.affine @ np.array([*inside.mean(0), 1.0])
        reach = np.linalg.norm((inside - inside.mean(0)) * np.array(mask.spacing), axis=1).max()
        points.append(Point(tuple(float(v) for v in centre[:3]), float(max(reach, min(mask.spacing)))))  # type: ignore[arg-type]
    return tuple(points)


def _union(files: tuple[Path, ...], image: Path) -> Volume:
    volumes = [load_nifti(f) for f in files]
    target = load_nifti(image)
    return Volume(np.any([v.voxels > 0 for v in volumes], axis=0).astype(np.uint8), target.affine)


def _some(cases: list[Case], folder: Path, name: str) -> list[Case]:
    if not cases:
        raise Refusal("NO_CASES", folder, f"holds no case in the layout of {name}")
    return cases
