"""A NIfTI volume as a DICOM series with the header of a real scanner, for interoperability tests on real voxels."""

from pathlib import Path

import nibabel
import numpy as np
import pydicom

from .dicom_series import SeriesOptions, write_series

#: what a template says of the scanner and the sequence, and nothing of a patient or of its pixels
COPIED = ("Manufacturer", "ManufacturerModelName", "MagneticFieldStrength", "RepetitionTime", "EchoTime", "FlipAngle",
          "ScanningSequence", "SequenceVariant", "SequenceName", "ProtocolName", "ImagingFrequency", "SoftwareVersions")


def wrap(nifti: Path, template: Path, folder: Path, series_key: str = "wrapped", description: str | None = None) -> int:
    """Writes one ORIGINAL\\PRIMARY MR series in LPS geometry; returns the number of slices."""
    image = nibabel.as_closest_canonical(nibabel.load(nifti))
    data = np.asarray(image.dataobj, dtype=np.float32)
    affine = image.affine
    spacing = nibabel.affines.voxel_sizes(affine)
    # RAS voxel (i,j,k) -> LPS: x and y change sign, so the arrays run the other way along them
    voxels = np.transpose(data, (2, 1, 0))[:, ::-1, ::-1]
    corner = affine @ [data.shape[0] - 1, data.shape[1] - 1, 0, 1]
    origin = (-corner[0], -corner[1], corner[2])
    scaled = np.round((voxels - voxels.min()) / max(float(np.ptp(voxels)), 1e-6) * 1000).astype(np.uint16)
    header = pydicom.dcmread(template, stop_before_pixels=True)
    options = SeriesOptions(uid_key=series_key, patient_name="Wrapped^Volume", description=description or str(header.get("ProtocolName", "TOF")))
    files = write_series(scaled, tuple(float(s) for s in spacing), tuple(float(o) for o in origin), folder, options)
    for file in files:
        dataset = pydicom.dcmread(file)
        for keyword in COPIED:
            if keyword in header:
                dataset[keyword] = header[keyword]
        dataset.save_as(file, enforce_file_format=True)
    return len(files)


