"""Training: one freshly drawn scan a step, squared error of the capped distance."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..checkpoints import put_down, take_up
from ..compute import device, home_of, mixed
from .conform import MULTIPLE_OF
from .contrast import Sample, draw_sample
from .heads import LabelledHead
from .network import UNIT_MM, HeadDistanceNetwork


@dataclass(frozen=True)
class HeadOptions:
    """Steps of one scan each; checkpoints every 50 steps are taken up again."""

    steps: int
    learning_rate: float = 2e-3
    seed: int = 1
    threads: int = 1


def train_head(heads: list[LabelledHead], options: HeadOptions, checkpoint: Path) -> HeadDistanceNetwork:
    """Trains, or goes on from the checkpoint."""
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    network = HeadDistanceNetwork().to(device(), memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
    optimiser = torch.optim.AdamW(network.parameters(), options.learning_rate, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, options.learning_rate, total_steps=options.steps, pct_start=0.1)
    parts = {"network": network, "optimiser": optimiser, "schedule": schedule}
    first = take_up(checkpoint, parts)
    errors: list[float] = []
    for step, sample in zip(range(first, options.steps), _samples(heads, [51, options.seed, first])):
        loss, error = _loss(network, sample)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        errors.append(error)
        if (step + 1) % 50 == 0 or step + 1 == options.steps:
            print(f"step {step + 1}: mean error {np.mean(errors[-50:]):.2f} mm", flush=True)
            put_down(checkpoint, parts, step + 1)
    return network.cpu().eval()


def _samples(heads: list[LabelledHead], seed: list[int]) -> Iterator[Sample]:
    rng = np.random.default_rng(seed)
    while True:
        yield draw_sample(heads[int(rng.integers(len(heads)))], rng)


def _loss(network: HeadDistanceNetwork, sample: Sample) -> tuple[Tensor, float]:
    """Squared error in UNIT_MM over what the scan covers, and the mean error in mm."""
    fill = [(0, -n % MULTIPLE_OF) for n in sample.image.shape]
    image, distance, covered = (torch.from_numpy(np.pad(field, fill)).to(home_of(network)) for field in (sample.image, sample.distance, sample.covered))
    with mixed(device()):
        answer = network(image[None, None].contiguous(memory_format=torch.channels_last_3d))
    off = (answer[0, 0].float() - distance)[covered]
    return (off / UNIT_MM).square().mean(), float(off.detach().abs().mean())
