"""The command haemorrhage-bundle: phantoms, both slice networks, the sequence model, the bundle."""

import argparse
from dataclasses import replace

import numpy as np

from ..checkpoints import checkpoint_of
from ..compute import device
from ..staged import staged
from .bundle import Trained, write_bundle
from .dataset import SliceSampler, Study, at_network_size, prepared
from .train_sequence import Encoded, SequenceOptions, encode, train_sequence
from .train_slices import SliceOptions, train_slices


def run(arguments: argparse.Namespace) -> None:
    """Runs every step; each is resumed from the cache."""
    from ..readers.dicom_folder import read_series

    counts = dict(zip(("train", "validation", "test"), arguments.studies))
    studies = {split: [prepared(arguments.cache / "phantoms", split, k) for k in range(n)] for split, n in counts.items()}  # type: ignore[arg-type]
    trained = train_all(studies["train"], arguments)
    real = {folder.name: read_series(folder) for folder in arguments.real}
    with staged(arguments.out) as folder:
        manifest = write_bundle(trained, studies["validation"], studies["test"], folder, {name: (s.voxels, s.spacing) for name, s in real.items()})
        figure = manifest["performance"]["classes"]["any"]["scanAuc"]  # type: ignore[index]
        print(f"AUC of any haemorrhage {figure:.3f} on {counts['test']} unseen phantoms")
        if arguments.gate and figure < 0.9:
            raise SystemExit("below what a shipped bundle must reach: AUC 0.90 for any haemorrhage")


def train_all(studies: list[Study], arguments: argparse.Namespace) -> Trained:
    """Network A, network B from A's weights, the sequence model on what both say about the same studies."""
    a96, a128, b96, b128 = arguments.steps
    options = SliceOptions("windows", small_steps=a96, full_steps=a128, seed=arguments.seed, threads=arguments.threads)
    sampler = SliceSampler(studies, arguments.seed)
    a = train_slices(sampler, options, checkpoint_of(arguments.cache, "slices-a", options, len(studies)))
    second = replace(options, variant="slices", small_steps=b96, full_steps=b128, learning_rate=6e-4, seed=arguments.seed + 1)
    b = train_slices(sampler, second, checkpoint_of(arguments.cache, "slices-b", options, second, len(studies)), a)
    a, b = a.to(device()), b.to(device())
    encoded: list[Encoded] = [encode((a, b), at_network_size(s), s.labels, s.slice_spacing) for s in studies[: arguments.sequence_studies]]
    sequence = train_sequence(encoded, SequenceOptions(seed=arguments.seed + 2))
    slices = int(np.sum([len(s.labels) for s in studies]))
    training = {"data": f"{len(studies)} synthetic head CT phantoms ({slices} slices)", "seed": arguments.seed, "date": arguments.date,
                "steps": f"Network A: {a96} steps at 96 and {a128} at 128 pixels, 16 slices each; network B from A's weights: {b96} and {b128} steps; "
                         f"the sequence model on {len(encoded)} of the studies."}
    return Trained(a.cpu(), b.cpu(), sequence, training)
