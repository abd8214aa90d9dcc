"""The head model: label maps and distances, what the network sees, the mask, a tiny training, and the shipped bundle's golden vectors."""

import json
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
import torch

from willis_training.head_distance.bundle import export_head
from willis_training.head_distance.conform import KEEP_MM, conform, mask_of
from willis_training.head_distance.contrast import draw_sample
from willis_training.head_distance.heads import FARTHEST, TISSUES, signed_distance, tof_head
from willis_training.head_distance.measure import answer, found_in, hd95, plausibility, sampled_mask
from willis_training.head_distance.network import HeadDistanceNetwork, Lean
from willis_training.head_distance.train import HeadOptions, train_head
from willis_training.phantom import draw_anatomy, draw_appearance, render
from willis_training.phantom.render import surroundings_of
from willis_training.preprocess import head_mask

BUNDLE = Path(__file__).parents[2] / "head-distance"


@pytest.fixture(scope="module")
def head():
    return tof_head(3)


def test_distances_are_those_of_a_ball():
    z, y, x = np.meshgrid(*(np.arange(40.0) - 20 for _ in range(3)), indexing="ij")
    radius = np.sqrt(x**2 + y**2 + z**2)
    distance = signed_distance(radius < 12, (1.0, 1.0, 1.0))
    assert np.abs(distance - (radius - 12)).max() < 1.2 and np.abs(distance - (radius - 12)).mean() < 0.35


def test_a_labelled_head_is_whole_and_its_brain_lies_within(head):
    assert set(np.unique(head.labels)) <= set(range(len(TISSUES)))
    within, about = np.isin(head.labels, (1, 2, 3)), np.isin(head.labels, (0, 7))
    assert (head.distance[within] < 0).mean() > 0.98 and (head.distance[about] > 0).all()
    for axis in range(3):
        ends = np.take(head.labels, [0, -1], axis)
        assert (ends == 0).mean() > 0.5, axis


def test_what_lies_within_the_brain_of_a_rendered_phantom_is_no_scalp():
    phantom = render(draw_anatomy(5, 0), draw_appearance(5, "train"))
    brain, scalp = surroundings_of(phantom)
    assert not (brain & scalp).any() and brain.shape == phantom.image.shape
    # fat is bright, skull dark, brain between
    assert phantom.image[brain].mean() < phantom.image[scalp].mean() and 0.2 < brain.mean() < 0.6


@pytest.mark.parametrize("seed", range(6))
def test_a_sample_is_a_scan_with_its_distance(head, seed):
    sample = draw_sample(head, np.random.default_rng(seed))
    assert sample.image.shape == sample.distance.shape == sample.covered.shape
    assert sample.image.min() >= 0 and sample.image.max() <= 1 and (sample.image[~sample.covered] == 0).all()
    assert sample.distance.min() >= FARTHEST[0] and sample.distance.max() <= FARTHEST[1]
    for axis in range(3):
        assert np.take(sample.covered, 0, axis).any() and np.take(sample.covered, -1, axis).any()


def test_along_the_patient_a_sample_is_the_mean_of_eight_voxels():
    image = np.random.default_rng(1).random((21, 30, 27)).astype(np.float32)
    seen = conform(image, np.eye(4))
    means = image[:20, :, :26].reshape(10, 2, 15, 2, 13, 2).mean((1, 3, 5))
    assert seen.image.shape == means.shape and seen.covered.all() and np.allclose(seen.origin, 0.5)
    low, high = means.min(), np.percentile(means, 99)
    assert np.allclose(seen.image, np.clip((means - low) / (high - low), 0, 1), atol=1e-4)


def test_an_oblique_scan_lies_where_it_was_and_is_nothing_outside():
    angle = np.deg2rad(15)
    affine = np.eye(4)
    affine[1:3, 1:3] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    affine[:3, 3] = (-30, 12, 40)
    image = np.zeros((40, 50, 44), np.float32)
    image[12:29, 22:39, 14:31] = 5
    seen = conform(image, affine)
    assert 0 < seen.covered.mean() < 1 and (seen.image[~seen.covered] == 0).all()
    places = np.argwhere(seen.image > 0)
    middle = np.average(places, axis=0, weights=seen.image[tuple(places.T)])[::-1] * 2 + seen.origin
    assert np.linalg.norm(middle - (affine @ [22, 30, 20, 1])[:3]) < 0.5


def test_the_mask_is_one_piece_without_holes():
    distance = np.full((9, 30, 30), 30.0, np.float32)
    distance[:, 5:20, 5:20] = 0
    distance[:, 10:12, 10:12] = 30
    distance[:, 25:28, 25:28] = 0
    mask = mask_of(distance, 10)
    assert mask[:, 5:20, 5:20].all() and mask.sum() == 9 * 15 * 15
    assert not mask_of(np.full((4, 5, 6), 99.0), 10).any()


def test_surfaces_are_compared_where_the_scan_shows_them():
    whole = np.zeros((20, 20, 20), bool)
    whole[:, 4:16, 4:16] = True
    shifted = np.roll(whole, 3, 2)
    assert hd95(whole, whole) == 0 and hd95(whole, shifted) == pytest.approx(3, abs=0.1)
    assert np.isnan(hd95(whole, np.zeros_like(whole)))


def test_the_exported_graph_is_the_network(tmp_path):
    torch.manual_seed(3)
    network = HeadDistanceNetwork((4, 8, 8)).eval()
    image = torch.rand(1, 1, 32, 16, 48)
    with torch.no_grad():
        wanted = network(image)
        assert torch.allclose(Lean(network)(image), wanted, atol=1e-3)
    export_head(network, tmp_path / "distance.onnx")
    session = ort.InferenceSession(str(tmp_path / "distance.onnx"), providers=["CPUExecutionProvider"])
    got = session.run(["distance"], {"image": image.numpy()})[0]
    assert got.shape == wanted.shape and np.abs(got - wanted.numpy()).mean() < 0.05


def test_training_learns_and_goes_on_from_its_checkpoint(head, tmp_path):
    checkpoint = tmp_path / "head.pt"
    network = train_head([head], HeadOptions(2), checkpoint)
    state = torch.load(checkpoint, weights_only=True)
    assert state["step"] == 2 and all(torch.isfinite(p).all() for p in network.parameters())
    again = train_head([head], HeadOptions(2), checkpoint)
    assert all(torch.equal(a, b) for a, b in zip(network.parameters(), again.parameters()))


def test_the_shipped_bundle_answers_as_its_golden_vectors_say():
    manifest = json.loads((BUNDLE / "head.json").read_text())
    golden = json.loads((BUNDLE / manifest["golden"]).read_text())
    stored = np.frombuffer((BUNDLE / "golden" / golden["file"]).read_bytes(), "<i2").reshape(golden["shape"]).astype(np.float32)
    session = ort.InferenceSession(str(BUNDLE / manifest["network"]["file"]), providers=["CPUExecutionProvider"])
    seen = conform(stored, np.eye(4))
    distance = answer(session, seen)
    assert list(distance.shape) == golden["size"] and int(mask_of(distance, KEEP_MM).sum()) == pytest.approx(golden["kept"], rel=1e-3)
    for x, y, z, value in golden["distance"]:
        assert distance[z, y, x] == pytest.approx(value, abs=1e-2)
    share, outside = plausibility(seen, distance, sampled_mask(head_mask(stored), np.eye(4)), KEEP_MM)
    assert share == pytest.approx(golden["brainShare"], abs=1e-3) and outside == pytest.approx(golden["brightOutside"], abs=1e-2)
    found = found_in(session, stored, head_mask(stored), KEEP_MM)
    assert found.distance.shape == stored.shape and np.isfinite(found.distance).all()
