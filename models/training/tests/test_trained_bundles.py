"""The bundles of systems 000 and 002: golden vectors come out of their files, and their manifests are what they say."""

import hashlib
import json
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
import torch

from willis_training.coarse_to_fine.reader import FineReader
from willis_training.haemorrhage.export import BothWays
from willis_training.haemorrhage.measure import Reader
from willis_training.haemorrhage.prepare import head_part, slabs
from willis_training.haemorrhage.prepare import prepare as prepare_ct
from willis_training.haemorrhage.stored import load_heads, load_sequence

MODELS = Path(__file__).parents[2]
TRAINED = [b for b in ("ncct-haemorrhage", "cta-resnet", "tof-coarse-fine") if (MODELS / b / "model.json").exists()]


@pytest.mark.parametrize("name", TRAINED)
def test_trained_bundles_name_their_files_and_their_provenance(name):
    folder = MODELS / name
    manifest = json.loads((folder / "model.json").read_text())
    networks = manifest.get("networks") or [manifest["network"]]
    for network in networks:
        file = folder / network["file"]
        assert hashlib.sha256(file.read_bytes()).hexdigest() == network["sha256"] and file.stat().st_size < 30e6
    assert manifest["id"] == f"{name}-phantom" and manifest["training"]["synthetic"] and "not for clinical use" in manifest["intendedUse"]
    assert "not for clinical use" in (folder / "CARD.md").read_text()


def test_all_bundles_together_stay_small():
    assert sum(f.stat().st_size for f in MODELS.glob("*/*.onnx")) < 120e6


@pytest.mark.skipif("ncct-haemorrhage" not in TRAINED, reason="the bundle is not built")
def test_golden_vectors_of_the_haemorrhage_bundle():
    folder = MODELS / "ncct-haemorrhage"
    golden, manifest = (json.loads((folder / f).read_text()) for f in ("golden/golden.json", "model.json"))
    volume = np.frombuffer((folder / "golden" / golden["file"]).read_bytes(), "<i2").reshape(golden["shape"])
    thick, spacing = slabs(volume[head_part(volume, golden["spacingMm"])], golden["spacingMm"][2])
    prepared = prepare_ct(thick, golden["spacingMm"][:2])
    for z, y, x, value in golden["prepared"]:
        assert abs(float(prepared[z, y, x]) - value) < 0.05
    logits, maps, parts = Reader(folder).read(prepared, spacing)
    for found, wanted in ((parts["logits"][0], "logitsA"), (parts["logits"][1], "logitsB"), (logits, "sequence")):
        assert np.abs(found - np.array(golden[wanted])).max() < 2e-2 * (1 + np.abs(golden[wanted]).max())
    line = manifest["calibration"]
    probability = 1 / (1 + np.exp(-(np.array(line["slope"]) * logits + np.array(line["intercept"]))))
    assert np.abs(probability - np.array(golden["probabilities"])).max() < 0.02
    for row in golden["gradcampp"]:
        cells = maps[row["slice"], 0]
        assert np.abs(cells / cells.max() - np.array(row["cells"])).max() < 0.02
    explained = Reader(folder).explain(parts, spacing, [row["slice"] for row in golden["sequenceMap"]])[:, 0]
    for cells, row in zip(explained, golden["sequenceMap"]):
        assert np.abs(cells / cells.max() - np.array(row["cells"])).max() < 0.02


@pytest.mark.skipif("ncct-haemorrhage" not in TRAINED, reason="the bundle is not built")
def test_the_shipped_sequence_map_is_the_gradient_of_the_shipped_sequence_model():
    folder = MODELS / "ncct-haemorrhage"
    torch.manual_seed(0)
    heads, model = load_heads(folder), load_sequence(folder / "sequence.onnx")
    maps = (torch.relu(torch.randn(1, 2, 6, 2048, 8, 8)) * 0.5).requires_grad_()
    features = maps.mean((4, 5))
    logits = torch.einsum("bntk,nck->bntc", features, heads)
    score = BothWays(model)(features, logits, torch.tensor([5.0]))[0]
    reader = Reader(folder)
    stored = reader.sequence.run(None, {"features": features.detach().numpy(), "logits": logits.detach().numpy(), "spacing": np.array([5], np.float32)})[0]
    assert np.abs(stored[0] - score.detach().numpy()).max() < 1e-4
    parts = {"features": features.detach().numpy()[0], "logits": logits.detach().numpy()[0], "maps": maps.detach().numpy()[0]}
    for at, found in zip((0, 3), reader.explain(parts, 5.0, [0, 3])):
        for k in range(6):
            (slope,) = torch.autograd.grad(score[at, k], maps, retain_graph=True)
            cam = torch.relu((slope[0, :, at].sum((2, 3))[:, :, None, None] * maps[0, :, at]).sum((0, 1))).detach().numpy()
            assert np.abs(found[k] - cam).max() <= 1e-4 * max(cam.max(), 1e-3)


@pytest.mark.skipif("cta-resnet" not in TRAINED, reason="the bundle is not built")
def test_golden_vectors_of_the_candidate_bundle():
    folder = MODELS / "cta-resnet"
    golden = json.loads((folder / "golden" / "golden.json").read_text())
    crops = np.frombuffer((folder / "golden" / golden["file"]).read_bytes(), "<i2").reshape(golden["shape"]).astype(np.float32)
    session = ort.InferenceSession(str(folder / "model.onnx"), providers=["CPUExecutionProvider"])
    for crop, row in zip(crops, golden["candidates"]):
        triples = np.stack([crop[k : k + 3] for k in range(3)])
        logit, contributions, cam = session.run(["logit", "contributions", "cam"], {"hu": triples})
        assert np.allclose(logit, row["logits"], atol=1e-2) and np.allclose(cam[1], row["cam"], atol=1e-2)
        assert np.allclose(contributions[1], row["contributions"], atol=1e-2)


@pytest.mark.skipif("tof-coarse-fine" not in TRAINED, reason="the bundle is not built")
def test_golden_vectors_of_the_outline_bundle():
    folder = MODELS / "tof-coarse-fine"
    golden, manifest = (json.loads((folder / f).read_text()) for f in ("golden/golden.json", "model.json"))
    volume = np.frombuffer((folder / "golden" / golden["file"]).read_bytes(), "<i2").reshape(golden["shape"])
    steps = FineReader(folder, manifest["fine"]["voi"]).read(volume.astype(np.float32) / 1000)
    assert abs(int(steps.arteries.sum()) - golden["arteryVoxels"]) <= 2e-3 * golden["arteryVoxels"]
    for z, y, x, coarse, fine in golden["coarseAndFine"]:
        assert abs(float(steps.coarse[z, y, x]) - coarse) < 0.02 and abs(float(steps.fine[z, y, x]) - fine) < 0.02
    marks = steps.marks(manifest["fine"]["threshold"])
    assert len(marks) == len(golden["marks"]) > 0
    for mark, wanted in zip(marks, golden["marks"]):
        assert np.allclose(mark.centre, wanted["centre"], atol=0.5) and abs(mark.fine - wanted["fine"]) < 0.02
