"""Studies for training: prepared phantoms on disk, and batches of slices drawn from them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ..ncct import SUBTYPES, draw_bleeds, draw_ct_appearance, draw_head, render_ct
from ..phantom.appearance import Split
from .prepare import FIELD_MM, PIXELS, head_centre, prepare, prepare_mask

#: prepared wider and finer than the network's field, so that turning and shifting need no invented pixels
STORED_MM, STORED_PIXELS = 224.0, 160
FIRST_SEED = {"train": 0, "validation": 100_000, "test": 200_000}
PIXEL_MM = {"train": 0.9, "validation": 0.8, "test": 0.65}
#: training sees more bleeding, and more of it mixed, than the population has
COUNTS = {"train": (0.25, 0.45, 0.22, 0.08), "validation": (0.4, 0.42, 0.14, 0.04), "test": (0.4, 0.42, 0.14, 0.04)}
#: blood in a mask that does not tell the kinds apart, in a slice that holds several
OF_SOME_KIND = 255


@dataclass(frozen=True)
class Study:
    """hu int16 [z,p,p], mask uint8 [z,p,p] (1 + index in SUBTYPES, or OF_SOME_KIND), labels [z,6], slice spacing in mm.

    Sets of patients often have no mask; where they label scans only, `labels` has the one row of the scan.
    """

    hu: np.ndarray
    mask: np.ndarray | None
    labels: np.ndarray
    slice_spacing: float


def phantom_of(split: Split, index: int):  # type: ignore[no-untyped-def]
    """The phantom number `index` of a split."""
    seed = FIRST_SEED[split] + index
    head = draw_head(seed)
    rng = np.random.default_rng([17, seed])
    count = int(rng.choice(4, p=COUNTS[split]))
    subtypes = tuple(str(v) for v in rng.choice(SUBTYPES, size=count, replace=False))
    return render_ct(head, draw_bleeds(seed, head, subtypes), draw_ct_appearance(seed, split, PIXEL_MM[split]))


def prepared(folder: Path, split: Split, index: int) -> Study:
    """The study from its file, or rendered and kept."""
    file = folder / f"{split}-{index:05d}.npz"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        phantom = phantom_of(split, index)
        pixel = (phantom.appearance.pixel,) * 2
        size = (FIELD_MM, PIXELS) if split == "test" else (STORED_MM, STORED_PIXELS)
        partial = file.with_suffix(f".{index}.part.npz")
        np.savez_compressed(partial, hu=np.round(prepare(phantom.image, pixel, *size)).astype(np.int16),
                            mask=prepare_mask(phantom.mask, head_centre(phantom.image), pixel, *size), labels=phantom.labels,
                            slice_spacing=phantom.appearance.slice_spacing)
        partial.rename(file)
    data = np.load(file)
    return Study(data["hu"], data["mask"], data["labels"], float(data["slice_spacing"]))


def neighbours(hu: np.ndarray) -> np.ndarray:
    """[z,p,p] -> [z,3,p,p]: each slice between its two neighbours; the outermost slices are repeated."""
    return np.stack([np.concatenate([hu[:1], hu[:-1]]), hu, np.concatenate([hu[1:], hu[-1:]])], 1)


def at_network_size(study: Study) -> np.ndarray:
    """HU float32 [z,128,128] of a study stored wider and finer; a test study is stored at the network's size."""
    hu = torch.from_numpy(study.hu.astype(np.float32))
    if hu.shape[-1] == PIXELS:
        return hu.numpy()
    theta = torch.eye(2, 3)[None] * (FIELD_MM / STORED_MM)
    grid = functional.affine_grid(theta, [1, 1, PIXELS, PIXELS], align_corners=False).expand(len(hu), -1, -1, -1)
    return (functional.grid_sample(hu[:, None] + 1000, grid, align_corners=False)[:, 0] - 1000).numpy()


class SliceSampler:
    """Draws batches of slices: half of them with bleeding, every subtype that is there as often as the others."""

    def __init__(self, studies: list[Study], seed: int) -> None:
        self.studies = studies
        self.rng = np.random.default_rng(seed)
        self.index: list[list[tuple[int, int]]] = [[] for _ in range(6)]
        for number, study in enumerate(studies):
            for k, labels in enumerate(study.labels):
                for subtype in np.flatnonzero(labels[1:]):
                    self.index[1 + subtype].append((number, k))
                if not labels[0]:
                    self.index[0].append((number, k))
        self.present = [k for k in range(1, 6) if self.index[k]]

    def labelled(self, count: int, pixels: int) -> tuple[Tensor, Tensor]:
        """HU [n,3,p,p] and labels [n,6] of `batch`, for studies whose blood has no outline."""
        chosen = [self._draw(k) for k in range(count)]
        hu, _ = self._varied(chosen, pixels)
        return hu, self._labels(chosen)

    def batch(self, count: int, pixels: int) -> tuple[Tensor, Tensor, Tensor]:
        """HU [n,3,p,p], labels [n,6], evidence truth [n,6,p/16,p/16]; turned, scaled, shifted, mirrored, noised."""
        chosen = [self._draw(k) for k in range(count)]
        mask = torch.from_numpy(np.stack([self.studies[n].mask[k] for n, k in chosen]))  # type: ignore[index]
        hu, grid = self._varied(chosen, pixels)
        one_hot = torch.stack([(mask == 1 + k) for k in range(5)], 1).float()
        shares = functional.avg_pool2d(functional.grid_sample(one_hot, grid, align_corners=False), 16)
        return hu, self._labels(chosen), torch.cat([shares.sum(1, keepdim=True), shares], 1)

    def _varied(self, chosen: list[tuple[int, int]], pixels: int) -> tuple[Tensor, Tensor]:
        """HU of the slices on a turned, scaled, shifted, mirrored grid, noised; and that grid."""
        hu = torch.from_numpy(np.stack([self._triple(*place) for place in chosen]).astype(np.float32))
        grid = self._grid(len(chosen), pixels)
        hu = functional.grid_sample(hu + 1000, grid, align_corners=False) - 1000
        noise = torch.from_numpy(self.rng.normal(0, self.rng.uniform(0, 2.5), hu.shape).astype(np.float32))
        offset = torch.from_numpy(self.rng.normal(0, 1.0, (len(chosen), 1, 1, 1)).astype(np.float32))
        return hu + noise + offset, grid

    def _labels(self, chosen: list[tuple[int, int]]) -> Tensor:
        return torch.from_numpy(np.stack([self.studies[n].labels[k] for n, k in chosen]).astype(np.float32))

    def _draw(self, position: int) -> tuple[int, int]:
        pool = self.index[0] if position % 2 else self.index[self.present[int(self.rng.integers(len(self.present)))]]
        return pool[int(self.rng.integers(len(pool)))]

    def _triple(self, number: int, k: int) -> np.ndarray:
        hu = self.studies[number].hu
        order = [max(k - 1, 0), k, min(k + 1, len(hu) - 1)]
        return hu[order if self.rng.random() < 0.5 else order[::-1]]

    def _grid(self, count: int, pixels: int) -> Tensor:
        angle = np.deg2rad(self.rng.uniform(-20, 20, count))
        zoom = FIELD_MM / STORED_MM * self.rng.uniform(0.92, 1.07, count)
        flip = self.rng.choice([-1, 1], count)
        shift = self.rng.uniform(-0.06, 0.06, (count, 2))
        theta = np.zeros((count, 2, 3), np.float32)
        theta[:, 0, 0], theta[:, 0, 1] = zoom * np.cos(angle) * flip, -zoom * np.sin(angle)
        theta[:, 1, 0], theta[:, 1, 1] = zoom * np.sin(angle) * flip, zoom * np.cos(angle)
        theta[:, :, 2] = shift
        return functional.affine_grid(torch.from_numpy(theta), [count, 1, pixels, pixels], align_corners=False)
