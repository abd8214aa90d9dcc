"""The bundle ncct-haemorrhage: networks, manifest, golden vectors and card, from trained networks and studies."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from .. import __version__
from ..metrics import auc
from ..ncct import CLASSES, draw_bleeds, draw_ct_appearance, draw_head, render_ct
from .card import write_card
from .dataset import Study
from .export import export_sequence, export_sequence_map, export_slices
from .measure import Calibration, Reader, Reading, calibrate, choose_thresholds, finite, measure, read_study
from .network import WINDOWS, SliceNetwork
from .prepare import (AIR_HU, FIELD_MM, HEAD_EXTENT_MM, HEAD_HU, PIXELS, SAMPLES, SLAB_MM, SMALLEST_SLICE_MM2, THIN_BELOW_MM, head_centre,
                      prepare, slabs)
from .real import read_real, row
from .sequence import SequenceModel
from .sequence_map import SequenceMap
from .stored import MAP_METHOD, SEQUENCE_MAP, golden_maps, sequence_map_entry

FILES = {"slices-a.onnx": "slices-a", "slices-b.onnx": "slices-b", "sequence.onnx": "sequence"}
#: whatever the networks were trained on
LIMITS_OF_THE_SYSTEM = [
    "Epidural and subdural blood are told apart by shape alone and are mixed up at times",
    "Surgery, contrast medium, calcification and streaks can be taken for blood",
    "Grad-CAM++ shows 8 x 8 cells of 26 mm: a place to look at, no outline",
]
LIMITS = [
    "Trained and measured on synthetic phantoms only; it says nothing about patients",
    "Small, thin and old (isodense) collections are often missed; the sulcal subarachnoid and the falx and tentorium kinds most",
    "The one real head CT at hand (head and neck, no reading known) is marked as subdural blood: expect false positives on patients",
    *LIMITS_OF_THE_SYSTEM,
]


@dataclass(frozen=True)
class Trained:
    """What training gives, and what the manifest says about it."""

    a: SliceNetwork
    b: SliceNetwork
    sequence: SequenceModel
    training: dict[str, object]


def write_bundle(
    trained: Trained, validation: list[Study], test: list[Study], folder: Path, real: dict[str, tuple[np.ndarray, tuple[float, float, float]]]
) -> dict[str, object]:
    """Exports, calibrates on validation studies, measures on test studies and real volumes (HU, spacing), writes; returns the manifest."""
    reader = export_networks(trained, folder)
    chosen_on = [read_study(reader, s) for s in validation]
    calibration = calibrate(chosen_on)
    thresholds = choose_thresholds(chosen_on, calibration)
    readings = [read_study(reader, s) for s in test]
    manifest = manifest_of(folder, calibration, thresholds, trained.training | {"licence": "Apache-2.0", "synthetic": True})
    manifest["operatingPoint"]["chosenOn"] = f"{len(validation)} validation phantoms, largest sensitivity + specificity a class"  # type: ignore[index]
    manifest["performance"] = {"testedOn": f"{len(test)} synthetic phantoms of unseen anatomy and unseen appearance",
                               **measure(readings, calibration, thresholds),
                               "stages": stages(readings),
                               "realVolumes": [row(read_real(reader, calibration, name, *volume)) for name, volume in real.items()]}
    manifest |= {"limits": LIMITS, "intendedUse": "Trained on synthetic phantoms; not for clinical use", "golden": "golden/golden.json"}
    (folder / "model.json").write_text(json.dumps(manifest, indent=2, allow_nan=False) + "\n")
    write_golden(reader, calibration, folder, golden_phantom())
    write_card(folder, manifest)
    return manifest


def export_networks(trained: Trained, folder: Path) -> Reader:
    """Writes the four networks; what reads with the stored files."""
    folder.mkdir(parents=True, exist_ok=True)
    export_slices(trained.a, folder / "slices-a.onnx")
    export_slices(trained.b, folder / "slices-b.onnx")
    export_sequence(trained.sequence, folder / "sequence.onnx")
    heads = torch.stack([network.head.weight.detach() for network in (trained.a, trained.b)])
    export_sequence_map(SequenceMap(trained.sequence.eval(), heads), folder / SEQUENCE_MAP)
    return Reader(folder)


def manifest_of(folder: Path, calibration: Calibration, thresholds: np.ndarray, training: dict[str, object]) -> dict[str, object]:
    """The manifest of exported networks; performance, limits and use are still to come."""
    return {
        "schemaVersion": 1, "id": "ncct-haemorrhage-phantom", "version": __version__, "pipeline": "ncct-haemorrhage",
        "task": "haemorrhage-detection", "modality": "CT", "title": "Head CT haemorrhage marking, two SE-ResNeXt-50 and a sequence model",
        "manufacturer": "Willis",
        "accepts": {"orientation": "axial", "maxObliqueDegrees": 30, "minSlices": 16, "pixelSpacingMm": [0.3, 1.1],
                    "sliceSpacingMm": [0.5, 6.0], "minCoverageMm": [140, 140, 100]},
        "preprocessing": {
            "units": "HU", "sliceOrder": "inferior-to-superior",
            "headPart": {"extentMm": HEAD_EXTENT_MM, "smallestSliceMm2": SMALLEST_SLICE_MM2, "hu": HEAD_HU},
            "thinSlices": {"belowMm": THIN_BELOW_MM, "slabMm": SLAB_MM, "method": "mean"},
            "centre": {"method": "mean-position-of-voxels-above", "hu": HEAD_HU},
            "fieldMm": FIELD_MM, "pixels": PIXELS, "samplesPerAxis": SAMPLES, "interpolation": "linear", "outsideHu": AIR_HU,
            "neighbours": "repeat-outermost"},
        "classes": list(CLASSES),
        "networks": [
            {"role": role, "file": file, "sha256": hashlib.sha256((folder / file).read_bytes()).hexdigest(),
             **({"inputs": ["features", "logits", "spacing"], "outputs": ["sequence"]} if role == "sequence" else
                {"inputs": ["hu"], "outputs": ["logits", "features", "gradcampp", "evidence", "maps"]})} for file, role in FILES.items()]
        + [sequence_map_entry(folder)],
        "windowsHu": [{"level": level, "width": width} for level, width in WINDOWS],
        "explanation": {"output": "gradcampp", "method": "Grad-CAM++ of each slice network's class logit, last convolutional maps; mean of both",
                        "sequenceMethod": MAP_METHOD, "cells": PIXELS // 16},
        "calibration": {"method": "logistic", "slope": [round(float(v), 5) for v in calibration.slope],
                        "intercept": [round(float(v), 5) for v in calibration.intercept]},
        "scanScore": "maximum-over-slices",
        "operatingPoint": {"thresholds": [round(float(v), 5) for v in thresholds]},
        "training": {**training, "kitVersion": __version__},
    }


def stages(readings: list[Reading]) -> dict[str, dict[str, float | None]]:
    """Slice AUC of each network by itself, of their mean, and after the sequence model: what each stage adds."""
    parts = np.concatenate([r.slice_logits for r in readings], 1)
    labels = np.concatenate([r.labels for r in readings])
    columns = {"windows (A)": parts[0], "three slices (B)": parts[1], "mean of A and B": parts.mean(0),
               "sequence model": np.concatenate([r.logits for r in readings])}
    return {name: {c: finite(auc(labels[:, k], logits[:, k])) for k, c in enumerate(CLASSES)} for name, logits in columns.items()}


@dataclass(frozen=True)
class GoldenVolume:
    """Raw HU [z,y,x] (int16, little endian), spacing (x, y, z) in mm, labels [z,6]."""

    hu: np.ndarray
    spacing: tuple[float, float, float]
    labels: list[list[int]]


def golden_phantom() -> GoldenVolume:
    """A small phantom with two kinds of blood."""
    head = draw_head(300_001)
    bleeds = draw_bleeds(300_001, head, ("intraparenchymal", "subdural"))
    phantom = render_ct(head, bleeds, draw_ct_appearance(300_001, "validation", 1.5))
    return GoldenVolume(np.round(phantom.image).clip(-1024, 3071).astype("<i2"), phantom.spacing, phantom.labels.tolist())


def golden_volume(folder: Path) -> GoldenVolume:
    """That of a bundle."""
    golden = json.loads((folder / "golden" / "golden.json").read_text())
    hu = np.frombuffer((folder / "golden" / golden["file"]).read_bytes(), "<i2").reshape(golden["shape"])
    return GoldenVolume(hu, tuple(golden["spacingMm"]), golden["labels"])


def write_golden(reader: Reader, calibration: Calibration, folder: Path, volume: GoldenVolume) -> None:
    """The volume, and what every step makes of it."""
    thick, slice_spacing = slabs(volume.hu, volume.spacing[2])
    prepared = prepare(thick, volume.spacing[:2])
    logits, maps, parts = reader.read(prepared, slice_spacing)
    rng = np.random.default_rng(5)
    places = np.stack([rng.integers(0, n, 60) for n in prepared.shape], 1)
    strongest = [int(v) for v in logits[:, 0].argsort()[-3:]]
    golden = {
        "file": "volume.raw", "shape": list(volume.hu.shape), "spacingMm": [round(v, 6) for v in volume.spacing], "units": "HU",
        "headCentre": [round(v, 4) for v in head_centre(volume.hu)],
        "prepared": [[*(int(v) for v in p), round(float(prepared[tuple(p)]), 3)] for p in places],
        "logitsA": _rows(parts["logits"][0]), "logitsB": _rows(parts["logits"][1]), "sequence": _rows(logits),
        "probabilities": _rows(calibration(logits)),
        "gradcampp": [{"slice": t, "class": "any", "cells": _rows(maps[t, 0] / max(float(maps[t, 0].max()), 1e-12))} for t in strongest],
        "sequenceMap": golden_maps(reader, parts, slice_spacing, strongest),
        "labels": volume.labels}
    (folder / "golden").mkdir(exist_ok=True)
    (folder / "golden" / "volume.raw").write_bytes(volume.hu.tobytes())
    (folder / "golden" / "golden.json").write_text(json.dumps(golden) + "\n")


def _rows(values: np.ndarray) -> list[list[float]]:
    return [[round(float(v), 4) for v in row] for row in values]
