"""The bundle cta-resnet: training, selection, one ONNX, manifest, golden vectors and card."""

import argparse
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from .. import __version__
from ..checkpoints import checkpoint_of
from ..staged import staged
from ..marked_picture import Mark, Outline, Projected, draw_marks
from ..readers import Refusal
from .card import write_card
from .crops import CROP_MM, PIXELS, SLICES, STEP_MM, Crop, field, load_crops, triples
from .export import OUTPUTS, export_candidate
from .measure import ablation, measure, open_session, table_of
from .network import WINDOW_HU, CandidateNetwork, load_imagenet
from .scans import BUDGET, Proposed, choose_threshold, judged, measure_scans, proposed, read_hu, read_volume
from .selection import Head, fit_head
from .train import CropOptions, train_candidates

Manifest = dict[str, Any]

LIMITS = [
    "Trained and measured on synthetic phantoms only; it says nothing about patients",
    "Judges places that a proposal stage has found; whole phantoms show what both miss together, and several false positives a scan",
    "Aneurysms below 3 mm and infundibula look alike; veins and calcified walls can be taken for aneurysms",
    "Grad-CAM shows 4 x 4 cells of 8 mm: a place to look at, no outline",
]
#: what a projection of contrast-filled vessels shows black and white (HU); a head's radii where nothing of a volume may be shown (mm)
SHOWN_HU, HEAD_MM = (0.0, 500.0), (75.0, 92.0, 98.0)


def run(arguments: argparse.Namespace) -> None:
    """Runs every step; training goes on from the cache."""
    counts = dict(zip(("train", "validation", "test"), arguments.patients))
    crops = {split: load_crops(arguments.cache / "crops", split, range(n)) for split, n in counts.items()}  # type: ignore[arg-type]
    start = None
    if arguments.imagenet:
        start = CandidateNetwork()
        load_imagenet(start, arguments.imagenet)
    options = CropOptions(arguments.steps[0], sum(arguments.steps), seed=arguments.seed, threads=arguments.threads)
    network = train_candidates(crops["train"], options, checkpoint_of(arguments.cache, "candidates", options, counts["train"], str(arguments.imagenet)), start)
    training = {"data": f"{counts['train']} synthetic CTA patients ({len(crops['train'])} candidates); selection and regression on {counts['validation']} others",
                "seed": arguments.seed, "date": arguments.date, "steps": sum(arguments.steps),
                "startedFrom": "a given ImageNet file" if arguments.imagenet else "random weights"}
    chosen_on, scans = ([proposed(split, k) for k in range(arguments.scans)] for split in ("validation", "test"))  # type: ignore[arg-type]
    material = Material(crops["validation"], crops["test"], chosen_on, scans, {file.name: read_volume(file) for file in arguments.real}, crops["test"])
    with staged(arguments.out) as folder:
        figure = write_bundle(network, material, folder, training)["performance"]["auc"]
        print(f"AUC {figure:.3f} on {len(crops['test'])} unseen candidates")
        if arguments.gate and figure < 0.85:
            raise SystemExit("below what a shipped bundle must reach: AUC 0.85 on unseen candidates")


@dataclass(frozen=True)
class Material:
    """Crops that selection and regression are fitted on, crops of other patients to measure on; whole scans for the threshold, and others
    to measure on; real volumes by name. `golden` are crops whose voxels go into the bundle: phantoms' always, for a bundle is passed on."""

    fit: list[Crop]
    test: list[Crop]
    chosen_on: list[Proposed]
    scans: list[Proposed]
    real: dict[str, Proposed]
    golden: list[Crop]


def write_bundle(network: CandidateNetwork, material: Material, folder: Path, training: dict[str, object],
                 told: Callable[[Manifest], Manifest] = lambda manifest: manifest) -> Manifest:
    """Fits selection and regression on patients the trunk has not seen, exports, measures; returns the manifest. `told` says in it what the
    data are where they are no phantoms."""
    folder.mkdir(parents=True, exist_ok=True)
    test_crops = material.test
    fit, test = table_of(network, material.fit), table_of(network, test_crops)
    head = fit_head(fit.features, fit.truth, fit.patient)
    export_candidate(network, head, folder / "model.onnx")
    session = open_session(folder / "model.onnx")
    performance = {"testedOn": f"{len(test_crops)} candidates of {len(np.unique(test.patient))} synthetic patients of unseen anatomy and appearance",
                   **measure(session, fit, test, test_crops), "ablationAuc": ablation(fit, test)}
    manifest = _manifest(folder, head, performance, training)
    add_scans(session, manifest, material.chosen_on, material.scans, material.real)
    manifest = told(manifest)
    (folder / "model.json").write_text(json.dumps(manifest, indent=2, allow_nan=False) + "\n")
    write_golden(session, material.golden, folder)
    write_card(folder, manifest)
    return manifest


def remeasure(arguments: argparse.Namespace, manifest: Manifest) -> None:
    """The command `measure`: figures on whole phantoms anew, the threshold where it is asked for; weights and figures on candidates stay."""
    if not manifest["training"]["synthetic"]:
        raise Refusal("WRONG_BUNDLE", arguments.bundle, "was fine-tuned on a data set; phantoms would put their figures in the place of its own. "
                      "`willis evaluate` measures it on labelled cases")
    chosen_on = [proposed("validation", k) for k in range(arguments.scans if arguments.choose_threshold else 0)]
    scans = [proposed("test", arguments.test_from + k) for k in range(arguments.scans)]
    session = open_session(arguments.bundle / manifest["network"]["file"])
    real = {file.name: read_volume(file) for file in arguments.real}
    add_scans(session, manifest, chosen_on, scans, real, arguments.apart)
    if arguments.pictures is not None:
        for file in arguments.real:
            scan = real[file.name]
            marked = scan.standing & (judged(session, scan) >= manifest["operatingPoint"]["threshold"])
            _draw(file, scan, marked, arguments.pictures / f"{file.name.split('.')[0]}.png", arguments.credit)
    (arguments.bundle / "model.json").write_text(json.dumps(manifest, indent=2, allow_nan=False) + "\n")
    write_card(arguments.bundle, manifest)


def _draw(file: Path, scan: Proposed, marked: np.ndarray, picture: Path, credit: str | None) -> None:
    """The marks over projections of the volume where its licence is named, else over a plain outline."""
    rings = [Mark(tuple(float(v) for v in centre - scan.middle), max(2.5, float(radius) + 1)) for centre, radius in zip(scan.centres[marked], scan.radii[marked])]  # type: ignore[arg-type]
    words = f"{len(rings)} marks of cta-resnet. "
    if credit is None:
        half = float(scan.middle[2])
        draw_marks(rings, Outline(HEAD_MM, (-half, half)), picture, words + "No voxel of the volume is shown.")
    else:
        hu, spacing = read_hu(file)
        draw_marks(rings, Projected(hu, spacing, SHOWN_HU), picture, words + credit)


def add_scans(session: ort.InferenceSession, manifest: Manifest, chosen_on: list[Proposed], scans: list[Proposed], real: dict[str, Proposed],
              apart: tuple[float, float, float, float] | None = None) -> None:
    """The threshold by whole validation scans, and what comes of it on whole test scans and real volumes; without validation scans it stays."""
    performance, point = manifest["performance"], manifest["operatingPoint"]
    if chosen_on:
        manifest["operatingPoint"] = point = {"threshold": choose_threshold(session, chosen_on), "chosenOn":
                                              f"proposals in {len(chosen_on)} whole validation phantoms, at most {BUDGET:g} false positives a scan"}
    if scans:
        performance["onProposals"] = measure_scans(session, scans, point["threshold"])
    if real:
        performance["realVolumes"] = [_real_row(name, scan, scan.standing & (judged(session, scan) >= point["threshold"]), apart) for name, scan in real.items()]


def _real_row(name: str, scan: Proposed, marked: np.ndarray, apart: tuple[float, float, float, float] | None) -> dict[str, object]:
    """Proposals and marks of a real volume; those in the ball `apart` (mm x, y, z from the volume's middle, radius) are counted by themselves."""
    row: dict[str, object] = {"name": name, "proposals": len(scan.on), "standing": int(scan.standing.sum()), "marked": int(marked.sum())}
    if apart is None:
        return row
    near = np.linalg.norm(scan.centres[marked] - scan.middle - np.array(apart[:3]), axis=1) <= apart[3]
    return row | {"markedApart": int(near.sum())}


def _manifest(folder: Path, head: Head, performance: dict[str, object], training: dict[str, object]) -> Manifest:
    return {
        "schemaVersion": 1, "id": "cta-resnet-phantom", "version": __version__, "pipeline": "cta-resnet",
        "task": "aneurysm-candidate-classification", "modality": "CT", "title": "CTA aneurysm candidates, ResNet-18 with LASSO and logistic regression",
        "manufacturer": "Willis",
        "accepts": {"orientation": "axial", "maxObliqueDegrees": 30, "minSlices": 32, "pixelSpacingMm": [0.2, 0.8], "sliceSpacingMm": [0.3, 1.25],
                    "minCoverageMm": [100, 100, 40]},
        "preprocessing": {"units": "HU", "orientation": "LPS", "cropMm": CROP_MM, "spacingMm": STEP_MM, "pixels": PIXELS, "slices": SLICES,
                          "channels": "slices z-1, z, z+1", "interpolation": "linear", "outside": "repeat-edge", "windowHu": list(WINDOW_HU)},
        "network": {"file": "model.onnx", "sha256": hashlib.sha256((folder / "model.onnx").read_bytes()).hexdigest(), "input": "hu",
                    "outputs": list(OUTPUTS)},
        "selection": {"features": [int(k) for k in head.kept], "weights": [round(float(w), 6) for w in head.weights],
                      "bias": round(head.bias, 6)},
        "aggregation": "mean logit of the three central slices",
        "explanation": {"output": "cam", "method": "Grad-CAM of the log-odds, closed form of the linear head", "cells": PIXELS // 16},
        "operatingPoint": {"threshold": performance["threshold"], "chosenOn": "out-of-fold logits of the fitting patients, largest sensitivity + specificity"},
        "training": {**training, "licence": "Apache-2.0", "synthetic": True, "kitVersion": __version__},
        "performance": performance, "limits": LIMITS,
        "intendedUse": "Trained on synthetic phantoms; not for clinical use", "golden": "golden/golden.json",
    }


def write_golden(session: ort.InferenceSession, crops: list[Crop], folder: Path) -> None:
    """Two aneurysms and two other candidates: stored HU [4,5,64,64] and what the graph makes of their central slices."""
    chosen = [crop for truth in (True, False) for crop in [c for c in crops if c.aneurysm == truth][:2]]
    volume = np.stack([field(crop.hu) for crop in chosen]).astype("<i2")
    rows = []
    for crop in chosen:
        outputs = dict(zip(OUTPUTS, session.run(list(OUTPUTS), {"hu": triples(crop)})))
        logit = float(outputs["logit"].mean())
        rows.append({"aneurysm": crop.aneurysm, "kind": crop.kind, "logits": [round(float(v), 4) for v in outputs["logit"]],
                     "probability": round(float(1 / (1 + np.exp(-logit))), 5),
                     "contributions": [round(float(v), 4) for v in outputs["contributions"][1]],
                     "cam": [[round(float(v), 4) for v in line] for line in outputs["cam"][1]]})
    (folder / "golden").mkdir(exist_ok=True)
    (folder / "golden" / "crops.raw").write_bytes(volume.tobytes())
    golden = {"file": "crops.raw", "shape": list(volume.shape), "units": "HU", "candidates": rows}
    (folder / "golden" / "golden.json").write_text(json.dumps(golden) + "\n")
