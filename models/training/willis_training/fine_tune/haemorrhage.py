"""A haemorrhage bundle (system 002) goes on training on head CT of patients.

Where slices are labelled, both slice networks learn from them as published (the challenge's cross-entropy, no outline of the blood), then
the sequence model from runs of slices. Where only scans are labelled, nothing says which slice bleeds: the slice networks stay as they
are, and the sequence model learns from the largest logit of a scan's slices, which is what the node calls a scan by. Normalisations are
folded in shipped weights and stay so. A class that no training scan shows is left out of the loss: taught on its absence alone, it
would only be unlearnt.
"""

import json
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..compute import device, mixed
from ..haemorrhage.bundle import Trained
from ..haemorrhage.dataset import SliceSampler, Study, at_network_size
from ..haemorrhage.network import SliceNetwork
from ..haemorrhage.prepare import PIXELS
from ..haemorrhage.sequence import SequenceModel
from ..haemorrhage.stored import load_sequence, load_slices
from ..haemorrhage.train_sequence import Encoded, augmented, encode, run_loss
from ..haemorrhage.train_slices import CLASS_WEIGHTS, class_loss
from ..ncct import CLASSES
from ..readers import Case
from ..staged import staged
from .descent import Course, descend
from .haemorrhage_bundle import write_tuned
from .haemorrhage_studies import labelled_by_slice, studies_of
from .order import Order

Weights = tuple[float, ...]
#: norm that gradients are cut to
LONGEST_GRADIENT = 1.0


@dataclass(frozen=True)
class FineTuneOptions:
    """As many steps for each of the three networks, at small learning rates; slices or runs of slices a step; studies the sequence model sees."""

    steps: int = 1000
    batch: int = 16
    slice_rate: float = 1e-4
    sequence_rate: float = 3e-4
    sequence_studies: int = 2000
    run: int = 24
    seed: int = 1


def train_on(parts: dict[str, list[Case]], order: Order) -> None:
    """Prepares, checks, trains, calibrates on the validation part, measures on the test part, writes."""
    by_slice = labelled_by_slice([c for cases in parts.values() for c in cases])
    accepts = json.loads((order.init / "model.json").read_text())["accepts"]
    order.out.parent.mkdir(parents=True, exist_ok=True)
    # beside the new bundle, where there is room, and gone afterwards: they are patients' voxels
    with tempfile.TemporaryDirectory(prefix=".willis-train-", dir=order.out.parent) as place:
        studies = studies_of(parts, by_slice, accepts, Path(place))
        trained = tuned(order.init, studies["train"], by_slice, FineTuneOptions(steps=order.steps, seed=order.seed))
        with staged(order.out) as folder:
            manifest = write_tuned(trained, parts, studies, replace(order, out=folder))
    figure = manifest["performance"]["classes"]["any"]["scanAuc"]
    print(f"AUC of any haemorrhage {'unknown' if figure is None else f'{figure:.3f}'} on {len(parts['test'])} scans not trained on; thresholds: "
          f"{manifest['operatingPoint']['chosenOn']}")


def tuned(init: Path, studies: list[Study], by_slice: bool, options: FineTuneOptions) -> Trained:
    """The bundle's networks, trained further."""
    weights = taught_weights(studies)
    a, b = load_slices(init / "slices-a.onnx", "windows"), load_slices(init / "slices-b.onnx", "slices")
    if by_slice:
        a = tune_slices(a, SliceSampler(studies, options.seed), weights, options)
        b = tune_slices(b, SliceSampler(studies, options.seed + 1), weights, options)
    chosen = np.random.default_rng(options.seed).permutation(len(studies))[: options.sequence_studies]
    a, b = a.to(device()), b.to(device())
    encoded = [encode((a, b), at_network_size(studies[k]), studies[k].labels, studies[k].slice_spacing) for k in sorted(chosen)]
    sequence = tune_sequence(load_sequence(init / "sequence.onnx"), encoded, by_slice, weights, options)
    taught = [name for name, weight in zip(CLASSES, weights) if weight]
    return Trained(a.cpu(), b.cpu(), sequence, {
        "seed": options.seed, "labels": "slices" if by_slice else "scans", "taught": taught, "steps": _steps(by_slice, len(encoded), options)})


def taught_weights(studies: list[Study]) -> Weights:
    """The challenge's weights, 0 for classes that no training study holds."""
    there = np.max([s.labels.max(0) for s in studies], 0)
    return tuple(weight * float(seen) for weight, seen in zip(CLASS_WEIGHTS, there))


def tune_slices(network: SliceNetwork, sampler: SliceSampler, weights: Weights, options: FineTuneOptions) -> SliceNetwork:
    """Goes on training a slice network on labelled slices."""
    torch.manual_seed(options.seed)
    # in training mode only the dropout before the head differs: there is no normalisation left
    network.to(device(), memory_format=torch.channels_last).train()  # type: ignore[call-overload]

    def loss_at(_step: int) -> Tensor:
        hu, labels = (part.to(device()) for part in sampler.labelled(options.batch, PIXELS))
        with mixed(device()):
            logits = network(hu.to(memory_format=torch.channels_last))[0]
        return class_loss(logits.float(), labels, weights)

    descend(network, _optimiser(network, options.slice_rate), Course(f"slice network ({network.variant})", options.steps, LONGEST_GRADIENT), loss_at)
    return network.cpu().eval()


def tune_sequence(model: SequenceModel, studies: list[Encoded], by_slice: bool, weights: Weights, options: FineTuneOptions) -> SequenceModel:
    """Goes on training the sequence model, on runs of labelled slices or on the largest logits of whole scans."""
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    model.to(device()).train()

    def loss_at(_step: int) -> Tensor:
        chosen = [studies[int(k)] for k in rng.integers(len(studies), size=options.batch)]
        if by_slice:
            return _loss_of_runs(model, [augmented(s, options.run, rng) for s in chosen], weights)
        return torch.stack([loss_of_scan(model, s, bool(rng.random() < 0.5), weights) for s in chosen]).mean()

    descend(model, _optimiser(model, options.sequence_rate), Course("sequence model", options.steps, LONGEST_GRADIENT), loss_at)
    return model.cpu().eval()


def loss_of_scan(model: SequenceModel, study: Encoded, is_reversed: bool, weights: Weights) -> Tensor:
    """Cross-entropy of the largest logit of any slice against the scan's label, of both stages."""
    features, logits = (part.flip(1) if is_reversed else part for part in (study.features, study.logits))
    stages = model(features[None].to(device()), logits[None].to(device()), torch.tensor([study.spacing]).to(device()))
    labels = study.labels.to(device())
    losses = [class_loss(stage.amax(1), labels, weights) for stage in stages]
    return losses[0] + losses[1]


def _loss_of_runs(model: SequenceModel, runs: list[tuple[Tensor, Tensor, Tensor, Tensor, Tensor]], weights: Weights) -> Tensor:
    features, logits, spacing, labels, known = (torch.stack([r[k] for r in runs]).to(device()) for k in range(5))
    late, early = model(features, logits, spacing)
    return run_loss(late, labels, known, weights) + run_loss(early, labels, known, weights)


def _optimiser(network: torch.nn.Module, rate: float) -> torch.optim.Optimizer:
    return torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=1e-4)


def _steps(by_slice: bool, studies: int, options: FineTuneOptions) -> str:
    if by_slice:
        return (f"Both slice networks: {options.steps} steps of {options.batch} slices with their labels; the sequence model: {options.steps} steps of "
                f"{options.batch} runs of slices, from {studies} of the scans.")
    return (f"Scans alone are labelled, so the slice networks are those it started from; the sequence model: {options.steps} steps of {options.batch} scans "
            f"({studies} in all), the largest logit of a scan's slices against the label of the scan.")
