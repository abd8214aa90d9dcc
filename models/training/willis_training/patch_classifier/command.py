"""The command patch-classifier."""

import argparse
import json

import numpy as np

from ..dataset import load_cases
from ..metrics import auc
from .config import load_config
from .scan import patch_map, scan_score
from .train import PatchScan, train_patches


def run(arguments: argparse.Namespace) -> None:
    """Trains what the configuration asks for and prints the best epoch, its F2, and the AUC of unseen scans."""
    config = load_config(arguments.config)
    scans = {split: [PatchScan(c.image.astype(np.float32), c.centres, f"{split} {k}") for k, c in enumerate(load_cases(arguments.cache, split, n))]  # type: ignore[arg-type]
             for split, n in zip(("train", "validation", "test"), arguments.scans)}
    network, scores = train_patches(scans["train"], scans["validation"], config)
    found = [scan_score(patch_map(network, s.image, config), s.image, config)[0] for s in scans["test"]]
    present = np.array([len(s.centres) > 0 for s in scans["test"]])
    print(json.dumps({"bestEpoch": int(np.argmax(scores)) + 1, "bestF2": round(max(scores), 4), "scanAuc": round(auc(present, np.array(found)), 4)}))
