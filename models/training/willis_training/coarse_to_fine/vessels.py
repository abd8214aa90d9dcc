"""The artery extraction model: a small 3-D U-Net on TOF-MRA at 0.5 mm, trained on the phantoms' lumen.

The paper names no method for its artery extraction. This is a learned one: the truth is the phantom's own lumen, so
scalp fat, veins and bright tissue are negatives from the start.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor, nn
from torch.nn import functional

from ..checkpoints import Draws, KeptSteps
from ..compute import device, home_of, mixed
from ..network import TinyUNet3D
from .cases import FineCase
from .losses import soft_dice
from .variation import as_another_scanner


@dataclass(frozen=True)
class ArteryOptions:
    """Steps of crops, `varied` of them as another scanner would have them; base is the width of the first level."""

    steps: int = 400
    batch: int = 2
    crop: int = 48
    base: int = 8
    learning_rate: float = 3e-3
    varied: float = 0.6
    seed: int = 1


class ArteryNetwork(nn.Module):
    """TOF [n,1,z,y,x] normalised to 0..1, axes multiples of 4 -> logit that a voxel is inside an artery, [n,z,y,x]."""

    def __init__(self, base: int = 8) -> None:
        super().__init__()
        self.body = TinyUNet3D(base)

    def forward(self, image: Tensor) -> Tensor:
        return self.body(image)[1][:, 0]  # type: ignore[no-any-return]


def train_arteries(cases: list[FineCase], options: ArteryOptions, checkpoint: Path | None = None) -> ArteryNetwork:
    """Cross-entropy plus Dice on crops, half of them about an artery voxel; goes on from the checkpoint.

    Artery voxels weigh no more than others: where they weighed eight times as much, one half was the probability of what is
    hardly an artery, and in the noise of scanners it had not seen the network found arteries everywhere.
    """
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    network = ArteryNetwork(options.base).to(device()).train()
    optimiser = torch.optim.Adam(network.parameters(), options.learning_rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, options.learning_rate, options.steps + 1)
    steps = KeptSteps("arteries", options.steps, checkpoint, {"network": network, "optimiser": optimiser, "schedule": schedule, "draws": Draws(rng)})
    for _ in steps.remaining():
        pairs = [_crop(cases[int(rng.integers(len(cases)))], options, rng) for _ in range(options.batch)]
        image, truth = (torch.from_numpy(np.stack(v)).to(device()) for v in zip(*pairs))
        with mixed(device()):
            logit = network(image[:, None])
        logit = logit.float()
        loss = functional.binary_cross_entropy_with_logits(logit, truth) - soft_dice(torch.sigmoid(logit), truth).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return network.cpu().eval()


def extract_arteries(network: ArteryNetwork, image: np.ndarray, smallest_mm3: float, voxel_mm3: float) -> np.ndarray:
    """Mask [z,y,x] of arteries; components below smallest_mm3 are noise."""
    padded = np.pad(image, [(0, -n % 4) for n in image.shape])
    with torch.no_grad():
        logit = network(torch.from_numpy(padded)[None, None].to(home_of(network)))[0].cpu().numpy()
    mask = logit[tuple(slice(n) for n in image.shape)] > 0
    return large_components(mask, smallest_mm3, voxel_mm3)


def large_components(mask: np.ndarray, smallest_mm3: float, voxel_mm3: float) -> np.ndarray:
    """The 26-connected components of at least this volume."""
    labels, count = ndimage.label(mask, np.ones((3, 3, 3)))
    volumes = np.bincount(labels.ravel(), minlength=count + 1) * voxel_mm3
    large = volumes >= smallest_mm3
    large[0] = False
    return large[labels]  # type: ignore[no-any-return]


def _crop(case: FineCase, options: ArteryOptions, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    places = np.argwhere(case.arteries) if rng.random() < 0.5 and case.arteries.any() else None
    centre = places[int(rng.integers(len(places)))] if places is not None else rng.integers(0, case.image.shape)
    start = [int(np.clip(c - options.crop // 2, 0, n - options.crop)) for c, n in zip(centre, case.image.shape)]
    box = tuple(slice(s, s + options.crop) for s in start)
    image = case.image[box].astype(np.float32)
    varied = rng.random() < options.varied
    return as_another_scanner(image, rng) if varied else image, case.arteries[box].astype(np.float32)
