"""Whole heads as label maps with the distance to the brain's surface: both of the kit's heads, on one 2 mm grid."""

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from scipy import ndimage

from ..dataset import FIRST_SEED
from ..ncct import draw_head
from ..ncct.field import Plane
from ..ncct.head import Head, spaces_of
from ..ncct.skull import paint_mimics, paint_surroundings
from ..phantom import Grid, draw_anatomy, lumen_of
from ..phantom.appearance import Split
from ..phantom.render import AIR, BASE_BONE, BRAIN, FLUID, MARROW, MUSCLE, SCALP, SKULL, tissue_labels

Kind = Literal["tof", "ct"]
KINDS: tuple[Kind, ...] = ("tof", "ct")
#: tissues of a label map; the painter gives each a grey value of its own
TISSUES = ("air", "grey matter", "white matter", "fluid within the brain's surface", "fluid around the brain", "compact bone", "marrow",
           "fat", "muscle and skin", "air in the head", "fluid elsewhere", "blood and calcium")
SPACING_MM = 2.0
#: beyond these distances nothing is told apart (mm)
FARTHEST = (-20.0, 30.0)
#: which tissue of `TISSUES` those of the TOF phantom are; brain is split by its texture, fluid by the brain's surface
_TOF = {AIR: 0, SKULL: 5, SCALP: 7, MARROW: 6, MUSCLE: 8, BASE_BONE: 5}


@dataclass(frozen=True)
class LabelledHead:
    """All [z,y,x] on 2 mm: labels (index in TISSUES), distance to the brain's surface (mm, negative inside), lumen of arteries 0..1."""

    labels: np.ndarray
    distance: np.ndarray
    lumen: np.ndarray


def load_heads(folder: Path, kind: Kind, split: Split, count: int, workers: int = 2) -> list[LabelledHead]:
    """Makes what is missing, then loads; the same kind, split and index give the same head."""
    folder.mkdir(parents=True, exist_ok=True)
    jobs = [(kind, FIRST_SEED[split] + index, folder / f"{kind}-{split}-{index:03d}.npz") for index in range(count)]
    with ProcessPoolExecutor(workers) as pool:
        list(pool.map(_make, [job for job in jobs if not job[2].exists()]))
    return [_load(file) for _, _, file in jobs]


def signed_distance(inside: np.ndarray, spacing: tuple[float, float, float]) -> np.ndarray:
    """Distance in mm of each voxel centre to the border between voxels, negative inside; spacing along z, y, x. The ends of the array are no border."""
    half = float(np.mean(spacing)) / 2
    away = ndimage.distance_transform_edt(~inside, sampling=spacing) - half
    deep = ndimage.distance_transform_edt(inside, sampling=spacing) - half
    return np.where(inside, -deep, away).astype(np.float32)


def tof_head(seed: int) -> LabelledHead:
    """The head of the TOF phantom, from the neck to the vertex, with its arteries."""
    anatomy = draw_anatomy(seed)
    half = [r + 8 for r in anatomy.head_radii]
    low = (-half[0], anatomy.head_centre[1] - half[1], -88.0)
    size = (int(half[0]), int(half[1]), int((anatomy.head_centre[2] + half[2] + 88) / SPACING_MM))
    grid = Grid(low, (SPACING_MM,) * 3, size)
    tissue = tissue_labels(anatomy, grid, np.random.default_rng([3, seed]))
    labels = np.zeros(tissue.labels.shape, np.uint8)
    for theirs, ours in _TOF.items():
        labels[tissue.labels == theirs] = ours
    brain, fluid = tissue.labels == BRAIN, tissue.labels == FLUID
    labels[brain] = np.where(tissue.matter > 0, 1, 2)[brain]
    labels[fluid] = np.where(tissue.brain, 3, 4)[fluid]
    cut = tuple(slice(0, n) for n in grid.shape)
    return LabelledHead(labels[cut], signed_distance(tissue.brain, (SPACING_MM,) * 3)[cut], lumen_of(anatomy, grid)[0])


def ct_head(seed: int) -> LabelledHead:
    """The head of the CT phantom, from the upper neck to the vertex; it has orbits, sinuses and a face, and no arteries."""
    head = draw_head(seed)
    x, y = np.arange(-98, 98, SPACING_MM), np.arange(-116, 116, SPACING_MM)
    labels, brain = [], []
    for z in np.arange(-84, 108, SPACING_MM):
        plane, inside = _ct_plane(head, Plane(x, y, np.full(len(y), z)))
        labels.append(plane)
        brain.append(inside)
    inside = np.stack(brain)
    return LabelledHead(np.stack(labels), signed_distance(inside, (SPACING_MM,) * 3), np.zeros(inside.shape, np.float32))


def ct_brain(head: Head, plane: Plane) -> np.ndarray:
    """Where one plane lies within the brain's surface: below the fluid around it."""
    return spaces_of(head, plane, []).depth > head.rim  # type: ignore[no-any-return]


def _ct_plane(head: Head, plane: Plane) -> tuple[np.ndarray, np.ndarray]:
    s = spaces_of(head, plane, [])
    hu = paint_surroundings(head, s, paint_mimics(head, s, s.hu))
    inside = s.depth > head.rim
    within = np.select([hu < 15, hu < (head.white_hu + head.grey_hu) / 2, hu < 44], [3, 2, 1], 11)
    around = np.select([hu < -500, hu < -20, hu < 20, hu < 200, hu < 900], [9, 7, 10, 8, 6], 5)
    label = np.where(inside, within, np.where(s.depth > 0, 4, around)).astype(np.uint8)
    outer = ndimage.binary_propagation(_edge(label == 9), mask=label == 9)
    label[outer] = 0
    return label, inside


def _edge(air: np.ndarray) -> np.ndarray:
    border = np.zeros_like(air)
    border[[0, -1]], border[:, [0, -1]] = True, True
    return border & air


def _make(job: tuple[Kind, int, Path]) -> None:
    kind, seed, file = job
    head = tof_head(seed) if kind == "tof" else ct_head(seed)
    partial = file.with_suffix(".part.npz")
    np.savez_compressed(partial, labels=head.labels, distance=head.distance.astype(np.float16),
                        lumen=np.round(head.lumen * 255).astype(np.uint8))
    partial.rename(file)


def _load(file: Path) -> LabelledHead:
    with np.load(file) as data:
        return LabelledHead(data["labels"], data["distance"].astype(np.float32), data["lumen"].astype(np.float32) / 255)
