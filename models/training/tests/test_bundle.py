"""The shipped bundle: its golden vectors come out of its files, and its manifest is what it says."""

import hashlib
import json
from pathlib import Path

import numpy as np
import onnxruntime as ort

from willis_training.bundle import write_golden
from willis_training.detect import Localisation, candidates_of, window_mean
from willis_training.evaluate import onnx_fields, wilson
from willis_training.preprocess import prepare, resample

BUNDLE = Path(__file__).parents[2] / "tof-patch"


def test_golden_vectors_come_out_of_the_network():
    golden = json.loads((BUNDLE / "golden" / "golden.json").read_text())
    volume = np.frombuffer((BUNDLE / "golden" / golden["file"]).read_bytes(), "<i2").reshape(golden["shape"])
    prepared = prepare(volume.astype(np.float32), golden["spacingMm"])
    fields = onnx_fields(ort.InferenceSession(str(BUNDLE / "model.onnx"), providers=["CPUExecutionProvider"]), prepared.image)
    for field, name in ((fields.evidence, "evidence"), (fields.localisation, "localisation"), (fields.patch_logit, "densePatchLogit")):
        for z, y, x, value in golden[name]:
            assert abs(float(field[z, y, x]) - value) < 5e-3 * (1 + abs(value))
    assert len(candidates_of(fields, prepared.mask, Localisation())) >= len(golden["candidates"]) > 0


def test_golden_candidates_are_those_of_the_manifest(tmp_path):
    """The node reads thresholds and counts from the manifest; a site's own bundle may have others than new bundles of the kit."""
    manifest = json.loads((BUNDLE / "model.json").read_text())
    session = ort.InferenceSession(str(BUNDLE / "model.onnx"), providers=["CPUExecutionProvider"])

    def golden(**asked):
        write_golden(session, tmp_path, manifest | {"candidates": manifest["candidates"] | asked})
        return json.loads((tmp_path / "golden" / "golden.json").read_text())["candidates"]

    plain, strict, large, few = golden(), golden(localisationThreshold=0.9), golden(minVoxels=40), golden(maxCandidates=1)
    volume = manifest["measures"]["volumeScale"]
    assert len(plain) > 1 and [c["volumeMm3"] for c in plain] != [c["volumeMm3"] for c in strict]
    assert large == [c for c in plain if round(c["volumeMm3"] / volume) >= 40] != plain
    assert few == plain[:1]


def test_manifest_names_the_file_and_its_provenance():
    manifest = json.loads((BUNDLE / "model.json").read_text())
    assert hashlib.sha256((BUNDLE / "model.onnx").read_bytes()).hexdigest() == manifest["network"]["sha256"]
    assert "not for clinical use" in manifest["intendedUse"] and manifest["training"]["synthetic"]
    assert manifest["performance"]["lesionSensitivity4mmUp"] >= 0.80
    assert manifest["performance"]["falsePositivesPerScan"] <= 2
    assert manifest["performance"]["denseVersusPatchCorrelation"] >= 0.99


def test_resampling_a_ramp_is_exact():
    z, y, x = np.meshgrid(np.arange(9) * 0.7, np.arange(11) * 0.6, np.arange(13) * 0.5, indexing="ij")
    iso = resample((3 * x + 2 * y - z).astype(np.float32), (0.5, 0.6, 0.7))
    k, j, i = np.meshgrid(*(np.arange(n) for n in iso.shape), indexing="ij")
    assert np.allclose(iso, 3 * i + 2 * j - k, atol=1e-4)


def test_window_mean_equals_brute_force():
    field = np.random.default_rng(0).normal(size=(6, 7, 8)).astype(np.float32)
    out = window_mean(field, 4)
    for z, y, x in np.ndindex(field.shape):
        start = [max(0, min(c - 2, n - 4)) for c, n in zip((z, y, x), field.shape)]
        assert np.isclose(out[z, y, x], field[tuple(slice(s, s + 4) for s in start)].mean(), atol=1e-5)


def test_wilson_interval():
    low, high = wilson(40, 42)
    assert 0.83 < low < 40 / 42 < high < 1
