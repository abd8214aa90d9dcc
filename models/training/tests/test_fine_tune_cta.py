"""A cta-resnet bundle goes on training on data sets made up in their published layouts; where crops lie, what is refused, what is written."""

import csv
import dataclasses
import hashlib
import json
import sys
from pathlib import Path

import nibabel
import numpy as np
import onnxruntime as ort
import pytest
import torch

from willis_training.__main__ import main
from willis_training.cta_resnet.crops import crop_in, field
from willis_training.cta_resnet.stored import load_bundle
from willis_training.dicom_series import SeriesOptions, uid, write_series
from willis_training.fine_tune.cta_resnet import CtaFineTuneOptions, divided, fine_tune, read_all
from willis_training.fine_tune.cta_scans import read_scan, require_placed
from willis_training.readers import SITES_2025, Case, Point, Refusal, Volume, read_large_ia, read_rsna_2025, read_site

BUNDLE = Path(__file__).parents[2] / "cta-resnet"
ACCEPTS = json.loads((BUNDLE / "model.json").read_text())["accepts"]
SHAPE, SPACING = (37, 130, 130), (0.8, 0.8, 1.2)
#: from the first voxel's centre to the middle of the volume, mm
MIDDLE = np.array([(n - 1) / 2 * s for n, s in zip(reversed(SHAPE), SPACING)])
SAC, RADIUS = np.array([12.0, -9.0, 3.0]), 3.5


def hu_at(lps, sac=SAC):
    """A head in HU, edges as soft as a scanner's: skull, four arteries from below, blobs on three of them, a sac beside the fourth (left, in front)."""
    x, y, z = lps
    ring = np.hypot(x, y)
    lumen = np.full(x.shape, 9.0)
    for side, front in ((-1, -1), (-1, 1), (1, 1), (1, -1)):
        lumen = np.minimum(lumen, np.hypot(x - side * 14, y - front * 12) - 2.4)
        if (side, front) != (1, -1):
            lumen = np.minimum(lumen, np.sqrt((x - side * 14) ** 2 + (y - front * 12) ** 2 + (z + 4 * side) ** 2) - 3.6)
    lumen = np.minimum(lumen, to_sac(lps, sac))
    hu = np.where(ring < 43, 35 + 285 * soft(lumen), 35.0)
    return hu + (900 - hu) * soft(43 - ring) + (-1900) * soft(47 - ring)


def soft(distance):
    """1 inside (negative), 0 outside, over a millimetre and a half."""
    return np.clip(0.5 - distance / 1.5, 0, 1)


def to_sac(lps, sac=SAC):
    return np.sqrt(sum((v - c) ** 2 for v, c in zip(lps, sac))) - RADIUS


def places(affine, shape=SHAPE):
    z, y, x = np.meshgrid(*(np.arange(n) for n in shape), indexing="ij")
    return np.tensordot(affine[:3, :3], np.stack([x, y, z]), 1) + affine[:3, 3].reshape(3, 1, 1, 1)


def straight():
    affine = np.diag([*SPACING, 1.0])
    affine[:3, 3] = -MIDDLE
    return affine


def noisy(hu, seed):
    return np.round(hu + np.random.default_rng(seed).normal(0, 6, hu.shape)).astype(np.int16)


def large_ia(folder, count=7):
    """Subjects of Large IA, each with a sac of its own; the affine takes voxels to RAS."""
    ras = np.diag([-1.0, -1, 1, 1]) @ straight()
    for k in range(count):
        lps, place = places(straight()), folder / f"case{k:02d}"
        place.mkdir(parents=True)
        for name, data in (("CTA", noisy(hu_at(lps, SAC + k * 0.4), k)), ("aneurysm_seg", (to_sac(lps, SAC + k * 0.4) < 0).astype(np.uint8))):
            nibabel.save(nibabel.Nifti1Image(data.transpose(2, 1, 0), ras), place / f"{name}.nii.gz")
    return folder


def case_of(volume, **changes):
    return dataclasses.replace(Case("one", "p", "CTA", lambda: volume, points=(Point(tuple(SAC), RADIUS),)), **changes)


@pytest.fixture(scope="module")
def volume():
    return Volume(noisy(hu_at(places(straight())), 0), straight())


@pytest.fixture(scope="module")
def scan(volume):
    return read_scan(case_of(volume), 0, ACCEPTS, 1, learn=True)


def test_loaded_weights_answer_as_the_graph_does():
    hu = torch.randn(4, 3, 64, 64) * 150 + 150
    with torch.no_grad():
        logit, features, _ = load_bundle(BUNDLE)(hu)
    theirs = ort.InferenceSession(str(BUNDLE / "model.onnx"), providers=["CPUExecutionProvider"]).run(["logit", "features"], {"hu": hu.numpy()})
    for mine, other in zip((logit, features), theirs):
        assert np.abs(mine.numpy() - other).max() < 1e-3 * max(1.0, np.abs(other).max())


def test_what_is_trained_on_is_what_the_node_asks_about(scan):
    aneurysms, others = ([c for c in scan.crops if c.aneurysm == kind] for kind in (True, False))
    on = int((scan.proposed.standing & (scan.proposed.on == 1)).sum())
    assert len(aneurysms) == 4 + on and on >= 1 and len(others) >= 2
    assert all(c.diameter == 2 * RADIUS and c.outlined and field(c.mask[2]).any() for c in aneurysms)
    elsewhere = scan.proposed.centres[scan.proposed.on == 0]
    assert (np.linalg.norm(elsewhere - SAC, axis=1) > RADIUS + 3).all()
    # the crops of the four copies lie about the sac, each elsewhere by a millimetre or so
    middles = [np.argwhere(field(c.mask[2]))[:, ::-1].mean(0) for c in aneurysms[:4]]
    assert 0 < np.std(middles, axis=0).max() < 6 and np.abs(np.mean(middles, axis=0) - 31.5).max() < 6


@pytest.mark.parametrize("turn", [np.diag([-1.0, 1, 1]), np.diag([1.0, -1, 1]), np.diag([1.0, 1, -1]), "oblique"])
def test_left_stays_left_whatever_way_the_grid_runs(scan, turn):
    if isinstance(turn, str):
        angle = np.deg2rad(12)
        turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1.0]])
        tip = np.array([[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]])
        turn = turn @ tip
    affine = np.eye(4)
    affine[:3, :3] = turn @ np.diag(SPACING)
    affine[:3, 3] = -turn @ MIDDLE
    turned = Volume(noisy(hu_at(places(affine)), 0), affine)
    cut, straight_cut = (crop_in(Volume(v.voxels.astype(np.float32), v.affine), SAC) for v in (turned, Volume(hu_at(places(straight())), straight())))
    # planes of a skewed grid sample the same head: away from edges they agree, a mirrored crop does not
    assert np.abs(cut - straight_cut).mean() < 15 < 50 < np.abs(cut - straight_cut[:, :, ::-1]).mean()
    again = read_scan(case_of(turned), 0, ACCEPTS, 1, learn=False)
    nearest = np.linalg.norm(again.proposed.centres - SAC, axis=1)
    assert nearest.min() < 2 and again.proposed.on[nearest.argmin()] == 1
    assert abs(again.proposed.standing.sum() - scan.proposed.standing.sum()) <= 6


def test_where_in_the_crop_is_said_only_where_it_is_known(volume):
    mask = Volume((to_sac(places(straight())) < 0).astype(np.uint8), straight())
    masked = read_scan(case_of(volume, mask=lambda: mask), 0, ACCEPTS, 1, learn=False).crops
    ball = read_scan(case_of(volume), 0, ACCEPTS, 1, learn=False).crops
    point = read_scan(case_of(volume, points=(Point(tuple(SAC)),)), 0, ACCEPTS, 1, learn=False)
    assert (masked[0].mask != ball[0].mask).mean() < 0.01 and masked[0].mask.any() and masked[0].outlined and ball[0].outlined
    assert not point.crops[0].mask.any() and not point.crops[0].outlined and np.isnan(point.crops[0].diameter)
    # other places have no aneurysm in them, and where one is beside them nobody knows how far it reaches
    apart = [c.outlined for c in point.crops[1:]]
    assert len(apart) >= 2 and not all(apart)
    assert (np.linalg.norm(point.proposed.centres[point.proposed.on == 0] - SAC, axis=1) > 8).all()


def test_a_treated_aneurysm_is_neither(volume):
    treated = (Point(tuple(SAC), RADIUS, treated=True),)
    read = read_scan(case_of(volume, points=treated), 0, ACCEPTS, 1, learn=True)
    assert not any(c.aneurysm for c in read.crops)
    assert (read.proposed.on[np.linalg.norm(read.proposed.centres - SAC, axis=1) < RADIUS + 3] == -1).all()


def bad(volume, **changes):
    affine = volume.affine.copy()
    voxels = changes.get("voxels", volume.voxels)
    affine[:3, :3] = affine[:3, :3] @ changes.get("by", np.eye(3))
    return case_of(Volume(voxels, affine), points=changes.get("points", ()))


@pytest.mark.parametrize("code, changes", [
    ("WRONG_SPACING: one has pixels 1.04", lambda v: {"by": np.diag([1.3, 1.3, 1])}),
    ("WRONG_SPACING: one has voxels", lambda v: {"by": np.diag([1, 1, 2.0])}),
    ("WRONG_SPACING: one has slices 1.44", lambda v: {"by": np.diag([1, 1, 1.2])}),
    ("TOO_FEW_SLICES: one has 20", lambda v: {"voxels": v.voxels[:20]}),
    ("COVERAGE_TOO_SMALL: one covers 80 mm", lambda v: {"voxels": v.voxels[:, :, :100]}),
    ("TILTED: one", lambda v: {"by": np.array([[1, 0, 0], [0, 1, 0.01], [0, 0, 1]])}),
    ("VESSELS_NOT_FOUND: one has 0.0 ml", lambda v: {"voxels": np.minimum(v.voxels, 100)}),
    ("LABEL_OUTSIDE: one .* outside the head", lambda v: {"points": (Point((50.0, 50.0, 0.0)),)}),
    ("LABEL_OUTSIDE: one .* outside its image", lambda v: {"points": (Point((0.0, 0.0, 99.0)),)}),
])
def test_scans_that_the_node_would_not_read_are_refused_by_name(volume, code, changes):
    with pytest.raises(Refusal, match=code):
        read_scan(bad(volume, **changes(volume)), 0, ACCEPTS, 1, learn=True)


def test_all_bad_scans_are_named_at_once(volume, capsys):
    cases = [dataclasses.replace(bad(volume, voxels=volume.voxels[:20]), name=name) for name in ("first", "second")]
    with pytest.raises(Refusal, match="TOO_FEW_SLICES: 2 scans"):
        read_all({"test": cases}, ACCEPTS, 1)
    assert "first has 20 slices" in (said := capsys.readouterr().out) and "second has 20 slices" in said


def test_a_positive_scan_without_a_place_is_refused(volume):
    with pytest.raises(Refusal, match="NO_TARGET: one is labelled as positive"):
        require_placed(case_of(volume, points=(), labels={"aneurysm": 1}))
    with pytest.raises(Refusal, match=f"NO_TARGET: one is labelled {SITES_2025[0]}, but none"):
        require_placed(case_of(volume, points=(Point((0.0, 0.0, 0.0), site=SITES_2025[1]),), labels={SITES_2025[0]: 1, SITES_2025[1]: 1}))
    require_placed(case_of(volume, points=(), labels={"Aneurysm Present": 0}))


def test_every_part_has_its_subjects(volume):
    def cases(count, start=0, **changes):
        return [dataclasses.replace(case_of(volume, **changes), subject=f"s{start + k}", name=f"n{start + k}") for k in range(count)]

    parts = {"train": cases(9) + cases(3, 9, points=()), "validation": cases(1, 20), "test": cases(1, 30)}
    groups = divided(parts, 1)
    assert [len(groups[g]) for g in ("trunk", "fit")] == [8, 4] and not {c.subject for c in groups["trunk"]} & {c.subject for c in groups["fit"]}
    with pytest.raises(Refusal, match="NO_ANEURYSM: test"):
        divided(parts | {"test": cases(2, 30, points=())}, 1)
    with pytest.raises(Refusal, match="TOO_FEW_SUBJECTS: the training part has 3 subjects"):
        divided(parts | {"train": cases(3) + cases(4, 9, points=())}, 1)


def test_a_step_changes_the_trunk_and_leaves_statistics(scan):
    network = load_bundle(BUNDLE)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    # an aneurysm known as a point alone takes part in the decision, not in where
    crops = [dataclasses.replace(c, outlined=k > 0) for k, c in enumerate(scan.crops)]
    after = fine_tune(network, crops, CtaFineTuneOptions(steps=1, batch=2)).state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before if "running" in name)
    assert not torch.equal(before["trunk.0.weight"], after["trunk.0.weight"])


def write_csv(file, rows):
    with file.open("w", newline="") as handle:
        writer = csv.DictWriter(handle, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


def dicom(folder, key):
    voxels = hu_at(places(straight())).astype(np.float32)
    write_series(voxels, SPACING, tuple(-MIDDLE), folder, SeriesOptions(key, ct_tilt=0.0, contrast="Iodine"))
    # where the sac's middle is shown: column, row and slice
    return (SAC + MIDDLE) / np.array(SPACING)


def test_marks_on_dicom_series_lie_where_the_sac_is(tmp_path):
    column, row, number = dicom(tmp_path / "site" / "a", "a")
    instance = uid("a", "instance", round(number))
    write_csv(tmp_path / "site" / "labels.csv", [{"folder": "a", "subject": "p", "modality": "CTA", "label": "aneurysm", "SOPInstanceUID": instance,
                                                  "x": column, "y": row, "diameter_mm": 7, "site": "MCA"}])
    (case,) = read_site(tmp_path / "site")
    crop = read_scan(case, 0, ACCEPTS, 1, learn=False).crops[0]
    assert crop.outlined and 280 < crop.hu[2][crop.mask[2] > 0].mean() < 325

    dicom(tmp_path / "x", "b")
    place = tmp_path / "rsna" / "series" / uid("b", "series")
    place.mkdir(parents=True)
    for k, file in enumerate(sorted((tmp_path / "x").iterdir())):
        file.rename(place / f"{uid('b', 'instance', k)}.dcm")
    write_csv(tmp_path / "rsna" / "train.csv", [{"SeriesInstanceUID": place.name, "Modality": "CTA", **{s: int(s == "Other Posterior Circulation") for s in SITES_2025},
                                                 "Aneurysm Present": 1}])
    write_csv(tmp_path / "rsna" / "train_localizers.csv", [{"SeriesInstanceUID": place.name, "SOPInstanceUID": uid("b", "instance", round(number)),
                                                            "coordinates": str({"x": float(column), "y": float(row)}), "location": "Other Posterior Circulation"}])
    (case,) = read_rsna_2025(tmp_path / "rsna")
    require_placed(case)
    read = read_scan(case, 0, ACCEPTS, 1, learn=False)
    assert not read.crops[0].outlined and (read.proposed.on == 1).any()


def train(monkeypatch, *words):
    monkeypatch.setattr(sys, "argv", ["willis_training", "train", *map(str, words)])
    main()


def test_a_data_set_becomes_a_bundle(tmp_path, monkeypatch):
    out = tmp_path / "cta-ours"
    train(monkeypatch, "--data", large_ia(tmp_path / "glia"), "--set", "large-ia", "--init", BUNDLE, "--out", out, "--id", "cta-ours", "--steps", 1)
    manifest, shipped = (json.loads((folder / "model.json").read_text()) for folder in (out, BUNDLE))
    training, performance = manifest["training"], manifest["performance"]
    assert manifest["id"] == "cta-ours" and manifest["title"].endswith("(fine-tuned)") and "not for clinical use" in manifest["intendedUse"]
    assert not training["synthetic"] and "glia (large-ia), from the weights of cta-resnet" in training["data"] and "CC BY-NC-SA" in training["licence"]
    assert training["scans"] == {"trunk": 2, "fit": 3, "validation": 1, "test": 1} and training["outlined"] == training["aneurysms"] == 2
    assert all(manifest[key] == shipped[key] for key in ("accepts", "preprocessing", "explanation", "aggregation"))
    assert manifest["network"]["outputs"] == shipped["network"]["outputs"]
    assert "1 scans of subjects not trained on" in performance["testedOn"] and "1 whole validation scans" in manifest["operatingPoint"]["chosenOn"]
    assert performance["aneurysms"] == performance["onProposals"]["aneurysms"] == 1 and "phantom" not in json.dumps(performance)
    assert manifest["operatingPoint"]["threshold"] == performance["onProposals"]["threshold"]
    card = (out / "CARD.md").read_text()
    assert "rebuild" not in card and "synthetic" not in card.replace("weights of synthetic phantoms", "") and "cta-ours" in card
    golden_vectors_agree(out, manifest)
    # nothing of the data set goes into the bundle
    assert (out / "golden" / "crops.raw").read_bytes() == (BUNDLE / "golden" / "crops.raw").read_bytes()
    with pytest.raises(Refusal, match="SAME_FOLDER"):
        train(monkeypatch, "--data", tmp_path / "glia", "--set", "large-ia", "--init", out, "--out", out)


def golden_vectors_agree(folder, manifest):
    assert hashlib.sha256((folder / "model.onnx").read_bytes()).hexdigest() == manifest["network"]["sha256"]
    golden = json.loads((folder / "golden" / "golden.json").read_text())
    crops = np.frombuffer((folder / "golden" / golden["file"]).read_bytes(), "<i2").reshape(golden["shape"]).astype(np.float32)
    session = ort.InferenceSession(str(folder / "model.onnx"), providers=["CPUExecutionProvider"])
    assert [row["aneurysm"] for row in golden["candidates"]] == [True, True, False, False]
    for crop, row in zip(crops, golden["candidates"]):
        logit, contributions = session.run(["logit", "contributions"], {"hu": np.stack([crop[k : k + 3] for k in range(3)])})
        assert np.allclose(logit, row["logits"], atol=1e-2) and np.allclose(contributions[1], row["contributions"], atol=1e-2)
        assert contributions.shape[1] == len(manifest["selection"]["features"])
