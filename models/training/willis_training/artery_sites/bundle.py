"""The bundle artery-sites: one ONNX, its manifest sites.json, golden vectors and card."""

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
from .card import write_card
from .locations import CLASSES
from .measure import GENERAL, SIDELESS, answered, crop_at, named
from .network import CROP, MirrorSafe
from .phantoms import Scene

LIMITS = [
    "Trained and measured on synthetic phantoms only; it says nothing about patients",
    "Names the artery nearest to a place by how arteries usually run; variants (fetal posterior cerebral artery, fenestrations, triplicate A2) are not modelled",
    "Posterior communicating and supraclinoid carotid aneurysms begin millimetres apart: many stay unnamed, and some of their names are wrong",
    "Where it is not sure, or its side contradicts geometry, the site is told as cerebral artery",
]
#: voxels of the golden image about the middle of the circle of Willis (x, y, z)
GOLDEN_HALF = np.array([44, 44, 32])


def export_sites(model: MirrorSafe, file: Path) -> None:
    """Inputs crop [n,1,64,64,64] and left_mm [n], output probability [n,14]; weights stored as float16."""
    file.parent.mkdir(parents=True, exist_ok=True)
    plain = model.eval().to(memory_format=torch.contiguous_format)
    torch.onnx.export(plain, (torch.zeros(1, 1, CROP, CROP, CROP), torch.zeros(1)), str(file), dynamo=False, opset_version=17,
                      input_names=["crop", "left_mm"], output_names=["probability"],
                      dynamic_axes={name: {0: "n"} for name in ("crop", "left_mm", "probability")})
    graph = onnx.load(str(file))
    store_as_float16(graph)
    onnx.checker.check_model(graph)
    onnx.save(graph, str(file))


def write_bundle(session: ort.InferenceSession, file: Path, folder: Path, measured: dict, scenes: dict[str, list[Scene]]) -> None:  # type: ignore[type-arg]
    """Writes everything; `measured` holds training, performance and threshold."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, folder / "sites.onnx")
    manifest = _manifest(folder, measured)
    (folder / "sites.json").write_text(json.dumps(manifest, indent=2) + "\n")
    write_golden(session, scenes["MR"], folder, measured["threshold"])
    write_card(folder, manifest)


def _manifest(folder: Path, measured: dict) -> dict:  # type: ignore[type-arg]
    return {
        "schemaVersion": 1, "id": "artery-sites-phantom", "version": __version__, "title": "Artery of an aneurysm, 13 locations",
        "manufacturer": "Willis", "task": "artery-site", "modalities": ["MR", "CT"],
        "preprocessing": {"orientation": "LPS", "image": "0..1 inside the head, 0 outside, without bone", "spacingMm": 1, "samples": CROP,
                          "interpolation": "linear", "outside": 0},
        "network": {"file": "sites.onnx", "sha256": hashlib.sha256((folder / "sites.onnx").read_bytes()).hexdigest(),
                    "crop": "crop", "leftMm": "left_mm", "output": "probability"},
        "classes": list(CLASSES),
        "naming": {"threshold": measured["threshold"],
                   "chosenOn": "validation phantoms: the least, up to 0.95, at which 99 % of the names given to sacs and to places on arteries are right"},
        "training": {**measured["training"], "licence": "Apache-2.0", "synthetic": True, "kitVersion": __version__},
        "performance": measured["performance"], "limits": LIMITS,
        "intendedUse": "Trained on synthetic phantoms; not for clinical use", "golden": "golden/golden.json",
    }


def write_golden(session: ort.InferenceSession, scenes: list[Scene], folder: Path, threshold: float) -> None:
    """A part of an unseen scan, uint8 [z,y,x] at 1 mm, and what the graph says of sacs and other places in it; the node must agree."""
    scene = max(scenes[:20], key=lambda s: int(s.sacs.sum()))
    middle = np.round(scene.centres[scene.sacs].mean(0)).astype(int)
    start, stop = np.maximum(middle - GOLDEN_HALF, 0), np.minimum(middle + GOLDEN_HALF, scene.image.shape[::-1])
    image = scene.image[start[2] : stop[2], start[1] : stop[1], start[0] : stop[0]]
    places = []
    for k in (*np.flatnonzero(scene.sacs), *np.flatnonzero(~scene.sacs)[:6]):
        centre, left = np.round(scene.centres[k] - start, 3), round(float(scene.centres[k][0] - scene.middle), 3)
        probability = answered(session, crop_at(image, centre), left)
        name = named(probability, left, threshold)
        places.append({"centreVoxel": [float(v) for v in centre], "leftMm": left, "probability": [round(float(v), 5) for v in probability],
                       "named": None if name == GENERAL else CLASSES[SIDELESS - name if name <= SIDELESS else name], "sideTold": name >= 0})
    (folder / "golden").mkdir(exist_ok=True)
    (folder / "golden" / "image.raw").write_bytes(np.ascontiguousarray(image).tobytes())
    golden = {"file": "image.raw", "shape": list(image.shape), "places": places}
    (folder / "golden" / "golden.json").write_text(json.dumps(golden) + "\n")
