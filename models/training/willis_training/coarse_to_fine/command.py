"""The command coarse-to-fine: phantoms, the three networks, the score on unseen phantoms, ablation and cross-validation."""

import argparse
import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace

import torch

from .cases import FineCase, phantom_case
from .deepmedic import WIDTHS
from .evaluate import System, run as run_system, score, summary
from .export import export_arteries, export_coarse, export_fine
from .se_unet import FineSizes
from .train import CoarseOptions, FineOptions, ablate, cross_validate, train_coarse, train_fine
from .vessels import ArteryOptions, train_arteries

#: narrow networks for a CPU: a quarter of the published widths
NARROW = tuple(max(4, w // 4) for w in WIDTHS)


def run(arguments: argparse.Namespace) -> None:
    """Trains, measures, and writes networks and report.json."""
    torch.set_num_threads(arguments.threads)
    arguments.out.mkdir(parents=True, exist_ok=True)
    cases = {split: load(split, count, arguments.spacing) for split, count in zip(("train", "test"), arguments.scans)}
    system = train(cases["train"], arguments)
    export_arteries(system.arteries, arguments.out / "arteries.onnx")
    export_coarse(system.coarse, arguments.out / "coarse.onnx")
    export_fine(system.fine, arguments.out / "fine.onnx", voi=system.options.voi)
    rows = []
    for case in cases["test"]:
        _, centres, probability = run_system(system, case, arguments.spacing)
        rows.append(score(case, probability, len(centres), arguments.spacing))
    report = {"trainedOn": f"{len(cases['train'])} synthetic phantoms; not for clinical use", "endToEnd": summary(rows)}
    if arguments.ablation_steps:
        short = replace(system.options, steps=arguments.ablation_steps)
        report |= {"ablation": ablate(cases["train"], cases["test"], short), "folds": cross_validate(cases["train"], short)}
    (arguments.out / "report.json").write_text(json.dumps(report, indent=2) + "\n")
    print(json.dumps(report, indent=2))


def train(cases: list[FineCase], arguments: argparse.Namespace) -> System:
    """The three networks, one after the other."""
    arteries, coarse, fine = arguments.steps
    narrow = arguments.narrow
    first = train_arteries(cases, ArteryOptions(steps=arteries, seed=arguments.seed))
    print("arteries trained", flush=True)
    second = train_coarse(cases, CoarseOptions(steps=coarse, seed=arguments.seed, **({"widths": NARROW, "joined": 40} if narrow else {})))
    print("coarse network trained", flush=True)
    options = FineOptions(FineSizes(base=8 if narrow else 16), fine, voi=32 if narrow else 64, seed=arguments.seed,
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
