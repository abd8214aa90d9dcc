"""The command coarse-to-fine: phantoms, the three networks, the bundle with its score on unseen phantoms; ablation and cross-validation."""

import argparse
import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace

import torch

from .bundle import System, write_bundle
from .cases import FineCase, phantom_case
from .deepmedic import WIDTHS
from .se_unet import FineSizes
from .train import CoarseOptions, FineOptions, ablate, cross_validate, train_coarse, train_fine
from .vessels import ArteryOptions, train_arteries

#: narrow networks for a CPU: a quarter of the published widths
NARROW = tuple(max(4, w // 4) for w in WIDTHS)


def run(arguments: argparse.Namespace) -> None:
    """Trains, measures, and writes the bundle."""
    torch.set_num_threads(arguments.threads)
    train_count, validation_count, test_count = arguments.scans
    seen, test = load("train", train_count + validation_count, arguments.spacing), load("test", test_count, arguments.spacing)
    system = train(seen[:train_count], arguments)
    extra: dict[str, object] = {}
    if arguments.ablation_steps:
        short = replace(system.options, steps=arguments.ablation_steps)
        extra = {"ablation": {"how": f"{arguments.ablation_steps} steps each, VOIs about true aneurysms.", "rows": ablate(seen[:train_count], test, short)},
                 "folds": cross_validate(seen[:train_count], short)}
    arteries, coarse, fine = arguments.steps
    training = {"data": f"{train_count} synthetic TOF-MRA phantoms", "seed": arguments.seed, "date": arguments.date, "time": "",
                "steps": f"Steps: arteries {arteries}, DeepMedic {coarse}, outline {fine}."}
    manifest = write_bundle(system, seen[train_count:], test, arguments.out, training, extra)
    print(json.dumps(manifest["performance"], indent=2))


def train(cases: list[FineCase], arguments: argparse.Namespace) -> System:
    """The three networks, one after the other."""
    arteries, coarse, fine = arguments.steps
    narrow = arguments.narrow
    first = train_arteries(cases, ArteryOptions(steps=arteries, seed=arguments.seed))
    print("arteries trained", flush=True)
    second = train_coarse(cases, CoarseOptions(steps=coarse, seed=arguments.seed, **({"widths": NARROW, "joined": 40} if narrow else {})))
    print("coarse network trained", flush=True)
    options = FineOptions(FineSizes(base=8 if narrow else 16), fine, voi=48 if narrow else 64, seed=arguments.seed,
                          learning_rate=1e-3 if narrow else 5e-4)
    return System(first, second, train_fine(cases, options), options)


def load(split: str, count: int, spacing: float) -> list[FineCase]:
    """Phantoms of a split, with an aneurysm in most; test phantoms keep the population's share."""
    first = {"train": 400_000, "test": 600_000}[split]
    jobs = [(first + k, split, (1 if k % 4 else 2) if split == "train" else None, spacing) for k in range(count)]
    with ProcessPoolExecutor(2) as pool:
        return list(pool.map(_one, jobs))


def _one(job: tuple) -> FineCase:  # type: ignore[type-arg]
    return phantom_case(*job)
