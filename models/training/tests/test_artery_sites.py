"""The site model: the graph's labels, mirror images, the rule of names, a tiny training, and the shipped bundle's golden vectors."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
import torch

from willis_training.artery_sites.bundle import export_sites
from willis_training.artery_sites.locations import (CLASSES, ELSEWHERE, FIRST, LOCATIONS, MIRRORED, SIDED, far_from_arteries, label_of,
                                                    places_on_arteries)
from willis_training.artery_sites.measure import GENERAL, SIDELESS, Table, answered, choose_threshold, crop_at, figures, first_answers, named, tempered
from willis_training.artery_sites.network import CROP, MirrorSafe, SiteNetwork
from willis_training.artery_sites.phantoms import SACS, Scene, middle_of, with_sacs
from willis_training.artery_sites.train import SiteOptions, SiteSampler, crop_of, train_sites
from willis_training.phantom import draw_anatomy

BUNDLE = Path(__file__).parents[2] / "artery-sites"


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(3)
    return MirrorSafe(SiteNetwork(width=4).eval(), 1.3).eval()


def made_scene(seed, label=4):
    """A scan in which a bright rod leaves the middle to one side: the left one has class `label`."""
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 30, (70, 70, 70)).astype(np.uint8)
    left = bool(seed % 2)
    image[33:37, 33:37, 35:65 if left else 36] = 250
    image[33:37, 33:37, 5 if not left else 35 : 36] = 250
    return Scene(image, 34.5, np.array([[34.5, 34.5, 34.5]], np.float32), np.array([label if left else MIRRORED[label]]), np.array([True]))


def test_mirroring_twice_changes_nothing_and_keeps_the_site():
    assert [MIRRORED[MIRRORED[k]] for k in range(len(CLASSES))] == list(range(len(CLASSES)))
    for k, name in enumerate(CLASSES):
        assert CLASSES[MIRRORED[k]].split(" ", 1)[-1] == name.split(" ", 1)[-1]
        assert (MIRRORED[k] == k) == (not name.startswith(("Left", "Right")))


def test_every_site_of_the_phantom_has_its_location():
    told = {label_of(site, side) for site in SACS for side in ((None,) if site not in SIDED else ("left", "right"))}
    assert told == set(range(len(LOCATIONS)))
    assert LOCATIONS[label_of("PCom", "right")] == "Right Posterior Communicating Artery" and FIRST["basilar tip"] == 11


@pytest.mark.parametrize("seed", range(3))
def test_places_lie_beside_an_artery_of_their_site_and_on_its_side(seed):
    anatomy = draw_anatomy(seed, 0)
    places = places_on_arteries(anatomy, np.random.default_rng(seed), 200)
    assert len({p.label for p in places}) > 9
    for place in places:
        assert not far_from_arteries(anatomy, place.centre, 3.5) or place.label == ELSEWHERE
        if CLASSES[place.label].endswith(("Middle Cerebral Artery", "Internal Carotid Artery")):
            assert (place.centre[0] > 0) == CLASSES[place.label].startswith("Left")


def test_sacs_are_drawn_at_every_site_and_keep_apart():
    sites = set()
    for seed in range(40):
        anatomy = with_sacs(draw_anatomy(seed, 0), np.random.default_rng(seed), 4)
        sites |= {a.site for a in anatomy.aneurysms}
        centres = [a.centre for a in anatomy.aneurysms]
        assert all(np.linalg.norm(a - b) > 12 for i, a in enumerate(centres) for b in centres[:i])
        for a in anatomy.aneurysms:
            if a.site in ("MCA", "infraclinoid ICA", "supraclinoid ICA", "PCom"):
                assert (a.centre[0] > 0) == (a.side == "left")
    assert sites == set(SACS)


def test_a_mirrored_crop_gets_the_mirrored_answer(model):
    crop, left = torch.rand(3, 1, CROP, CROP, CROP), torch.tensor([-20.0, 0.0, 7.0])
    with torch.no_grad():
        straight, mirrored = model(crop, left), model(crop.flip(4), -left)
    assert torch.allclose(mirrored, straight[:, list(MIRRORED)], atol=1e-5) and torch.allclose(straight.sum(1), torch.ones(3))


def test_the_graph_agrees_with_torch(model, tmp_path):
    export_sites(model, tmp_path / "sites.onnx")
    session = ort.InferenceSession(str(tmp_path / "sites.onnx"), providers=["CPUExecutionProvider"])
    for left in (-8.0, 3.0):
        crop = torch.rand(1, 1, CROP, CROP, CROP)
        with torch.no_grad():
            wanted = model(crop, torch.tensor([left])).numpy()[0]
        assert np.abs(answered(session, crop.numpy()[0, 0], left) - wanted).max() < 2e-3


def test_crops_hold_the_place_in_their_middle_and_nothing_outside_the_scan():
    image = np.zeros((40, 50, 60), np.uint8)
    image[20, 30, 10] = 255
    whole, exact = crop_of(image, np.array([10.0, 30.0, 20.0])), crop_at(image, np.array([10.0, 30.0, 20.0]))
    assert np.argwhere(whole)[0].tolist() == [31, 31, 31] and whole.max() == 1
    assert np.allclose(np.argwhere(exact > 0.1).mean(0), 31.5) and abs(exact.sum() - 1) < 1e-5
    assert crop_of(image, np.array([500.0, 0.0, 0.0])).max() == 0


def test_the_sampler_mirrors_labels_with_crops():
    sampler = SiteSampler([made_scene(k) for k in range(6)], 1)
    for _ in range(5):
        crops, left, labels = sampler.batch(8)
        for crop, label in zip(crops[:, 0].numpy(), labels.tolist()):
            right_half, left_half = crop[:, :, :24].sum(), crop[:, :, 40:].sum()
            assert (left_half > right_half) == (CLASSES[label].startswith("Left"))


def test_middle_of_a_head():
    mask = np.zeros((4, 20, 40), bool)
    mask[:, 5:15, 10:35] = True
    assert middle_of(mask) == 22.0


def answer_for(*parts):
    probability = np.full(len(CLASSES), 1e-4)
    for label, value in parts:
        probability[label] = value
    return probability / probability.sum()


def test_names_are_given_where_sure_and_where_geometry_agrees():
    left, right = label_of("MCA", "left"), label_of("MCA", "right")
    assert named(answer_for((left, 0.95)), 25.0, 0.7) == left and named(answer_for((left, 0.95)), -25.0, 0.7) == GENERAL
    assert named(answer_for((left, 0.55), (right, 0.4)), -25.0, 0.7) == right
    assert named(answer_for((left, 0.6), (label_of("ACA", "left"), 0.4)), 25.0, 0.7) == GENERAL
    assert named(answer_for((ELSEWHERE, 0.95)), 25.0, 0.7) == GENERAL
    assert named(answer_for((FIRST["ACom"], 0.95)), 25.0, 0.7) == FIRST["ACom"]
    both = answer_for((left, 0.5), (right, 0.5))
    assert named(both, 1.0, 0.7) == named(answer_for((left, 0.95)), 1.0, 0.7) == named(both, 8.0, 0.7) == SIDELESS - left
    assert named(both, 20.0, 0.7) == left and named(answer_for((left, 0.95)), 8.0, 0.7) == left


def test_no_side_of_an_artery_that_may_have_crossed_the_midline():
    left = label_of("ACA", "left")
    assert named(answer_for((left, 0.97)), 5.8, 0.7) == named(answer_for((left, 0.97)), -5.8, 0.7) == SIDELESS - left
    assert named(answer_for((left, 0.97)), 9.0, 0.7) == left and named(answer_for((left, 0.97)), -9.0, 0.7) == GENERAL


def made_table(right=0.95, count=130):
    labels = np.arange(count) % len(LOCATIONS)
    answers = [answer_for((k, right), (MIRRORED[k] if MIRRORED[k] != k else ELSEWHERE, 1 - right)) for k in labels]
    left = np.where([CLASSES[k].startswith("Left") for k in labels], 9.0, -9.0)
    return Table(np.array(answers), labels, np.arange(count) // 5, left, np.arange(count) % 2 == 0, np.arange(count) % 4 == 0,
                 np.array(["MR", "CT"])[np.arange(count) % 2])


def test_figures_of_a_table_whose_truth_is_known():
    table = made_table()
    assert (first_answers(table) == table.label).all() and choose_threshold(table) == 0.5
    told = figures(table, 0.5)
    assert told["accuracy"] == 1 and told["sidesSwapped"] == 0 and told["named"]["share"] == 1 and told["named"]["wrong"] == 0
    swapped = replace(table, left_mm=-table.left_mm, probability=table.probability[:, list(MIRRORED)])
    said = figures(swapped, 0.5)
    assert said["sidesSwapped"] > 30 and said["named"]["wrongSide"] == said["sidesSwapped"] and choose_threshold(swapped) == 0.95


def test_a_higher_temperature_is_less_sure_and_changes_no_order():
    p = made_table().probability
    cooler = tempered(p, 2.0)
    assert np.allclose(cooler.sum(1), 1) and (cooler.max(1) < p.max(1)).all() and (cooler.argmax(1) == p.argmax(1)).all()


def test_a_tiny_training_learns_the_side_and_goes_on_from_its_checkpoint(tmp_path):
    scenes = [made_scene(k) for k in range(8)]
    train_sites(scenes, SiteOptions(12, batch=8, seed=1), tmp_path / "sites.pt")
    assert torch.load(tmp_path / "sites.pt", weights_only=True)["step"] == 12
    network = train_sites(scenes, SiteOptions(12, batch=8, seed=1), tmp_path / "sites.pt")
    crops, left, labels = SiteSampler(scenes, 9).batch(16)
    with torch.no_grad():
        guess = MirrorSafe(network).eval()(crops, left).argmax(1)
    assert (guess == labels).float().mean() > 0.8


@pytest.mark.skipif(not (BUNDLE / "sites.json").exists(), reason="the bundle is not built")
def test_golden_vectors_and_provenance_of_the_shipped_bundle():
    golden, manifest = (json.loads((BUNDLE / f).read_text()) for f in ("golden/golden.json", "sites.json"))
    file = BUNDLE / manifest["network"]["file"]
    assert hashlib.sha256(file.read_bytes()).hexdigest() == manifest["network"]["sha256"] and file.stat().st_size < 3e6
    assert tuple(manifest["classes"]) == CLASSES and manifest["training"]["synthetic"] and "not for clinical use" in manifest["intendedUse"]
    assert "not for clinical use" in (BUNDLE / "CARD.md").read_text()
    session = ort.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    image = np.frombuffer((BUNDLE / "golden" / golden["file"]).read_bytes(), np.uint8).reshape(golden["shape"])
    for place in golden["places"]:
        probability = answered(session, crop_at(image, np.array(place["centreVoxel"])), place["leftMm"])
        assert np.abs(probability - np.array(place["probability"])).max() < 1e-3
        name = named(probability, place["leftMm"], manifest["naming"]["threshold"])
        assert (None if name == GENERAL else CLASSES[SIDELESS - name if name <= SIDELESS else name]) == place["named"]
        assert (name >= 0) == place["sideTold"]
