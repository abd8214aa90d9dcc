"""Training: crops of both modalities, every class as often as any other, mirrored with their labels."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ..checkpoints import put_down, take_up
from ..compute import device, mixed
from .locations import MIRRORED
from .network import CROP, SiteNetwork
from .phantoms import Scene

#: how far the mid-sagittal plane of a real head is off its estimate (mm, standard deviation)
MIDDLE_ERROR_MM = 1.5


@dataclass(frozen=True)
class SiteOptions:
    """Steps of `batch` crops; checkpoints every 200 steps are taken up again."""

    steps: int
    batch: int = 32
    learning_rate: float = 1.5e-3
    seed: int = 1
    threads: int = 1


def crop_of(image: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """float32 [64,64,64] of a uint8 image [z,y,x] about a place (x,y,z voxels, to half a voxel), 0 outside, 0..1."""
    start = np.floor(centre[::-1]).astype(int) - (CROP // 2 - 1)
    low, high = np.maximum(start, 0), np.minimum(start + CROP, image.shape)
    out = np.zeros((CROP,) * 3, np.float32)
    if (low < high).all():
        out[tuple(slice(a - s, b - s) for a, b, s in zip(low, high, start))] = image[tuple(slice(a, b) for a, b in zip(low, high))]
    return out / 255


class SiteSampler:
    """Random batches; sacs half of the time where a class has some."""

    def __init__(self, scenes: list[Scene], seed: int) -> None:
        self.scenes = scenes
        self.rng = np.random.default_rng([43, seed])
        # drawn once: drawing a quarter of a million numbers for each crop would take longer than learning from it
        self.noise = self.rng.standard_normal(8 * CROP**3, dtype=np.float32)
        self.places: dict[int, tuple[list[tuple[int, int]], list[tuple[int, int]]]] = {}
        for s, one in enumerate(scenes):
            for p, (label, sac) in enumerate(zip(one.labels, one.sacs)):
                self.places.setdefault(int(label), ([], []))[int(sac)].append((s, p))

    def batch(self, size: int) -> tuple[Tensor, Tensor, Tensor]:
        """Crops [n,1,64,64,64], left_mm [n], labels [n]."""
        drawn = [self._one() for _ in range(size)]
        crops, left, labels = zip(*drawn)
        return torch.from_numpy(np.stack(crops)[:, None]), torch.tensor(left, dtype=torch.float32), torch.tensor(labels)

    def _one(self) -> tuple[np.ndarray, float, int]:
        rng = self.rng
        along, sacs = self.places[int(rng.choice(list(self.places)))]
        pool = sacs if sacs and (not along or rng.random() < 0.5) else along
        scene, place = pool[int(rng.integers(len(pool)))]
        one = self.scenes[scene]
        centre, label = one.centres[place] + rng.normal(0, 0.7, 3), int(one.labels[place])
        crop, left = crop_of(one.image, centre), float(centre[0] - one.middle + rng.normal(0, MIDDLE_ERROR_MM))
        if rng.random() < 0.5:
            crop, left, label = crop[:, :, ::-1], -left, MIRRORED[label]
        return self._seen_otherwise(crop), left, label

    def _seen_otherwise(self, crop: np.ndarray) -> np.ndarray:
        """Another contrast, noise, and half a voxel's shift, as another grid gives."""
        rng = self.rng
        if rng.random() < 0.3:
            crop = (crop + np.roll(crop, 1, int(rng.integers(3)))) / 2
        gain, gamma = rng.uniform(0.75, 1.3), rng.uniform(0.75, 1.35)
        curve = np.clip(np.linspace(0, 1, 256) * gain, 0, 1).astype(np.float32) ** np.float32(gamma)
        seen = curve[(crop * 255).astype(np.uint8)]
        start = int(rng.integers(self.noise.size - crop.size))
        seen += self.noise[start : start + crop.size].reshape(crop.shape) * np.float32(rng.uniform(0, 0.05)) * (crop > 0)
        return np.clip(seen, 0, 1)


def train_sites(scenes: list[Scene], options: SiteOptions, checkpoint: Path) -> SiteNetwork:
    """Trains, or goes on from the checkpoint."""
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    network, sampler = SiteNetwork().to(device(), memory_format=torch.channels_last_3d), SiteSampler(scenes, options.seed)  # type: ignore[call-overload]
    optimiser = torch.optim.AdamW(network.parameters(), options.learning_rate, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, options.learning_rate, total_steps=options.steps)
    parts = {"network": network, "optimiser": optimiser, "schedule": schedule}
    first = take_up(checkpoint, parts)
    if first > 0:
        sampler.rng = np.random.default_rng([43, options.seed, first])
    network.train()
    for step in range(first, options.steps):
        crops, left, labels = (part.to(device()) for part in sampler.batch(options.batch))
        with mixed(device()):
            logits = network(crops, left).float()
        loss = F.cross_entropy(logits, labels, label_smoothing=0.02)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        if (step + 1) % 100 == 0 or step + 1 == options.steps:
            print(f"step {step + 1}: loss {loss.item():.3f}, right {float((logits.argmax(1) == labels).float().mean()):.2f}", flush=True)
            put_down(checkpoint, parts, step + 1)
    return network.cpu().eval()
