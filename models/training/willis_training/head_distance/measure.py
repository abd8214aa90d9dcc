"""How well the brain is found and arteries are kept on unseen heads, by how much of the head a scan covers."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import onnxruntime as ort
from scipy import ndimage
from scipy.spatial import cKDTree

from ..metrics import bootstrap
from ..preprocess import head_mask
from .conform import Conformed, conform, grid_of, mask_of, padded, sampled
from .heads import Kind
from .scenes import Scene

#: of a TOF phantom's slab of 64 to 90 mm, how much is shown the second time (mm)
THIN_MM = 45
WHOLE = "TOF, whole slab"
#: what is kept about the brain (mm) in the tables
KEEPS_MM = (10.0, 15.0)
#: so far below the surface of the head no scalp lies: what is bright there is an artery
DEEP_MM = 20.0


@dataclass(frozen=True)
class Found:
    """The network's answer on the 1 mm grid, and the two figures by which the node trusts it."""

    distance: np.ndarray
    brain_share: float
    bright_outside: float


def answer(session: ort.InferenceSession, seen: Conformed) -> np.ndarray:
    """Distance in mm [z,y,x] on the conformed grid."""
    z, y, x = seen.image.shape
    return session.run(["distance"], {"image": padded(seen.image)[None, None]})[0][0, 0, :z, :y, :x]  # type: ignore[no-any-return]


def found_in(session: ort.InferenceSession, iso: np.ndarray, head: np.ndarray, keep_mm: float) -> Found:
    """What the node does with a scan of 1 mm whose axes are the patient's; `head` is what the threshold finds."""
    affine = np.eye(4)
    seen = conform(iso, affine)
    distance = answer(session, seen)
    brain_share, bright_outside = plausibility(seen, distance, sampled_mask(head, affine), keep_mm)
    back = np.eye(4)
    back[:3, :3] *= 2
    back[:3, 3] = seen.origin
    grid = (np.array(iso.shape[::-1]), np.zeros(3))
    inside = np.pad(distance, 1, mode="edge")
    back[:3, 3] -= 2
    return Found(sampled(inside, back, grid, np.inf, spacing=1.0), brain_share, bright_outside)


def sampled_mask(mask: np.ndarray, affine: np.ndarray) -> np.ndarray:
    """A mask of the 1 mm grid on the conformed one: where at least half of a voxel is set."""
    return sampled(mask.astype(np.float32), affine, grid_of(mask.shape, affine), 0.0) >= 0.5


def plausibility(seen: Conformed, distance: np.ndarray, head: np.ndarray, keep_mm: float) -> tuple[float, float]:
    """Brain as a share of the head that the threshold finds; and of the brightest hundredth that lies deep in the head, how much lies outside."""
    head = head & seen.covered
    brain_share = float(((distance <= 0) & seen.covered).sum() / max(int(head.sum()), 1))
    depth = ndimage.distance_transform_edt(head | ~seen.covered, sampling=(2.0, 2.0, 2.0))
    bright = (seen.image >= 1) & (depth >= DEEP_MM) & head
    outside = bright & ~mask_of(distance, keep_mm)
    return brain_share, float(outside.sum() / max(int(bright.sum()), 1))


def parts_of(kind: Kind, index: int, scene: Scene) -> Iterator[tuple[str, Scene]]:
    """The scan whole and, of a TOF slab, a thinner part of it that begins anywhere."""
    if kind == "ct":
        yield "head CT, whole", scene
        return
    yield WHOLE, scene
    start = int(np.random.default_rng([61, index]).integers(0, max(1, len(scene.image) - THIN_MM)))
    yield f"TOF, {THIN_MM} mm of it", scene.part(start, start + THIN_MM)


def row_of(found: Found, scene: Scene, head: np.ndarray) -> dict[str, float]:
    """All figures of one scan; NaN where there is nothing to count. The node keeps holes as well, and so a little more than what is counted here."""
    inside = mask_of(found.distance, 0.0)
    row = {"dice": 2 * float((inside & scene.brain).sum()) / max(int(inside.sum() + scene.brain.sum()), 1), "hd95": hd95(inside, scene.brain),
           "brainShare": found.brain_share, "brightOutside": found.bright_outside}
    for keep in KEEPS_MM:
        mask = found.distance <= keep
        row |= {f"arteries{keep:.0f}": _share(mask, scene.arteries), f"sacs{keep:.0f}": _share(mask, scene.sacs > 0),
                f"scalp{keep:.0f}": 1 - _share(mask, scene.scalp), f"head{keep:.0f}": 1 - _share(mask, head)}
        row |= {f"sacsLost{keep:.0f}": float(sum(not mask[scene.sacs == n].any() for n in np.unique(scene.sacs[scene.sacs > 0])))}
    return row | {"sacCount": float(len(np.unique(scene.sacs[scene.sacs > 0])))}


def hd95(one: np.ndarray, other: np.ndarray) -> float:
    """95th percentile of the distances between two surfaces, the greater of both ways, mm; the faces where the scan ends are no surface."""
    a, b = (mask & ~ndimage.binary_erosion(mask, border_value=1) for mask in (one, other))
    if not a.any() or not b.any():
        return float("nan")
    one_way, other_way = (cKDTree(np.argwhere(to)).query(np.argwhere(start))[0] for start, to in ((a, b), (b, a)))
    return float(max(np.percentile(one_way, 95), np.percentile(other_way, 95)))


def figures(rows: list[dict[str, float]]) -> dict[str, object]:
    """Means with bootstrap intervals over scans; extremes of what the node trusts the answer by."""
    told: dict[str, object] = {"scans": len(rows)}
    for name in rows[0]:
        values = np.array([row[name] for row in rows])
        if name in ("sacCount",) or name.startswith("sacsLost"):
            told[name] = int(np.nansum(values))
        elif np.isfinite(values).any():
            kept = values[np.isfinite(values)]
            low, high = bootstrap(lambda drawn: float(kept[drawn].mean()), np.arange(len(kept)), 1)
            told[name] = {"mean": round(float(kept.mean()), 4), "interval": [round(low, 4), round(high, 4)],
                          "least": round(float(kept.min()), 4), "most": round(float(kept.max()), 4)}
    return told


def _share(mask: np.ndarray, of: np.ndarray) -> float:
    return float((mask & of).sum() / of.sum()) if of.any() else float("nan")
