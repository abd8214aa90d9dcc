"""A folder of DICOM files as a volume: slices sorted along their normal, real units, spacing from positions."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom

from .refusal import Refusal


@dataclass(frozen=True)
class Series:
    """voxels float32 [z,y,x] in real units (HU for CT), spacing (x, y, z) in mm, origin and axes (columns x, y, z) in LPS mm, modality."""

    voxels: np.ndarray
    spacing: tuple[float, float, float]
    origin: np.ndarray
    axes: np.ndarray
    modality: str
    instances: tuple[str, ...]

    def voxel_of(self, lps_mm: np.ndarray) -> np.ndarray:
        """Fractional voxel (x, y, z) of a point."""
        return (self.axes.T @ (np.asarray(lps_mm) - self.origin)) / np.array(self.spacing)  # type: ignore[no-any-return]

    def place_of(self, voxel: np.ndarray) -> np.ndarray:
        """LPS mm of a fractional voxel (x, y, z)."""
        return self.origin + self.axes @ (np.asarray(voxel) * np.array(self.spacing))  # type: ignore[no-any-return]


def read_series(folder: Path) -> Series:
    """Reads every DICOM file of a folder with one series; refuses mixed series, gaps and missing geometry by name."""
    return read_files(sorted(p for p in folder.iterdir() if p.is_file()), folder)


def instances_of(folder: Path) -> list[str]:
    """SOP Instance UIDs of the DICOM files of a folder, pixels unread."""
    files = (p for p in sorted(folder.iterdir()) if p.is_file() and pydicom.misc.is_dicom(p))
    return [str(pydicom.dcmread(f, specific_tags=["SOPInstanceUID"], stop_before_pixels=True).SOPInstanceUID) for f in files]


def read_files(files: list[Path], folder: Path) -> Series:
    """The same for chosen files; `folder` names them in refusals."""
    datasets = [pydicom.dcmread(f) for f in files if pydicom.misc.is_dicom(f)]
    images = [d for d in datasets if "PixelData" in d]
    if not images:
        raise Refusal("NO_IMAGES", folder, "holds no DICOM image")
    if len({d.SeriesInstanceUID for d in images}) > 1:
        raise Refusal("MIXED_SERIES", folder, "holds more than one series; give each its own folder")
    if any("ImagePositionPatient" not in d or "ImageOrientationPatient" not in d for d in images):
        raise Refusal("NO_GEOMETRY", folder, "has images without position or orientation")
    rows = np.array(images[0].ImageOrientationPatient, float)
    x_axis, y_axis = rows[:3], rows[3:]
    normal = np.cross(x_axis, y_axis)
    if normal[int(np.abs(normal).argmax())] < 0:
        normal = -normal
    images.sort(key=lambda d: float(np.dot(normal, np.array(d.ImagePositionPatient, float))))
    depths = np.array([float(np.dot(normal, np.array(d.ImagePositionPatient, float))) for d in images])
    steps = np.diff(depths)
    if len(steps) and (steps.min() < 0.01 or steps.max() > 1.2 * np.median(steps) + 0.05):
        raise Refusal("SLICE_GAP", folder, f"has slices {steps.min():.2f} to {steps.max():.2f} mm apart")
    voxels = np.stack([d.pixel_array.astype(np.float32) * float(d.get("RescaleSlope", 1)) + float(d.get("RescaleIntercept", 0)) for d in images])
    pixel = [float(v) for v in images[0].PixelSpacing]
    spacing = (pixel[1], pixel[0], float(np.median(steps)) if len(steps) else float(images[0].get("SliceThickness", 1)))
    return Series(voxels, spacing, np.array(images[0].ImagePositionPatient, float), np.stack([x_axis, y_axis, normal], 1),
                  str(images[0].get("Modality", "")), tuple(str(d.SOPInstanceUID) for d in images))
