"""RSNA 2025 intracranial aneurysm detection: `series/<SeriesUID>/<SOPUID>.dcm`, train.csv, train_localizers.csv."""

import ast
import csv
from pathlib import Path

import numpy as np
import pydicom

from .case import Case, Point, Volume
from .dicom_folder import Series, read_series
from .refusal import Refusal

SITES_2025 = (
    "Left Infraclinoid Internal Carotid Artery", "Right Infraclinoid Internal Carotid Artery",
    "Left Supraclinoid Internal Carotid Artery", "Right Supraclinoid Internal Carotid Artery",
    "Left Middle Cerebral Artery", "Right Middle Cerebral Artery", "Anterior Communicating Artery",
    "Left Anterior Cerebral Artery", "Right Anterior Cerebral Artery", "Left Posterior Communicating Artery",
    "Right Posterior Communicating Artery", "Basilar Tip", "Other Posterior Circulation")
PRESENT = "Aneurysm Present"
MODALITIES = {"CTA": "CTA", "MRA": "MR"}


def read_rsna_2025(folder: Path) -> list[Case]:
    """CTA and MRA series (T1 and T2 are left out); the 13 sites and presence as labels, localizers as LPS points."""
    localizers: dict[str, list[dict[str, str]]] = {}
    for row in csv_rows(folder / "train_localizers.csv"):
        localizers.setdefault(row["SeriesInstanceUID"], []).append(row)
    cases = []
    for row in csv_rows(folder / "train.csv"):
        if row["Modality"] not in MODALITIES:
            continue
        uid = row["SeriesInstanceUID"]
        place = folder / "series" / uid
        if not place.is_dir():
            raise Refusal("MISSING_SERIES", uid, "is in train.csv but not in series/")
        labels = {name: int(row[name]) for name in (*SITES_2025, PRESENT)}
        points = tuple(_point(place, r) for r in localizers.get(uid, []))
        cases.append(Case(uid, row.get("PatientID", uid), MODALITIES[row["Modality"]], series_loader(place), None, points, labels,
                          licence="RSNA competition terms, non-commercial"))
    if not cases:
        raise Refusal("NO_CASES", folder, "holds no CTA or MRA series in the layout of RSNA 2025")
    return cases


def _point(place: Path, row: dict[str, str]) -> Point:
    """P = IPP + x * column spacing * row cosines + y * row spacing * column cosines (PS3.3 C.7.6.2.1.1); multi-frame by frame `f`."""
    at = ast.literal_eval(row["coordinates"])
    file = place / f"{row['SOPInstanceUID']}.dcm"
    if not file.exists():
        raise Refusal("LABEL_OUTSIDE", row["SeriesInstanceUID"], f"has a localizer on instance {row['SOPInstanceUID']}, which is missing")
    dataset = pydicom.dcmread(file, stop_before_pixels=True)
    if "PerFrameFunctionalGroupsSequence" in dataset:
        frame = dataset.PerFrameFunctionalGroupsSequence[int(at.get("f", 0))]
        shared = dataset.SharedFunctionalGroupsSequence[0]
        position = frame.PlanePositionSequence[0].ImagePositionPatient
        rows = (frame if "PlaneOrientationSequence" in frame else shared).PlaneOrientationSequence[0].ImageOrientationPatient
        spacing = (frame if "PixelMeasuresSequence" in frame else shared).PixelMeasuresSequence[0].PixelSpacing
    else:
        position, rows, spacing = dataset.ImagePositionPatient, dataset.ImageOrientationPatient, dataset.PixelSpacing
    x_axis, y_axis = np.array(rows[:3], float), np.array(rows[3:], float)
    lps = np.array(position, float) + at["x"] * float(spacing[1]) * x_axis + at["y"] * float(spacing[0]) * y_axis
    return Point(tuple(float(v) for v in lps), site=row["location"])  # type: ignore[arg-type]


def series_loader(place: Path):  # type: ignore[no-untyped-def]
    """Reads the folder when called."""
    return lambda: volume_of(read_series(place))


def volume_of(series: Series) -> Volume:
    """A DICOM series with the affine of its geometry; its slices are called by their SOP Instance UIDs."""
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = series.axes * np.array(series.spacing), series.origin
    return Volume(series.voxels, affine, series.instances)


def csv_rows(file: Path) -> list[dict[str, str]]:
    if not file.exists():
        raise Refusal("MISSING_FILE", file, "does not exist")
    with file.open(newline="") as handle:
        return list(csv.DictReader(handle))
