"""Maps that explain: how they are measured, and on a few unseen phantoms what the shipped bundles' are worth (their cards say it of many)."""

import argparse
import json
import shutil
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

from willis_training import explain_bundle
from willis_training.cta_resnet.crops import phantom_crops
from willis_training.cta_resnet.explain import explained as explained_candidates
from willis_training.dataset import load_cases
from willis_training.explain_bundle import FIRST_CTA
from willis_training.explain_tof import explained as explained_patches
from willis_training.explanations import Explained, MapSeen, explanation_section, figures, filled, other_cells, shuffled, strongest_cells
from willis_training.haemorrhage.dataset import prepared
from willis_training.haemorrhage.explain import explained as explained_slices
from willis_training.haemorrhage.measure import Calibration as SliceCalibration
from willis_training.operating_point import point_of

MODELS = Path(__file__).parents[2]


def bundle(name):
    return MODELS / name, json.loads((MODELS / name / "model.json").read_text())


def worth(found, phantoms):
    """Shares by map."""
    return {m["map"]: m for m in figures(found, "", phantoms)["maps"]}


def test_a_filled_ball_is_gone_and_nothing_else_changed():
    z, y, x = np.indices((20, 22, 24))
    ramp = (2.0 * x + y - z).astype(np.float32)
    ball = (z - 9) ** 2 + (y - 11) ** 2 + (x - 12) ** 2 <= 16
    out = filled(np.where(ball, 500, ramp).astype(np.float32), ball)
    assert np.array_equal(out[~ball], ramp[~ball])
    assert np.abs(out - ramp)[ball].max() < 10
    assert (filled(np.full((4, 4), 3.0), np.ones((4, 4), bool)) == 3).all()


def test_as_much_is_taken_elsewhere_and_where_there_is_tissue():
    cam = np.zeros((8, 8))
    cam[2:4, 2:4], cam[3, 3], cam[7, 7] = 0.6, 1.0, 0.9
    strongest = strongest_cells(cam)
    assert strongest.sum() == 4 and not strongest[7, 7]
    lesion, tissue = np.zeros((8, 8), bool), np.zeros((8, 8), bool)
    lesion[2:5, 2:5], tissue[:, 4:] = True, True
    for cells in other_cells(strongest, lesion, tissue, [1]):
        assert cells.sum() == 4 and not (cells & (strongest | lesion | ~tissue)).any()


def test_shuffled_weights_are_the_same_weights_in_another_order():
    values = {"weights": np.arange(64, dtype=np.float16).reshape(8, 8), "shape": np.arange(9, dtype=np.int64), "scale": np.float32([1, 2, 3])}
    graph = helper.make_model(helper.make_graph([], "g", [], [], [numpy_helper.from_array(v, name) for name, v in values.items()]))
    out = {t.name: numpy_helper.to_array(t) for t in shuffled(graph, 1).graph.initializer}
    assert not np.array_equal(out["weights"], values["weights"])
    assert np.array_equal(np.sort(out["weights"].ravel()), values["weights"].ravel())
    assert all(np.array_equal(out[name], values[name]) for name in ("shape", "scale"))


def test_figures_of_known_maps_and_their_card():
    rng = np.random.default_rng(0)
    maps = rng.random((10, 30))
    good = [Explained(k, {"good": MapSeen(True, 0.9, 0.1, (0.8, 0.9), m, (rng.random(30), rng.random(30))),
                               "idle": MapSeen(k < 2, 0.9, 0.9, (0.9, 0.8), m, (m, m))}) for k, m in enumerate(maps)]
    said = figures(good, "So it was done.", 10)
    best, idle = said["maps"]
    assert best["pointing"]["share"] == 1 and best["deletion"]["share"] == 1 and idle["deletion"]["share"] == 0 and idle["pointing"]["count"] == 2
    assert idle["shuffled"][0]["pearson"]["mean"] == idle["shuffled"][1]["spearman"]["mean"] == 1
    assert abs(best["shuffled"][0]["spearman"]["mean"]) < 0.3 and abs(best["otherFinding"]["pearson"]["mean"]) < 0.3
    card = explanation_section({"explanation": said})
    assert "| 1.00 (0.72-1.00; 10 of 10) | 0.20 (0.06-0.51; 2 of 10) |" in card and "So it was done." in card
    assert explanation_section({}) == ""


def test_grad_cam_of_the_angiogram_is_worth_what_its_manifest_says():
    """On the phantoms that the manifest's figures are of; another processor may flip one or two of them."""
    folder, manifest = bundle("cta-resnet")
    told = manifest["performance"]["explanation"]
    crops = [crop for index in range(told["phantoms"]) for crop in phantom_crops("test", FIRST_CTA + index, "aneurysm")]
    found = explained_candidates(onnx.load(folder / "model.onnx"), crops, manifest["operatingPoint"]["threshold"])
    assert abs(len(found) - told["truePositives"]) <= 2
    (said,), (of_map,) = worth(found, told["phantoms"]).values(), told["maps"]
    for figure in ("pointing", "deletion"):
        low, high = of_map[figure]["interval"]
        assert low <= said[figure]["share"] <= high, f"{figure}: {said[figure]}, the manifest says {of_map[figure]}"
    # one shuffle alone can fall out either way; on average they know nothing of the map
    assert abs(np.mean([way["pearson"]["mean"] for way in said["shuffled"]])) < 0.4


def test_evidence_and_heatmap_of_the_tof_patches_lie_in_the_sac(tmp_path):
    folder, manifest = bundle("tof-patch")
    # several findings: against a single one, one shuffle of five may fall out either way
    found = explained_patches(onnx.load(folder / "model.onnx"), load_cases(tmp_path, "test", 4, workers=1), point_of(manifest))
    assert len(found) >= 2
    for said in worth(found, 4).values():
        assert said["pointing"]["share"] == 1 and said["deletion"]["share"] == 1
        assert all(abs(way["pearson"]["mean"]) < 0.4 for way in said["shuffled"])


def test_maps_of_the_head_ct_point_at_blood(tmp_path):
    folder, manifest = bundle("ncct-haemorrhage")
    line = manifest["calibration"]
    found = explained_slices(folder, [prepared(tmp_path, "test", 0)],
                             SliceCalibration(np.array(line["slope"]), np.array(line["intercept"])), np.array(manifest["operatingPoint"]["thresholds"]))
    assert len(found) >= 1
    for said in worth(found, 1).values():
        assert said["pointing"]["share"] == 1 and said["deletion"]["share"] == 1
        assert all(abs(way["pearson"]["mean"]) < 0.8 for way in said["shuffled"])


def test_the_outline_lies_in_the_sac_and_matters(tmp_path, monkeypatch):
    copy = shutil.copytree(MODELS / "tof-coarse-fine", tmp_path / "tof-coarse-fine")
    monkeypatch.setattr(explain_bundle, "FIRST_OUTLINED", 46)  # a sac of 7 mm, which is found
    explain_bundle.run(argparse.Namespace(bundle=copy, phantoms=1, cache=tmp_path / "cache"))
    (said,) = json.loads((copy / "model.json").read_text())["performance"]["explanation"]["maps"]
    assert said["pointing"]["share"] == 1 and said["deletion"]["share"] == 1
