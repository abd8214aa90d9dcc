"""Fine-tuning tof-coarse-fine on outlined aneurysms: cases as the node prepares them, refusals, and one run of the command on made-up patients."""

import argparse
import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import nibabel
import numpy as np
import onnxruntime as ort
import pytest
import torch
from scipy import ndimage

from willis_training.card_of import write_card_of
from willis_training.coarse_to_fine.bundle import PREPROCESSING
from willis_training.coarse_to_fine.measure import outlined
from willis_training.coarse_to_fine.reader import FineReader
from willis_training.coarse_to_fine.stored import StoredArteries, load_coarse, load_fine, stored_sizes
from willis_training.coarse_to_fine.train import CoarseOptions
from willis_training.coarse_to_fine.whole_head import arteries_in, deep_inside, nearest_on_grid
from willis_training.fine_tune.coarse_to_fine import require_prepared_here
from willis_training.fine_tune.command import run
from willis_training.fine_tune.lessons import lessons_of
from willis_training.fine_tune.outlined_cases import prepared_case, put_away, reached, require_outlines, taken_out
from willis_training.readers import Point, Refusal, read_adam
from willis_training.readers.case import Volume

TRAINING = Path(__file__).parents[1]
BUNDLE = TRAINING.parent / "tof-coarse-fine"
VOI = 48
AFFINE = np.diag([-0.5, -0.5, 0.5, 1.0])


@pytest.fixture(scope="module")
def box():
    """Image (thousandths) and outlined sac [z,y,x] on the 0.5 mm grid: the golden volume, mirrored on one side so that the sac lies deep in it."""
    told = json.loads((BUNDLE / "golden" / "golden.json").read_text())
    volume = np.frombuffer((BUNDLE / "golden" / "volume.raw").read_bytes(), "<i2").reshape(told["shape"])
    steps = FineReader(BUNDLE, VOI).read(volume.astype(np.float32) / 1000)
    labels, _ = ndimage.label(steps.fine >= 0.25, np.ones((3, 3, 3)))
    sac = labels == np.bincount(labels.ravel())[1:].argmax() + 1
    return [np.pad(v[10:58], ((0, 0), (20, 0), (0, 0)), mode) for v, mode in ((volume, "reflect"), (sac, "constant"))]


@pytest.fixture(scope="module")
def network():
    return StoredArteries(BUNDLE / "arteries.onnx").session


def patient(folder, name, image, labels, turned=False):
    """One scan in ADAM's layout; `turned`: its columns run the other way."""
    affine = AFFINE.copy()
    voxels = [np.transpose(v, (2, 1, 0)) for v in (image.astype(np.float32), labels.astype(np.uint8))]
    if turned:
        voxels = [v[::-1].copy() for v in voxels]
        affine[0] *= -1
        affine[0, 3] = -0.5 * (image.shape[2] - 1)
    (folder / name / "orig").mkdir(parents=True)
    for file, v in zip(("orig/TOF.nii.gz", "aneurysms.nii.gz"), voxels):
        nibabel.save(nibabel.Nifti1Image(v, affine), folder / name / file)
    places = [np.argwhere(voxels[1] == k).mean(0) for k in (1, 2) if (labels == k).any()]
    (folder / name / "location.txt").write_text("".join(", ".join(f"{v:.2f}" for v in (*p, 8.0)) + "\n" for p in places))


@pytest.fixture(scope="module")
def patients(tmp_path_factory, box):
    """Five people, one of them twice; one without aneurysm but with a treated one; one turned."""
    image, sac = box
    folder = tmp_path_factory.mktemp("adam")
    rng = np.random.default_rng(0)
    for k, name in enumerate(("10001B", "10001F", "10002B", "10003B", "10004B", "10005B")):
        noisy = np.clip(image + rng.normal(0, 4, image.shape), 0, None)
        patient(folder, name, noisy, sac * (2 if name == "10002B" else 1), turned=k == 3)
    return folder


def test_stored_weights_answer_as_their_graphs():
    widths, joined, sizes = stored_sizes(BUNDLE)
    torch.manual_seed(0)
    near, far, channels = torch.randn(2, 1, 45, 45, 45), torch.randn(2, 1, 26, 26, 26), torch.randn(1, 2, VOI, VOI, VOI)
    medic, outline = load_coarse(BUNDLE / "coarse.onnx", widths, joined, (near, far)), load_fine(BUNDLE / "fine.onnx", sizes)
    with torch.no_grad():
        mine = torch.softmax(medic(near, far), 1)[:, 1], torch.softmax(outline(channels), 1)[:, 1]
    theirs = [ort.InferenceSession(str(BUNDLE / file), providers=["CPUExecutionProvider"]).run(None, {k: v.numpy() for k, v in fed.items()})[0]
              for file, fed in (("coarse.onnx", {"fine": near, "coarse": far}), ("fine.onnx", {"channels": channels}))]
    assert all(np.abs(a.numpy() - b).max() < 1e-3 for a, b in zip(mine, theirs))


def test_a_case_is_what_the_node_makes_of_the_scan(patients, box, network):
    image, sac = box
    by_name = {c.name: c for c in read_adam(patients)}
    require_outlines(by_name.values())
    straight, turned = (prepared_case(by_name[name], network, VOI) for name in ("10001B", "10003B"))
    assert straight.image.shape == image.shape and np.corrcoef(straight.image.ravel(), image.ravel())[0, 1] > 0.99
    for case in (straight, turned):
        assert (case.aneurysms == sac).all() and not case.arteries_known and case.diameters[0] == pytest.approx(2 * 5, abs=4)
        assert (case.arteries & sac).any()
        # ten millimetres of skin, muscle and fat are not searched, above and below there is more head
        assert not case.arteries[:, :18].any() and not case.arteries[:, :, -20:].any() and case.arteries[[0, -1]].any()
    treated = prepared_case(by_name["10002B"], network, VOI)
    assert not treated.aneurysms.any() and treated.diameters == () and (treated.left_out == sac).all()


def test_arteries_are_those_of_one_run_over_everything(box, network, monkeypatch):
    image = (box[0] / 1000).astype(np.float32)
    within = deep_inside(np.ones([-(-n // 4) for n in image.shape], bool), image.shape)
    at_once = arteries_in(network, image, within)
    monkeypatch.setattr("willis_training.coarse_to_fine.whole_head.KEPT", 32)
    assert at_once.any() and (arteries_in(network, image, within) == at_once).all()


def test_what_is_cut_away_and_put_away_changes_no_reading(patients, network, tmp_path):
    """A case in a larger empty one: cut to what networks reach, and back from the disk, it is read as the whole is."""
    case = prepared_case(next(c for c in read_adam(patients) if c.name == "10004B"), network, VOI)
    wide = dataclasses.replace(case, **{name: np.pad(getattr(case, name), ((87, 0), (0, 87), (0, 0))) for name in ("image", "arteries", "aneurysms")})
    part = reached(wide, VOI)
    assert all(a < b for a, b in zip(part.image.shape[:2], wide.image.shape))
    (kept,) = taken_out([put_away(part, tmp_path / "one.npz")])
    assert kept.subject == "10004" and kept.diameters == case.diameters and kept.left_out is None
    assert (kept.aneurysms == part.aneurysms).all() and (kept.arteries == part.arteries).all() and np.abs(kept.image - part.image).max() < 5e-4
    reader = FineReader(BUNDLE, VOI)
    whole, again = (outlined(c, reader.outline(c.image, *reader.find(c.image, c.arteries)), 0.25) for c in (wide, part))
    assert whole.on == again.on and 1 in whole.on and whole.artery_dice is None
    assert [m.voxels for m in whole.marks] == pytest.approx([m.voxels for m in again.marks], abs=1)
    assert whole.overlaps[1] == pytest.approx(again.overlaps[1], abs=0.01)


def test_every_label_stays_on_the_grid():
    labels = np.zeros((10, 40, 40), np.uint16)
    labels[2:8, 10:20, 10:20], labels[5, 31, 31] = 1, 2
    found = nearest_on_grid(labels, (0.25, 0.25, 0.8))
    assert found.shape == (15, 20, 20) and set(np.unique(found)) == {0, 1, 2}
    assert (found == 1).sum() * 0.125 == pytest.approx((labels == 1).sum() * 0.05, rel=0.15)


def test_what_cannot_be_learnt_from_is_refused_by_name(patients, network):
    case = next(c for c in read_adam(patients) if c.name == "10001B")
    require_outlines([case])
    flat = case.image()
    background = np.zeros_like(flat.voxels)
    background[20:28, 50:60, 40:50] = 300
    for changed, reason in (
        (dataclasses.replace(case, mask=None), "NO_MASK: 10001B.*masks.*adam, ds003949"),
        (dataclasses.replace(case, points=(*case.points, Point((1.0, 1.0, 1.0), 1.0))), "EMPTY_MASK: 10001B has a point"),
        (dataclasses.replace(case, image=lambda: Volume(background, flat.affine)), "HEAD_NOT_FOUND: 10001B"),
        (dataclasses.replace(case, image=lambda: Volume(np.swapaxes(flat.voxels, 0, 1), flat.affine[:, [0, 2, 1, 3]]), mask=None, points=()), "WRONG_ORIENTATION: 10001B"),
    ):
        with pytest.raises(Refusal, match=reason):
            require_outlines([changed])
    with pytest.raises(Refusal, match="OTHER_PREPROCESSING"):
        require_prepared_here(BUNDLE, PREPROCESSING | {"interpolation": "cubic"})
    require_prepared_here(BUNDLE, json.loads((BUNDLE / "model.json").read_text())["preprocessing"] | {"antiAlias": False})
    treated = prepared_case(next(c for c in read_adam(patients) if c.name == "10002B"), network, VOI)
    with pytest.raises(Refusal, match="NO_ANEURYSM: train"):
        lessons_of([treated], 1, CoarseOptions(steps=1, batch=2), VOI)


def train(*words):
    return subprocess.run([sys.executable, "-m", "willis_training", "train", *map(str, words)], cwd=TRAINING, capture_output=True, text=True, timeout=500)


def test_the_command_writes_a_bundle_that_says_what_it_is(patients, tmp_path):
    out = tmp_path / "site"
    done = train("--data", patients, "--set", "adam", "--init", BUNDLE, "--out", out, "--steps", 1)
    assert done.returncode == 0, done.stderr[-2000:]
    manifest, before = (json.loads((folder / "model.json").read_text()) for folder in (out, BUNDLE))
    assert manifest["id"] == "tof-coarse-fine-site" and manifest["title"].endswith("(fine-tuned)")
    assert not manifest["training"]["synthetic"] and manifest["training"]["licence"] == "ADAM challenge agreement"
    assert sum(manifest["training"]["scans"].values()) == 6 and "phantom" not in json.dumps(manifest["performance"])
    assert "arteryDice" not in manifest["performance"] and manifest["performance"]["aneurysms"] > 0
    # the same files and the same form as the bundle it started from; arteries as they were, the others trained
    assert {k: manifest[k] for k in ("preprocessing", "accepts", "coarse", "candidates")} == {k: before[k] for k in ("preprocessing", "accepts", "coarse", "candidates")}
    assert set(manifest) == set(before)
    changed = [a["role"] for a, b in zip(manifest["networks"], before["networks"]) if a["sha256"] != b["sha256"]]
    assert changed == ["coarse", "fine"]
    for network in manifest["networks"]:
        mine, theirs = (ort.InferenceSession(str(folder / network["file"]), providers=["CPUExecutionProvider"]) for folder in (out, BUNDLE))
        assert [(i.name, i.shape) for i in (*mine.get_inputs(), *mine.get_outputs())] == [(i.name, i.shape) for i in (*theirs.get_inputs(), *theirs.get_outputs())]
    golden = json.loads((out / "golden" / "golden.json").read_text())
    assert (out / "golden" / "volume.raw").read_bytes() == (BUNDLE / "golden" / "volume.raw").read_bytes()
    volume = np.frombuffer((out / "golden" / "volume.raw").read_bytes(), "<i2").reshape(golden["shape"])
    steps = FineReader(out, manifest["fine"]["voi"]).read(volume.astype(np.float32) / 1000)
    assert all(abs(float(steps.coarse[z, y, x]) - coarse) < 0.01 and abs(float(steps.fine[z, y, x]) - fine) < 0.01 for z, y, x, coarse, fine in golden["coarseAndFine"])
    assert len(steps.marks(manifest["fine"]["threshold"])) == len(golden["marks"])
    card = (out / "CARD.md").read_text()
    assert "not for clinical use" in card and "unseen anatomy" not in card and "rebuild tof-coarse-fine" not in card and "Ablation" not in card
    write_card_of(out)
    assert (out / "CARD.md").read_text() == card


def test_a_bundle_is_not_written_over_itself(patients):
    with pytest.raises(Refusal, match="SAME_FOLDER"):
        run(argparse.Namespace(data=patients, set="adam", init=BUNDLE, out=BUNDLE.parent / "training" / ".." / BUNDLE.name, id=None, steps=1, seed=1, date=""))
