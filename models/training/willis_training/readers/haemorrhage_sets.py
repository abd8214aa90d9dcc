"""Head CT sets with haemorrhage labels: RSNA 2019, CQ500, PhysioNet CT-ICH."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pydicom

from ..ncct import CLASSES
from .case import Case, Volume
from .dicom_folder import read_files
from .nifti_sets import nifti_loader
from .refusal import Refusal
from .rsna_2025 import csv_rows, series_loader, volume_of

#: column of CQ500's reads.csv -> class
CQ500_COLUMNS = {"ICH": "any", "EDH": "epidural", "IPH": "intraparenchymal", "IVH": "intraventricular", "SAH": "subarachnoid", "SDH": "subdural"}
#: column of CT-ICH's hemorrhage_diagnosis_raw_ct.csv -> class
CT_ICH_COLUMNS = {"Epidural": "epidural", "Intraparenchymal": "intraparenchymal", "Intraventricular": "intraventricular",
                  "Subarachnoid": "subarachnoid", "Subdural": "subdural"}


@dataclass(frozen=True)
class _Slice:
    """A labelled file of RSNA 2019; `stem` is what the table calls it."""

    file: Path
    stem: str
    instance: str
    patient: str


def read_rsna_2019(folder: Path) -> list[Case]:
    """`stage_2_train.csv` with six rows a slice (`ID_<sop>_<type>`), slices `stage_2_train/ID_<sop>.dcm`, grouped into series by header."""
    labels: dict[str, dict[str, int]] = {}
    for row in csv_rows(folder / "stage_2_train.csv"):
        stem, kind = row["ID"].rsplit("_", 1)
        if kind not in CLASSES:
            raise Refusal("UNKNOWN_CLASS", row["ID"], f"ends in {kind}, which is none of {', '.join(CLASSES)}")
        labels.setdefault(stem, {})[kind] = int(row["Label"])
    series: dict[str, list[_Slice]] = {}
    for stem in sorted(labels):
        file = folder / "stage_2_train" / f"{stem}.dcm"
        if not file.exists():
            raise Refusal("MISSING_SLICE", stem, "is labelled but its file is missing")
        header = pydicom.dcmread(file, stop_before_pixels=True)
        series.setdefault(str(header.SeriesInstanceUID), []).append(
            _Slice(file, stem, str(header.SOPInstanceUID), str(header.PatientID)))
    cases = []
    for uid, slices in series.items():
        by_slice = {s.stem: labels[s.stem] for s in slices}
        scan = {name: max(v.get(name, 0) for v in by_slice.values()) for name in CLASSES}
        load = _files_loader([s.file for s in slices], {s.instance: s.stem for s in slices})
        cases.append(Case(uid, slices[0].patient, "CT", load, labels=scan, slice_labels=by_slice, licence="RSNA terms, non-commercial"))
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
        by_patient.setdefault(f"{int(row['PatientNumber']):03d}", {})[str(int(row["SliceNumber"]))] = {"any": int(any(one.values())), **one}
    cases = []
    for patient, slices in sorted(by_patient.items()):
        image, mask = folder / "ct_scans" / f"{patient}.nii", folder / "masks" / f"{patient}.nii"
        if not image.exists():
            raise Refusal("MISSING_FILE", image, "does not exist but its slices are labelled")
        scan = {name: max(s[name] for s in slices.values()) for name in CLASSES}
        cases.append(Case(patient, patient, "CT", nifti_loader(image), nifti_loader(mask) if mask.exists() else None, labels=scan,
                          slice_labels=slices, licence="CC BY 4.0"))
    return cases


def slice_table(case: Case, volume: Volume) -> np.ndarray:
    """Slice labels [z,6] in the order of CLASSES, of every slice of the volume; slices without a name are numbered from 1 (CT-ICH)."""
    count = len(volume.voxels)
    names = volume.slices or tuple(str(number) for number in range(1, count + 1))
    if len(set(names)) < count:
        raise Refusal("AMBIGUOUS_MARK", case.name, "has labels of instances that hold many frames; write the series as single images")
    elsewhere = sorted(case.slice_labels.keys() - set(names))
    if elsewhere:
        raise Refusal("LABEL_OUTSIDE", case.name, f"has a label on slice {elsewhere[0]}, which is none of its {count}")
    unlabelled = [name for name in names if name not in case.slice_labels]
    if unlabelled:
        raise Refusal("UNLABELLED", case.name, f"has no label on slice {unlabelled[0]}; its other slices have one")
    return np.array([[case.slice_labels[name].get(kind, 0) for kind in CLASSES] for name in names], np.uint8)


def _study_folder(folder: Path, name: str) -> Path:
    for place in (folder / name, folder / name.replace("-CT-", "CT")):
        if place.is_dir():
            holding = sorted({f.parent for f in place.rglob("*.dcm")})
            if holding:
                # thin and thick reconstructions lie side by side: the one with the fewest slices is the thick one
                return min(holding, key=lambda p: len(list(p.glob("*.dcm"))))
    raise Refusal("MISSING_SERIES", name, "is in reads.csv but has no folder of DICOM files")


def _files_loader(files: list[Path], names: dict[str, str]) -> Callable[[], Volume]:
    """Reads the files when called; `names` says what the set calls each instance."""
    def load() -> Volume:
        volume = volume_of(read_files(files, files[0].parent))
        return replace(volume, slices=tuple(names[uid] for uid in volume.slices))
    return load

