"""The bundle head-distance: one ONNX, its manifest head.json, golden vectors and card."""

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import torch

from .. import __version__
from ..export import store_as_float16
from ..preprocess import head_mask
from .card import write_card
from .conform import HIGH_PERCENTILE, INSET_MM, KEEP_MM, MULTIPLE_OF, SPACING_MM, conform, mask_of
from .measure import DEEP_MM, answer, plausibility, sampled_mask
from .network import HeadDistanceNetwork, Lean
from .scenes import Scene


LIMITS = [
    "Trained and measured on synthetic heads only; it says nothing about patients",
    "Knows two ways to draw a head: children, large masses, open skulls and heads without their top are not among them",
    "Head CT with much air or neck about the head (half a metre of it) is answered wrongly; no pipeline asks it of CT",
    "Within 15 mm of the brain lies most of the scalp over it: the mask takes away face, neck and what lies below the skull base",
]
#: an answer outside these is not believed (see `measure.plausibility`)
MIN_BRAIN_SHARE, MAX_BRAIN_SHARE, MAX_BRIGHT_OUTSIDE = 0.2, 0.8, 0.2


def export_head(network: HeadDistanceNetwork, file: Path) -> None:
    """Input image [n,1,z,y,x], output distance (mm) of that shape; all axes dynamic, opset 17, weights stored as float16."""
    file.parent.mkdir(parents=True, exist_ok=True)
    plain = Lean(network).eval().to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    axes = {name: {0: "n", 2: "z", 3: "y", 4: "x"} for name in ("image", "distance")}
    torch.onnx.export(plain, (torch.zeros(1, 1, 32, 48, 64),), str(file), dynamo=False, opset_version=17,
                      input_names=["image"], output_names=["distance"], dynamic_axes=axes)
    graph = onnx.load(str(file))
    store_as_float16(graph)
    onnx.checker.check_model(graph)
    onnx.save(graph, str(file))


def write_bundle(session: ort.InferenceSession, file: Path, folder: Path, measured: dict, scene: Scene) -> None:  # type: ignore[type-arg]
    """Writes everything; `measured` holds training and performance, `scene` is the golden one."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, folder / "distance.onnx")
    manifest = _manifest(folder, measured)
    (folder / "head.json").write_text(json.dumps(manifest, indent=2) + "\n")
    write_golden(session, scene, folder)
    write_card(folder, manifest)


def _manifest(folder: Path, measured: dict) -> dict:  # type: ignore[type-arg]
    return {
        "schemaVersion": 1, "id": "head-distance-phantom", "version": __version__, "title": "Distance from the brain's surface", "manufacturer": "Willis",
        "task": "head-distance", "modalities": ["MR", "CT"],
        "preprocessing": {"fromSpacingMm": 1, "orientation": "LPS", "spacingMm": SPACING_MM, "insetMm": INSET_MM, "interpolation": "linear", "outside": 0,
                          "normalisation": {"method": "least-to-percentile", "highPercentile": HIGH_PERCENTILE}},
        "network": {"file": "distance.onnx", "sha256": hashlib.sha256((folder / "distance.onnx").read_bytes()).hexdigest(),
                    "input": "image", "output": "distance", "multipleOf": MULTIPLE_OF},
        "plausible": {"minBrainShare": MIN_BRAIN_SHARE, "maxBrainShare": MAX_BRAIN_SHARE, "deepMm": DEEP_MM, "maxBrightOutside": MAX_BRIGHT_OUTSIDE},
        "training": {**measured["training"], "licence": "Apache-2.0", "synthetic": True, "kitVersion": __version__},
        "performance": measured["performance"], "limits": LIMITS,
        "intendedUse": "Trained on synthetic phantoms; not for clinical use", "golden": "golden/golden.json",
    }


def write_golden(session: ort.InferenceSession, scene: Scene, folder: Path) -> None:
    """A part of an unseen scan, int16 [z,y,x] at 1 mm, and what comes of it."""
    unit = 1000 / float(scene.image.max())
    stored = np.round(scene.image[24:44] * unit).astype("<i2")
    seen = conform(stored.astype(np.float32), np.eye(4))
    distance = answer(session, seen)
    share, outside = plausibility(seen, distance, sampled_mask(head_mask(stored.astype(np.float32)), np.eye(4)), KEEP_MM)
    spots = np.random.default_rng(1).integers(0, np.array(distance.shape), (60, 3))
    (folder / "golden").mkdir(exist_ok=True)
    (folder / "golden" / "image.raw").write_bytes(np.ascontiguousarray(stored).tobytes())
    golden = {"file": "image.raw", "shape": list(stored.shape), "size": list(distance.shape), "brainShare": round(share, 5), "brightOutside": round(outside, 5),
              "keepMm": KEEP_MM, "kept": int(mask_of(distance, KEEP_MM).sum()),
              "image": [[*map(int, s[::-1]), round(float(seen.image[tuple(s)]), 5)] for s in spots],
              "distance": [[*map(int, s[::-1]), round(float(distance[tuple(s)]), 4)] for s in spots]}
    (folder / "golden" / "golden.json").write_text(json.dumps(golden) + "\n")
