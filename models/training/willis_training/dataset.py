"""Prepared phantoms on disk (a cache, never committed) and the crops training draws from them."""

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage

from .phantom import Anatomy, ArterialTree, draw_anatomy, draw_appearance, render, tortuous
from .phantom.appearance import Split
from .preprocess import prepare, resample

PATCH = 32
#: anatomy seeds never overlap between splits
FIRST_SEED: dict[Split, int] = {"train": 0, "validation": 100_000, "test": 200_000}


@dataclass(frozen=True)
class Case:
    """One prepared scan on the 1 mm grid: image [z,y,x] in 0..1, labels (aneurysm index + 1), truth in voxels (x,y,z); `sites` where they are known."""

    image: np.ndarray
    labels: np.ndarray
    centres: np.ndarray
    diameters: np.ndarray
    volumes: np.ndarray
    sites: tuple[str, ...] = ()


@dataclass(frozen=True)
class Bent:
    """Tortuous arteries, grown around a real person's tree where there is one."""

    tree: ArterialTree | None = None

    @property
    def name(self) -> str:
        return f"bent-{self.tree.key}" if self.tree else "bent"

    def draw(self, seed: int, aneurysms: int | None) -> Anatomy:
        return tortuous(draw_anatomy(seed, aneurysms, tree=self.tree))


def load_cases(cache: Path, split: Split, count: int, first: int = 0, workers: int = 2, bent: Bent | None = None) -> list[Case]:
    """Makes what is missing, then loads, from number `first` on; the same split and number give the same case."""
    cache.mkdir(parents=True, exist_ok=True)
    kind = f"{split}-{bent.name}" if bent else split
    files = {number: cache / f"{kind}-{number:04d}.npz" for number in range(first, first + count)}
    missing = [(split, number, bent, file) for number, file in files.items() if not file.exists()]
    with ProcessPoolExecutor(workers) as pool:
        list(pool.map(_make_case, missing))
    return [_load(file) for file in files.values()]


def _make_case(job: tuple[Split, int, Bent | None, Path]) -> None:
    split, index, bent, file = job
    seed = FIRST_SEED[split] + index
    # training sees aneurysms in most scans; validation and test keep the population's share
    count = None if split != "train" else int(np.random.default_rng(seed).choice([0, 1, 2, 3], p=[0.2, 0.35, 0.3, 0.15]))
    anatomy = bent.draw(seed, count) if bent else draw_anatomy(seed, count)
    phantom = render(anatomy, draw_appearance(seed, split))
    prepared = prepare(phantom.image, phantom.spacing)
    labels = np.zeros(prepared.image.shape, np.uint8)
    volumes = []
    voxel = float(np.prod(phantom.spacing))
    for number in range(1, len(anatomy.aneurysms) + 1):
        labels[resample((phantom.mask == number).astype(np.float32), phantom.spacing) > 0.5] = number
        volumes.append(float((phantom.mask == number).sum()) * voxel)
    centres = np.array([a.centre - np.array(phantom.origin) for a in anatomy.aneurysms]).reshape(-1, 3)
    inside = [bool((labels == n + 1).any()) for n in range(len(centres))]
    partial = file.with_suffix(".part.npz")
    np.savez_compressed(
        partial, image=prepared.image.astype(np.float16), labels=labels, centres=centres[inside],
        diameters=np.array([a.diameter for a in anatomy.aneurysms])[inside], volumes=np.array(volumes)[inside],
        sites=np.array([a.site for a in anatomy.aneurysms], str)[inside],
    )
    partial.rename(file)


def _load(file: Path) -> Case:
    with np.load(file) as data:
        return Case(data["image"], data["labels"], data["centres"], data["diameters"], data["volumes"], tuple(str(site) for site in data["sites"]))


class CropSampler:
    """Random cubic crops: on aneurysms, on vessels, on hard negatives, anywhere; flips and grey-value changes."""

    def __init__(self, cases: list[Case], seed: int, crop: int = 48) -> None:
        self.crop = crop
        self.anywhere = 0.05
        #: the share of crops that are also coarser, noisier, unevenly lit, of another contrast: another vendor's scanner
        self.broad = 0.0
        #: whether those have any contrast at all, not only a flatter or steeper one
        self.any_contrast = False
        self.rng = np.random.default_rng(seed)
        self.positive: list[tuple[int, tuple[float, ...]]] = []
        self.hard: list[tuple[int, tuple[float, ...]]] = []
        self.vessels: list[np.ndarray] = []
        self.cases: list[Case] = []
        self.add(cases)

    def add(self, cases: list[Case]) -> None:
        """Further scans to draw from; the numbers of those before stay."""
        self.positive += [(c, tuple(centre[::-1])) for c, case in enumerate(cases, len(self.cases)) for centre in case.centres]
        self.vessels += [np.argwhere(case.image > 0.55) for case in cases]
        self.cases = [*self.cases, *cases]

    def state_dict(self) -> dict[str, Any]:
        """What training has taught the sampler; the random numbers are `Draws`'."""
        return {"hard": self.hard}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.hard = state["hard"]

    def batch(self, size: int) -> tuple[np.ndarray, np.ndarray]:
        """Images [n,1,crop,crop,crop] and labels [n,crop,crop,crop] (0 or 1)."""
        crops = [self._crop() for _ in range(size)]
        return np.stack([c[0] for c in crops])[:, None], np.stack([c[1] for c in crops])

    def _crop(self) -> tuple[np.ndarray, np.ndarray]:
        rng = self.rng
        draw = rng.random()
        if draw < 0.45:
            case, centre = self.positive[rng.integers(len(self.positive))]
            jitter = 12
        elif draw < min(0.65, 1 - self.anywhere) and self.hard:
            case, centre = self.hard[rng.integers(len(self.hard))]
            jitter = 8
        else:
            case = int(rng.integers(len(self.cases)))
            spots = self.vessels[case]
            anywhere = draw > 1 - self.anywhere or len(spots) == 0
            centre = tuple(rng.uniform(0, self.cases[case].image.shape)) if anywhere else tuple(spots[rng.integers(len(spots))])
            jitter = 12
        start = [int(round(c - self.crop / 2 + rng.integers(-jitter, jitter + 1))) for c in centre]
        image = _cut(self.cases[case].image, start, self.crop).astype(np.float32)
        label = _cut(self.cases[case].labels, start, self.crop) > 0
        return self._augment(image, label)

    def _augment(self, image: np.ndarray, label: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        rng = self.rng
        if rng.random() < 0.5:
            image, label = image[:, :, ::-1], label[:, :, ::-1]
        background = image == 0
        broad = rng.random() < self.broad
        if broad:
            image = another_scanner(image, rng)
            image = another_contrast(image, rng) if self.any_contrast else image
        image = image ** rng.uniform(0.8, 1.25) * rng.uniform(0.8, 1.15)
        image = image + rng.normal(0, rng.uniform(0, 0.06 if broad else 0.04), image.shape)
        image = np.where(background, 0, np.clip(image, 0, 1))
        return image.astype(np.float32), label.astype(np.float32)


def another_scanner(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A crop in 0..1 as larger voxels, a stronger bias field and another contrast of tissue to blood would have it."""
    blurred = ndimage.gaussian_filter(image, [rng.uniform(0, 0.6), *([rng.uniform(0, 0.5)] * 2)])
    slopes = [np.linspace(-side, side, n) for side, n in zip(rng.uniform(-0.15, 0.15, 3), image.shape)]
    field = 1 + slopes[0][:, None, None] + slopes[1][None, :, None] + slopes[2][None, None, :]
    return np.clip(blurred * field, 0, None) ** rng.uniform(0.8, 1.3)  # type: ignore[no-any-return]


#: grey values between which `another_contrast` is linear, and by how much each may move
KNOTS, MOVED = np.linspace(0, 1, 6), 0.15


def another_contrast(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Values of about 0..1 through a random rising curve that leaves blood bright: fat, muscle and brain lie elsewhere between nothing and blood."""
    values = np.sort(np.clip(KNOTS + np.r_[0, rng.uniform(-MOVED, MOVED, len(KNOTS) - 1)], 0, 1.1))
    values[-1] = max(values[-1], 0.85)
    return np.interp(np.clip(image, 0, 1), KNOTS, values)


def _cut(volume: np.ndarray, start: list[int], crop: int) -> np.ndarray:
    out = np.zeros((crop, crop, crop), volume.dtype)
    source, target = [], []
    for begin, n in zip(start, volume.shape):
        low, high = max(begin, 0), min(begin + crop, n)
        if low >= high:
            return out
        source.append(slice(low, high))
        target.append(slice(low - begin, high - begin))
    out[tuple(target)] = volume[tuple(source)]
    return out
