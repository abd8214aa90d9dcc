"""Head CT phantoms, and system 002: networks, explanation, sequence model, export, and a tiny training."""

import dataclasses

import numpy as np
import onnxruntime as ort
import pydicom
import pytest
import torch
from torch.nn import functional

from willis_training.haemorrhage.dataset import SliceSampler, Study, neighbours
from willis_training.haemorrhage.export import (BothWays, ExplainedSlices, export_sequence, export_sequence_map, export_slices,
                                                grad_cam_plus_plus)
from willis_training.haemorrhage.measure import Calibration, Reading, calibrate, mixups, pointing
from willis_training.haemorrhage.network import SliceNetwork, shown
from willis_training.haemorrhage.prepare import PIXELS, head_centre, head_part, prepare, prepare_mask, slabs
from willis_training.haemorrhage.real import RealReading, draw, place, row
from willis_training.haemorrhage.sequence import SMALL, SequenceModel, SequenceSizes
from willis_training.haemorrhage.sequence_map import SequenceMap
from willis_training.haemorrhage.stored import load_sequence
from willis_training.haemorrhage.train_sequence import Encoded, SequenceOptions, augmented, predict, train_sequence
from willis_training.haemorrhage.train_slices import SliceOptions, class_loss, train_slices
from willis_training.ncct import CLASSES, SUBTYPES, draw_bleeds, draw_ct_appearance, draw_head, render_ct


@pytest.fixture(scope="module")
def head():
    return draw_head(7)


def render(head, subtypes, seed=7, tilt=0.0):
    appearance = dataclasses.replace(draw_ct_appearance(seed, "train", 2.0), slice_spacing=6.0, tilt=tilt)
    return render_ct(head, draw_bleeds(seed, head, subtypes), appearance)


@pytest.fixture(scope="module")
def phantoms(head):
    return {subtype: render(head, (subtype,)) for subtype in SUBTYPES}


def test_same_seed_same_voxels(head, phantoms):
    again = render(head, ("epidural",))
    assert np.array_equal(again.image, phantoms["epidural"].image) and np.array_equal(again.mask, phantoms["epidural"].mask)


@pytest.mark.parametrize("subtype", SUBTYPES)
def test_blood_is_labelled_where_it_is_and_dense(phantoms, subtype):
    phantom = phantoms[subtype]
    column = CLASSES.index(subtype)
    assert phantom.labels[:, column].sum() > 0 and np.array_equal(phantom.labels[:, 0], phantom.labels[:, column])
    blood = phantom.mask == column
    if phantom.bleeds[0].age == "acute":
        assert 40 < np.median(phantom.image[blood]) < 95
    assert set(np.unique(phantom.mask)) <= {0, column}


def test_a_head_without_blood_has_no_label_and_has_the_tissues_of_ct(head):
    phantom = render(head, ())
    assert phantom.labels.sum() == 0
    middle = phantom.image[len(phantom.image) // 2]
    assert middle.min() < -900 and middle.max() > 900
    brain = middle[(middle > 10) & (middle < 60)]
    assert 22 < np.median(brain) < 45 and len(brain) > 1500


def test_a_lens_is_thick_where_a_crescent_is_long(phantoms):
    def spread(name):
        places = np.argwhere(phantoms[name].mask > 0) * [6.0, 2.0, 2.0]
        return np.linalg.norm(places.max(0) - places.min(0))
    assert spread("subdural") > spread("epidural")


def test_splits_share_no_appearance():
    train = [draw_ct_appearance(i, "train") for i in range(300)]
    test = [draw_ct_appearance(i, "test") for i in range(300)]
    assert max(a.noise for a in train) <= min(a.noise for a in test)
    assert not any(3.2 < a.slice_spacing < 4.2 for a in train) and all(3.2 <= a.slice_spacing <= 4.2 for a in test)


def test_tilted_series_is_written_as_the_scanner_lies(tmp_path, head):
    from willis_training.phantom_files import write_ct

    phantom = render(head, ("subdural",), tilt=15.0)
    files = write_ct(phantom, tmp_path, "tilted")
    first, second = pydicom.dcmread(files[0]), pydicom.dcmread(files[1])
    assert first.SOPClassUID.name == "CT Image Storage" and float(first.GantryDetectorTilt) == 15.0
    normal = np.cross(first.ImageOrientationPatient[:3], first.ImageOrientationPatient[3:])
    step = np.array(second.ImagePositionPatient) - np.array(first.ImagePositionPatient)
    assert np.allclose(step, [0, 0, 6.0]) and normal @ [0, 0, 1] == pytest.approx(np.cos(np.deg2rad(15)), abs=1e-6)
    hu = first.pixel_array * float(first.RescaleSlope) + float(first.RescaleIntercept)
    assert np.allclose(hu, np.round(phantom.image[0]).clip(-1024, 3071), atol=0.5)


def test_preparing_centres_the_head_and_keeps_hu():
    volume = np.full((3, 200, 220), -1000, np.float32)
    volume[:, 40:140, 120:200] = 40
    out = prepare(volume, (1.0, 1.0))
    rows, columns = np.nonzero(out[1] > 0)
    assert out.shape == (3, PIXELS, PIXELS) and out.max() == pytest.approx(40, abs=1e-3) and out.min() == pytest.approx(-1000)
    assert abs(rows.mean() - (PIXELS - 1) / 2) < 0.6 and abs(columns.mean() - (PIXELS - 1) / 2) < 0.6
    assert len(np.unique(rows)) == pytest.approx(100 / (208 / 128), abs=2)
    mask = prepare_mask((volume > 0).astype(np.uint8), head_centre(volume), (1.0, 1.0), 208.0, PIXELS)
    assert mask[1].sum() == pytest.approx((out[1] > -480).sum(), rel=0.05)


def test_of_a_series_down_to_the_shoulders_the_head_is_read():
    volume = np.full((100, 40, 40), -1000, np.float32)
    volume[:95, 5:35, 5:35] = 40
    assert head_part(volume, (2.0, 2.0, 3.0)) == slice(94 - 56, 100)
    assert head_part(volume[40:], (2.0, 2.0, 5.0)) == slice(20, 60)
    assert head_part(volume[:1] - 2000, (2.0, 2.0, 3.0)) == slice(0, 1)


def test_thin_slices_become_slabs():
    volume = np.arange(10, dtype=np.float32)[:, None, None].repeat(2, 1).repeat(2, 2)
    thick, spacing = slabs(volume, 0.75)
    assert spacing == 3.0 and np.allclose(thick[:, 0, 0], [1.5, 5.5, 8.5])
    same, unchanged = slabs(volume, 5.0)
    assert unchanged == 5.0 and len(same) == 10


def test_networks_have_the_published_sizes():
    # 46.9 million with six outputs, depth 101; the squeeze layers as published
    assert sum(p.numel() for p in SliceNetwork("windows", 101).parameters()) == pytest.approx(46.9e6, rel=0.005)
    published = SequenceModel(SequenceSizes()).eval()
    assert published.gru.hidden_size == 96 and published.stack_gru.input_size == 1536
    with torch.no_grad():
        late, early = published(torch.zeros(1, 2, 7, 2048), torch.zeros(1, 2, 7, 6), torch.tensor([5.0]))
    assert late.shape == early.shape == (1, 7, 6)


def test_windows_and_neighbours_are_what_the_networks_see():
    hu = torch.tensor([0.0, 40.0, 80.0])[None, :, None, None].expand(1, 3, 1, 1)
    grey = shown(hu, "slices") * 0.224 + 0.456
    assert torch.allclose(grey[0, :, 0, 0], torch.tensor([0.0, 0.5, 1.0]), atol=1e-6)
    windows = shown(hu, "windows") * 0.224 + 0.456
    assert torch.allclose(windows[0, :, 0, 0], torch.tensor([0.5, 0.3, (40 + 800) / 2800]), atol=1e-6)
    stack = np.arange(4)[:, None, None]
    assert neighbours(stack)[:, :, 0, 0].tolist() == [[0, 0, 1], [0, 1, 2], [1, 2, 3], [2, 3, 3]]


def test_grad_cam_plus_plus_in_closed_form_equals_its_definition():
    torch.manual_seed(0)
    maps = torch.rand(1, 24, 4, 4, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(3, 24, dtype=torch.float64)
    closed = grad_cam_plus_plus(maps, maps.mean((2, 3)), weight)[0, 1]
    score = (weight[1] * maps.mean((2, 3))).sum()
    # Y = exp(score): its second and third derivatives are powers of the first derivative of the score
    (slope,) = torch.autograd.grad(score, maps)
    alpha = slope**2 / (2 * slope**2 + (maps.sum((2, 3), keepdim=True)) * slope**3)
    direct = torch.relu(((alpha * torch.relu(slope)).sum((2, 3), keepdim=True) * maps).sum(1))[0]
    assert torch.allclose(closed / closed.max(), direct / direct.max(), atol=1e-10)


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(1)
    net = SliceNetwork("windows").eval()
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d) and float(module.weight.abs().sum()) == 0:
            torch.nn.init.constant_(module.weight, 0.5)
    return net


def test_exported_slice_network_equals_autograd(tmp_path, network):
    export_slices(network, tmp_path / "full.onnx", small=False)
    hu = torch.randn(2, 3, PIXELS, PIXELS) * 40 + 40
    outputs = ort.InferenceSession(str(tmp_path / "full.onnx"), providers=["CPUExecutionProvider"]).run(None, {"hu": hu.numpy()})
    with torch.enable_grad():
        logits, features, maps = network(hu)
        maps.retain_grad()
        logits[0, 2].backward()
    alpha = maps.grad**2 / (2 * maps.grad**2 + maps.sum((2, 3), keepdim=True) * maps.grad**3)
    cam = torch.relu((torch.nan_to_num(alpha) * torch.relu(maps.grad)).sum((2, 3), keepdim=True) * maps).sum(1)[0].detach().numpy()
    assert np.abs(outputs[0] - logits.detach().numpy()).max() <= 1e-4 * max(1, float(logits.abs().max()))
    assert np.abs(outputs[2][0, 2] / outputs[2][0, 2].max() - cam / cam.max()).max() <= 1e-4
    assert np.allclose(outputs[3].mean((2, 3)), outputs[0], atol=1e-4 * max(1, float(logits.abs().max())))


def test_small_weights_change_little_and_the_file_is_small(tmp_path, network):
    export_slices(network, tmp_path / "small.onnx")
    assert (tmp_path / "small.onnx").stat().st_size < 30e6
    hu = torch.randn(2, 3, PIXELS, PIXELS) * 40 + 40
    session = ort.InferenceSession(str(tmp_path / "small.onnx"), providers=["CPUExecutionProvider"])
    with torch.no_grad():
        wanted = network(hu)[1].numpy()
    found = session.run(["features"], {"hu": hu.numpy()})[0]
    assert np.abs(found - wanted).max() < 0.1 * np.abs(wanted).max()


def test_a_random_network_gives_another_map(network):
    hu = torch.randn(1, 3, 64, 64) * 40 + 40
    torch.manual_seed(5)
    with torch.no_grad():
        one, other = (ExplainedSlices(n.eval())(hu)[2][0, 0] for n in (network, SliceNetwork("windows")))
    assert np.corrcoef(one.flatten(), other.flatten())[0, 1] < 0.9


def test_exported_sequence_reads_any_length_both_ways(tmp_path):
    model = SequenceModel(SMALL).eval()
    export_sequence(model, tmp_path / "sequence.onnx")
    session = ort.InferenceSession(str(tmp_path / "sequence.onnx"), providers=["CPUExecutionProvider"])
    for t in (5, 31):
        study = Encoded(torch.randn(2, t, 2048), torch.randn(2, t, 6), torch.zeros(t, 6), 4.0)
        feeds = {"features": study.features[None].numpy(), "logits": study.logits[None].numpy(), "spacing": np.array([4.0], np.float32)}
        assert np.allclose(session.run(None, feeds)[0][0], predict(model, study), atol=5e-3)
        feeds["features"], feeds["logits"] = feeds["features"][:, :, ::-1].copy(), feeds["logits"][:, :, ::-1].copy()
        assert np.allclose(session.run(None, feeds)[0][0][::-1], predict(model, study), atol=5e-3)
        # what is stored can be read back as a model
        assert np.allclose(predict(load_sequence(tmp_path / "sequence.onnx"), study), predict(model, study), atol=5e-3)


def test_sequence_map_equals_autograd_and_reads_any_length(tmp_path):
    torch.manual_seed(4)
    model = SequenceModel(SMALL).eval()
    for module in model.modules():
        if isinstance(module, (torch.nn.BatchNorm1d, torch.nn.BatchNorm2d)):
            module.running_mean.normal_(0, 0.3)
            module.running_var.uniform_(0.5, 2)
    heads = torch.randn(2, 6, 2048) * 0.02
    explained = SequenceMap(model, heads)
    export_sequence_map(explained, tmp_path / "map.onnx")
    session = ort.InferenceSession(str(tmp_path / "map.onnx"), providers=["CPUExecutionProvider"])
    for t, wanted in ((1, [0]), (7, [0, 4, 6])):
        maps = torch.relu(torch.randn(1, 2, t, 2048, 8, 8)).requires_grad_()
        features = maps.mean((4, 5))
        logits = torch.einsum("bntk,nck->bntc", features, heads)
        spacing, slices, own = torch.tensor([4.0]), torch.eye(t)[wanted], maps.detach()[0].transpose(0, 1)[wanted]
        with torch.no_grad():
            found = explained(features, logits, spacing, slices, own)
        score = BothWays(model)(features, logits, spacing)[0]
        for row, at in zip(found, wanted):
            for k in range(6):
                (slope,) = torch.autograd.grad(score[at, k], maps, retain_graph=True)
                # Grad-CAM: the mean slope of each map weighs it; times the cells it is the slope by the map's mean
                cam = torch.relu((slope[0, :, at].sum((2, 3))[:, :, None, None] * maps[0, :, at]).sum((0, 1)))
                assert (row[k] - cam).abs().max() <= 1e-4 * max(float(cam.max()), 1e-3)
        feeds = {"features": features, "logits": logits, "spacing": spacing, "slices": slices, "maps": own}
        stored = session.run(None, {name: value.detach().numpy() for name, value in feeds.items()})[0]
        assert np.abs(stored - found.numpy()).max() <= 2e-3 * float(found.max())


def test_sequence_model_learns_what_neighbours_say():
    rng = np.random.default_rng(0)

    def study():
        labels = np.zeros((20, 6), np.float32)
        start = int(rng.integers(2, 12))
        labels[start : start + 6, [0, 3]] = 1
        noisy = torch.from_numpy((2 * labels - 1 + rng.normal(0, 2, (2, 20, 6))).astype(np.float32))
        return Encoded(torch.randn(2, 20, 2048) * 0.1, noisy, torch.from_numpy(labels), 5.0)

    model = train_sequence([study() for _ in range(48)], SequenceOptions(epochs=8, batch=8))
    fresh = [study() for _ in range(12)]
    wrong = lambda logits: np.mean([(v > 0) != (s.labels.numpy() > 0) for v, s in zip(logits, fresh)])
    assert wrong([predict(model, s) for s in fresh]) < 0.6 * wrong([s.logits.mean(0).numpy() for s in fresh])


def test_runs_are_padded_thinned_and_marked():
    study = Encoded(torch.arange(10.0)[None, :, None].expand(2, 10, 2048), torch.zeros(2, 10, 6), torch.ones(10, 6), 3.0)
    seen = [augmented(study, 24, np.random.default_rng(k)) for k in range(12)]
    assert {float(s[2]) for s in seen} == {3.0, 6.0} and {int(s[4].sum()) for s in seen} == {5, 10}
    assert all(s[3][s[4] == 0].sum() == 0 for s in seen)


def test_class_loss_weighs_any_twice():
    labels = torch.zeros(1, 6)
    assert class_loss(torch.zeros(1, 6), labels).item() == pytest.approx(np.log(2))
    only_any, only_last = torch.full((1, 6), -20.0), torch.full((1, 6), -20.0)
    only_any[0, 0], only_last[0, 5] = 20, 20
    assert class_loss(only_any, labels).item() == pytest.approx(2 * class_loss(only_last, labels).item())


def test_tiny_training_lowers_the_loss_and_resumes(tmp_path, phantoms):
    studies = [Study(np.round(prepare(p.image, (2.0, 2.0), 224.0, 160)).astype(np.int16),
                     prepare_mask(p.mask, head_centre(p.image), (2.0, 2.0), 224.0, 160), p.labels, 6.0) for p in phantoms.values()]
    sampler = SliceSampler(studies, 1)
    hu, labels, cells = sampler.batch(4, 64)
    assert hu.shape == (4, 3, 64, 64) and cells.shape == (4, 6, 4, 4) and labels[0, 0] == 1 and labels[1, 0] == 0
    options = SliceOptions("windows", small_steps=3, full_steps=0, small_pixels=64, batch=4, checkpoint_every=3)
    first = train_slices(sampler, options, tmp_path / "c.pt")
    again = train_slices(sampler, options, tmp_path / "c.pt")
    assert torch.equal(first.head.weight, again.head.weight)
    assert functional.mse_loss(first.head.weight, SliceNetwork("windows").head.weight) > 0


def test_calibration_and_mixups():
    rng = np.random.default_rng(3)
    logits = rng.normal(0, 2, (400, 6))
    labels = (rng.random((400, 6)) < 1 / (1 + np.exp(-(0.5 * logits - 1)))).astype(np.uint8)
    fitted = calibrate([Reading(logits, labels, np.zeros((400, 6, 2, 2)), np.zeros((400, 4, 4)), np.stack([logits, logits]))])
    assert np.allclose(fitted.slope, 0.5, atol=0.15) and np.allclose(fitted.intercept, -1, atol=0.3)
    truth, score = np.zeros((3, 6)), np.full((3, 6), 0.1)
    truth[0, 1] = truth[1, 5] = truth[2, 5] = 1
    score[0, 5], score[1, 5], score[2, 1] = 0.9, 0.9, 0.9
    assert mixups(truth, score, np.full(6, 0.5)) == {"epiduralScans": 1, "epiduralTakenForSubdural": 1, "subduralScans": 2, "subduralTakenForEpidural": 1}
    assert Calibration(np.ones(6), np.zeros(6))(np.zeros((1, 6)))[0, 0] == 0.5


def test_pointing_counts_slices_whose_strongest_cell_holds_blood():
    maps, mask = np.zeros((2, 6, 2, 2)), np.zeros((2, 8, 8), np.uint8)
    maps[:, 0, 0, 0], mask[0, 1, 1], mask[1, 7, 7] = 1.0, 3, 3
    labels = np.zeros((2, 6))
    labels[:, 0] = 1
    assert pointing([Reading(np.zeros((2, 6)), labels, maps, mask, np.zeros((2, 2, 6)))], 0) == 0.5


def test_a_mark_on_a_real_head_lies_where_the_map_is_strongest(tmp_path):
    probabilities, maps = np.zeros((12, 6)), np.zeros((12, 6, 8, 8))
    probabilities[3, 5], maps[3, 5, 2, 6] = 0.9, 1.0
    reading = RealReading("head", 12, probabilities, maps, 3.0, 10)
    # cells of 26 mm about the middle; the vertex lies 90 mm above it
    assert place(reading, 5) == pytest.approx((65, -39, 90 - 7 * 3))
    draw(reading, [0.5] * 6, tmp_path / "head.png")
    assert (tmp_path / "head.png").stat().st_size < 60_000 and row(reading)["scanScores"]["subdural"] == 0.9
