"""Unseen scans with their truth, prepared once: TOF phantoms as they are rendered, and head CT phantoms."""

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np

from ..dataset import FIRST_SEED
from ..ncct import draw_ct_appearance, draw_head, render_ct
from ..ncct.field import Plane
from ..phantom import Grid, draw_anatomy, draw_appearance, lumen_of, render
from ..phantom.render import surroundings_of
from ..preprocess import resample
from .heads import Kind, ct_brain


@dataclass(frozen=True)
class Scene:
    """One scan on 1 mm [z,y,x] with its truth: within the brain's surface, scalp, intracranial arteries, sacs (numbered)."""

    image: np.ndarray
    brain: np.ndarray
    scalp: np.ndarray
    arteries: np.ndarray
    sacs: np.ndarray
    #: of all sacs: centre in voxels (x,y,z) and diameter (mm)
    centres: np.ndarray
    diameters: np.ndarray

    def part(self, start: int, stop: int) -> "Scene":
        shown = (field[start:stop] for field in (self.image, self.brain, self.scalp, self.arteries, self.sacs))
        return Scene(*shown, self.centres - [0, 0, start], self.diameters)


def scene_files(folder: Path, kind: Kind, count: int, workers: int = 2) -> list[Path]:
    """Makes what is missing; the same kind and index give the same scan."""
    folder.mkdir(parents=True, exist_ok=True)
    jobs = [(kind, FIRST_SEED["test"] + index, folder / f"{kind}-{index:03d}.npz") for index in range(count)]
    with ProcessPoolExecutor(workers) as pool:
        list(pool.map(_make, [job for job in jobs if not job[2].exists()]))
    return [file for _, _, file in jobs]


def load_scene(file: Path) -> Scene:
    """A scan as `scene_files` made it."""
    with np.load(file) as data:
        return Scene(**{field.name: data[field.name] for field in fields(Scene)})


def tof_scene(seed: int) -> Scene:
    """A TOF phantom of unseen anatomy and appearance; arteries of the scalp and bright spots are none of the arteries that must stay."""
    anatomy = draw_anatomy(seed)
    phantom = render(anatomy, draw_appearance(seed, "test"))
    brain, scalp = surroundings_of(phantom)
    inner = replace(anatomy, arteries=tuple(a for a in anatomy.arteries if a.name != "STA"), mimics=(), aneurysms=())
    grid = Grid(phantom.origin, phantom.spacing, phantom.image.shape[::-1])  # type: ignore[arg-type]
    lumen = lumen_of(inner, grid)[0]
    image, *masks = (resample(np.asarray(f, np.float32), phantom.spacing) for f in (phantom.image, brain, scalp, lumen))
    sacs = np.zeros(image.shape, np.uint8)
    for number in range(1, len(anatomy.aneurysms) + 1):
        sacs[resample((phantom.mask == number).astype(np.float32), phantom.spacing) > 0.5] = number
    centres = np.array([a.centre - np.array(phantom.origin) for a in anatomy.aneurysms]).reshape(-1, 3)
    shown = [bool((sacs == n + 1).any()) for n in range(len(centres))]
    return Scene(image, *(m > 0.5 for m in masks), sacs, centres[shown], np.array([a.diameter for a in anatomy.aneurysms])[shown])


def ct_scene(seed: int) -> Scene:
    """A head CT phantom without blood and without contrast: no arteries to keep."""
    head, appearance = draw_head(seed), draw_ct_appearance(seed, "test", pixel=1.0)
    phantom = render_ct(head, (), appearance)
    nz, ny, nx = phantom.image.shape
    x, y, z = (o + s * np.arange(n) for o, s, n in zip(phantom.origin, phantom.spacing, (nx, ny, nz)))
    brain = np.stack([ct_brain(head, Plane(x, y, np.full(ny, depth))) for depth in z])
    image, inside = (resample(f.astype(np.float32), phantom.spacing) for f in (phantom.image, brain))
    none = np.zeros(image.shape, bool)
    return Scene(image, inside > 0.5, none, none, none.astype(np.uint8), np.zeros((0, 3)), np.zeros(0))


def _make(job: tuple[Kind, int, Path]) -> None:
    kind, seed, file = job
    scene = tof_scene(seed) if kind == "tof" else ct_scene(seed)
    partial = file.with_suffix(".part.npz")
    np.savez_compressed(partial, **{field.name: getattr(scene, field.name) for field in fields(Scene)})
    partial.rename(file)
