"""The command coarse-to-fine: phantoms, the three networks, the bundle with its score on unseen phantoms; ablation and cross-validation."""

import argparse
import json
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch

from ..checkpoints import checkpoint_of
from ..compute import device
from ..staged import staged
from .bundle import System, write_bundle
from .cases import FIRST_TEST_SEED, FIRST_TRAIN_SEED, SPACING_MM, FineCase, kept_case
from .deepmedic import WIDTHS, DeepMedic
from .se_unet import FineNetwork, FineSizes
from .stored import StoredArteries, load_coarse, load_fine
from .train import CoarseOptions, FineOptions, ablate, as_read, cross_validate, segments_of, train_coarse, train_fine
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
    validation = load("train", range(train_count, train_count + validation_count), arguments.cache)
    test = load("test", range(arguments.test_from, arguments.test_from + test_count), arguments.cache)
    if arguments.ablation_steps:
        short = replace(system.options, steps=arguments.ablation_steps)
        seen = load("train", range(train_count), arguments.cache)
        extra = {"ablation": {"how": f"{arguments.ablation_steps} steps each, VOIs about true aneurysms.", "rows": ablate(seen, test, short)},
                 "folds": cross_validate(seen, short)}
    arteries, coarse, fine = arguments.steps
    training = {"data": f"{train_count} synthetic TOF-MRA phantoms", "seed": arguments.seed, "date": arguments.date, "time": arguments.note,
                "steps": f"Steps: arteries {arteries}, DeepMedic {coarse}, outline {fine}.",
                "widths": "The networks have a quarter (DeepMedic) and half (outline) of the published widths." if arguments.narrow else "Widths are the published ones."}
    with staged(arguments.out) as folder:
        manifest = write_bundle(system, (validation, test), folder, training, extra, arguments.cache)
    print(json.dumps(manifest["performance"], indent=2))


def train(arguments: argparse.Namespace) -> System:
    """The three networks, one after the other: the later two see arteries as the first one finds them, in the phantom's scanner or another.

    With a cache each network is trained once; with `init` the artery network is that of a bundle, and the other two go on from its own.
    """
    steps, narrow, seed = arguments.steps, arguments.narrow, arguments.seed
    cases = cache(lambda: load("train", range(arguments.scans[0]), arguments.cache))
    first = StoredArteries(arguments.init / "arteries.onnx") if arguments.init else _kept(
        arguments, "arteries", steps[:1], ArteryNetwork(), lambda file: train_arteries(cases(), ArteryOptions(steps=steps[0], seed=seed), file))
    rng = np.random.default_rng(seed)
    read = cache(lambda: _read_by(first, cases(), rng))
    coarse = CoarseOptions(steps=steps[1], seed=seed, **({"widths": NARROW, "joined": 40} if narrow else {}))  # type: ignore[arg-type]
    medic = DeepMedic(1, coarse.widths, coarse.joined)
    second = _kept(arguments, "coarse", steps[:2], medic, lambda file: train_coarse(read(), coarse, _coarse_of(arguments.init, coarse, read), file))
    sizes = FineSizes(base=8, dropout=0.1) if narrow else FineSizes()
    options = FineOptions(sizes, steps[2], voi=48 if narrow else 64, seed=seed, learning_rate=1e-3 if narrow else 5e-4)
    third = _kept(arguments, "fine", steps[::2], FineNetwork(sizes), lambda file: train_fine([*cases(), *read()], options, _fine_of(arguments.init, sizes), file))
    return System(first, second, third, options)


def _read_by(network: ArteryNetwork | StoredArteries, cases: list[FineCase], rng: np.random.Generator) -> list[FineCase]:
    """The cases as the later networks meet them; the network itself comes back to the processor."""
    network.to(device())
    found = [as_read(case, network, rng) for case in cases]
    network.cpu()
    return found


def _coarse_of(init: Path | None, options: CoarseOptions, read: Callable[[], list[FineCase]]) -> DeepMedic | None:
    return None if init is None else load_coarse(init / "coarse.onnx", options.widths, options.joined, segments_of(read()[:4], options))


def _fine_of(init: Path | None, sizes: FineSizes) -> FineNetwork | None:
    return None if init is None else load_fine(init / "fine.onnx", sizes)


def _kept(arguments: argparse.Namespace, name: str, steps: Sequence[int], empty: Network, fit: Callable[[Path | None], Network]) -> Network:
    """The trained network out of the cache, or trained, from the checkpoint on if there is one, and put there."""
    settings = (list(steps), arguments.seed, arguments.scans[0], arguments.narrow, str(arguments.init))
    file = None if arguments.cache is None else checkpoint_of(arguments.cache, name, *settings)
    if file is not None and file.exists():
        empty.load_state_dict(torch.load(file))
        return empty.eval()
    under_way = None if file is None else file.with_name(f"{file.stem}-under-way.pt")
    trained = fit(under_way)
    if file is not None and under_way is not None:
        torch.save(trained.state_dict(), file)
        under_way.unlink(missing_ok=True)
    print(f"{name} trained", flush=True)
    return trained


def load(split: str, numbers: range, cache: Path | None) -> list[FineCase]:
    """Phantoms of a split, with an aneurysm in most; test phantoms keep the population's share."""
    first = {"train": FIRST_TRAIN_SEED, "test": FIRST_TEST_SEED}[split]
    jobs = [(first + k, split, (1 if k % 4 else 2) if split == "train" else None, SPACING_MM, cache) for k in numbers]
    with ProcessPoolExecutor(2) as pool:
        return list(pool.map(_one, jobs))


def _one(job: tuple) -> FineCase:  # type: ignore[type-arg]
    return kept_case(*job)
