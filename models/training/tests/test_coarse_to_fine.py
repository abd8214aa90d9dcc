"""System 003: shapes and sizes as published, the loss as it should be, channels, folds by subject, and a tiny run of both stages."""

import dataclasses

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from scipy import ndimage

from willis_training.coarse_to_fine.cases import folds_by_subject, kept_case, phantom_case, require_disjoint
from willis_training.coarse_to_fine.contour import channels_of, sobel_magnitude
from willis_training.coarse_to_fine.deepmedic import DeepMedic, coarse_size, coarse_view
from willis_training.coarse_to_fine.export import export_arteries, export_coarse, export_fine
from willis_training.coarse_to_fine.losses import printed_weighted_dice_loss, soft_dice, weighted_dice_loss
from willis_training.coarse_to_fine.measure import (OUTLINES, Calibration, Chosen, Read, TooFewMarks, calibrate, choose_outline, choose_threshold, measure,
                                                    outlined, overlap, truth_of)
from willis_training.coarse_to_fine.reader import FineReader, Mark, Steps, regions
from willis_training.coarse_to_fine.reading import read_kept
from willis_training.coarse_to_fine.se_unet import FineNetwork, FineSizes
from willis_training.coarse_to_fine.stored import load_coarse, load_fine
from willis_training.coarse_to_fine.train import (CoarseOptions, FineOptions, Source, cross_validate, fine_scores, outline_loss, segment_of, source_of, train_coarse,
                                                  train_fine, vois_of)
from willis_training.coarse_to_fine.variation import as_another_scanner
from willis_training.coarse_to_fine.vessels import ArteryOptions, extract_arteries, train_arteries
from willis_training.metrics import dice
from willis_training.readers.refusal import Refusal


@pytest.fixture(autouse=True)
def one_thread():
    """Sums over threads come in any order: on one thread a tiny training gives the same weights every time."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def cases():
    # the first has a sac of 9 mm: enough voxels on a 1 mm grid for a training of seconds
    return [phantom_case(seed, "train", 1, spacing=1.0) for seed in (4, 2)]


@pytest.mark.parametrize("beta", [0.1, 0.3, 0.5, 0.7, 0.9, 1.0])
def test_printed_loss_has_its_minimum_below_full_overlap(beta):
    dice_values = torch.linspace(0, 1, 100_001, dtype=torch.float64)
    lowest = float(dice_values[int(printed_weighted_dice_loss(dice_values, beta).argmin())])
    assert lowest == pytest.approx(1 / (1 + beta), abs=1e-4)


@pytest.mark.parametrize("beta", [0.3, 1.0])
def test_corrected_loss_reaches_full_overlap_where_the_printed_one_stops(beta):
    truth = torch.zeros(1, 8, 8, 8)
    truth[:, 2:6, 2:6, 2:6] = 1

    def descended(loss):
        logits = torch.zeros(1, 8, 8, 8, requires_grad=True)
        optimiser = torch.optim.Adam([logits], 0.1)
        for _ in range(500):
            optimiser.zero_grad()
            loss(torch.sigmoid(logits)).backward()
            optimiser.step()
        return soft_dice(torch.sigmoid(logits), truth).item()

    assert descended(lambda p: weighted_dice_loss(p, truth, beta)) > 0.99
    assert descended(lambda p: printed_weighted_dice_loss(soft_dice(p, truth), beta).mean()) == pytest.approx(1 / (1 + beta), abs=0.02)


def test_networks_have_the_published_shapes():
    medic = DeepMedic().eval()
    assert (coarse_size(37), coarse_size(45)) == (23, 26)
    with torch.no_grad():
        assert medic(torch.zeros(1, 1, 37, 37, 37), torch.zeros(1, 1, 23, 23, 23)).shape == (1, 2, 21, 21, 21)
        assert FineNetwork().eval()(torch.zeros(1, 2, 32, 32, 32)).shape == (1, 2, 32, 32, 32)
    parameters = sum(p.numel() for p in FineNetwork().parameters())
    assert parameters == pytest.approx(8.28e6, rel=0.03)


def test_coarse_segment_lies_about_the_same_middle():
    ramp = torch.arange(60.0)[None, None, None].expand(1, 60, 60, 60)
    view = coarse_view(ramp, (30, 30, 30), 37)
    # output voxel 0 is at 20; cell 8 covers 20 to 22 and is read at 21
    assert view.shape == (1, 23, 23, 23) and float(view[0, 0, 0, 8]) == 21 and float(view[0, 0, 0, 9]) == 24


def test_sobel_step_response_and_channels():
    step = np.zeros((9, 9, 9))
    step[:, :, 5:] = 1
    assert sobel_magnitude(step)[4, 4, 4] == pytest.approx(1 / np.sqrt(3), abs=1e-6)
    image, arteries = np.random.default_rng(0).random((16, 16, 16)), np.zeros((16, 16, 16), bool)
    arteries[4:12, 7:9, 7:9] = True
    channels = channels_of(image, arteries)
    assert channels.shape == (2, 16, 16, 16) and channels[1].max() == 1 and channels[0][0, 0, 0] == 0
    assert channels[1][8, 8, 8] < channels[1][8, 8, 9]


def test_folds_keep_subjects_together():
    subjects = ["a", "a", "b", "c", "d", "e", "e", "f"]
    folds = folds_by_subject(subjects, 3, seed=1)
    assert sorted(k for _, outside in folds for k in outside) == list(range(8))
    for inside, outside in folds:
        require_disjoint([subjects[k] for k in inside], [subjects[k] for k in outside])
    with pytest.raises(Refusal, match="MIXED_SUBJECTS"):
        require_disjoint(["a", "b"], ["b"])
    with pytest.raises(Refusal, match="TOO_FEW_SUBJECTS"):
        folds_by_subject(["a", "a"], 2, seed=1)


def test_tiny_run_of_all_stages_writes_a_bundle(tmp_path, cases):
    arteries = train_arteries(cases[:1], ArteryOptions(steps=80, crop=32, base=4))
    found = extract_arteries(arteries, cases[1].image, 20.0, 1.0)
    assert dice(cases[1].arteries, found) > 0.5
    medic = train_coarse(cases[:1], CoarseOptions(steps=6, batch=2, segment=25, widths=(2, 2, 3, 3, 3, 3, 4, 4), joined=6))
    options = FineOptions(sizes=FineSizes(base=4, dropout=0.0), steps=90, voi=32, beta=1.0, learning_rate=1e-3, exact=True)
    fine = train_fine(cases[:1], options)
    scores = fine_scores(fine, cases[:1], options, spacing=1.0)
    assert scores["dsc"] > 0.4
    export_arteries(arteries, tmp_path / "arteries.onnx")
    export_coarse(medic, tmp_path / "coarse.onnx")
    export_fine(fine, tmp_path / "fine.onnx", voi=32)
    steps = FineReader(tmp_path, 32).read(cases[1].image)
    assert steps.coarse.shape == steps.fine.shape == cases[1].image.shape
    assert 0 <= steps.coarse.min() <= steps.coarse.max() <= 1 and dice(steps.arteries, found) > 0.9
    first, again = (read_kept((tmp_path, 32, cases[1], tmp_path / "cache")) for _ in range(2))
    for kept in (first, again):
        assert all((a == b).all() for a, b in ((kept.arteries, steps.arteries), (kept.coarse, steps.coarse), (kept.fine, steps.fine)))
        assert np.allclose(np.reshape(kept.centres, (-1, 3)), np.reshape(steps.centres, (-1, 3)))
    assert len(list((tmp_path / "cache").glob("*/*.npz"))) == 2


def made_read(case, marks):
    truth = truth_of(case)
    on = tuple(next((t.number for t in truth if np.linalg.norm(np.array(m.centre[::-1]) * 0.5 - t.location.centre) <= t.location.radius), 0) for m in marks)
    overlaps = {number: overlap(case.aneurysms == number, [m for m, k in zip(marks, on) if k == number]) for number in {*on} - {0}}
    return Read(truth, marks, on, overlaps, len(marks), dice(case.arteries, case.arteries))


def case_artery_beside(case):
    """The artery within 10 mm of the sac's middle (voxels of 0.5 mm)."""
    sac = case.aneurysms == 1
    return case.arteries & (ndimage.distance_transform_edt(~sac) < 20) & ~sac


def test_scans_count_as_adam_does(cases):
    truth = cases[0].aneurysms
    centre = tuple(np.argwhere(truth == 1).mean(0))
    true, false = Mark(centre, 100, 0.9, 0.9, np.nonzero(truth == 1)), Mark((4.0, 4.0, 4.0), 64, 0.9, 0.9)
    perfect = made_read(cases[0], [true])
    wrong = made_read(cases[0], [false])
    assert perfect.on == (1,) and wrong.on == (0,)
    calibration = Calibration((1.0, 0.0, 0.0), 0.0)
    row = measure([perfect, wrong], Chosen(calibration, 0.5, 0.5))
    assert row["adamSensitivity"] == 0.5 and row["falsePositivesPerScan"] == 0.5 and row["outlines"] == 1
    assert row["dsc"]["mean"] == 1 and row["hd95Mm"]["mean"] == 0 and row["vs"]["mean"] == 1
    assert row["bySite"] == [{"site": cases[0].sites[0], "aneurysms": 2, "detected": 1}] and row["brier"] > 0.4
    # an outline that runs on along the artery is measured as a whole
    spilled = Mark(centre, 100, 0.9, 0.9, np.nonzero((truth == 1) | case_artery_beside(cases[0])))
    far = measure([made_read(cases[0], [spilled])], Chosen(calibration, 0.5, 0.5))
    assert far["dsc"]["mean"] < 1 and far["hdMm"]["mean"] > 4 and far["vs"]["mean"] < 1
    # neither mark reaches a threshold above its probability
    assert measure([perfect, wrong], Chosen(calibration, 0.5, 0.95))["adamSensitivity"] == 0
    assert choose_threshold([perfect, wrong, wrong, wrong], calibration) == 0.5 and choose_threshold([perfect, perfect], calibration) == 0.01
    with pytest.raises(TooFewMarks, match="too few to calibrate"):
        calibrate([perfect])


def test_the_outline_threshold_is_that_of_the_best_overlap(cases):
    """A probability that falls from the middle of the sac: only one threshold gives its volume."""
    case = cases[0]
    sac = case.aneurysms == 1
    inside, outside = ndimage.distance_transform_edt(sac), ndimage.distance_transform_edt(~sac)
    for edge in (0.3, 0.5, 0.7):
        fine = np.clip(edge + np.where(sac, 0.2 * inside - 0.16, 0.04 - 0.08 * outside), 0, 1).astype(np.float32)
        steps = Steps(case.arteries, fine, [], fine)
        assert choose_outline([{t: outlined(case, steps, t) for t in OUTLINES}]) == pytest.approx(edge)
        dsc, _, vs, _ = outlined(case, steps, edge).overlaps[1]
        assert dsc == pytest.approx(1, abs=0.02) and vs == pytest.approx(1, abs=0.02)


def test_what_is_left_out_is_neither_found_nor_false_nor_learnt(cases):
    """A treated aneurysm: marks on it vanish, its voxels have no class, no box holds it."""
    case = cases[0]
    sac = case.aneurysms == 1
    fine = sac.astype(np.float32)
    steps = Steps(case.arteries, fine, [], fine)
    assert outlined(case, steps, 0.5).on == (1,)
    untreated = dataclasses.replace(case, aneurysms=np.zeros_like(case.aneurysms))
    assert outlined(untreated, steps, 0.5).on == (0,)
    treated = dataclasses.replace(untreated, left_out=case.aneurysms)
    assert outlined(treated, steps, 0.5).on == ()
    source = source_of(treated, 37, np.random.default_rng(0))
    inside = source.truth[18:-18, 18:-18, 18:-18]
    assert (inside[sac] == -100).all() and not (inside == 1).any() and len(source.aneurysm) == 0
    assert all(inside[tuple(place)] == 0 for place in source.normal)
    middle = np.argwhere(sac).mean(0)
    assert len(vois_of(case, 32, [middle])) == 1 and vois_of(treated, 32, [middle]) == []


def test_another_scanner_keeps_places_and_range(cases):
    image = cases[0].image
    rng = np.random.default_rng(0)
    for _ in range(4):
        varied = as_another_scanner(image, rng)
        assert varied.shape == image.shape and varied.dtype == np.float32 and 0 <= varied.min() < varied.max() <= 1
        arteries = cases[0].arteries
        assert varied[arteries].mean() > varied[~arteries].mean() + 0.1
        assert np.corrcoef(image.ravel(), varied.ravel())[0, 1] > 0.5


def test_normal_places_must_stay_without_outline():
    truth = torch.zeros(1, 8, 8, 8)
    much, little = torch.full_like(truth, 0.9), torch.full_like(truth, 0.05)
    assert outline_loss(much, truth, 1.0) > outline_loss(little, truth, 1.0) > outline_loss(truth, truth, 1.0) == 0


def test_mirrored_segments_stay_aligned():
    """Cells of the coarse segment lie about those of the output, mirrored or not."""
    rng = np.random.default_rng(0)
    volume = ndimage.gaussian_filter(rng.standard_normal((90, 90, 90)), 4)
    source = Source(volume.astype(np.float32), volume > 0, np.array([[30, 30, 30]]), np.array([[30, 30, 30]]))
    for _ in range(8):
        fine, coarse, truth = segment_of(source, 37, rng, True)
        assert np.allclose(fine[0, 9:30:3, 9:30:3, 9:30:3], coarse[0, 8:15, 8:15, 8:15])
        assert bool(((fine[0, 8:29, 8:29, 8:29] > 0) == truth.bool()).all())


def test_stored_networks_come_back_and_can_be_trained_on(tmp_path):
    torch.manual_seed(0)
    widths, sizes = (2, 2, 3, 3, 3, 3, 4, 4), FineSizes(base=4)
    medic, fine = DeepMedic(1, widths, 6).train(), FineNetwork(sizes).eval()
    near, far = torch.randn(2, 1, 37, 37, 37), torch.randn(2, 1, 23, 23, 23)
    for _ in range(3):
        medic(near, far)
    export_coarse(medic.eval(), tmp_path / "coarse.onnx")
    export_fine(fine, tmp_path / "fine.onnx", voi=32)
    again, outline = load_coarse(tmp_path / "coarse.onnx", widths, 6, (near, far)), load_fine(tmp_path / "fine.onnx", sizes)
    channels = torch.randn(1, 2, 32, 32, 32)
    with torch.no_grad():
        assert torch.allclose(medic(near, far), again(near, far), atol=2e-2) and torch.allclose(fine(channels), outline(channels), atol=2e-2)
    again.train()(near, far).sum().backward()
    assert all(w.grad is not None for w in again.parameters())


TINY_MEDIC = CoarseOptions(steps=5, batch=2, segment=25, widths=(2, 2, 3, 3, 3, 3, 4, 4), joined=6)
TINY_OUTLINE = FineOptions(FineSizes(base=4, dropout=0.5), steps=5, voi=32, exact=True)


@pytest.mark.parametrize("fit", [
    lambda cases, file: train_arteries(cases, ArteryOptions(steps=5, crop=16, base=4), file),
    lambda cases, file: train_coarse(cases, TINY_MEDIC, checkpoint=file),
    lambda cases, file: train_fine(cases, TINY_OUTLINE, checkpoint=file),
], ids=["arteries", "DeepMedic", "outline"])
def test_a_training_that_was_interrupted_ends_as_if_it_had_not_been(cases, goes_on_alike, fit):
    goes_on_alike(lambda file: fit(cases[:1], file))


def test_cases_are_kept(tmp_path):
    made, kept = (kept_case(5, "train", 1, 2.0, tmp_path) for _ in range(2))
    assert (made.image == kept.image).all() and (made.arteries == kept.arteries).all() and (made.aneurysms == kept.aneurysms).all()
    assert (made.subject, made.diameters, made.sites) == (kept.subject, kept.diameters, kept.sites) and made.sites and len(list(tmp_path.iterdir())) == 1


def test_exported_networks_equal_torch(tmp_path):
    torch.manual_seed(0)
    fine, medic = FineNetwork(FineSizes(base=4)).eval(), DeepMedic(1, (2, 2, 3, 3, 3, 3, 4, 4), 6).eval()
    export_fine(fine, tmp_path / "fine.onnx", voi=32)
    export_coarse(medic, tmp_path / "coarse.onnx")
    assert "ConvTranspose" not in {n.op_type for f in ("fine", "coarse") for n in onnx.load(tmp_path / f"{f}.onnx").graph.node}
    channels, near, far = torch.randn(2, 2, 32, 32, 32), torch.randn(1, 1, 45, 45, 45), torch.randn(1, 1, 26, 26, 26)
    with torch.no_grad():
        wanted = torch.softmax(fine(channels), 1)[:, 1].numpy(), torch.softmax(medic(near, far), 1)[:, 1].numpy()
    open_session = lambda name: ort.InferenceSession(str(tmp_path / name), providers=["CPUExecutionProvider"])
    found = open_session("fine.onnx").run(None, {"channels": channels.numpy()})[0], open_session("coarse.onnx").run(None, {"fine": near.numpy(), "coarse": far.numpy()})[0]
    assert all(np.abs(a - b).max() < 5e-3 for a, b in zip(wanted, found))


def test_regions_are_ordered_and_filtered():
    field = np.zeros((20, 20, 20), np.float32)
    field[2:5, 2:5, 2:5], field[10:13, 10:13, 10:13], field[18, 18, 18] = 0.6, 0.9, 1.0
    found = regions(field, field, 0.5)
    assert [round(peak, 3) for peak, _, _ in found] == [0.9, 0.6] and len(regions(field, field, 0.7)) == 1
    assert found[0][1] == (11, 11, 11) and found[1][1] == (3, 3, 3) and [count for _, _, (_, count) in found] == [27, 27]


def test_cross_validation_runs_every_fold(cases):
    rows = cross_validate(cases, FineOptions(sizes=FineSizes(base=4), steps=2, voi=32), folds=2)
    assert [r["vois"] for r in rows] == [1, 1]
