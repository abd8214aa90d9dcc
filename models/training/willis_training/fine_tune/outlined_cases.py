"""Read cases with outlined aneurysms as system 003 meets them in the node; and where they wait until they are read by a trained bundle."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime as ort
from scipy import ndimage

from ..coarse_to_fine.cases import SPACING_MM, FineCase, save_whole
from ..coarse_to_fine.deepmedic import LOST
from ..coarse_to_fine.measure import locations
from ..coarse_to_fine.reader import TILE
from ..coarse_to_fine.whole_head import LEAST_HEAD_SHARE, arteries_in, deep_inside, head_of, nearest_on_grid, on_grid
from ..readers import Case, Refusal, validate
from ..readers.case import Volume
from .orientation import Flips, flipped, to_lps

#: how far from its mask a point may lie, beyond its radius
NEAR_MM = 3.0
#: what the contour sees beyond an artery, voxels
CONTOUR_REACH = 4
Spacing = tuple[float, float, float]


def require_outlines(cases: Iterable[Case]) -> None:
    """Refuses cases that the node would not analyse or whose aneurysms are not outlined, before any work is done on one."""
    for case in cases:
        if case.positive and case.mask is None:
            raise Refusal("NO_MASK", case.name, "has an aneurysm without an outline; this system learns outlines: give it a set with masks (adam, ds003949)")
        volume = validate(case)
        _require_mask_at_points(case, volume)
        turned, _ = to_lps(volume.voxels, volume.affine, case.name)
        share = float(head_of(turned, volume.spacing).mean())
        if share < LEAST_HEAD_SHARE:
            raise Refusal("HEAD_NOT_FOUND", case.name, f"shows tissue in {100 * share:.1f} % of its volume, a head fills {100 * LEAST_HEAD_SHARE:.0f} %; "
                          "was the background removed? The node would not analyse it")


def prepared_case(case: Case, network: ort.InferenceSession, voi: int) -> FineCase:
    """A checked case on the 0.5 mm grid with the arteries that a bundle's network finds, cut to what the later networks can reach."""
    volume = case.image()
    turned, flips = to_lps(volume.voxels, volume.affine, case.name)
    image = on_grid(turned, volume.spacing)
    arteries = arteries_in(network, image, deep_inside(head_of(turned, volume.spacing), image.shape))
    sacs = _numbered(case.mask, flips, volume.spacing)
    aneurysms = np.zeros(image.shape, np.uint16) if sacs is None else sacs
    places = dict(locations(aneurysms))
    diameters = tuple(2 * places[k].radius + SPACING_MM if k in places else 0.0 for k in range(1, int(aneurysms.max()) + 1))
    whole = FineCase(image, arteries, aneurysms, case.subject, diameters, arteries_known=False, left_out=_numbered(case.left_out, flips, volume.spacing))
    return reached(whole, voi)


def reached(case: FineCase, voi: int) -> FineCase:
    """The part in which anything can be found or is to be found; it begins where a tile of DeepMedic does, so that it is read as the whole is."""
    step = TILE - LOST
    beyond = -(-(voi // 2) // step)
    wanted = case.arteries | (case.aneurysms > 0) | (False if case.left_out is None else case.left_out > 0)
    within = (ndimage.find_objects(wanted.view(np.uint8)) or [(slice(0, 1),) * 3])[0]
    first = [max(0, (b.start - CONTOUR_REACH) // step - beyond) * step for b in within]
    last = [(-(-(b.stop + CONTOUR_REACH) // step) + beyond) * step for b in within]
    box = tuple(slice(a, min(b, n)) for a, b, n in zip(first, last, case.image.shape))
    cut = {name: getattr(case, name)[box].copy() for name in ("image", "arteries", "aneurysms")}
    return replace(case, **cut, left_out=None if case.left_out is None else case.left_out[box].copy())


def put_away(case: FineCase, file: Path) -> Path:
    """A hundred whole heads do not fit into memory. Returns the file."""
    left_out = {} if case.left_out is None else {"left_out": case.left_out}
    save_whole(file, image=case.image.astype(np.float16), arteries=case.arteries, aneurysms=case.aneurysms, subject=np.array(case.subject),
               diameters=np.array(case.diameters), **left_out)
    return file


def taken_out(files: Iterable[Path]) -> Iterator[FineCase]:
    """One after the other."""
    for file in files:
        with np.load(file) as kept:
            yield FineCase(kept["image"].astype(np.float32), kept["arteries"], kept["aneurysms"], str(kept["subject"]),
                           tuple(float(v) for v in kept["diameters"]), False, kept["left_out"] if "left_out" in kept else None)


def _numbered(mask: Callable[[], Volume] | None, flips: Flips, spacing: Spacing) -> np.ndarray | None:
    """Each 26-connected part of a mask has its number on the grid; None where there is no mask, or nothing in it."""
    if mask is None:
        return None
    labels, count = ndimage.label(flipped(mask().voxels > 0, flips), np.ones((3, 3, 3)))
    return nearest_on_grid(labels.astype(np.uint16), spacing) if count else None


def _require_mask_at_points(case: Case, volume: Volume) -> None:
    if case.mask is None:
        return
    places = np.argwhere(case.mask().voxels > 0)[:, ::-1] * volume.spacing
    for point in case.points:
        place = volume.voxel_of(point.lps_mm) * volume.spacing
        if not point.treated and np.linalg.norm(places - place, axis=1).min(initial=np.inf) > (point.radius_mm or 0) + NEAR_MM:
            raise Refusal("EMPTY_MASK", case.name, f"has a point at {tuple(round(v, 1) for v in point.lps_mm)} mm without any mask voxel near it")
