"""One case of any data set, and what is checked before training."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from scipy import ndimage

from .refusal import Refusal


@dataclass(frozen=True)
class Point:
    """A marked aneurysm: LPS mm, radius in mm where known, site where named; treated ones are no targets."""

    lps_mm: tuple[float, float, float]
    radius_mm: float | None = None
    site: str | None = None
    treated: bool = False


@dataclass(frozen=True)
class Volume:
    """voxels [z,y,x]; affine [4,4] takes voxel (x, y, z) to LPS mm; what the set calls each slice, where it has other names than numbers."""

    voxels: np.ndarray
    affine: np.ndarray
    slices: tuple[str, ...] = ()

    @property
    def spacing(self) -> tuple[float, float, float]:
        lengths = np.linalg.norm(self.affine[:3, :3], axis=0)
        return (float(lengths[0]), float(lengths[1]), float(lengths[2]))

    @property
    def tilt(self) -> float:
        """Degrees between the way from slice to slice and the normal of the slices."""
        x, y, step = self.affine[:3, :3].T
        normal = np.cross(x, y)
        return float(np.degrees(np.arccos(min(1.0, abs(np.dot(step, normal)) / (np.linalg.norm(step) * np.linalg.norm(normal))))))

    def voxel_of(self, lps_mm: tuple[float, float, float]) -> np.ndarray:
        return np.linalg.solve(self.affine, np.array([*lps_mm, 1.0]))[:3]  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Case:
    """What every reader gives; volumes are read when asked for. `subject` is the person: baseline and follow-up share it."""

    name: str
    subject: str
    modality: str
    image: Callable[[], Volume]
    mask: Callable[[], Volume] | None = None
    points: tuple[Point, ...] = ()
    #: scan-level labels by name (haemorrhage classes, aneurysm sites), 0 or 1
    labels: dict[str, int] = field(default_factory=dict)
    #: labels by slice where the set has them: the slice's name in the volume, or its number from 1 -> labels
    slice_labels: dict[str, dict[str, int]] = field(default_factory=dict)
    licence: str = ""

    @property
    def positive(self) -> bool:
        """Whether it is told to hold an untreated aneurysm; `ruptured` tells which kind, not whether."""
        return any(not p.treated for p in self.points) or any(value for name, value in self.labels.items() if name != "ruptured")


#: what is searched for aneurysms; how far slices may be displaced (degrees), and a point lie beside the mask it names (mm)
ANGIOGRAMS, MOST_TILT, POINT_MM = ("MR", "CTA"), 1.0, 3.0
#: spacing (mm) a modality may have, smallest and largest of any axis
SPACINGS = {"MR": (0.2, 1.5), "CTA": (0.2, 1.5), "CT": (0.3, 10.0)}


def validate(case: Case, needs_target: bool = True) -> Volume:
    """Reads a case's image and checks spacing, mask and points; refuses by name. Returns the image."""
    image = case.image()
    low, high = SPACINGS[case.modality]
    if min(image.spacing) < low or max(image.spacing) > high:
        sizes = " x ".join(f"{v:.2f}" for v in image.spacing)
        raise Refusal("WRONG_SPACING", case.name, f"has voxels of {sizes} mm; {case.modality} needs {low} to {high}")
    if case.mask is not None:
        mask = case.mask()
        if mask.voxels.shape != image.voxels.shape or not np.allclose(mask.affine, image.affine, atol=0.05):
            raise Refusal("MASK_ELSEWHERE", case.name, "has a mask on another grid than its image")
        if needs_target and not mask.voxels.any() and case.positive:
            raise Refusal("EMPTY_MASK", case.name, "is labelled as positive but its mask is empty")
        if case.modality in ANGIOGRAMS:
            _require_points(case, mask)
    elif needs_target and case.modality in ANGIOGRAMS and case.positive and not case.points:
        raise Refusal("NO_TARGET", case.name, "is labelled as positive but has neither mask nor point; taken as it is, its aneurysm would be shown as healthy")
    if case.modality in ANGIOGRAMS and (tilt := image.tilt) > MOST_TILT:
        raise Refusal("TILTED", case.name, f"has slices that are displaced by {tilt:.1f} degrees (gantry tilt); resample it to a straight grid")
    for point in case.points:
        voxel = image.voxel_of(point.lps_mm)
        if (voxel < -0.5).any() or (voxel > np.array(image.voxels.shape[::-1]) - 0.5).any():
            raise Refusal("LABEL_OUTSIDE", case.name, f"has a point at {tuple(round(v, 1) for v in point.lps_mm)} mm, outside its image")
    return image


def _require_points(case: Case, mask: Volume) -> None:
    """Every aneurysm of a mask has its point: one without would be shown as healthy."""
    labels, _ = ndimage.label(mask.voxels > 0, np.ones((3, 3, 3)))
    places = [mask.voxel_of(p.lps_mm) for p in case.points]
    for number, box in enumerate(ndimage.find_objects(labels), start=1):
        low, high = (np.array([getattr(part, end) for part in reversed(box)]) for end in ("start", "stop"))
        margin = POINT_MM / np.array(mask.spacing)
        if not any(((place >= low - margin) & (place <= high + margin)).all() for place in places):
            centre = mask.affine @ np.array([*np.argwhere(labels == number).mean(0)[::-1], 1.0])
            raise Refusal("MASK_WITHOUT_POINT", case.name, f"has an aneurysm in its mask at {tuple(round(float(v), 1) for v in centre[:3])} mm which no point names")


def require_split(parts: dict[str, list[Case]]) -> None:
    """Refuses a split in which one subject is in two parts, and parts without any case."""
    seen: dict[str, str] = {}
    for part, cases in parts.items():
        if not cases:
            raise Refusal("EMPTY_SPLIT", part, "has no case")
        for case in cases:
            if seen.setdefault(case.subject, part) != part:
                raise Refusal("MIXED_SUBJECTS", case.subject, f"is in {seen[case.subject]} and in {part}")
