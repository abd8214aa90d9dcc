"""Phantoms and wrapped volumes as DICOM: single-frame MR series or one legacy converted enhanced MR object."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, JPEG2000Lossless, JPEGLSLossless, RLELossless

from . import __version__

MR_IMAGE = "1.2.840.10008.5.1.4.1.1.4"
CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
LEGACY_ENHANCED_MR = "1.2.840.10008.5.1.4.1.1.4.4"
SYNTAXES = {"none": ExplicitVRLittleEndian, "jpeg-ls": JPEGLSLossless, "jpeg2000": JPEG2000Lossless, "rle": RLELossless}


@dataclass(frozen=True)
class SeriesOptions:
    """What goes into the header; uid_key makes the UIDs."""

    uid_key: str
    patient_name: str = "Phantom^Willis"
    character_set: str = "ISO_IR 192"
    description: str = "TOF_3D_multi-slab"
    compress: str = "none"
    skip_slices: tuple[int, ...] = field(default=())
    #: where given, a CT series in HU of this gantry tilt (degrees): rows are turned, the table moves along z
    ct_tilt: float | None = None
    #: Contrast/Bolus Agent of a CT series
    contrast: str | None = None


def uid(*parts: object) -> str:
    """A UID that follows from its parts: 2.25 and 128 bits of their SHA-256."""
    digest = hashlib.sha256("\0".join(str(p) for p in parts).encode()).hexdigest()
    return f"2.25.{int(digest[:32], 16)}"


def write_series(
    voxels: np.ndarray, spacing: tuple[float, float, float], origin: tuple[float, float, float], folder: Path,
    options: SeriesOptions, rotation: np.ndarray | None = None,
) -> list[Path]:
    """voxels uint16 [z,y,x] in LPS orientation; rotation turns the whole grid about the patient's origin (oblique series).

    With ct_tilt the voxels are HU, the rotation turns each slice only, and slices lie along the patient's z.
    """
    folder.mkdir(parents=True, exist_ok=True)
    turn = np.eye(3) if rotation is None else rotation
    tilted = options.ct_tilt is not None
    if tilted:
        voxels = (voxels.clip(-1024, 3071) + 1024).round().astype(np.uint16)
    files = []
    for index in range(voxels.shape[0]):
        if index in options.skip_slices:
            continue
        along = np.array([0, 0, index * spacing[2]])
        place = np.array(origin) + along if tilted else turn @ (np.array(origin) + along)
        dataset = _header(options, index)
        if tilted:
            _as_ct(dataset, options)
        dataset.ImagePositionPatient = [f"{v:.6g}" for v in place]
        dataset.ImageOrientationPatient = [f"{v:.8g}" for v in np.concatenate([turn[:, 0], turn[:, 1]])]
        dataset.PixelSpacing = [f"{spacing[1]:.8g}", f"{spacing[0]:.8g}"]
        dataset.SliceThickness = f"{spacing[2]:.6g}"
        dataset.SpacingBetweenSlices = f"{spacing[2]:.6g}"
        set_pixels(dataset, voxels[index])
        if options.compress != "none":
            dataset.compress(SYNTAXES[options.compress], generate_instance_uid=False)
        file = folder / f"{index + 1:04d}.dcm"
        dataset.save_as(file, enforce_file_format=True)
        files.append(file)
    return files


def set_pixels(dataset: Dataset, plane: np.ndarray) -> None:
    """Unsigned 16-bit pixels, 12 bits stored where they suffice."""
    dataset.Rows, dataset.Columns = plane.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation, dataset.PixelRepresentation = 1, "MONOCHROME2", 0
    dataset.BitsAllocated = 16
    dataset.BitsStored = 12 if plane.max() < 4096 else 16
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelData = np.ascontiguousarray(plane.astype("<u2")).tobytes()
    dataset["PixelData"].VR = "OW"


def _header(options: SeriesOptions, index: int) -> Dataset:
    key = options.uid_key
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SpecificCharacterSet = options.character_set.split("\\")
    dataset.SOPClassUID, dataset.SOPInstanceUID = MR_IMAGE, uid(key, "instance", index)
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = uid(key, "study"), uid(key, "series")
    dataset.FrameOfReferenceUID, dataset.PositionReferenceIndicator = uid(key, "frame"), ""
    dataset.PatientName, dataset.PatientID = options.patient_name, f"PHANTOM-{hashlib.sha256(key.encode()).hexdigest()[:8]}"
    dataset.PatientBirthDate, dataset.PatientSex, dataset.PatientWeight = "19700101", "O", "75"
    dataset.StudyDate = dataset.SeriesDate = dataset.AcquisitionDate = dataset.ContentDate = "20261121"
    dataset.StudyTime = dataset.SeriesTime = dataset.AcquisitionTime = dataset.ContentTime = "120000"
    dataset.AccessionNumber, dataset.StudyID, dataset.ReferringPhysicianName = "A1", "1", ""
    dataset.StudyDescription, dataset.SeriesDescription, dataset.ProtocolName = "MR Head", options.description, options.description
    dataset.Modality, dataset.Manufacturer, dataset.ManufacturerModelName = "MR", "Synthetic phantom", "Willis training kit"
    dataset.SoftwareVersions, dataset.InstitutionName, dataset.StationName = __version__, "Phantom", "PHANTOM"
    dataset.BodyPartExamined, dataset.PatientPosition, dataset.SeriesNumber = "HEAD", "HFS", 5
    dataset.InstanceNumber, dataset.AcquisitionNumber, dataset.PatientOrientation = index + 1, 1, ""
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "M", "ND", "NORM"]
    dataset.ScanningSequence, dataset.SequenceVariant, dataset.ScanOptions = "GR", ["SP", "MTC"], ""
    dataset.SequenceName, dataset.MRAcquisitionType, dataset.AngioFlag = "*fl3d1r_t70", "3D", "Y"
    dataset.RepetitionTime, dataset.EchoTime, dataset.FlipAngle, dataset.EchoTrainLength = "22", "3.66", "18", 1
    dataset.MagneticFieldStrength, dataset.ImagedNucleus, dataset.NumberOfAverages = "3", "1H", "1"
    dataset.Laterality = None
    del dataset.Laterality
    return dataset


def _as_ct(dataset: Dataset, options: SeriesOptions) -> None:
    """The CT Image module instead of the MR one; stored value 1024 is water."""
    for keyword in ("ScanningSequence", "SequenceVariant", "SequenceName", "MRAcquisitionType", "AngioFlag", "RepetitionTime", "EchoTime",
                    "FlipAngle", "EchoTrainLength", "MagneticFieldStrength", "ImagedNucleus", "NumberOfAverages", "ScanOptions"):
        del dataset[keyword]
    dataset.SOPClassUID, dataset.Modality, dataset.StudyDescription = CT_IMAGE, "CT", "CT Head"
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = "-1024", "1", "HU"
    dataset.KVP, dataset.XRayTubeCurrent, dataset.ExposureTime = "120", 280, 1000
    dataset.ConvolutionKernel, dataset.GantryDetectorTilt = "H30s", f"{options.ct_tilt:.6g}"
    dataset.WindowCenter, dataset.WindowWidth = ("40", "80") if options.contrast is None else ("250", "700")
    if options.contrast is not None:
        dataset.ContrastBolusAgent, dataset.StudyDescription, dataset.ConvolutionKernel = options.contrast, "CT Angiography Head", "H20f"


def convert(source: Path, target: Path, to: str) -> None:
    """Writes the series of `source` another way: enhanced, none, jpeg-ls, jpeg2000, rle. SOP Instance UIDs stay."""
    target.mkdir(parents=True, exist_ok=True)
    datasets = [pydicom.dcmread(f) for f in sorted(source.glob("*.dcm"))]
    for dataset in datasets:
        if dataset.file_meta.TransferSyntaxUID.is_encapsulated:
            dataset.decompress(generate_instance_uid=False)
    if to == "enhanced":
        enhanced(datasets).save_as(target / "enhanced.dcm", enforce_file_format=True)
        return
    for dataset in datasets:
        if to != "none":
            dataset.compress(SYNTAXES[to], generate_instance_uid=False)
        dataset.save_as(target / f"{dataset.InstanceNumber:04d}.dcm", enforce_file_format=True)


def enhanced(datasets: list[Dataset]) -> Dataset:
    """One Legacy Converted Enhanced MR Image; each frame names the instance it was (0020,9172)."""
    first = datasets[0]
    out = Dataset()
    out.file_meta = FileMetaDataset()
    out.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    for element in first:
        if element.keyword not in ("PixelData", "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness"):
            out.add(element)
    out.SOPClassUID, out.SOPInstanceUID = LEGACY_ENHANCED_MR, uid(first.SeriesInstanceUID, "enhanced")
    out.SeriesInstanceUID = uid(first.SeriesInstanceUID, "enhanced series")
    out.NumberOfFrames = len(datasets)
    shared = Dataset()
    shared.PlaneOrientationSequence = [_item(ImageOrientationPatient=first.ImageOrientationPatient)]
    shared.PixelMeasuresSequence = [_item(PixelSpacing=first.PixelSpacing, SliceThickness=first.SliceThickness)]
    out.SharedFunctionalGroupsSequence = [shared]
    frames = []
    for dataset in datasets:
        frame = Dataset()
        frame.PlanePositionSequence = [_item(ImagePositionPatient=dataset.ImagePositionPatient)]
        frame.ConversionSourceAttributesSequence = [
            _item(ReferencedSOPClassUID=dataset.SOPClassUID, ReferencedSOPInstanceUID=dataset.SOPInstanceUID)]
        frames.append(frame)
    out.PerFrameFunctionalGroupsSequence = frames
    out.PixelData = b"".join(d.PixelData for d in datasets)
    out["PixelData"].VR = "OW"
    return out


def _item(**attributes: object) -> Dataset:
    item = Dataset()
    for keyword, value in attributes.items():
        setattr(item, keyword, value)
    return item
