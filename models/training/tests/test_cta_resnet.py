"""CTA phantoms, and system 000: network, selection refitted in every fold, explanation, export, a tiny training."""

import gzip
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
import torch

from willis_training.cta import draw_candidates, draw_cta_appearance, draw_patient, render_cta
from willis_training.cta.scan import box_around
from willis_training.cta_resnet.crops import Crop, crop_at, phantom_crops, triples
from willis_training.cta_resnet.export import OUTPUTS, export_candidate
from willis_training.cta_resnet.measure import ablation, cam_iou, cells_with, measure, open_session, pointing, table_of, transfer
from willis_training.cta_resnet.network import CandidateNetwork, load_imagenet
from willis_training.cta_resnet.proposal_vectors import SPACING, rows
from willis_training.cta_resnet.proposals import _large_bone, _lumen, propose
from willis_training.cta_resnet.bundle import _real_row
from willis_training.cta_resnet.scans import Proposed, choose_threshold, measure_scans, sac_at
from willis_training.cta_resnet.selection import SelectionOptions, cross_validated, fit_head, not_redundant
from willis_training.cta_resnet.train import CropOptions, crop_batch, train_candidates
from willis_training.metrics import auc


@pytest.fixture(scope="module")
def sac():
    patient = draw_patient(5, 1, (7.0, 9.0))
    centre = patient.anatomy.aneurysms[0].centre
    grid = box_around(centre, (40.0, 40.0, 10.0), (0.5, 0.5, 0.8))
    return patient, grid, render_cta(patient, draw_cta_appearance(5, "train"), grid)


@pytest.fixture(scope="module")
def crops():
    return [c for k in range(3) for c in phantom_crops("train", k)]


def test_lumen_is_enhanced_bone_is_bone_and_brain_is_brain(sac):
    patient, grid, phantom = sac
    inside = phantom.mask > 0
    assert inside.sum() > 100 and 180 < np.median(phantom.image[inside]) < 480
    assert np.linalg.norm(np.argwhere(inside)[:, ::-1].mean(0) * grid.spacing + grid.origin - patient.anatomy.aneurysms[0].centre) < 3
    whole = render_cta(patient, draw_cta_appearance(5, "train"), box_around(np.array([0.0, 5.0, 10.0]), (180.0, 220.0, 3.0), (1.5, 1.5, 1.5)))
    assert whole.image.max() > 900 and whole.image.min() < -900 and 15 < np.median(whole.image[(whole.image > 0) & (whole.image < 100)]) < 50


def test_same_seed_same_voxels(sac):
    patient, grid, phantom = sac
    assert np.array_equal(render_cta(patient, draw_cta_appearance(5, "train"), grid).image, phantom.image)


def test_negatives_lie_apart_from_aneurysms():
    patient = draw_patient(9, 2)
    candidates = draw_candidates(patient, 9, negatives=4)
    sacs = [c for c in candidates if c.kind == "aneurysm"]
    assert len(sacs) == len(patient.anatomy.aneurysms)
    for other in candidates:
        if other.kind != "aneurysm":
            assert other.diameter == 0 and all(np.linalg.norm(other.centre - s.centre) > 6 for s in sacs)


def test_splits_share_no_appearance():
    train = [draw_cta_appearance(i, "train") for i in range(200)]
    test = [draw_cta_appearance(i, "test") for i in range(200)]
    assert max(a.noise for a in train) <= min(a.noise for a in test) and max(a.blur for a in train) <= min(a.blur for a in test)


def test_crop_lies_about_its_centre():
    z, y, x = np.meshgrid(np.arange(30) * 0.8, np.arange(80) * 0.9, np.arange(90) * 0.7, indexing="ij")
    crop = crop_at((x + 10 * y + 100 * z).astype(np.float32), np.zeros(3), np.array([0.7, 0.9, 0.8]), np.array([31.0, 36.0, 12.0]))
    expected = 31 + 10 * 36 + 1200
    assert crop.shape == (5, 112, 112) and np.isclose(crop[2, 55:57, 55:57].mean(), expected, atol=1e-2)
    assert np.isclose(crop[3, 56, 57] - crop[2, 56, 56], 0.5 + 50, atol=1e-2)


def test_proposals_are_those_the_runtime_is_held_to():
    folder = Path(__file__).parents[3] / "test" / "vectors" / "cta-proposals"
    golden = json.loads((folder / "golden.json").read_text())
    volume = np.frombuffer(gzip.decompress((folder / golden["file"]).read_bytes()), "<i2").reshape(golden["shape"])
    assert tuple(golden["spacingMm"]) == SPACING and len(golden["proposals"]) > 40
    for found, expected in zip(rows(volume), golden["proposals"], strict=True):
        assert np.linalg.norm(np.subtract(found["centreMm"], expected["centreMm"])) < 0.4 and found["demoted"] == expected["demoted"]
        assert abs(found["score"] - expected["score"]) < 1e-3


def test_trunk_has_the_parameters_of_resnet_18(tmp_path):
    network = CandidateNetwork()
    assert sum(p.numel() for p in network.trunk.parameters()) == 11_176_512
    with torch.no_grad():
        logit, features, maps = network.eval()(torch.zeros(1, 3, 64, 64))
    assert logit.shape == (1,) and features.shape == (1, 512) and maps.shape == (1, 512, 4, 4)
    names = {"0": "conv1", "1": "bn1"} | {str(4 + 2 * s + b): f"layer{s + 1}.{b}" for s in range(4) for b in range(2)}
    state = {name.replace(name.split(".")[0], names[name.split(".")[0]], 1): value for name, value in network.trunk.state_dict().items()}
    torch.save(state | {"fc.weight": torch.zeros(1000, 512)}, tmp_path / "imagenet.pt")
    other = CandidateNetwork()
    load_imagenet(other, tmp_path / "imagenet.pt")
    assert all(torch.equal(a, b) for a, b in zip(network.trunk.state_dict().values(), other.trunk.state_dict().values()))
    torch.save({"conv1.weight": state["conv1.weight"]}, tmp_path / "bad.pt")
    with pytest.raises(ValueError, match="no ResNet-18"):
        load_imagenet(other, tmp_path / "bad.pt")


def made_features(n=240, seed=0):
    rng = np.random.default_rng(seed)
    truth = (rng.random(n) < 0.4).astype(float)
    features = np.abs(rng.normal(1, 0.3, (n, 512)))
    features[:, 3] += truth * 0.6
    features[:, 40] -= truth * 0.5
    features[:, 41] = 2 * features[:, 40] + 0.01 * rng.normal(size=n)
    features[:, 100] = 0.0
    return features, truth, np.repeat(np.arange(n // 2), 2)


def test_selection_finds_what_carries_and_drops_what_repeats():
    features, truth, patients = made_features()
    scaled = (features[:, [3, 40, 41]] - features[:, [3, 40, 41]].mean(0)) / features[:, [3, 40, 41]].std(0)
    assert not_redundant(scaled).tolist() == [True, True, False]
    head = fit_head(features, truth, patients)
    assert {3, 40} <= set(head.kept.tolist()) and 41 not in head.kept and 100 not in head.kept and len(head.kept) <= 15
    vector, offset = head.direction(512)
    assert np.allclose(features @ vector + offset, head.logit(features))
    assert np.allclose(head.contributions(features).sum(1) + head.bias, head.logit(features))


def test_folds_see_nothing_of_their_test_patients():
    rng = np.random.default_rng(3)
    features, truth, patients = rng.normal(size=(160, 512)), np.tile([0.0, 1.0], 80), np.repeat(np.arange(80), 2)
    # pure noise: selection outside the folds would show an AUC far above one half
    leaking = fit_head(features, truth, patients, SelectionOptions(lasso=False))
    assert auc(truth, leaking.logit(features)) > 0.95
    assert 0.3 < auc(truth, cross_validated(features, truth, patients)) < 0.7


def test_graph_equals_autograd(tmp_path):
    torch.manual_seed(2)
    network = CandidateNetwork().eval()
    for block in network.trunk[4:]:
        torch.nn.init.constant_(block.bn2.weight, 0.5)
    features, truth, patients = made_features(80)
    head = fit_head(features, truth, patients)
    export_candidate(network, head, tmp_path / "model.onnx")
    hu = torch.randn(3, 3, 64, 64) * 100 + 100
    outputs = dict(zip(OUTPUTS, ort.InferenceSession(str(tmp_path / "model.onnx"), providers=["CPUExecutionProvider"]).run(None, {"hu": hu.numpy()})))
    _, feature, maps = network(hu)
    maps.retain_grad()
    vector, offset = head.direction(512)
    score = feature @ torch.tensor(vector, dtype=torch.float32) + offset
    score.sum().backward()
    cam = torch.relu((maps.grad.sum((2, 3), keepdim=True) * maps).sum(1) / 16).detach().numpy()
    # weights are stored as float16: compare after scaling by the largest value
    assert np.abs(outputs["logit"] - score.detach().numpy()).max() < 5e-3 * max(1, float(score.abs().max()))
    assert np.allclose(outputs["contributions"].sum(1) + head.bias, outputs["logit"], atol=1e-4)
    assert np.abs(outputs["cam"] / max(outputs["cam"].max(), 1e-9) - cam / max(cam.max(), 1e-9)).max() < 5e-3
    assert np.allclose(outputs["probability"], 1 / (1 + np.exp(-outputs["logit"])), atol=1e-5)


def test_cells_and_pointing():
    mask = np.zeros((112, 112), bool)
    mask[20:28, 50:60] = True
    held = cells_with(mask, 7)
    assert held.sum() == 1 and held[1, 3]
    cam = np.zeros((7, 7))
    assert cam_iou(cam, mask) == 0 and not pointing(cam, mask)
    cam[1, 3] = 1
    assert cam_iou(cam, mask) == 1 and pointing(cam, mask)


def test_batches_move_image_and_mask_together(crops):
    hu, truth, shares = crop_batch([c for c in crops if c.diameter > 4 and (c.mask[1:4].sum((1, 2)) > 20).all()], 6, np.random.default_rng(0))
    assert hu.shape == (6, 3, 64, 64) and shares.shape == (6, 1, 4, 4) and truth.min() == 1
    assert (shares.amax((1, 2, 3)) > 0).all()


def test_tiny_training_and_measuring(tmp_path, crops):
    options = CropOptions(wide_steps=1, steps=2, batch=2, checkpoint_every=2)
    network = train_candidates(crops, options, tmp_path / "c.pt")
    again = train_candidates(crops, options, tmp_path / "c.pt")
    assert torch.equal(network.head.weight, again.head.weight)
    two = [c for c in crops if c.aneurysm][:2] + [c for c in crops if not c.aneurysm][:4]
    renamed = [Crop(c.hu, c.mask, c.aneurysm, c.kind, c.diameter, k) for k, c in enumerate(two * 2)]
    table = table_of(network, renamed)
    export_candidate(network, fit_head(table.features, table.truth, table.patient), tmp_path / "m.onnx")
    row = measure(open_session(tmp_path / "m.onnx"), table, table, renamed)
    assert row["candidates"] == 12 and row["aneurysms"] == 4 and sum(r["aneurysms"] for r in row["bySize"]) == 4
    assert set(ablation(table, table)) == {"softmax head of the trunk", "features, logistic regression", "with LASSO", "with LASSO and class weights"}
    rows = transfer(renamed, renamed, renamed, steps=1, seed=1)
    assert set(rows) == {"without", "with"} and set(rows["with"]) == set(ablation(table, table))
    assert triples(renamed[0]).shape == (3, 3, 64, 64) and np.array_equal(triples(renamed[0])[1], renamed[0].hu[1:4, 24:88, 24:88])


def test_a_sac_is_proposed_and_a_tube_is_not():
    z, y, x = np.meshgrid(*(np.arange(n) * 0.8 for n in (60, 100, 100)), indexing="ij")
    hu = np.full(z.shape, 35.0, np.float32)
    hu[np.hypot(y - 40, x - 40) < 1.6] = 350
    hu[(z - 20) ** 2 + (y - 40) ** 2 + (x - 44) ** 2 < 9] = 350
    hu[np.hypot(y - 40, x - 40) > 38] = -1000
    found = propose(hu, (0.8, 0.8, 0.8))
    assert found and np.linalg.norm(found[0].centre - (44, 40, 20)) < 1.5 and 2 < found[0].radius < 5 and found[0].demoted == ""
    # along the tube, away from sac and ends, nothing is rounder than a tube
    assert not [p for p in found if 28 < p.centre[2] < 40]


def scan_of(hu, on, standing, diameters):
    return Proposed(hu, on, standing, diameters, np.zeros((len(on), 3)), np.ones(len(on)), np.zeros(3))


def test_sacs_and_false_positives_of_scans_are_counted():
    centres, diameters = np.array([[0.0, 0, 0], [20, 0, 0]]), np.array([6.0, 2.5])
    assert [sac_at(np.array([v, 0.0, 0]), centres, diameters) for v in (1.0, 5.0, 10.0, 21.5)] == [1, -1, 0, 2]

    class Session:
        def run(self, _, feeds):
            return [feeds["hu"].mean((1, 2, 3))]

    hu = np.stack([np.full((5, 112, 112), v, np.int16) for v in (5, -5, 5, 5)])
    scan = replace(scan_of(hu, np.array([1, 0, 0, -1]), np.array([True, True, False, True]), np.array([6.0, 2.5])), sites=("MCA", "ACom"))
    row = measure_scans(Session(), [scan, scan_of(hu[:2], np.array([0, 0]), np.array([True, True]), np.array([]))], 0.5)
    assert (row["aneurysms"], row["aneurysms3mmUp"], row["proposed"], row["found"], row["found3mmUp"]) == (2, 1, 1, 1, 1)
    assert row["falsePositivesPerScan"] == 0.5 and row["standingPerScan"] == 2.5 and row["auc"] == pytest.approx(5 / 6, abs=1e-4)
    assert [(r["sizeMm"], r["aneurysms"], r["found"]) for r in row["bySize"]] == [("<3", 1, 0), ("3-5", 0, 0), ("5-7", 1, 1), (">=7", 0, 0)]
    assert row["bySite"] == [{"site": "MCA", "aneurysms": 1, "detected": 1}]


def test_marks_in_a_known_malformation_are_counted_apart():
    scan = Proposed(np.zeros((3, 5, 112, 112), np.int16), np.zeros(3), np.ones(3, bool), np.array([]), np.array([[10.0, 0, 0], [30, 0, 0], [90, 0, 0]]),
                    np.ones(3), np.array([10.0, 0, 0]))
    row = _real_row("a", scan, np.ones(3, bool), (10.0, 0.0, 0.0, 12.0))
    assert (row["marked"], row["markedApart"]) == (3, 2) and "markedApart" not in _real_row("a", scan, np.ones(3, bool), None)


def test_the_threshold_keeps_the_budget_on_the_scans_it_is_chosen_on():
    rng = np.random.default_rng(0)

    class Session:
        def run(self, _, feeds):
            return [feeds["hu"].mean((1, 2, 3))]

    scans = [scan_of(np.stack([np.full((5, 112, 112), v, np.int16) for v in rng.integers(-4, 5, 12)]), np.where(np.arange(12) == 0, 1, 0),
                     np.arange(12) != 3, np.array([5.0])) for _ in range(6)]
    for budget in (0.5, 2.0, 4.0):
        assert measure_scans(Session(), scans, choose_threshold(Session(), scans, budget))["falsePositivesPerScan"] <= budget


def test_arteries_keep_their_density_beside_blurred_bone():
    """A late bolus: 230 HU in thin arteries, and a wide rim of bone that has 150 to 600 HU."""
    z, y, x = np.meshgrid(*(np.arange(n) * 0.8 for n in (60, 110, 110)), indexing="ij")
    radius = np.hypot(y - 44, x - 44)
    hu = np.where(radius < 36, 35.0, np.where(radius < 40, np.clip((radius - 36) * 200, 35, 1e4), np.where(radius < 43, 900.0, -1000.0)))
    tube = np.hypot(y - 44, x - 40) < 1.8
    hu[tube] = 230
    hu[(z - 24) ** 2 + (y - 44) ** 2 + (x - 43.5) ** 2 < 6.3] = 230
    grid = hu.astype(np.float32)
    assert 0.8 < _lumen(grid, radius < 43, _large_bone(grid)) / 230 < 1.25
    nearest = min(propose(grid, (0.8, 0.8, 0.8)), key=lambda p: float(np.linalg.norm(p.centre - (43.5, 44, 24))))
    assert np.linalg.norm(nearest.centre - (43.5, 44, 24)) < 2 and nearest.demoted == ""
