"""Training of the patch network: focal loss on 32^3 windows with and without context, voxel loss on the aneurysm mask."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from .checkpoints import Draws, KeptSteps
from .compute import device, home_of, mixed
from .dataset import PATCH, Case, CropSampler
from .detect import Fields, Localisation, candidates_of, window_mean
from .network import TinyUNet3D
from .preprocess import pad_to_multiple

WINDOWS = 6


@dataclass(frozen=True)
class TrainOptions:
    """Steps of `batch` crops.

    The last `settle_steps` use larger crops, whose middle patch sees all the context that a whole volume gives it, and
    weigh the agreement of that patch with and without its context more: dense evaluation stands in for the patches.
    Then `broad_steps` of the same on crops as another vendor's scanner would have them; of the crops before, `broad_share`
    are such. At the parts `mine_at` of the steps before those, what the network marks falsely in `mine_cases` scans, drawn
    anew each time, becomes its hard negatives. The `bent_steps` at the end see scans with tortuous arteries too, whose false
    marks join the hard negatives, and all crops in any contrast.
    """

    steps: int = 7050
    settle_steps: int = 650
    broad_steps: int = 1000
    bent_steps: int = 1400
    broad_share: float = 0.5
    settle_crop: int = 64
    batch: int = 4
    learning_rate: float = 2e-3
    mine_at: tuple[float, ...] = (0.35, 0.65)
    mine_cases: int = 200
    seed: int = 1
    threads: int = 2

    @property
    def main_steps(self) -> int:
        """Steps before it settles."""
        return self.broad_from - self.settle_steps

    @property
    def broad_from(self) -> int:
        """The first step of those on crops of other scanners alone."""
        return self.bent_from - self.broad_steps

    @property
    def bent_from(self) -> int:
        """The first step on tortuous arteries."""
        return self.steps - self.bent_steps


def train(cases: list[Case], bent: list[Case], options: TrainOptions, checkpoint: Path | None) -> TinyUNet3D:
    """Trains (or goes on training) and returns the network; reproducible for one seed, thread count and torch version. `bent`: tortuous arteries."""
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    network = TinyUNet3D().to(device(), memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
    optimiser = torch.optim.Adam(network.parameters(), lr=options.learning_rate)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: rate(step, options) / options.learning_rate)
    sampler = CropSampler(cases, options.seed)
    parts = {"network": network, "optimiser": optimiser, "schedule": schedule, "sampler": sampler, "draws": Draws(sampler.rng)}
    losses: list[float] = []
    for step in KeptSteps("patch network", options.steps, checkpoint, parts).remaining():
        settling = step >= options.main_steps
        sampler.broad = 1.0 if step >= options.broad_from else options.broad_share
        sampler.crop = options.settle_crop if settling else 48
        sampler.anywhere = 0.4 if settling else 0.05
        # what must agree is the network as it is used: with the statistics of training, not of the batch
        network.train(not settling)
        if step in [int(part * options.broad_from) for part in options.mine_at]:
            sampler.hard = mine(network, cases, sampler.rng.permutation(len(cases))[: options.mine_cases])
            print(f"step {step}: {len(sampler.hard)} hard negatives", flush=True)
        if step >= options.bent_from and not sampler.any_contrast:
            sampler.any_contrast = True
            sampler.add(bent)
        if step == options.bent_from:
            sampler.hard = sampler.hard + mine(network, sampler.cases, np.arange(len(cases), len(sampler.cases)))
            print(f"step {step}: {len(sampler.hard)} hard negatives", flush=True)
        images, labels = sampler.batch(options.batch)
        with mixed(device()):
            loss = training_loss(network, torch.from_numpy(images).to(device()), torch.from_numpy(labels).to(device()), sampler.rng, settling)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        schedule.step()
        losses.append(loss.item())
        if (step + 1) % 250 == 0:
            print(f"loss of the last 250 steps: {np.mean(losses[-250:]):.4f}", flush=True)
    return network.cpu().eval()


def rate(step: int, options: TrainOptions) -> float:
    """Learning rate: a cosine from its first value to 1e-5, and another one from 4e-4 for each phase after it, 8e-4 for the last."""
    phases = ((options.learning_rate, options.main_steps), (4e-4, options.settle_steps), (4e-4, options.broad_steps), (8e-4, options.bent_steps))
    at = step
    for first, length in phases:
        if at < length:
            break
        at -= length
    return float(1e-5 + (first - 1e-5) * 0.5 * (1 + np.cos(np.pi * min(at / max(length, 1), 1.0))))


def training_loss(
    network: TinyUNet3D, images: Tensor, labels: Tensor, rng: np.random.Generator, settling: bool = False
) -> Tensor:
    """images [n,1,c,c,c], labels [n,c,c,c]."""
    room = images.shape[-1] - PATCH
    evidence, localisation = (field.float() for field in network(images))
    voxel = voxel_loss(localisation[:, 0], labels)
    starts = [tuple(int(s) // 4 * 4 for s in rng.integers(0, room + 1, 3)) for _ in range(WINDOWS)]
    if settling:
        starts[0] = (room // 2,) * 3
    logits = torch.stack([_window(evidence[:, 0], s).mean((1, 2, 3)) for s in starts], 1)
    truth = torch.stack([_patch_label(_window(labels, s), labels) for s in starts], 1)
    patch = focal_loss(logits, truth)
    # the same window without its context: what the published patch classifier sees
    bare_images = _window(images[:, 0], starts[0])[:, None]
    bare_evidence, bare_localisation = (field.float() for field in network(bare_images))
    bare = bare_evidence.mean((1, 2, 3, 4))
    agreement = functional.mse_loss(bare, logits[:, 0])
    bare_loss = focal_loss(bare[:, None], truth[:, :1]) + 0.3 * voxel_loss(bare_localisation[:, 0], _window(labels, starts[0]))
    return voxel + patch + 0.5 * bare_loss + (5.0 if settling else 0.2) * agreement


def focal_loss(logits: Tensor, truth: Tensor, gamma: float = 2.0, alpha: float = 0.8) -> Tensor:
    """FL = -alpha_t (1 - p_t)^gamma log p_t over windows; truth -1 is left out."""
    known = truth >= 0
    target = truth.clamp(min=0)
    cross = functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
    weight = torch.where(target > 0, alpha, 1 - alpha) * (1 - torch.exp(-cross)) ** gamma
    return 10 * (weight * cross * known).sum() / known.sum().clamp(min=1)


def voxel_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy on aneurysm voxels and on the hardest others in equal parts, plus soft Dice where there is an aneurysm.

    Every crop with an aneurysm counts alike: over all voxels of a batch, one of 10 mm would weigh as much as forty of 3 mm.
    """
    cross = functional.binary_cross_entropy_with_logits(logits, labels, reduction="none")
    sizes = labels.flatten(1).sum(1)
    present = sizes > 0
    inside = ((cross * labels).flatten(1).sum(1) / sizes.clamp(min=1)).sum() / present.sum().clamp(min=1)
    hardest = inside + (cross * (1 - labels)).flatten(1).topk(600, dim=1).values.mean()
    probability = torch.sigmoid(logits)
    overlap = 2 * (probability * labels).flatten(1).sum(1) + 1
    dice = 1 - overlap / (probability.flatten(1).sum(1) + sizes + 1)
    return hardest + 20 * cross.mean() + (dice * present).sum() / present.sum().clamp(min=1)


def mine(network: TinyUNet3D, cases: list[Case], numbers: np.ndarray, most: int = 6) -> list[tuple[int, tuple[float, ...]]]:
    """False candidates of the network so far in the cases of these numbers, as (case, centre z,y,x)."""
    hard = []
    for index in numbers:
        case = cases[index]
        fields = dense(network, case.image.astype(np.float32))
        found = candidates_of(fields, case.image > 0, Localisation())
        for candidate in sorted(found, key=lambda c: -c.seed_logit)[:most]:
            x, y, z = (int(round(v)) for v in candidate.centre)
            if all(np.linalg.norm(candidate.centre - centre) > 8 for centre in case.centres):
                hard.append((int(index), (float(z), float(y), float(x))))
    return hard


def dense(network: TinyUNet3D, image: np.ndarray) -> Fields:
    """The network over the whole volume in one run."""
    padded = torch.from_numpy(pad_to_multiple(image.astype(np.float32)))[None, None].to(home_of(network))
    with torch.no_grad():
        evidence, localisation = (field.cpu() for field in network.eval()(padded))
    network.train()
    z, y, x = image.shape
    evidence_field = evidence[0, 0, :z, :y, :x].numpy()
    return Fields(evidence_field, localisation[0, 0, :z, :y, :x].numpy(), window_mean(evidence_field))


def _window(field: Tensor, start: tuple[int, ...]) -> Tensor:
    z, y, x = start
    return field[:, z : z + PATCH, y : y + PATCH, x : x + PATCH]


def _patch_label(window: Tensor, crop: Tensor) -> Tensor:
    """1 where the window's middle holds most of an aneurysm, 0 where it holds none of any, -1 between."""
    middle = window[:, 4:28, 4:28, 4:28].sum((1, 2, 3))
    whole = crop.sum((1, 2, 3))
    none = window.sum((1, 2, 3)) == 0
    positive = (middle > 0.6 * whole.clamp(min=1)) & (middle >= 3)
    return torch.where(positive, 1.0, torch.where(none, 0.0, -1.0))
