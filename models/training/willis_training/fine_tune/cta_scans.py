"""A read CT angiogram as system 000 is asked about it: crops about its aneurysms, and about what the proposal stage finds in it.

Whatever the node would answer with "not analysed" is refused: nothing is to be learnt from a series that no one will be told about.
"""

from dataclasses import dataclass, replace

import numpy as np

from ..cta_resnet.crops import KEPT_MM, STEP_MM, STORED, Crop, crop_in, planes_about
from ..cta_resnet.proposals import Head, look_at, places_in
from ..cta_resnet.scans import NEAR_MM, POINT_RADIUS_MM, Proposed, proposed_in
from ..readers import SITES_2025, Case, Point, Refusal, Volume, validate
from .orientation import in_lps

#: how far a crop's middle lies from a marked aneurysm's (mm, standard deviation), as on phantoms (cta/candidates.py)
JITTER_MM = 1.0
#: of a scan's proposals elsewhere, which are much alike, so many are trained on
MOST_OTHERS = 12
#: crops about each aneurysm of a scan that is learnt from; one of a scan that is measured
COPIES = 4
#: what a CT angiogram of a head has at least (src/pipelines/cta-resnet/head.ts)
LEAST_VESSELS_ML, LEAST_BONE_ML = 2.0, 30.0
#: positions are rounded: up to this shear a stack is straight (src/volume/stack.ts)
STRAIGHT_DEGREES = 0.25


@dataclass(frozen=True)
class ReadScan:
    """Crops of one scan, and everything that is proposed in it; of a scan that is learnt from without its HU."""

    crops: list[Crop]
    proposed: Proposed


def read_scan(case: Case, subject: int, accepts: dict, seed: int, learn: bool) -> ReadScan:  # type: ignore[type-arg]
    """Reads, checks and cuts; `accepts` is what the bundle says of the series it reads. Of a scan that is learnt from, what is proposed on an
    aneurysm is one more crop of it."""
    volume = in_lps(validate(case), case.name)
    volume = Volume(np.ascontiguousarray(volume.voxels, np.float32), volume.affine)
    require_accepted(case.name, volume, accepts)
    head = look_at(volume.voxels, volume.spacing)
    require_angiogram(case.name, head)
    require_inside(case, volume, head)
    marked = _Marked.of(case)
    centres, diameters = marked.centres, marked.diameters
    proposed = _apart_from([p for p in case.points if p.treated], proposed_in(volume, places_in(head), centres, diameters))
    rng = np.random.default_rng([37, seed, subject])
    found = [(number, centres[number] + rng.normal(0, JITTER_MM, 3)) for number in range(len(centres)) for _ in range(COPIES if learn else 1)]
    if learn:
        found += [(int(proposed.on[k]) - 1, proposed.centres[k]) for k in np.flatnonzero(proposed.standing & (proposed.on > 0))]
    others = rng.permutation(np.flatnonzero(proposed.standing & (proposed.on == 0)))[:MOST_OTHERS]
    crops = [_crop(volume, marked, at, "aneurysm", float(diameters[number]), subject) for number, at in found]
    crops += [_crop(volume, marked, proposed.centres[k], "elsewhere", 0.0, subject) for k in others]
    return ReadScan(crops, replace(proposed, hu=proposed.hu[:0]) if learn else proposed)


def require_placed(case: Case) -> None:
    """A positive scan says where: taken as it is, its aneurysm would be taught as a place without one. Told before any volume is read."""
    if case.positive and not case.points:
        raise Refusal("NO_TARGET", case.name, "is labelled as positive but has neither mask nor point; mark it or take the series out")
    unmarked = [name for name, value in case.labels.items() if value and name in SITES_2025 and name not in {p.site for p in case.points}]
    if unmarked:
        raise Refusal("NO_TARGET", case.name, f"is labelled {unmarked[0]}, but none of its points is there; mark it or take the series out")


def require_accepted(name: str, volume: Volume, accepts: dict) -> None:  # type: ignore[type-arg]
    """Obliquity, tilt, spacing, slices and extent are those of series that the bundle reads."""
    x, y, z = (column / np.linalg.norm(column) for column in volume.affine[:3, :3].T)
    normal = np.cross(x, y)
    oblique, tilt = (float(np.degrees(np.arccos(np.clip(v, -1, 1)))) for v in (normal[2], normal @ z))
    if oblique > accepts["maxObliqueDegrees"]:
        raise Refusal("WRONG_ORIENTATION", name, f"is {oblique:.0f} degrees oblique; the bundle reads up to {accepts['maxObliqueDegrees']}")
    if tilt > STRAIGHT_DEGREES:
        raise Refusal("TILTED", name, f"has slices that are displaced by {tilt:.1f} degrees (gantry tilt); the bundle reads straight stacks")
    limits = [*[accepts["pixelSpacingMm"]] * 2, accepts["sliceSpacingMm"]]
    for step, (low, high), what in zip(volume.spacing, limits, ("pixels", "pixels", "slices")):
        # headers of NIfTI are float32
        if not low - 1e-3 <= step <= high + 1e-3:
            raise Refusal("WRONG_SPACING", name, f"has {what} {step:.2f} mm apart; the bundle reads {low} to {high}")
    if len(volume.voxels) < accepts["minSlices"]:
        raise Refusal("TOO_FEW_SLICES", name, f"has {len(volume.voxels)} slices; the bundle needs {accepts['minSlices']}")
    extent = np.array(volume.voxels.shape[::-1]) * volume.spacing
    short = [f"{e:.0f} mm of {least} mm {way}" for e, least, way in
             zip(extent, accepts["minCoverageMm"], ("left to right", "front to back", "bottom to top")) if e < least - 1e-3]
    if short:
        raise Refusal("COVERAGE_TOO_SMALL", name, f"covers {short[0]}, less than the bundle needs")


def require_angiogram(name: str, head: Head) -> None:
    """HU, bone and contrast medium: without them the proposal stage finds nothing or anything."""
    if head.vessels_ml < LEAST_VESSELS_ML or head.bone_ml < LEAST_BONE_ML:
        raise Refusal("VESSELS_NOT_FOUND", name, f"has {head.vessels_ml:.1f} ml of contrast-filled vessels and {head.bone_ml:.0f} ml of bone; {LEAST_VESSELS_ML:g} and "
                      f"{LEAST_BONE_ML:g} ml are needed; check that its values are HU, that contrast medium was given and bone was left in")


def require_inside(case: Case, volume: Volume, head: Head) -> None:
    """A point in the air about the head belongs to another series or another frame of reference."""
    for point in case.points:
        if not head.holds(volume.voxel_of(point.lps_mm) * np.array(volume.spacing)):
            raise Refusal("LABEL_OUTSIDE", case.name, f"has a point at {tuple(round(v, 1) for v in point.lps_mm)} mm, outside the head")


@dataclass(frozen=True)
class _Marked:
    """Untreated aneurysms: centres [n,3] in LPS mm, diameters (NaN where nobody measured), and the mask where there is one."""

    centres: np.ndarray
    diameters: np.ndarray
    mask: Volume | None

    @classmethod
    def of(cls, case: Case) -> "_Marked":
        points = [p for p in case.points if not p.treated]
        mask = None
        if case.mask is not None:
            turned = in_lps(case.mask(), case.name)
            mask = Volume((turned.voxels > 0).astype(np.uint8), turned.affine)
        return cls(np.array([p.lps_mm for p in points], float).reshape(-1, 3),
                   np.array([np.nan if p.radius_mm is None else 2 * p.radius_mm for p in points], float), mask)

    def about(self, at: np.ndarray) -> tuple[np.ndarray, bool]:
        """Aneurysm uint8 [5,112,112] in the crop about a place, and whether that is known: a point alone says nothing of its extent."""
        if self.mask is not None:
            return crop_in(self.mask, at, order=0), True
        planes = planes_about(at)
        mask = np.zeros(planes.shape[1:], np.uint8)
        for centre, diameter in zip(self.centres, self.diameters):
            if not np.isnan(diameter):
                mask |= (((planes - centre.reshape(3, 1, 1, 1)) ** 2).sum(0) <= (diameter / 2) ** 2).astype(np.uint8)
        unsized = self.centres[np.isnan(self.diameters)]
        reach = np.array([KEPT_MM / 2, KEPT_MM / 2, STORED * STEP_MM / 2]) + POINT_RADIUS_MM
        return mask, not (np.abs(unsized - at) <= reach).all(1).any()


def _crop(volume: Volume, marked: _Marked, at: np.ndarray, kind: str, diameter: float, subject: int) -> Crop:
    mask, outlined = marked.about(at)
    return Crop(np.round(crop_in(volume, at)).astype(np.int16), mask, kind == "aneurysm", kind, diameter, subject, outlined)


def _apart_from(treated: list[Point], proposed: Proposed) -> Proposed:
    """Clips and coils, and what is near them, are neither aneurysm nor anything else."""
    places = np.array([p.lps_mm for p in treated]).reshape(-1, 3)
    radii = np.array([POINT_RADIUS_MM if p.radius_mm is None else p.radius_mm for p in treated])
    near = (np.linalg.norm(proposed.centres[:, None] - places, axis=2) <= radii + NEAR_MM).any(1)
    return replace(proposed, on=np.where(near & (proposed.on == 0), -1, proposed.on))
