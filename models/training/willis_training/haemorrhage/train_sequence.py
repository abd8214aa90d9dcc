"""Training of the sequence model on whole studies: random runs of slices, every other slice left out, reversed."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ..compute import device, home_of, mixed
from .dataset import neighbours
from .network import SliceNetwork
from .sequence import SMALL, SequenceModel, SequenceSizes
from .train_slices import CLASS_WEIGHTS


@dataclass(frozen=True)
class Encoded:
    """What both slice networks say about one study: features [2,t,2048], logits [2,t,6], labels [t,6], slice spacing in mm."""

    features: Tensor
    logits: Tensor
    labels: Tensor
    spacing: float


@dataclass(frozen=True)
class SequenceOptions:
    """The published run length and augmentations; fewer epochs of fewer studies."""

    sizes: SequenceSizes = SMALL
    epochs: int = 80
    batch: int = 16
    run: int = 24
    learning_rate: float = 2e-3
    seed: int = 3


def encode(networks: tuple[SliceNetwork, SliceNetwork], hu: np.ndarray, labels: np.ndarray, spacing: float) -> Encoded:
    """Runs both networks over prepared HU [z,p,p]."""
    where = home_of(networks[0])
    triples = torch.from_numpy(neighbours(hu.astype(np.float32))).to(where, memory_format=torch.channels_last)
    logits, features = [], []
    with torch.no_grad(), mixed(where):
        for network in networks:
            parts = [network(triples[k : k + 16])[:2] for k in range(0, len(triples), 16)]
            logits.append(torch.cat([p[0].float() for p in parts]).cpu())
            features.append(torch.cat([p[1].float() for p in parts]).cpu())
    return Encoded(torch.stack(features), torch.stack(logits), torch.from_numpy(labels.astype(np.float32)), spacing)


def train_sequence(studies: list[Encoded], options: SequenceOptions) -> SequenceModel:
    """Trains from nothing; a few minutes on one CPU core."""
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    model = SequenceModel(options.sizes).to(device()).train()
    optimiser = torch.optim.AdamW(model.parameters(), lr=options.learning_rate, weight_decay=1e-3)
    steps = max(1, len(studies) // options.batch) * options.epochs
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, options.learning_rate, steps + 1, pct_start=0.2)
    for _ in range(options.epochs):
        order = rng.permutation(len(studies))
        for start in range(0, len(order) - options.batch + 1, options.batch):
            runs = [augmented(studies[k], options.run, rng) for k in order[start : start + options.batch]]
            late, early = model(*(torch.stack([r[k] for r in runs]).to(device()) for k in (0, 1, 2)))
            labels, known = (torch.stack([r[k] for r in runs]).to(device()) for k in (3, 4))
            loss = run_loss(late, labels, known) + run_loss(early, labels, known)
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            optimiser.step()
            schedule.step()
    return model.cpu().eval()


def augmented(study: Encoded, run: int, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """A run of slices: features, logits, spacing, labels, and which of the run's places are slices (the rest is padding)."""
    features, logits, labels, spacing = study.features, study.logits, study.labels, study.spacing
    if rng.random() < 0.5:
        first = int(rng.integers(2))
        features, logits, labels, spacing = features[:, first::2], logits[:, first::2], labels[first::2], 2 * spacing
    if rng.random() < 0.5:
        features, logits, labels = features.flip(1), logits.flip(1), labels.flip(0)
    start = int(rng.integers(max(1, len(labels) - run + 1)))
    features, logits, labels = features[:, start : start + run], logits[:, start : start + run], labels[start : start + run]
    missing = run - len(labels)
    known = torch.cat([torch.ones(len(labels)), torch.zeros(missing)])
    return (functional.pad(features, (0, 0, 0, missing)), functional.pad(logits, (0, 0, 0, missing)), torch.tensor(spacing),
            functional.pad(labels, (0, 0, 0, missing)), known)


def run_loss(logits: Tensor, labels: Tensor, known: Tensor, weights: tuple[float, ...] = CLASS_WEIGHTS) -> Tensor:
    """The challenge's weighted cross-entropy over the slices of runs [b,t,6]."""
    cross = functional.binary_cross_entropy_with_logits(logits, labels, reduction="none")
    weighted = (cross * cross.new_tensor(weights)).sum(-1) / sum(weights)
    return (weighted * known).sum() / known.sum()


def predict(model: SequenceModel, study: Encoded) -> np.ndarray:
    """Logits [t,6] of the whole series: the mean of reading it from below and from above."""
    with torch.no_grad():
        forward = model(study.features[None], study.logits[None], torch.tensor([study.spacing]))[0][0]
        backward = model(study.features[None].flip(2), study.logits[None].flip(2), torch.tensor([study.spacing]))[0][0].flip(0)
    return (0.5 * (forward + backward)).numpy()

