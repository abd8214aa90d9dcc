"""Head CT sets with haemorrhage labels: RSNA 2019, CQ500, PhysioNet CT-ICH."""

from pathlib import Path

import numpy as np
import pydicom

from ..ncct import CLASSES
from .case import Case
from .dicom_folder import read_files
from .nifti_sets import nifti_loader
from .refusal import Refusal
from .rsna_2025 import csv_rows, series_loader, volume_of

#: column of CQ500's reads.csv -> class
CQ500_COLUMNS = {"ICH": "any", "EDH": "epidural", "IPH": "intraparenchymal", "IVH": "intraventricular", "SAH": "subarachnoid", "SDH": "subdural"}
#: column of CT-ICH's hemorrhage_diagnosis_raw_ct.csv -> class
CT_ICH_COLUMNS = {"Epidural": "epidural", "Intraparenchymal": "intraparenchymal", "Intraventricular": "intraventricular",
                  "Subarachnoid": "subarachnoid", "Subdural": "subdural"}


def read_rsna_2019(folder: Path) -> list[Case]:
    """`stage_2_train.csv` with six rows a slice (`ID_<sop>_<type>`), slices `stage_2_train/ID_<sop>.dcm`, grouped into series by header."""
    labels: dict[str, dict[str, int]] = {}
    for row in csv_rows(folder / "stage_2_train.csv"):
        stem, kind = row["ID"].rsplit("_", 1)
        if kind not in CLASSES:
            raise Refusal("UNKNOWN_CLASS", row["ID"], f"ends in {kind}, which is none of {', '.join(CLASSES)}")
        labels.setdefault(stem, {})[kind] = int(row["Label"])
    series: dict[str, list[tuple[Path, str, str]]] = {}
    for stem in sorted(labels):
        file = folder / "stage_2_train" / f"{stem}.dcm"
        if not file.exists():
            raise Refusal("MISSING_SLICE", stem, "is labelled but its file is missing")
        header = pydicom.dcmread(file, stop_before_pixels=True)
        series.setdefault(str(header.SeriesInstanceUID), []).append((file, stem, str(header.PatientID)))
    cases = []
    for uid, slices in series.items():
        by_slice = {stem: labels[stem] for _, stem, _ in slices}
        scan = {name: max(v.get(name, 0) for v in by_slice.values()) for name in CLASSES}
        files = [f for f, _, _ in slices]
        cases.append(Case(uid, slices[0][2], "CT", _files_loader(files), labels=scan, slice_labels=by_slice, licence="RSNA terms, non-commercial"))
    return cases


def read_cq500(folder: Path) -> list[Case]:
    """`reads.csv` (columns R1:ICH, R2:ICH, R3:ICH, …), one folder of DICOM a study; a label is what two of three readers say."""
    cases = []
    for row in csv_rows(folder / "reads.csv"):
        name = row["name"]
        place = _study_folder(folder, name)
        labels = {}
        for column, kind in CQ500_COLUMNS.items():
            votes = [int(row[f"R{reader}:{column}"]) for reader in (1, 2, 3)]
            labels[kind] = int(sum(votes) >= 2)
        cases.append(Case(name, name, "CT", series_loader(place), labels=labels, licence="CC BY-NC-SA 4.0"))
    return cases


def read_ct_ich(folder: Path) -> list[Case]:
    """`ct_scans/<nnn>.nii`, `masks/<nnn>.nii`, and slice labels in `hemorrhage_diagnosis_raw_ct.csv` (PatientNumber, SliceNumber, …)."""
    by_patient: dict[str, dict[str, dict[str, int]]] = {}
    for row in csv_rows(folder / "hemorrhage_diagnosis_raw_ct.csv"):
        one = {kind: int(row[column]) for column, kind in CT_ICH_COLUMNS.items()}
        by_patient.setdefault(f"{int(row['PatientNumber']):03d}", {})[row["SliceNumber"]] = {"any": int(any(one.values())), **one}
    cases = []
    for patient, slices in sorted(by_patient.items()):
        image, mask = folder / "ct_scans" / f"{patient}.nii", folder / "masks" / f"{patient}.nii"
        if not image.exists():
            raise Refusal("MISSING_FILE", image, "does not exist but its slices are labelled")
        scan = {name: max(s[name] for s in slices.values()) for name in CLASSES}
        cases.append(Case(patient, patient, "CT", nifti_loader(image), nifti_loader(mask) if mask.exists() else None, labels=scan,
                          slice_labels=slices, licence="CC BY 4.0"))
    return cases


def slice_table(case: Case, count: int) -> np.ndarray:
    """Slice labels [count,6] in the order of CLASSES where slices are numbered from 1 (CT-ICH)."""
    table = np.zeros((count, len(CLASSES)), np.uint8)
    for number, labels in case.slice_labels.items():
        if not 1 <= int(number) <= count:
            raise Refusal("LABEL_OUTSIDE", case.name, f"has a label on slice {number} of {count}")
        table[int(number) - 1] = [labels[name] for name in CLASSES]
    return table


def _study_folder(folder: Path, name: str) -> Path:
    for place in (folder / name, folder / name.replace("-CT-", "CT")):
        if place.is_dir():
            holding = sorted({f.parent for f in place.rglob("*.dcm")})
            if holding:
                # thin and thick reconstructions lie side by side: the one with the fewest slices is the thick one
                return min(holding, key=lambda p: len(list(p.glob("*.dcm"))))
    raise Refusal("MISSING_SERIES", name, "is in reads.csv but has no folder of DICOM files")


def _files_loader(files: list[Path]):  # type: ignore[no-untyped-def]
    return lambda: volume_of(read_files(files, files[0].parent))


