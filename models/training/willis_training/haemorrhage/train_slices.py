"""Training of a slice network: cross-entropy on the six classes, and on where in the slice they are.

The published training has slice labels only. Phantoms know where the blood is, so the evidence map (the last linear layer
applied to each cell of the last maps, whose mean is the logit) is trained on the share of blood in each cell as well:
few thousand steps of a CPU then reach what slice labels alone would need days for.
"""

import time
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..checkpoints import put_down, take_up
from ..compute import device, mixed
from .dataset import SliceSampler
from .network import SliceNetwork, Variant

#: the weights of the public challenge: any counts twice
CLASS_WEIGHTS = (2.0, 1.0, 1.0, 1.0, 1.0, 1.0)
#: a cell holds a class where at least this share of it is blood
CELL_SHARE = 0.02


@dataclass(frozen=True)
class SliceOptions:
    """Steps on small slices, then on full ones; a checkpoint every `checkpoint_every` steps from which training goes on."""

    variant: Variant
    depth: int = 50
    small_steps: int = 600
    full_steps: int = 300
    small_pixels: int = 96
    full_pixels: int = 128
    batch: int = 16
    learning_rate: float = 1e-3
    seed: int = 1
    threads: int = 1
    checkpoint_every: int = 50

    @property
    def steps(self) -> int:
        return self.small_steps + self.full_steps


class CellScale(nn.Module):
    """Evidence of a cell to its logit: the mean over cells decides the slice, so a cell's evidence needs its own scale."""

    def __init__(self, classes: int = 6) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.full((classes, 1, 1), 0.5))
        self.offset = nn.Parameter(torch.full((classes, 1, 1), -2.0))

    def forward(self, evidence: Tensor) -> Tensor:
        return evidence * self.scale + self.offset


def train_slices(sampler: SliceSampler, options: SliceOptions, checkpoint: Path, start: SliceNetwork | None = None) -> SliceNetwork:
    """Trains, or goes on from the checkpoint; `start` gives the first weights (CNN B starts as CNN A)."""
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    network = SliceNetwork(options.variant, options.depth)
    cells = CellScale()
    if start is not None:
        network.load_state_dict(start.state_dict())
    network.to(device(), memory_format=torch.channels_last)  # type: ignore[call-overload]
    cells.to(device())
    optimiser = torch.optim.AdamW([*network.parameters(), *cells.parameters()], lr=options.learning_rate, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, options.learning_rate, options.steps, pct_start=0.15)
    parts = {"network": network, "cells": cells, "optimiser": optimiser, "schedule": schedule}
    first = take_up(checkpoint, parts)
    started, losses = time.time(), torch.zeros(2)
    network.train()
    for step in range(first, options.steps):
        pixels = options.small_pixels if step < options.small_steps else options.full_pixels
        hu, labels, truth = (part.to(device()) for part in sampler.batch(options.batch, pixels))
        with mixed(device()):
            logits, _, maps = network(hu.to(memory_format=torch.channels_last))
            evidence = functional.conv2d(maps, network.head.weight[:, :, None, None], network.head.bias)
        slice_loss = class_loss(logits.float(), labels)
        cell_loss = map_loss(cells(evidence.float()), truth)
        optimiser.zero_grad()
        (slice_loss + cell_loss).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        schedule.step()
        losses += torch.tensor([slice_loss.item(), cell_loss.item()])
        if (step + 1) % options.checkpoint_every == 0:
            put_down(checkpoint, parts, step + 1)
            means = [round(float(v), 4) for v in losses / options.checkpoint_every]
            print(f"{options.variant} step {step + 1}: slice and map loss {means}, {time.time() - started:.0f} s", flush=True)
            losses.zero_()
    return network.cpu().eval()


def class_loss(logits: Tensor, labels: Tensor, weights: tuple[float, ...] = CLASS_WEIGHTS) -> Tensor:
    """Weighted cross-entropy of the public challenge: any twice, each subtype once, divided by seven."""
    cross = functional.binary_cross_entropy_with_logits(logits, labels, reduction="none")
    return (cross * cross.new_tensor(weights)).sum(-1).mean() / sum(weights)


def map_loss(cell_logits: Tensor, shares: Tensor) -> Tensor:
    """Cross-entropy of cells [n,classes,h,w]; cells with blood and cells without weigh the same, class by class."""
    truth = (shares >= CELL_SHARE).float()
    # a cell with a trace of blood is neither
    known = ((shares >= CELL_SHARE) | (shares < 0.002)).float()
    cross = functional.binary_cross_entropy_with_logits(cell_logits, truth, reduction="none") * known
    positive = (cross * truth).sum((0, 2, 3)) / truth.sum((0, 2, 3)).clamp(min=1)
    negative = cross * (1 - truth)
    return (0.25 * positive + 3 * negative.mean((0, 2, 3))).mean()
