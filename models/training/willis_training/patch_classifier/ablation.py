"""The annex of system 001 on phantoms: short runs of its thirteen models, each shown about as many patches."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from ..dataset import Case
from ..metrics import auc, confusion
from .config import ANNEX, PatchConfig
from .scan import patch_map, scan_score
from .train import PatchScan, patches_of, train_patches

#: what the paper prints for its models, on patients: patch sensitivity, specificity and AUC, and AUC of scans. Its counts for model 6 give a specificity of 0.71
PAPER = {
    1: (0.93, 0.57, 0.89, 0.59), 2: (0.71, 0.87, 0.89, 0.49), 3: (1.0, 0.14, 0.81, 0.38), 4: (0.79, 0.93, 0.95, 0.49), 5: (0.94, 0.89, 0.97, 0.67),
    6: (0.87, 0.88, 0.88, 0.64), 7: (0.89, 0.74, 0.91, 0.63), 8: (0.88, 0.85, 0.93, 0.59), 9: (0.92, 0.76, 0.93, 0.61), 10: (0.81, 0.84, 0.91, 0.57),
    11: (0.89, 0.93, 0.97, 0.61), 12: (0.79, 0.79, 0.88, 0.59), 13: (0.90, 0.83, 0.94, 0.53)}
#: half the box about the circle of Willis that is slid over (voxels z, y, x)
HALF_BOX = (28, 44, 44)


def scans_of(cases: Sequence[Case], name: str) -> list[PatchScan]:
    """Prepared phantoms as the classifier sees them."""
    return [PatchScan(c.image.astype(np.float32), c.centres, f"{name} {k}") for k, c in enumerate(cases)]


def ablate_annex(
    train: list[PatchScan], validation: list[PatchScan], test: list[PatchScan], patches: int, models: Sequence[int] = tuple(ANNEX), seed: int = 1
) -> list[dict[str, object]]:
    """One row a model; as many epochs as show about `patches` patches, on scans whose appearance is unseen."""
    return [_row(number, short(ANNEX[number], train, patches, seed), (train, validation, test)) for number in models]


def short(config: PatchConfig, train: list[PatchScan], patches: int, seed: int) -> PatchConfig:
    """The same setting for fewer epochs."""
    each = sum(config.positives * len(s.centres) + config.negatives for s in train)
    return replace(config, epochs=max(1, round(patches / each)), seed=seed)


def _row(number: int, config: PatchConfig, scans: tuple[list[PatchScan], list[PatchScan], list[PatchScan]]) -> dict[str, object]:
    train, validation, test = scans
    network, scores = train_patches(train, validation, config)
    images, truth = patches_of(test, config, np.random.default_rng([config.seed, 2]))
    with torch.no_grad():
        logits = torch.cat([network(images[k : k + 32]) for k in range(0, len(images), 32)]).numpy()
    counts = confusion(truth.numpy(), logits, 0.0)
    boxes = [boxed(s) for s in test]
    found = np.array([scan_score(patch_map(network, b.image, config), b.image, config)[0] for b in boxes])
    present = np.array([len(b.centres) > 0 for b in boxes])
    return {
        "model": number, "network": f"{config.network}, base {config.base}" if "unet" in config.network else config.network, "loss": config.loss,
        "patch": config.patch, "stride": config.stride, "epochs": len(scores), "sensitivity": _text(counts.sensitivity),
        "specificity": _text(counts.specificity), "AUC": _text(auc(truth.numpy(), logits)), "F2": _text(counts.f_score(2)),
        "scan AUC": _text(auc(present, found)), "paper: sensitivity, specificity, AUC, scan AUC": ", ".join(f"{v:.2f}" for v in PAPER[number])}


def boxed(scan: PatchScan) -> PatchScan:
    """The box about the middle of the bright vessels: sliding over a whole head takes minutes a model."""
    middle = np.argwhere(scan.image > 0.7).mean(0)
    start = [int(np.clip(m - h, 0, max(n - 2 * h, 0))) for m, h, n in zip(middle, HALF_BOX, scan.image.shape)]
    box = tuple(slice(s, s + 2 * h) for s, h in zip(start, HALF_BOX))
    centres = scan.centres - np.array(start[::-1]) if len(scan.centres) else scan.centres
    inside = [all(0 <= v < 2 * h for v, h in zip(c[::-1], HALF_BOX)) for c in centres]
    return PatchScan(scan.image[box], centres[inside] if len(centres) else centres, scan.subject)


def _text(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:.2f}"
