"""`ablate`: the settings of a published system against each other on phantoms, in short runs; the table goes into manifest and card.

System 002 needs no command of its own: `haemorrhage-bundle` compares its stages whenever it runs, as `cta-bundle` does the heads of its trunk.
"""

import argparse
import json
from dataclasses import replace

import numpy as np
import torch


def run(arguments: argparse.Namespace) -> None:
    """Trains every setting and writes the table into the bundle that is named."""
    torch.set_num_threads(arguments.threads)
    manifest = json.loads((arguments.bundle / "model.json").read_text())
    pipeline = manifest["pipeline"]
    if pipeline not in TABLES:
        raise SystemExit(f"{arguments.bundle} is a bundle of {pipeline}; ablate takes {' or '.join(TABLES)}, the other systems' tables come with their bundle")
    TABLES[pipeline](arguments, manifest)
    print(json.dumps(manifest["performance"]["ablation"], indent=2))


def _annex(arguments: argparse.Namespace, manifest: dict) -> None:  # type: ignore[type-arg]
    from .bundle import write_texts
    from .dataset import load_cases
    from .patch_classifier.ablation import ablate_annex, scans_of

    train, validation, test = (scans_of(load_cases(arguments.cache, split, n), split)  # type: ignore[arg-type]
                               for split, n in zip(("train", "validation", "test"), arguments.scans))
    rows = ablate_annex(train, validation, test, arguments.steps, seed=arguments.seed)
    how = (f"The thirteen models, each shown about {arguments.steps} patches of {len(train)} training phantoms (seed {arguments.seed}); the epoch by F2 on "
           f"{len(validation)} validation phantoms. Patches of {len(test)} phantoms of unseen anatomy and appearance; the scan's score in a box of 88 x 88 x 56 mm. "
           "The paper shows up to 500 epochs: these runs compare settings, they do not repeat its figures, and where sensitivity and specificity are 0 and 1 a network "
           "still called every patch alike. Its own stand in the last column; they are on "
           "patients, ours on phantoms, and the two cannot be compared.")
    manifest["performance"]["ablation"] = {"how": how, "rows": rows}
    write_texts(arguments.bundle, manifest)


def _outline(arguments: argparse.Namespace, manifest: dict) -> None:  # type: ignore[type-arg]
    from .coarse_to_fine.card import write_card
    from .coarse_to_fine.command import load
    from .coarse_to_fine.se_unet import FineSizes
    from .coarse_to_fine.train import FineOptions, ablate, cross_validate

    train_count, _, test_count = arguments.scans
    train, test = (load(split, range(count), arguments.cache) for split, count in (("train", train_count), ("test", test_count)))
    options = FineOptions(FineSizes(base=8), arguments.steps, voi=48, seed=arguments.seed, learning_rate=1e-3)
    rows = ablate(train, test, options)
    how = (f"{arguments.steps} steps each on {train_count} training phantoms (seed {arguments.seed}), boxes about the {rows['proposed']['vois']:.0f} true aneurysms of "
           f"{test_count} phantoms of unseen anatomy and appearance; half of the published width. One short run a row: differences may be chance.")
    folds = cross_validate(train, replace(options, steps=arguments.steps // 2))
    manifest["performance"]["ablation"] = {"how": how, "rows": {k: _finite(r) for k, r in rows.items()}, "folds": [_finite(r) for r in folds],
                                           "foldsHow": f"{arguments.steps // 2} steps each, folds by subject over the training phantoms."}
    (arguments.bundle / "model.json").write_text(json.dumps(manifest, indent=2, allow_nan=False) + "\n")
    write_card(arguments.bundle, manifest)


def _finite(row: dict[str, float]) -> dict[str, float | None]:
    """Rounded; None for a distance to an outline that is empty."""
    return {name: round(value, 4) if np.isfinite(value) else None for name, value in row.items()}


def _transfer(arguments: argparse.Namespace, manifest: dict) -> None:  # type: ignore[type-arg]
    from .cta_resnet.card import write_card
    from .cta_resnet.crops import load_crops
    from .cta_resnet.measure import transfer

    counts = dict(zip(("train", "validation", "test"), arguments.scans))
    crops = {split: load_crops(arguments.cache / "crops", split, range(count)) for split, count in counts.items()}  # type: ignore[arg-type]
    rows = transfer(crops["train"], crops["validation"], crops["test"], arguments.steps, arguments.seed)
    how = (f"Short runs, {arguments.steps} steps a training (seed {arguments.seed}): a trunk from random weights trained on the {len(crops['validation'])} candidates "
           f"of {counts['validation']} patients that selection and regression are fitted on too, and one that was trained as long on {len(crops['train'])} candidates of "
           f"{counts['train']} others before. {len(crops['test'])} candidates of {counts['test']} patients of unseen anatomy and appearance.")
    manifest["performance"]["ablation"] = {"how": how, "rows": rows}
    (arguments.bundle / "model.json").write_text(json.dumps(manifest, indent=2, allow_nan=False) + "\n")
    write_card(arguments.bundle, manifest)


TABLES = {"tof-patch": _annex, "tof-coarse-fine": _outline, "cta-resnet": _transfer}

