"""One phantom on disk: DICOM series, NIfTI image and mask, truth.json."""

import argparse
import dataclasses
import json
from pathlib import Path

import nibabel
import numpy as np

from .cta import draw_cta_appearance, draw_patient, render_cta
from .dicom_series import SeriesOptions, write_series
from .ncct import CLASSES, CtPhantom, draw_bleeds, draw_ct_appearance, draw_head, render_ct
from .phantom import Aneurysm, Grid, Phantom, draw_anatomy, draw_appearance, render, tortuous
from .phantom.arteries import rotation_matrix
from .real_tof import tree_from

#: grey value of fresh arterial blood in the files
BLOOD = 400
#: the box of a CT angiogram: from its first voxel (LPS mm), and its edges
CTA_ORIGIN, CTA_BOX_MM = (-58.0, -62.0, -30.0), (116.0, 114.0, 57.6)


def write_phantom(arguments: argparse.Namespace) -> dict[str, object]:
    """Writes what the arguments of `phantom` ask for and returns the truth."""
    tree = tree_from(arguments.tree) if arguments.tree else None
    anatomy = draw_anatomy(arguments.seed, arguments.aneurysms, tuple(arguments.diameters), tree)
    anatomy = tortuous(anatomy) if arguments.bent else anatomy
    appearance = draw_appearance(arguments.seed, arguments.split)
    changes = {name: value for name, value in (("spacing", arguments.spacing), ("noise", arguments.noise)) if value is not None}
    if "spacing" in changes:
        changes["spacing"] = tuple(changes["spacing"])
    phantom = fit(render(anatomy, dataclasses.replace(appearance, **changes)), arguments.matrix, arguments.slices)
    voxels = np.round(phantom.image * BLOOD).clip(0, 4095).astype(np.uint16)
    turn = rotation_matrix(np.array([arguments.oblique, 0, 0]))
    options = SeriesOptions(
        uid_key=f"phantom {arguments.seed} {arguments.split} {voxels.shape} {arguments.oblique}{f' {tree.key}' if tree else ''}{' bent' if arguments.bent else ''}",
        patient_name=arguments.patient_name, character_set=arguments.character_set, compress=arguments.compress,
        skip_slices=tuple(arguments.missing_slice),
    )
    write_series(voxels, phantom.spacing, phantom.origin, arguments.out / "dicom", options, turn)
    _nifti(voxels.astype(np.int16), phantom, turn, arguments.out / "image.nii.gz")
    _nifti(phantom.mask, phantom, turn, arguments.out / "mask.nii.gz")
    truth = _truth(arguments.seed, anatomy.aneurysms, turn)
    (arguments.out / "truth.json").write_text(json.dumps(truth, indent=2) + "\n")
    return truth


def write_head_cta(arguments: argparse.Namespace) -> dict[str, object]:
    """Writes what the arguments of `head-cta` ask for, a box about the circle of Willis, and returns the truth."""
    patient = draw_patient(arguments.seed, arguments.aneurysms, tuple(arguments.diameters))
    appearance = draw_cta_appearance(arguments.seed, arguments.split)
    if arguments.spacing is not None:
        appearance = dataclasses.replace(appearance, spacing=tuple(arguments.spacing))
    x, y, z = (int(length / step) for length, step in zip(CTA_BOX_MM, appearance.spacing))
    phantom = render_cta(patient, appearance, Grid(CTA_ORIGIN, appearance.spacing, (x, y, z)))
    options = SeriesOptions(uid_key=f"head cta {arguments.seed} {arguments.split} {appearance.spacing}", description="CTA Head 0.8 H20f",
                            ct_tilt=0.0, compress=arguments.compress, contrast="IOMEPROL 400")
    write_series(np.round(phantom.image), appearance.spacing, CTA_ORIGIN, arguments.out / "dicom", options)
    truth = _truth(arguments.seed, patient.anatomy.aneurysms, np.eye(3))
    (arguments.out / "truth.json").write_text(json.dumps(truth, indent=2) + "\n")
    return truth


def _truth(seed: int, aneurysms: list[Aneurysm], turn: np.ndarray) -> dict[str, object]:
    return {"seed": seed, "aneurysms": [
        {"site": a.site, "side": a.side, "centreLpsMm": [round(float(v), 3) for v in turn @ a.centre], "diameterMm": round(a.diameter, 2)}
        for a in aneurysms]}


def write_head_ct(arguments: argparse.Namespace) -> dict[str, object]:
    """Writes what the arguments of `head-ct` ask for and returns the truth."""
    head = draw_head(arguments.seed)
    bleeds = draw_bleeds(arguments.seed, head, None if arguments.subtypes is None else tuple(arguments.subtypes))
    appearance = draw_ct_appearance(arguments.seed, arguments.split, arguments.pixel)
    changes = {"tilt": arguments.tilt} | ({} if arguments.slice_spacing is None else {"slice_spacing": arguments.slice_spacing})
    phantom = render_ct(head, bleeds, dataclasses.replace(appearance, **changes))
    write_ct(phantom, arguments.out / "dicom", f"head ct {arguments.seed} {arguments.split} {arguments.tilt} {phantom.spacing}")
    affine = np.diag([-1, -1, 1, 1]) @ ct_affine(phantom)
    for name, voxels in (("image", np.round(phantom.image).astype(np.int16)), ("mask", phantom.mask)):
        nibabel.save(nibabel.Nifti1Image(np.transpose(voxels, (2, 1, 0)), affine), arguments.out / f"{name}.nii.gz")
    truth = {"seed": arguments.seed, "classes": list(CLASSES), "slices": phantom.labels.tolist(), "mimics": sorted(head.mimics),
             "bleeds": [{"subtype": b.subtype, "kind": b.kind, "age": b.age, "hu": round(b.hu, 1)} for b in bleeds]}
    (arguments.out / "truth.json").write_text(json.dumps(truth, indent=2) + "\n")
    return truth


def write_ct(phantom: CtPhantom, folder: Path, key: str) -> list[Path]:
    """The phantom as a CT series, tilted as its gantry was."""
    options = SeriesOptions(uid_key=key, description="Head 5.0 H30s", ct_tilt=phantom.appearance.tilt)
    turn = rotation_matrix(np.array([phantom.appearance.tilt, 0.0, 0.0]))
    return write_series(np.round(phantom.image), phantom.spacing, phantom.origin, folder, options, turn)


def ct_affine(phantom: CtPhantom) -> np.ndarray:
    """Voxel (i, j, k) to LPS mm; with a tilted gantry the grid is sheared."""
    affine = np.eye(4)
    turn = rotation_matrix(np.array([phantom.appearance.tilt, 0.0, 0.0]))
    affine[:3, 0], affine[:3, 1] = turn[:, 0] * phantom.spacing[0], turn[:, 1] * phantom.spacing[1]
    affine[:3, 2], affine[:3, 3] = [0, 0, phantom.spacing[2]], phantom.origin
    return affine


def fit(phantom: Phantom, matrix: int | None, slices: int | None) -> Phantom:
    """The phantom on a square matrix and a number of slices, cut or filled with zeros about its middle."""
    size = (slices or phantom.image.shape[0], matrix or phantom.image.shape[1], matrix or phantom.image.shape[2])
    image, mask, shift = phantom.image, phantom.mask, []
    for axis, want in enumerate(size):
        have = image.shape[axis]
        cut = max(0, (have - want) // 2)
        image, mask = (np.take(v, range(cut, min(have, cut + want)), axis) for v in (image, mask))
        fill = max(0, want - have)
        before = fill // 2
        pad = [(0, 0)] * 3
        pad[axis] = (before, fill - before)
        image, mask = np.pad(image, pad), np.pad(mask, pad)
        shift.append(cut - before)
    origin = tuple(o + s * d for o, s, d in zip(phantom.origin, reversed(shift), phantom.spacing))
    return dataclasses.replace(phantom, image=image, mask=mask, origin=origin)


def _nifti(voxels: np.ndarray, phantom: Phantom, turn: np.ndarray, file: object) -> None:
    """LPS grid to NIfTI's RAS: the affine's first two rows change sign."""
    affine = np.eye(4)
    affine[:3, :3] = turn @ np.diag(phantom.spacing)
    affine[:3, 3] = turn @ np.array(phantom.origin)
    nibabel.save(nibabel.Nifti1Image(np.transpose(voxels, (2, 1, 0)), np.diag([-1, -1, 1, 1]) @ affine), file)
