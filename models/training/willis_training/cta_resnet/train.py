"""Fine-tuning of the trunk on candidate crops: class-weighted cross-entropy, and where in the crop the aneurysm is."""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ..checkpoints import put_down, take_up
from ..compute import device, mixed
from ..haemorrhage.train_slices import CellScale, map_loss
from .crops import KEPT_PIXELS, PIXELS, Crop
from .network import CandidateNetwork


@dataclass(frozen=True)
class CropOptions:
    """The published optimiser (AdamW, trunk and head apart); steps instead of epochs: on 40 mm first, then on the crop."""

    wide_steps: int = 1400
    steps: int = 2400
    wide_pixels: int = 80
    batch: int = 24
    trunk_rate: float = 6e-4
    head_rate: float = 2e-3
    class_weights: bool = True
    localise: bool = True
    seed: int = 1
    threads: int = 1
    checkpoint_every: int = 50


def train_candidates(crops: list[Crop], options: CropOptions, checkpoint: Path, start: CandidateNetwork | None = None) -> CandidateNetwork:
    """Trains, or goes on from the checkpoint."""
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    network, cells = CandidateNetwork(), CellScale(1)
    if start is not None:
        network.load_state_dict(start.state_dict())
    network.to(device(), memory_format=torch.channels_last)  # type: ignore[call-overload]
    cells.to(device())
    groups = [{"params": network.trunk.parameters(), "lr": options.trunk_rate},
              {"params": [*network.head.parameters(), *cells.parameters()], "lr": options.head_rate}]
    optimiser = torch.optim.AdamW(groups, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, [options.trunk_rate, options.head_rate], options.steps, pct_start=0.15)
    parts = {"network": network, "cells": cells, "optimiser": optimiser, "schedule": schedule}
    first = take_up(checkpoint, parts)
    positive = np.array([c.aneurysm for c in crops])
    weight = torch.tensor(float((~positive).sum() / max(positive.sum(), 1)) if options.class_weights else 1.0, device=device())
    started, losses = time.time(), []
    network.train()
    for step in range(first, options.steps):
        pixels = options.wide_pixels if step < options.wide_steps else PIXELS
        hu, truth, shares = (part.to(device()) for part in crop_batch(crops, options.batch, np.random.default_rng([options.seed, step]), pixels))
        with mixed(device()):
            logit, _, maps = network(hu.to(memory_format=torch.channels_last))
            evidence = functional.conv2d(maps, network.head.weight[:, :, None, None], network.head.bias)
        loss = functional.binary_cross_entropy_with_logits(logit.float(), truth, pos_weight=weight)
        if options.localise:
            loss = loss + map_loss(cells(evidence.float()), shares)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        schedule.step()
        losses.append(loss.item())
        if (step + 1) % options.checkpoint_every == 0:
            put_down(checkpoint, parts, step + 1)
            print(f"step {step + 1}: loss {np.mean(losses[-options.checkpoint_every:]):.4f}, {time.time() - started:.0f} s", flush=True)
    return network.cpu().eval()


def crop_batch(crops: list[Crop], count: int, rng: np.random.Generator, pixels: int = PIXELS) -> tuple[Tensor, Tensor, Tensor]:
    """Crops drawn at random, as `moved` gives them."""
    return moved([crops[int(k)] for k in rng.integers(len(crops), size=count)], rng, pixels)


def moved(chosen: list[Crop], rng: np.random.Generator, pixels: int = PIXELS) -> tuple[Tensor, Tensor, Tensor]:
    """HU [n,3,p,p], truth [n], share of aneurysm in each of p/16 x p/16 cells; mirrored, turned, shifted, brightened."""
    count = len(chosen)
    first = rng.integers(0, 3, count)
    hu = torch.from_numpy(np.stack([c.hu[k : k + 3] for c, k in zip(chosen, first)]).astype(np.float32))
    mask = torch.from_numpy(np.stack([c.mask[k + 1 : k + 2] for c, k in zip(chosen, first)]).astype(np.float32))
    angle, zoom = np.deg2rad(rng.uniform(-25, 25, count)), rng.uniform(0.9, 1.12, count)
    flip, shift = rng.choice([-1, 1], count), rng.uniform(-0.05, 0.05, (count, 2))
    theta = np.zeros((count, 2, 3), np.float32)
    theta[:, 0, 0], theta[:, 0, 1] = zoom * np.cos(angle) * flip, -zoom * np.sin(angle)
    theta[:, 1, 0], theta[:, 1, 1] = zoom * np.sin(angle) * flip, zoom * np.cos(angle)
    theta[:, :, 2] = shift
    theta[:, :, :2] *= pixels / KEPT_PIXELS
    grid = functional.affine_grid(torch.from_numpy(theta), [count, 1, pixels, pixels], align_corners=False)
    turned = functional.grid_sample(hu, grid, padding_mode="border", align_corners=False)
    shares = functional.avg_pool2d(functional.grid_sample(mask, grid, align_corners=False), 16)
    gain = torch.from_numpy(rng.uniform(0.85, 1.2, (count, 1, 1, 1)).astype(np.float32))
    noise = torch.from_numpy(rng.normal(0, 6, turned.shape).astype(np.float32))
    bright = torch.where(turned > 60, 60 + (turned - 60) * gain, turned)
    return bright + noise, torch.tensor([float(c.aneurysm) for c in chosen]), shares
