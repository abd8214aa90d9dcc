"""The command coarse-to-fine: phantoms, the three networks, the bundle with its score on unseen phantoms; ablation and cross-validation."""

import argparse
import json
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import cache
from typing import TypeVar

import torch

from .bundle import System, write_bundle
from .cases import FineCase, kept_case
from .deepmedic import WIDTHS, DeepMedic
from .se_unet import FineNetwork, FineSizes
from .train import CoarseOptions, FineOptions, ablate, cross_validate, train_coarse, train_fine
from .vessels import ArteryNetwork, ArteryOptions, train_arteries

Network = TypeVar("Network", bound=torch.nn.Module)
#: narrow networks for a CPU: a quarter of the published widths
NARROW = tuple(max(4, w // 4) for w in WIDTHS)


def run(arguments: argparse.Namespace) -> None:
    """Trains, measures, and writes the bundle."""
    torch.set_num_threads(arguments.threads)
    train_count, validation_count, test_count = arguments.scans
    system = train(arguments)
    extra: dict[str, object] = {}
    validation, test = load("train", validation_count, arguments, train_count), load("test", test_count, arguments)
    if arguments.ablation_steps:
        short = replace(system.options, steps=arguments.ablation_steps)
        seen = load("train", train_count, arguments)
        extra = {"ablation": {"how": f"{arguments.ablation_steps} steps each, VOIs about true aneurysms.", "rows": ablate(seen, test, short)},
                 "folds": cross_validate(seen, short)}
    arteries, coarse, fine = arguments.steps
    training = {"data": f"{train_count} synthetic TOF-MRA phantoms", "seed": arguments.seed, "date": arguments.date, "time": arguments.note,
                "steps": f"Steps: arteries {arteries}, DeepMedic {coarse}, outline {fine}."}
    manifest = write_bundle(system, (validation, test), arguments.out, training, extra, arguments.cache)
    print(json.dumps(manifest["performance"], indent=2))


def train(arguments: argparse.Namespace) -> System:
    """The three networks, one after the other; with a cache each is trained once."""
    steps, narrow, seed = arguments.steps, arguments.narrow, arguments.seed
    cases = cache(lambda: load("train", arguments.scans[0], arguments))
    first = _kept(arguments, "arteries", steps[0], ArteryNetwork(), lambda: train_arteries(cases(), ArteryOptions(steps=steps[0], seed=seed)))
    coarse = CoarseOptions(steps=steps[1], seed=seed, **({"widths": NARROW, "joined": 40} if narrow else {}))  # type: ignore[arg-type]
    second = _kept(arguments, "coarse", steps[1], DeepMedic(1, coarse.widths, coarse.joined), lambda: train_coarse(cases(), coarse))
    options = FineOptions(FineSizes(base=8 if narrow else 16), steps[2], voi=48 if narrow else 64, seed=seed, learning_rate=1e-3 if narrow else 5e-4)
    third = _kept(arguments, "fine", steps[2], FineNetwork(options.sizes), lambda: train_fine(cases(), options))
    return System(first, second, third, options)


def _kept(arguments: argparse.Namespace, name: str, steps: int, empty: Network, fit: Callable[[], Network]) -> Network:
    """The trained network out of the cache, or trained and put there."""
    file = None if arguments.cache is None else arguments.cache / f"{name}-{steps}-{arguments.seed}.pt"
    if file is not None and file.exists():
        empty.load_state_dict(torch.load(file))
        return empty.eval()
    trained = fit()
    if file is not None:
        torch.save(trained.state_dict(), file)
    print(f"{name} trained", flush=True)
    return trained


def load(split: str, count: int, arguments: argparse.Namespace, start: int = 0) -> list[FineCase]:
    """Phantoms of a split from number `start`, with an aneurysm in most; test phantoms keep the population's share."""
    first = {"train": 400_000, "test": 600_000}[split]
    jobs = [(first + k, split, (1 if k % 4 else 2) if split == "train" else None, arguments.spacing, arguments.cache) for k in range(start, start + count)]
    with ProcessPoolExecutor(2) as pool:
        return list(pool.map(_one, jobs))


def _one(job: tuple) -> FineCase:  # type: ignore[type-arg]
    return kept_case(*job)
