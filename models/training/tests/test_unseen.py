"""Figures from 3 mm up, real arteries in a synthetic head, and `measure` on a copy of the shipped bundle."""

import argparse
import json
import shutil
from pathlib import Path

import nibabel
import numpy as np
import pytest
from PIL import Image

from willis_training import __version__
from willis_training.bundle import performance_of, write_texts
from willis_training.detect import Candidate
from willis_training.evaluate import Calibration, Scan, score
from willis_training.marked_picture import HALF, ROOM, SCALE, Mark, Outline, Projected, draw_marks
from willis_training.measure_bundle import run
from willis_training.phantom import Grid, draw_anatomy, lumen_of
from willis_training.readers import Refusal
from willis_training.real_tof import in_synthetic_head, vessels_of
from willis_training.unseen import cut_within, false_positives, figures, marks_of, sensitivity

BUNDLE = Path(__file__).parents[2] / "tof-patch"
PLAIN = Calibration(0.0, 1.0, 0.0, 0.0)


def scan(marks, diameters, sites=()):
    """marks: (logit, index of the aneurysm or -1)."""
    candidates = [Candidate(np.zeros(3), logit, 0.0, 1.0, 3.0) for logit, _ in marks]
    return Scan(candidates, [hit for _, hit in marks], np.array(diameters, float), np.array(diameters, float), sites)


def made_scans(seed=0, count=40):
    rng = np.random.default_rng(seed)
    scans = []
    for _ in range(count):
        diameters = rng.uniform(2, 9, int(rng.integers(0, 3)))
        marks = [(float(rng.normal(1, 2)), k) for k in range(len(diameters)) if rng.random() < 0.8]
        scans.append(scan([*marks, *((float(rng.normal(-1, 2)), -1) for _ in range(int(rng.integers(0, 4))))], diameters))
    return scans


def test_a_mark_on_a_small_aneurysm_is_neither_hit_nor_false():
    marks = [marks_of(scan([(2.0, 0), (1.0, 1), (0.5, 1), (3.0, -1)], [2.5, 4.0]), PLAIN)]
    assert marks[0].best.tolist() == [1.0] and marks[0].false.tolist() == [3.0]
    assert sensitivity(marks, 0.9) == 1 and sensitivity(marks, 1.1) == 0 and false_positives(marks, 0.0) == 1


def test_no_lower_cut_keeps_the_budget_and_figures_agree_with_the_score():
    scans = made_scans()
    marks = [marks_of(s, PLAIN) for s in scans]
    for budget in (0.1, 0.5, 1.0):
        cut = cut_within(marks, budget)
        assert false_positives(marks, cut) <= budget < false_positives(marks, cut - 0.5)
    row, counted = figures(scans, PLAIN, 0.5), score(scans, PLAIN, 0.5, smallest_mm=3.0)
    assert (row["lesions3mmUp"], row["detected3mmUp"]) == (counted.lesions, counted.detected)
    low, high = row["lesionSensitivity3mmUpInterval"]
    assert low < row["detected3mmUp"] / row["lesions3mmUp"] < high


def test_sites_and_calibration_are_told_of_what_was_measured(tmp_path):
    scans = [scan([(4.0, 0), (-4.0, -1)], [5.0, 6.0], ("MCA", "ACom")), scan([(3.0, 0), (2.0, 1)], [4.0, 2.0], ("MCA", "PCom"))]
    performance = performance_of(scans, PLAIN, 0.5) | {"denseVersusPatchCorrelation": 0.99}
    # the small one counts nowhere; every probability is right, the boldest most
    assert performance["bySite"] == [{"site": "MCA", "aneurysms": 2, "detected": 2}, {"site": "ACom", "aneurysms": 1, "detected": 0}]
    assert 0 < performance["brier"] < 0.01 < performance["calibrationError"] < 0.1
    write_texts(tmp_path, json.loads((BUNDLE / "model.json").read_text()) | {"performance": performance})
    card = (tmp_path / "CARD.md").read_text()
    assert "| MCA | 2 | 2 | 1.00 (0.34-1.00) |" in card and "Brier score, calibration error" in card
    unknown = performance_of([scan([(4.0, 0)], [5.0])], PLAIN, 0.5)
    assert unknown["bySite"] == []


def test_an_aneurysm_without_a_mark_is_missed_at_any_threshold():
    quiet = [marks_of(scan([], [5.0]), PLAIN), marks_of(scan([(1.0, 0)], [5.0]), PLAIN)]
    assert sensitivity(quiet, cut_within(quiet, 0.5)) == 0.5


def test_scans_without_an_aneurysm_of_that_size_say_no_sensitivity_and_the_card_says_why(tmp_path):
    manifest = json.loads((BUNDLE / "model.json").read_text())
    scans = [scan([(1.0, -1)], []), scan([(1.0, 0)], [2.0])]
    performance = performance_of(scans, PLAIN, 0.5) | {"denseVersusPatchCorrelation": 0.99}
    write_texts(tmp_path, manifest | {"performance": performance})
    assert performance["lesions3mmUp"] == 0 and performance["falsePositivesPerScan"] == 0.5
    card = (tmp_path / "CARD.md").read_text()
    assert card.count("none is in these scans") == 2 and "nothing to measure it on | **not reached**" in card


@pytest.fixture(scope="module")
def vessels(tmp_path_factory):
    """A vessel along x on a grid smaller than a head, as a scanner's owner would strip it."""
    voxels = np.zeros((60, 50, 30), np.uint8)
    voxels[10:50, 20:24, 14:18] = 200
    file = tmp_path_factory.mktemp("real") / "vessels.nii.gz"
    nibabel.save(nibabel.Nifti1Image(voxels, np.diag([0.8, 0.8, 1.0, 1.0])), file)
    return file


def test_real_arteries_lie_in_a_whole_head(vessels):
    lumen, spacing = vessels_of(vessels)
    assert lumen.shape == (30, 50, 60) and lumen.max() == 1 and spacing == pytest.approx((0.8, 0.8, 1.0))
    image = in_synthetic_head(lumen, spacing).image
    assert image.shape[0] == 30 and all(n * 0.8 > 150 for n in image.shape[1:])
    bright = np.argwhere(image[10:20] > 0.8)
    # only the vessel is as bright as fresh blood
    assert len(bright) > 300 and bright[:, 1].std() < 3


def test_a_volume_without_vessels_is_refused(tmp_path):
    nibabel.save(nibabel.Nifti1Image(np.zeros((8, 8, 8), np.uint8), np.eye(4)), tmp_path / "empty.nii.gz")
    with pytest.raises(ValueError, match="holds no vessel"):
        vessels_of(tmp_path / "empty.nii.gz")


def test_every_mark_is_ringed_and_numbered_in_the_three_views(tmp_path):
    outline = Outline((75.0, 90.0, 100.0), (-40.0, 40.0))
    draw_marks([Mark((20.0, -30.0, 10.0), 6.0)], outline, tmp_path / "sub" / "one.png", "one mark")
    draw_marks([], outline, tmp_path / "none.png", "one mark")
    one, none = (np.asarray(Image.open(tmp_path / f).convert("RGB")).astype(int) for f in ("sub/one.png", "none.png"))
    changed = (abs(one - none) > 40).any(-1)
    panel = (one.shape[1] - ROOM) // 3
    # the patient's left is on the right of axial and coronal views, what lies in front on the left of the sagittal one, the head up
    expected = [(20, -30), (20, -10), (-30, -10)]
    for k, (across, down) in enumerate(expected):
        ringed = np.argwhere(changed[:, k * panel + ROOM // 2 : (k + 1) * panel + ROOM // 2])
        middle = ringed.mean(0) - (ROOM + HALF * SCALE, ROOM // 2 + HALF * SCALE)
        assert abs(middle[0] - down * SCALE) < 5 and abs(middle[1] - across * SCALE) < 15, f"view {k}: {middle}"


def test_a_projection_shows_a_volume_where_its_mark_is(tmp_path):
    volume = np.zeros((30, 40, 50), np.float32)
    volume[20:23, 10:13, 30:33] = 100
    place = tuple(float((at - (n - 1) / 2) * 2) for at, n in zip((31, 11, 21), (50, 40, 30)))
    behind = Projected(volume, (2.0, 2.0, 2.0), (0.0, 100.0))
    draw_marks([Mark(place, 8.0)], behind, tmp_path / "a.png", "")
    sheet = np.asarray(Image.open(tmp_path / "a.png").convert("RGB")).astype(int)
    panel = (sheet.shape[1] - ROOM) // 3
    for k, (across, down) in enumerate(((0, 1), (0, 2), (1, 2))):
        x, y = place[across], -place[2] if down == 2 else place[down]
        column, row = int(ROOM + k * panel + (x + HALF) * SCALE), int(ROOM + (y + HALF) * SCALE)
        assert sheet[row - 2 : row + 3, column - 2 : column + 3].min() > 180, f"view {k}"


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


def test_measuring_a_bundle_writes_manifest_and_card(tmp_path, cache, vessels):
    shutil.copytree(BUNDLE, tmp_path / "bundle")
    run(argparse.Namespace(bundle=tmp_path / "bundle", cache=cache, scans=2, test_from=3, real=[vessels], pictures=tmp_path / "pictures", tree=[]))
    manifest = json.loads((tmp_path / "bundle" / "model.json").read_text())
    assert manifest["performance"]["scans"] == 2 and manifest["performance"]["detected3mmUp"] > 0
    assert manifest["performance"]["realVolumes"][0]["name"] == "vessels"
    card = (tmp_path / "bundle" / "CARD.md").read_text()
    assert "| vessels |" in card and f"2 synthetic phantoms (kit {__version__}) of unseen anatomy" in card and (tmp_path / "pictures" / "vessels.png").exists()
    assert {file.name for file in cache.iterdir()} == {"test-0003.npz", "test-0004.npz"}
    # weights, calibration and threshold stay as they were
    before = json.loads((BUNDLE / "model.json").read_text())
    assert all(manifest[k] == before[k] for k in ("network", "calibration", "operatingPoint", "measures"))


def test_phantoms_grown_around_a_real_tree_are_measured_apart(tmp_path):
    grid = Grid((-60.0, -60.0, -42.0), (0.6, 0.6, 0.8), (200, 200, 105))
    arteries = lumen_of(draw_anatomy(3, 0), grid)[0] > 0.5
    nibabel.save(nibabel.Nifti1Image(arteries.transpose(2, 1, 0)[::-1, ::-1].astype(np.uint8), np.diag([0.6, 0.6, 0.8, 1.0])), tmp_path / "somebody.nii.gz")
    shutil.copytree(BUNDLE, tmp_path / "bundle")
    asked = argparse.Namespace(bundle=tmp_path / "bundle", cache=tmp_path / "cache", scans=0, test_from=0, real=[], pictures=None, tree=[tmp_path / "somebody.nii.gz"], tree_scans=4)
    run(asked)
    before, after = (json.loads((folder / "model.json").read_text())["performance"] for folder in (BUNDLE, tmp_path / "bundle"))
    row = after["realTrees"][0]
    assert (row["name"], row["scans"]) == ("somebody", 4) and 0 <= row["detected3mmUp"] <= row["lesions3mmUp"] and row["lesions3mmUp"] > 0
    assert {k: v for k, v in after.items() if k != "realTrees"} == {k: v for k, v in before.items() if k != "realTrees"}
    assert "| somebody | 4 |" in (tmp_path / "bundle" / "CARD.md").read_text()


def test_candidates_are_measured_as_the_manifest_asks(tmp_path, cache, vessels):
    """As the node reads it: nothing is as large as one bundle asks for; another takes what is faint."""
    shutil.copytree(BUNDLE, tmp_path / "bundle")
    manifest = json.loads((BUNDLE / "model.json").read_text())

    def measured(scans, **asked):
        (tmp_path / "bundle" / "model.json").write_text(json.dumps(manifest | {"candidates": manifest["candidates"] | asked}))
        run(argparse.Namespace(bundle=tmp_path / "bundle", cache=cache, scans=scans, test_from=3, real=[vessels], pictures=None, tree=[]))
        return json.loads((tmp_path / "bundle" / "model.json").read_text())["performance"]

    none, faint = measured(2, minVoxels=10**6), measured(0, localisationThreshold=1e-4)
    assert none["lesions3mmUp"] > 0 == none["detected3mmUp"] == none["falsePositivesPerScan"] == none["realVolumes"][0]["candidates"]
    assert faint["realVolumes"][0]["candidates"] > 0


def test_a_bundle_of_three_networks_is_measured_with_what_its_manifest_says(tmp_path):
    bundle = tmp_path / "bundle"
    shutil.copytree(BUNDLE.parent / "tof-coarse-fine", bundle)
    before = json.loads((bundle / "model.json").read_text())
    before["operatingPoint"]["findingThreshold"] = 1.0
    (bundle / "model.json").write_text(json.dumps(before))
    asked = {"bundle": bundle, "cache": tmp_path / "cache", "pictures": None, "tree": []}
    run(argparse.Namespace(scans=1, test_from=0, real=[], **asked))
    after = json.loads((bundle / "model.json").read_text())
    told = after["performance"]
    assert told["scans"] == 1 and told["testedOn"].startswith(f"1 synthetic phantoms (kit {__version__})")
    assert told["falsePositivesPerScan"] == 0 and told["candidatesPerScan"] > 0
    assert told["ablation"] == before["performance"]["ablation"] and after["fine"] == before["fine"]
    with pytest.raises(Refusal, match="NOTHING_TO_MEASURE.*phantoms alone"):
        run(argparse.Namespace(scans=1, real=[Path("chris_MRA.nii.gz")], **asked))
    with pytest.raises(Refusal, match="NOTHING_TO_MEASURE.*--tree"):
        run(argparse.Namespace(scans=1, real=[], **asked | {"tree": [Path("arteries.nii.gz")]}))


def test_another_bundle_is_refused_by_name(tmp_path):
    (tmp_path / "model.json").write_text('{"pipeline": "knees"}')
    with pytest.raises(Refusal, match="WRONG_BUNDLE.*knees"):
        run(argparse.Namespace(bundle=tmp_path))


@pytest.mark.parametrize("asked", [{"interpolation": "cubic"}, {"antiAlias": True}, {"biasCorrection": "n4"}])
def test_a_bundle_that_is_prepared_otherwise_is_refused_before_it_is_measured(tmp_path, asked):
    shutil.copytree(BUNDLE, tmp_path / "bundle")
    manifest = json.loads((BUNDLE / "model.json").read_text())
    manifest["preprocessing"] |= asked
    (tmp_path / "bundle" / "model.json").write_text(json.dumps(manifest))
    with pytest.raises(Refusal, match="OTHER_PREPROCESSING.*willis evaluate"):
        run(argparse.Namespace(bundle=tmp_path / "bundle", tree=[]))
