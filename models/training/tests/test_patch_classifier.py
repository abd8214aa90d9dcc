"""System 001 as configuration: the annex, both networks, both losses, F2 early stopping, strides; and fine-tuning a shipped bundle."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import onnxruntime as ort
import pytest
import torch

from willis_training import bundle
from willis_training.fine_tune.command import pipeline_of
from willis_training.fine_tune.order import Order, split_by_subject
from willis_training.fine_tune.tof_patch import FineTuneOptions, fine_tune, load_bundle, prepared_case, train_on
from willis_training.patch_classifier import ANNEX, PatchConfig, PatchScan, Simple3DCNN, build, load_config, patch_map, patches_of, scan_score, train_patches
from willis_training.patch_classifier.command import export_patches, figures
from willis_training.patch_classifier.train import patch_loss
from willis_training.readers import Refusal, read_adam

BUNDLE = Path(__file__).parents[2] / "tof-patch"


def scan(seed, aneurysm=True):
    rng = np.random.default_rng(seed)
    image = np.clip(0.25 + rng.normal(0, 0.03, (40, 40, 40)), 0.01, 1).astype(np.float32)
    centre = rng.uniform(12, 28, 3)
    z, y, x = np.meshgrid(*(np.arange(40),) * 3, indexing="ij")
    if aneurysm:
        image[(x - centre[0]) ** 2 + (y - centre[1]) ** 2 + (z - centre[2]) ** 2 < 12] = 1.0
    return PatchScan(image, centre[None] if aneurysm else np.empty((0, 3)), f"p{seed}")


def config_of(tmp_path, **given):
    (tmp_path / "c.json").write_text(json.dumps(given))
    return load_config(tmp_path / "c.json")


def test_annex_counts_give_the_printed_patches():
    # 346 aneurysms and 751 scans train: model 5 prints 1038 positive and 3004 negative patches, model 10 3460 and 7510
    for number, printed in {1: (1730, 1502), 2: (346, 751), 5: (1038, 3004), 6: (692, 751), 10: (3460, 7510)}.items():
        assert (346 * ANNEX[number].positives, 751 * ANNEX[number].negatives) == printed
    assert len(ANNEX) == 13 and ANNEX[11].base == 16 and ANNEX[5].loss == "focal" and ANNEX[12].patch == 20


def test_network_sizes():
    assert sum(p.numel() for p in Simple3DCNN().parameters()) == pytest.approx(0.070e6, rel=0.02)
    plain = lambda net: sum(p.numel() for n, p in net.named_parameters() if p.dim() == 5 and "localisation" not in n)
    assert plain(build(PatchConfig())) == pytest.approx(0.085e6, rel=0.05)
    assert plain(build(PatchConfig(base=16))) == pytest.approx(0.339e6, rel=0.05)


def test_configuration_files_are_checked(tmp_path):
    assert config_of(tmp_path, annex=5, stride=16) == ANNEX[8]
    for bad, reason in (({"annex": 14}, "model 14"), ({"strides": 3}, "unknown field strides"), ({"patch": 30}, "multiple of 4"), ({"stride": 40}, "stride 40")):
        with pytest.raises(Refusal, match=reason):
            config_of(tmp_path, **bad)


def test_focal_loss_is_cross_entropy_without_its_weights():
    logits, truth = torch.tensor([0.3, -1.2, 2.0]), torch.tensor([1.0, 0.0, 0.0])
    plain = patch_loss(logits, truth, PatchConfig(loss="bce"))
    assert patch_loss(logits, truth, PatchConfig(loss="focal", gamma=0, alpha=0.5)).item() == pytest.approx(0.5 * plain.item())
    assert patch_loss(logits, truth, PatchConfig(loss="focal", gamma=2, alpha=0.5)) < 0.5 * plain


def test_patches_hold_or_avoid_aneurysms():
    config = PatchConfig(patch=16, positives=3, negatives=2, jitter=4)
    patches, truth = patches_of([scan(1), scan(2, False)], config, np.random.default_rng(0))
    assert truth.tolist() == [1, 1, 1, 0, 0, 0, 0]
    assert (patches[truth == 1].amax((1, 2, 3, 4)) == 1).all() and (patches[truth == 0].amax((1, 2, 3, 4)) < 0.6).all()


@pytest.mark.parametrize("network", ["simple-3d-cnn", "tiny-3d-unet"])
def test_training_keeps_the_best_epoch_and_finds_the_sac(network):
    config = PatchConfig(network=network, patch=16, positives=4, negatives=4, jitter=3, stride=8, epochs=14, patience=14, batch=8, learning_rate=4e-3)
    trained, scores = train_patches([scan(k, k % 2 == 0) for k in range(10)], [scan(k, k % 2 == 0) for k in range(20, 26)], config)
    assert max(scores) > 0.8
    positive, negative = scan(40), scan(41, False)
    field = patch_map(trained, positive.image, config)
    score, place = scan_score(field, positive.image, config)
    assert np.abs(place - positive.centres[0]).max() < 12
    assert score > scan_score(patch_map(trained, negative.image, config), negative.image, config)[0]


def test_mixed_subjects_and_missing_aneurysms_are_refused_before_training():
    with pytest.raises(Refusal, match="MIXED_SUBJECTS: p1"):
        train_patches([scan(1)], [scan(1)], PatchConfig())
    with pytest.raises(Refusal, match="NO_ANEURYSM"):
        train_patches([scan(1, False)], [scan(2)], PatchConfig())


def test_shipped_weights_load_as_they_are():
    network = load_bundle(BUNDLE)
    volume = torch.rand(1, 1, 32, 32, 32)
    with torch.no_grad():
        evidence, localisation = network(volume)
    session = ort.InferenceSession(str(BUNDLE / "model.onnx"), providers=["CPUExecutionProvider"])
    for mine, theirs in zip((evidence, localisation), session.run(["evidence", "localisation"], {"volume": volume.numpy()})):
        assert np.abs(mine.numpy() - theirs).max() < 1e-3 * max(1.0, np.abs(theirs).max())


def adam_case(folder, name, seed):
    s = scan(seed)
    data = np.transpose(np.where(s.image > 0, s.image * 400, 0), (2, 1, 0)).astype(np.float32)
    affine = np.diag([-1.0, -1.0, 1.0, 1.0])
    (folder / name / "orig").mkdir(parents=True)
    nibabel.save(nibabel.Nifti1Image(data, affine), folder / name / "orig" / "TOF.nii.gz")
    nibabel.save(nibabel.Nifti1Image((data > 350).astype(np.uint8), affine), folder / name / "aneurysms.nii.gz")
    (folder / name / "location.txt").write_text(", ".join(f"{v:.2f}" for v in (*s.centres[0], 3.5)))


def test_a_data_set_goes_through_to_fine_tuning(tmp_path):
    for k in range(5):
        adam_case(tmp_path, f"1000{k}B", k)
    read = read_adam(tmp_path)
    parts = split_by_subject(read, 1)
    assert [len(parts[p]) for p in ("train", "validation", "test")] == [3, 1, 1]
    cases = [prepared_case(c) for c in parts["train"]]
    for case, original in zip(cases, parts["train"]):
        truth = scan(int(original.name[4])).centres[0]
        assert np.abs(case.centres[0] - truth).max() < 0.02
        assert np.abs(np.argwhere(case.labels == 1).mean(0)[::-1] - truth).max() < 0.6
    network = load_bundle(BUNDLE)
    before = network.evidence.weight.detach().clone()
    tuned = fine_tune(network, cases, FineTuneOptions(steps=2, batch=1))
    assert not torch.equal(before, tuned.evidence.weight)
    with pytest.raises(Refusal, match="TOO_FEW_SUBJECTS"):
        split_by_subject(read[:3], 1)


def test_a_tuned_bundle_is_written_whole_and_keeps_what_makes_a_candidate(tmp_path, monkeypatch):
    for k in range(5):
        adam_case(tmp_path / "data", f"1000{k}B", k)
    init, asked = shutil.copytree(BUNDLE, tmp_path / "init"), {"localisationThreshold": 0.3, "minVoxels": 4, "maxCandidates": 7}
    manifest = json.loads((init / "model.json").read_text())
    (init / "model.json").write_text(json.dumps(manifest | {"candidates": asked}))
    parts, out = split_by_subject(read_adam(tmp_path / "data"), 1), tmp_path / "out"
    order = Order(init, out, "site", tmp_path / "data", "adam", 1, 1, "2026-01-01")
    train_on(parts, order)
    told = (out / "model.json").read_text()
    assert json.loads(told)["candidates"] == asked and json.loads(told)["id"] == "site"

    other = manifest | {"preprocessing": manifest["preprocessing"] | {"biasCorrection": "n4"}}
    (init / "model.json").write_text(json.dumps(other))
    with pytest.raises(Refusal, match="OTHER_PREPROCESSING"):
        train_on(parts, order)
    (init / "model.json").write_text(json.dumps(manifest))

    def fails(*_):
        raise OSError("no room left")

    monkeypatch.setattr(bundle, "write_golden", fails)
    with pytest.raises(OSError):
        train_on(parts, replace(order, identity="another"))
    assert (out / "model.json").read_text() == told


def test_turned_axes_give_the_same_case(tmp_path):
    adam_case(tmp_path, "10000B", 0)
    place = tmp_path / "10000B"
    straight = prepared_case(read_adam(tmp_path)[0])
    for file in (place / "orig" / "TOF.nii.gz", place / "aneurysms.nii.gz"):
        image = nibabel.load(file)
        turned = np.flip(np.asarray(image.dataobj), 0).copy()
        affine = image.affine.copy()
        affine[:3, 3] += affine[:3, 0] * (turned.shape[0] - 1)
        affine[:3, 0] *= -1
        nibabel.save(nibabel.Nifti1Image(turned, affine), file)
    x, rest = scan(0).centres[0][0], scan(0).centres[0][1:]
    (place / "location.txt").write_text(f"{39 - x}, {rest[0]}, {rest[1]}, 3.5")
    again = prepared_case(read_adam(tmp_path)[0])
    assert np.allclose(straight.image, again.image) and np.array_equal(straight.labels, again.labels)


def test_only_bundles_of_a_pipeline_can_be_started_from(tmp_path):
    assert pipeline_of(BUNDLE) == "tof-patch"
    with pytest.raises(Refusal, match="WRONG_BUNDLE.*no model.json"):
        pipeline_of(tmp_path)
    (tmp_path / "model.json").write_text('{"pipeline": "their-own"}')
    with pytest.raises(Refusal, match="WRONG_BUNDLE.*their-own.*tof-patch"):
        pipeline_of(tmp_path)


@pytest.mark.parametrize("given, said", [
    ({"loss": "bse"}, "has loss 'bse'; it must be one of focal, bce"), ({"network": "simple3dcnn"}, "simple-3d-cnn"), ({"score": "median"}, "max, mean, p95"),
    ({"epochs": 0}, "epochs 0; it must be a whole number from 1"), ({"least_brain": 2}, "from 0 to 1"), ({"alpha": "0.8"}, "between 0 and 1"),
    ({"annex": 1, "base": 16}, "sets base, which simple-3d-cnn does not have")])
def test_a_setting_that_would_be_ignored_or_fail_later_is_refused(tmp_path, given, said):
    with pytest.raises(Refusal, match="BAD_CONFIG") as refused:
        config_of(tmp_path, **given)
    assert said in str(refused.value)


@pytest.mark.parametrize("norm", ["batch", "instance", "none"])
def test_the_written_network_answers_as_the_trained_one(tmp_path, norm):
    config = PatchConfig(patch=16, norm=norm, base=4)
    network = build(config).eval()
    export_patches(network, 16, tmp_path / "network.onnx")
    patches = torch.rand(3, 1, 16, 16, 16)
    (logit,) = ort.InferenceSession(str(tmp_path / "network.onnx"), providers=["CPUExecutionProvider"]).run(None, {"patches": patches.numpy()})
    with torch.no_grad():
        assert np.abs(logit - network(patches).numpy()).max() < 1e-4
    assert any(isinstance(m, torch.nn.InstanceNorm3d) for m in network.modules()) == (norm == "instance")


def test_figures_of_scans_are_those_of_the_strongest_voxel():
    """A network that knows brightness: the scan with the bright ball scores higher, and its strongest patch lies on the ball."""
    class Bright(torch.nn.Module):
        def forward(self, patches):
            return 40 * (patches.amax((1, 2, 3, 4)) - 0.7)

    config = PatchConfig(patch=16, stride=8)
    told = figures(Bright(), [scan(1), scan(2, False)], [scan(3), scan(4, False), scan(5)], config)
    assert told["scanAuc"] == told["scanSensitivity"] == told["scanSpecificity"] == 1 and told["localisationErrorMm"] < 12
