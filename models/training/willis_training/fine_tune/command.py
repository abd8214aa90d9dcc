"""The command train: everything is checked before the first step: masks, spacing, points, subjects on both sides of the split."""

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..readers import READERS, Case, Refusal, require_split
from . import cta_resnet, haemorrhage, tof_patch
from .order import Order, split_by_subject


@dataclass(frozen=True)
class Trainer:
    """What a pipeline's bundle is trained on (modalities of the readers' cases, and what a person calls them), how long, and by what."""

    modalities: tuple[str, ...]
    called: str
    steps: int
    train_on: Callable[[dict[str, list[Case]], Order], None]


TRAINERS = {
    "tof-patch": Trainer(("MR",), "MR angiography", 1000, tof_patch.train_on),
    "cta-resnet": Trainer(("CTA",), "CT angiography", 600, cta_resnet.train_on),
    "ncct-haemorrhage": Trainer(("CT",), "head CT", 1000, haemorrhage.train_on),
}


def run(arguments: argparse.Namespace) -> None:
    """Reads, checks, splits by subject; the pipeline's trainer does the rest."""
    pipeline = pipeline_of(arguments.init)
    trainer = TRAINERS[pipeline]
    if arguments.out.resolve() == arguments.init.resolve():
        raise Refusal("SAME_FOLDER", arguments.out, "is the bundle to start from; name another folder for the new one")
    cases = [c for c in READERS[arguments.set](arguments.data) if c.modality in trainer.modalities]
    if not cases:
        raise Refusal("NO_CASES", arguments.data, f"holds no {trainer.called}; a {pipeline} bundle can be trained on nothing else")
    parts = split_by_subject(cases, arguments.seed)
    require_split(parts)
    trainer.train_on(parts, Order(arguments.init, arguments.out, arguments.id or f"{pipeline}-site", arguments.data, arguments.set,
                                  arguments.steps or trainer.steps, arguments.seed, arguments.date))


def pipeline_of(bundle: Path) -> str:
    """The pipeline of a bundle that can be trained further; any other folder is refused."""
    file = bundle / "model.json"
    pipeline = json.loads(file.read_text()).get("pipeline") if file.exists() else None
    if pipeline not in TRAINERS:
        what = f"is a bundle of pipeline {pipeline}" if pipeline else "holds no model.json"
        raise Refusal("WRONG_BUNDLE", bundle, f"{what}; bundles of {', '.join(sorted(TRAINERS))} can be trained further")
    return str(pipeline)
