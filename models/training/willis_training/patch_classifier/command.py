"""The command patch-classifier."""

import argparse
import dataclasses
import json
from pathlib import Path

import numpy as np
import torch
from torch import nn

from ..dataset import load_cases
from ..metrics import auc, confusion, youden_threshold
from .ablation import scans_of
from .config import PatchConfig, load_config
from .scan import patch_map, scan_score
from .train import PatchScan, train_patches


def run(arguments: argparse.Namespace) -> None:
    """Trains what the configuration asks for and writes the network, its configuration and its figures on unseen scans."""
    config = load_config(arguments.config)
    train, validation, test = (scans_of(load_cases(arguments.cache, split, n), split)  # type: ignore[arg-type]
                               for split, n in zip(("train", "validation", "test"), arguments.scans))
    network, scores = train_patches(train, validation, config)
    report = {"config": dataclasses.asdict(config), "bestEpoch": int(np.argmax(scores)) + 1, "bestF2": round(max(scores), 4),
              **figures(network, validation, test, config), "trainedOn": f"{len(train)} synthetic phantoms; not for clinical use"}
    arguments.out.mkdir(parents=True, exist_ok=True)
    export_patches(network, config.patch, arguments.out / "network.onnx")
    (arguments.out / "report.json").write_text(json.dumps(report, indent=2) + "\n")
    print(json.dumps(report, indent=2))


def figures(network: nn.Module, validation: list[PatchScan], test: list[PatchScan], config: PatchConfig) -> dict[str, object]:
    """Of whole scans, as published: the threshold by Youden on validation scans; on test scans AUC, sensitivity, specificity, and how far (mm, the
    median) the strongest voxel of a scan with an aneurysm lies from its nearest aneurysm."""
    (held, _), (found, places) = (_scanned(network, scans, config) for scans in (validation, test))
    present = np.array([len(s.centres) > 0 for s in test])
    threshold = youden_threshold(np.array([float(len(s.centres) > 0) for s in validation]), held)
    counts = confusion(present, found, threshold)
    errors = [float(np.linalg.norm(s.centres - place, axis=1).min()) for s, place in zip(test, places) if len(s.centres)]
    return {"threshold": round(threshold, 4), "scanAuc": round(auc(present, found), 4), "scanSensitivity": round(counts.sensitivity, 4),
            "scanSpecificity": round(counts.specificity, 4), "localisationErrorMm": round(float(np.median(errors)), 2) if errors else None}


def export_patches(network: nn.Module, patch: int, file: Path) -> None:
    """Input `patches` [n,1,p,p,p] in 0..1, output `logit` [n]; the batch is dynamic."""
    torch.onnx.export(network.eval(), (torch.zeros(1, 1, patch, patch, patch),), str(file), dynamo=False, opset_version=17,
                      input_names=["patches"], output_names=["logit"], dynamic_axes={"patches": {0: "n"}, "logit": {0: "n"}})


def _scanned(network: nn.Module, scans: list[PatchScan], config: PatchConfig) -> tuple[np.ndarray, list[np.ndarray]]:
    rows = [scan_score(patch_map(network, s.image, config), s.image, config) for s in scans]
    return np.array([score for score, _ in rows]), [place for _, place in rows]
