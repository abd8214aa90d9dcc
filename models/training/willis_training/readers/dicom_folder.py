"""A folder of DICOM files as a volume: slices sorted along their normal, real units, geometry from positions."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset

from .refusal import Refusal


@dataclass(frozen=True)
class Series:
    """voxels float32 [z,y,x] in real units (HU for CT), spacing (x, y, z) in mm, modality; origin and axes in LPS mm.

    The columns of `axes` are the ways of x, y and z: that of z leads from slice to slice, beside their normal where the gantry was tilted.
    """

    voxels: np.ndarray
    spacing: tuple[float, float, float]
    origin: np.ndarray
    axes: np.ndarray
    modality: str
    instances: tuple[str, ...]

    def voxel_of(self, lps_mm: np.ndarray) -> np.ndarray:
        """Fractional voxel (x, y, z) of a point."""
        return np.linalg.solve(self.axes, np.asarray(lps_mm) - self.origin) / np.array(self.spacing)

    def place_of(self, voxel: np.ndarray) -> np.ndarray:
        """LPS mm of a fractional voxel (x, y, z)."""
        return self.origin + self.axes @ (np.asarray(voxel) * np.array(self.spacing))  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Slice:
    """One image or one frame: pixels in real units, the six cosines, row and column spacing as DICOM orders them."""

    pixels: np.ndarray
    position: np.ndarray
    cosines: tuple[float, ...]
    pixel_spacing: tuple[float, float]
    instance: str


def read_series(folder: Path) -> Series:
    """Reads every DICOM file of a folder with one series; refuses mixed series and grids, gaps and missing geometry by name."""
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
    slices = [one for image in images for one in _slices(image, folder)]
    if len({(s.pixels.shape, s.cosines, s.pixel_spacing) for s in slices}) > 1:
        raise Refusal("MIXED_GEOMETRY", folder, "has images of different size, direction or pixel spacing; give each stack its own folder")
    x_axis, y_axis = np.array(slices[0].cosines[:3]), np.array(slices[0].cosines[3:])
    normal = np.cross(x_axis, y_axis)
    if normal[int(np.abs(normal).argmax())] < 0:
        normal = -normal
    slices.sort(key=lambda s: float(np.dot(normal, s.position)))
    steps = np.diff([float(np.dot(normal, s.position)) for s in slices])
    if len(steps) and (steps.min() < 0.01 or steps.max() > 1.2 * np.median(steps) + 0.05):
        raise Refusal("SLICE_GAP", folder, f"has slices {steps.min():.2f} to {steps.max():.2f} mm apart")
    step = (slices[-1].position - slices[0].position) / len(steps) if len(steps) else normal * float(images[0].get("SliceThickness", 1))
    rows, columns = slices[0].pixel_spacing
    return Series(np.stack([s.pixels for s in slices]), (columns, rows, float(np.linalg.norm(step))), slices[0].position,
                  np.stack([x_axis, y_axis, step / np.linalg.norm(step)], 1), str(images[0].get("Modality", "")), tuple(s.instance for s in slices))


def _slices(image: Dataset, folder: Path) -> Iterator[Slice]:
    """The image, or the frames of an enhanced one (PS3.3 C.7.6.16): geometry and units of the frame, or those that all share."""
    instance = str(image.SOPInstanceUID)
    if "PerFrameFunctionalGroupsSequence" not in image:
        yield _slice(image.pixel_array, image, image, image, image, instance, folder)
        return
    shared = image.SharedFunctionalGroupsSequence[0]
    for frame, pixels in zip(image.PerFrameFunctionalGroupsSequence, image.pixel_array.reshape(-1, image.Rows, image.Columns)):
        position, orientation, measures, units = (next((group[name][0] for group in (frame, shared) if name in group), Dataset()) for name in (
            "PlanePositionSequence", "PlaneOrientationSequence", "PixelMeasuresSequence", "PixelValueTransformationSequence"))
        yield _slice(pixels, position, orientation, measures, units, instance, folder)


def _slice(pixels: np.ndarray, position: Dataset, orientation: Dataset, measures: Dataset, units: Dataset, instance: str, folder: Path) -> Slice:
    place, cosines, spacing = position.get("ImagePositionPatient"), orientation.get("ImageOrientationPatient"), measures.get("PixelSpacing")
    if not place or not cosines or not spacing:
        raise Refusal("NO_GEOMETRY", folder, f"has an image or frame without position, orientation or pixel spacing: {instance}")
    real = pixels.astype(np.float32) * float(units.get("RescaleSlope", 1)) + float(units.get("RescaleIntercept", 0))
    return Slice(real, np.array(place, float), tuple(round(float(v), 4) for v in cosines), (float(spacing[0]), float(spacing[1])), instance)
