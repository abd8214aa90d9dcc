"""Training on patches of prepared scans; the epoch with the best F2 on validation patches is kept."""

import copy
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ..compute import device, home_of, mixed
from ..metrics import confusion
from ..readers.refusal import Refusal
from .config import PatchConfig
from .networks import build


@dataclass(frozen=True)
class PatchScan:
    """A prepared scan [z,y,x] in 0..1 on 1 mm (0 outside the head) and the aneurysm centres (x, y, z) in voxels."""

    image: np.ndarray
    centres: np.ndarray
    subject: str


def train_patches(train: list[PatchScan], validation: list[PatchScan], config: PatchConfig) -> tuple[nn.Module, list[float]]:
    """Returns the network of the best epoch and the F2 of every epoch; stops after `patience` epochs without a better one."""
    _check(train, validation)
    rng = np.random.default_rng(config.seed)
    network = build(config).to(device())
    optimiser = torch.optim.Adam(network.parameters(), config.learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, config.epochs)
    held, held_truth = patches_of(validation, config, np.random.default_rng([config.seed, 1]))
    best, scores = copy.deepcopy(network.state_dict()), []
    for _ in range(config.epochs):
        # jitter is drawn anew: an epoch is as many patches as the annex counts
        patches, truth = patches_of(train, config, rng)
        network.train()
        for rows in np.array_split(rng.permutation(len(truth)), max(1, len(truth) // config.batch)):
            with mixed(device()):
                logits = network(patches[rows].to(device()))
            loss = patch_loss(logits.float(), truth[rows].to(device()), config)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        schedule.step()
        scores.append(f2_of(network, held, held_truth))
        if scores[-1] >= max(scores):
            best = copy.deepcopy(network.state_dict())
        if len(scores) - 1 - int(np.argmax(scores)) >= config.patience:
            break
    network.load_state_dict(best)
    return network.cpu().eval(), scores


def patch_loss(logits: Tensor, truth: Tensor, config: PatchConfig) -> Tensor:
    """BCE with logits, or focal loss -alpha_t (1 - p_t)^gamma log p_t."""
    cross = functional.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    if config.loss == "bce":
        return cross.mean()
    weight = torch.where(truth > 0, config.alpha, 1 - config.alpha) * (1 - torch.exp(-cross)) ** config.gamma
    return (weight * cross).mean()


def patches_of(scans: list[PatchScan], config: PatchConfig, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """`positives` jittered patches an aneurysm, `negatives` a scan in the head away from aneurysms: [n,1,p,p,p] and truth [n]."""
    patches, truth = [], []
    for scan in scans:
        for centre in scan.centres:
            for _ in range(config.positives):
                patches.append(patch_at(scan.image, centre[::-1] + rng.uniform(-config.jitter, config.jitter, 3), config.patch))
                truth.append(1.0)
        found = 0
        for _ in range(200 * config.negatives):
            if found == config.negatives:
                break
            middle = np.array([rng.uniform(0, n) for n in scan.image.shape])
            away = all(np.abs(middle - c[::-1]).max() > config.patch / 2 + 2 for c in scan.centres)
            patch = patch_at(scan.image, middle, config.patch)
            if away and (patch > 0).mean() >= config.least_brain:
                patches.append(patch)
                truth.append(0.0)
                found += 1
    return torch.from_numpy(np.stack(patches).astype(np.float32))[:, None], torch.tensor(truth)


def patch_at(image: np.ndarray, middle: np.ndarray, size: int) -> np.ndarray:
    """A cube about a point (z, y, x); outside the scan is 0."""
    start = [int(round(c)) - size // 2 for c in middle]
    out = np.zeros((size,) * 3, np.float32)
    inner = [(max(s, 0), min(s + size, n)) for s, n in zip(start, image.shape)]
    if all(low < high for low, high in inner):
        target = tuple(slice(low - s, high - s) for (low, high), s in zip(inner, start))
        out[target] = image[tuple(slice(low, high) for low, high in inner)]
    return out


def f2_of(network: nn.Module, patches: Tensor, truth: Tensor) -> float:
    """F2 at probability 0.5; 0 where nothing is called or present."""
    network.eval()
    with torch.no_grad():
        logits = torch.cat([network(patches[k : k + 32].to(home_of(network))).cpu() for k in range(0, len(patches), 32)])
    value = confusion(truth.numpy(), logits.numpy(), 0.0).f_score(2)
    return 0.0 if np.isnan(value) else value


def _check(train: list[PatchScan], validation: list[PatchScan]) -> None:
    for name, scans in (("training", train), ("validation", validation)):
        if sum(len(s.centres) for s in scans) == 0:
            raise Refusal("NO_ANEURYSM", f"the {name} scans", "hold no aneurysm; F2 and the positive patches need some")
    both = {s.subject for s in train} & {s.subject for s in validation}
    if both:
        raise Refusal("MIXED_SUBJECTS", sorted(both)[0], "is in training and in validation")
