"""Fine-tuning of the haemorrhage bundle: stored weights as modules, cases of each set as studies, what is refused, and the command from data to bundle."""

import dataclasses
import hashlib
import json
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pydicom
import pytest
import torch

from test_readers import save, write_csv
from test_skull import SPACING as SKULL_SPACING, scan as skull_scan
from willis_training.__main__ import main
from willis_training.dicom_series import SeriesOptions, write_series
from willis_training.fine_tune.haemorrhage import FineTuneOptions, loss_of_scan, taught_weights, tune_sequence, tune_slices
from willis_training.fine_tune.haemorrhage_bundle import OperatingPoint, figures, point_of, read, recalibrated
from willis_training.fine_tune.haemorrhage_studies import Recipe, labelled_by_slice, studies_of, study_of
from willis_training.haemorrhage.dataset import OF_SOME_KIND, SliceSampler, Study
from willis_training.haemorrhage.export import export_slices
from willis_training.haemorrhage.measure import Calibration, Reader, Reading, pointing
from willis_training.haemorrhage.prepare import prepare
from willis_training.haemorrhage.sequence import SequenceModel
from willis_training.haemorrhage.stored import load_slices
from willis_training.haemorrhage.train_sequence import Encoded
from willis_training.ncct import CLASSES
from willis_training.readers import Case, Refusal, read_ct_ich, read_rsna_2019
from willis_training.readers.case import Volume

BUNDLE = Path(__file__).parents[2] / "ncct-haemorrhage"
ACCEPTS = json.loads((BUNDLE / "model.json").read_text())["accepts"]
BY_SLICE, BY_SCAN = Recipe(True, ACCEPTS), Recipe(False, ACCEPTS)
PIXEL, SLICE = 1.1, 6.0


def head(seed, bleeding=(), slices=16, size=140):
    """HU [z,y,x] of a skull with brain, and blood in some slices."""
    rng = np.random.default_rng(seed)
    y, x = np.meshgrid(*(np.arange(size) - size / 2,) * 2, indexing="ij")
    reach = (x / rng.uniform(48, 50)) ** 2 + (y / rng.uniform(58, 60)) ** 2
    voxels = np.repeat(np.where(reach < 1, 35.0, np.where(reach < 1.15, 900.0, -1000.0))[None], slices, 0)
    voxels[:, reach < 1] += rng.normal(0, 3, (slices, int((reach < 1).sum())))
    blood = (x - 20) ** 2 + y**2 < 15**2
    for k in bleeding:
        voxels[k, blood] = 70
    return voxels.astype(np.float32), blood


def case_of(voxels, slice_labels=None, labels=None, spacing=SLICE, **more):
    volume = Volume(voxels, np.diag([PIXEL, PIXEL, spacing, 1.0]))
    return Case("one", "p", "CT", lambda: volume, labels=labels or {}, slice_labels=slice_labels or {}, **more)


def numbered(count, **bleeding):
    """Labels of slices numbered from 1; those of the named slices (from 0) name a kind."""
    return {str(k + 1): {name: int(k in bleeding.get(name, ())) for name in CLASSES[1:]} for k in range(count)}


@pytest.mark.parametrize(("which", "variant"), [("a", "windows"), ("b", "slices")])
def test_stored_slice_networks_answer_as_modules_and_are_stored_again_as_they_are(tmp_path, which, variant):
    network = load_slices(BUNDLE / f"slices-{which}.onnx", variant)
    hu = torch.randn(1, 3, 128, 128) * 40 + 40
    options = ort.SessionOptions()
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    session = ort.InferenceSession(str(BUNDLE / f"slices-{which}.onnx"), options, providers=["CPUExecutionProvider"])
    with torch.no_grad():
        mine = network(hu)
    for one, other in zip(mine, session.run(["logits", "features", "maps"], {"hu": hu.numpy()})):
        assert np.abs(one.numpy() - other).max() < 1e-4 * max(1.0, np.abs(other).max())
    if which == "a":
        export_slices(network, tmp_path / "again.onnx")
        with torch.no_grad():
            again = load_slices(tmp_path / "again.onnx", variant)(hu)
        assert all(torch.equal(one, other) for one, other in zip(mine, again))


def test_a_study_is_what_the_node_prepares_and_a_slab_holds_what_one_of_its_slices_holds():
    voxels, _ = head(1, (7, 8), slices=22)
    case = case_of(voxels, numbered(22, subdural=(7, 8)), {"subdural": 1}, spacing=1.5)
    study = study_of(case, BY_SLICE)
    # two slices of 1.5 mm a slab of 3 mm
    assert study.slice_spacing == 3.0 and study.labels[:, [0, 5]].tolist() == [[k in (3, 4)] * 2 for k in range(11)]
    thick = voxels.reshape(11, 2, *voxels.shape[1:]).mean(1)
    assert np.abs(study.hu - prepare(thick, (PIXEL, PIXEL))).max() <= 0.5
    assert study_of(dataclasses.replace(case, slice_labels={}), BY_SCAN).labels.tolist() == [[1, 0, 0, 0, 0, 1]]


def test_a_study_shows_the_head_beside_a_pad_and_a_head_that_does_not_fit_is_refused():
    recipe = dataclasses.replace(BY_SCAN, accepts=ACCEPTS | {"pixelSpacingMm": [0.2, 5]})

    def study(**scene):
        volume = Volume(skull_scan(**scene), np.diag([*SKULL_SPACING, 1.0]))
        return study_of(Case("one", "p", "CT", lambda: volume), recipe)

    # counted from the vertex: with the pad the head part begins a slice lower
    plain, padded = (study(**scene).hu[-50:] > 500 for scene in ({}, {"pad": True}))
    assert (plain & padded).sum() > 0.7 * plain.sum()
    with pytest.raises(Refusal, match="HEAD_CUT_OFF: one has [0-9]+ ml of brain outside the 208 mm"):
        study(scale=1.4)


def test_labels_and_masks_follow_a_volume_that_runs_downwards_and_to_the_right():
    voxels, blood = head(2, (3,))
    mask = np.zeros(voxels.shape, np.uint8)
    mask[3, blood] = 255
    straight = case_of(voxels, numbered(16, epidural=(3,)), {"epidural": 1})
    outlined = dataclasses.replace(BY_SLICE, with_mask=True)
    affine = np.diag([-PIXEL, PIXEL, -SLICE, 1.0])
    affine[0, 3], affine[2, 3] = PIXEL * (voxels.shape[2] - 1), SLICE * 15
    volume, marks = (Volume(v[::-1, :, ::-1].copy(), affine) for v in (voxels, mask))
    turned = case_of(voxels, numbered(16, epidural=(12,)), {"epidural": 1}, mask=lambda: marks)
    turned = dataclasses.replace(turned, image=lambda: volume)
    one, other = study_of(straight, outlined), study_of(turned, outlined)
    assert np.array_equal(one.hu, other.hu) and np.array_equal(one.labels, other.labels) and one.mask is None
    # where the slice's labels name one kind, the mask is of that kind
    assert set(np.unique(other.mask[3])) == {0, 1} and other.mask.sum() == other.mask[3].sum()
    assert np.abs(other.hu[3][other.mask[3] == 1] - 70).mean() < 3
    both = dataclasses.replace(turned, slice_labels=numbered(16, epidural=(12,), subdural=(12,)))
    assert set(np.unique(study_of(both, outlined).mask)) == {0, OF_SOME_KIND}


def test_maps_are_judged_by_masks_that_tell_the_kind():
    maps, mask, labels = np.zeros((2, 6, 2, 2)), np.zeros((2, 8, 8), np.uint8), np.zeros((2, 6))
    maps[:, :, 0, 0], mask[0, 1, 1], mask[1, 1, 1] = 1.0, 5, OF_SOME_KIND
    labels[:, [0, 5]] = 1
    one = Reading(np.zeros((2, 6)), labels, maps, mask, np.zeros((2, 2, 6)))
    unknown = dataclasses.replace(one, mask=None)
    assert pointing([one, unknown], 0) == 1 and pointing([dataclasses.replace(one, mask=mask[::-1])], 5) == 1
    assert np.isnan(pointing([unknown], 0))


def test_bad_cases_are_refused_by_name():
    voxels, _ = head(3, (3,))
    good = case_of(voxels, numbered(16, subdural=(3,)), {"subdural": 1})
    study_of(good, BY_SLICE)
    for code, case in {
        "WRONG_SPACING: one has pixels of 1.10 x 1.10 mm and slices 7.00 mm apart": case_of(voxels, good.slice_labels, good.labels, 7.0),
        "TOO_FEW_SLICES: one has 8 slices": case_of(voxels[:8], good.slice_labels, good.labels),
        "WRONG_UNITS: one has air at 0 %": case_of(voxels + 1024, good.slice_labels, good.labels),
        "UNLABELLED: one has no label on slice 16": case_of(voxels, numbered(15, subdural=(3,)), good.labels),
        "LABEL_OUTSIDE: one has haemorrhage in slices below the head":
            case_of(np.concatenate([voxels] * 3), numbered(48, subdural=(3,)), good.labels),
        "EMPTY_MASK: one": dataclasses.replace(good, mask=lambda: Volume(np.zeros_like(voxels), good.image().affine)),
    }.items():
        with pytest.raises(Refusal, match=code):
            study_of(case, BY_SLICE)


def test_labels_that_mean_nothing_to_the_networks_are_refused():
    site = Case("s", "p", "CT", None)
    negative, by_scan = dataclasses.replace(site, name="n"), dataclasses.replace(site, name="w", labels={"subdural": 1})
    by_slice = dataclasses.replace(by_scan, name="v", slice_labels={"1.2": {"subdural": 1}, "1.3": {}})
    assert labelled_by_slice([negative, by_slice]) and not labelled_by_slice([negative, by_scan])
    for code, cases in {"MIXED_LABELS: w": [by_slice, negative, by_scan],
                        "UNKNOWN_CLASS: s is labelled stroke": [dataclasses.replace(site, labels={"stroke": 1})],
                        "UNKNOWN_CLASS: s is labelled any without its kind": [dataclasses.replace(site, labels={"any": 1})]}.items():
        with pytest.raises(Refusal, match=code):
            labelled_by_slice(cases)


def test_a_part_needs_slices_with_and_without_blood(tmp_path, capsys):
    voxels, _ = head(4)
    clean = case_of(voxels)
    bleeding = case_of(voxels, labels={"subdural": 1})
    with pytest.raises(Refusal, match="NO_HAEMORRHAGE: test holds no slice with haemorrhage"):
        studies_of({"test": [clean]}, True, ACCEPTS, tmp_path)
    with pytest.raises(Refusal, match="NO_NEGATIVE: validation holds no scan without haemorrhage"):
        studies_of({"validation": [bleeding]}, False, ACCEPTS, tmp_path)
    with pytest.raises(Refusal, match="TOO_FEW_SLICES: 2 scans cannot be used"):
        studies_of({"train": [case_of(voxels[:8]), clean], "test": [case_of(voxels[:9])]}, True, ACCEPTS, tmp_path)
    assert "one has 8 slices" in capsys.readouterr().out
    (one, other) = studies_of({"train": [bleeding, clean]}, False, ACCEPTS, tmp_path)["train"]
    assert isinstance(one.hu, np.memmap) and one.labels.tolist() == [[1, 0, 0, 0, 0, 1]] and not other.labels.any()


def test_classes_without_a_case_are_not_taught():
    labels = np.zeros((4, 6), np.uint8)
    labels[2, [0, 5]] = 1
    study = Study(np.zeros((4, 160, 160), np.int16), None, labels, 5.0)
    weights = taught_weights([study])
    assert weights == (2.0, 0.0, 0.0, 0.0, 0.0, 1.0)
    torch.manual_seed(0)
    network = load_slices(BUNDLE / "slices-a.onnx", "windows")
    before = {name: value.clone() for name, value in network.state_dict().items()}
    after = tune_slices(network, SliceSampler([study], 1), weights, FineTuneOptions(steps=1, batch=2)).state_dict()
    moved = (after["head.bias"] != before["head.bias"]).tolist()
    assert moved == [True, False, False, False, False, True] and not torch.equal(before["trunk.0.weight"], after["trunk.0.weight"])


def encoded(rng, bleeding, labels):
    logits = torch.from_numpy(rng.normal(-1, 0.5, (2, 12, 6)).astype(np.float32))
    if bleeding:
        logits[:, 4:7, [0, 3]] += 1.2
    return Encoded(torch.randn(2, 12, 2048) * 0.1, logits, labels, 5.0)


def test_labels_of_scans_teach_the_largest_logit_of_a_scan():
    rng = np.random.default_rng(0)
    torch.manual_seed(1)
    weights = (2.0, 0, 0, 1.0, 0, 0)
    truth = lambda bleeding: torch.tensor([[bleeding, 0, 0, bleeding, 0, 0]], dtype=torch.float32)
    scans = [encoded(rng, k % 2 == 0, truth(k % 2 == 0)) for k in range(16)]
    model = SequenceModel().eval()
    loss = lambda: float(np.mean([loss_of_scan(model, s, False, weights).item() for s in scans]))
    with torch.no_grad():
        before = loss()
        # read from above, a scan is the same scan
        assert loss_of_scan(model, scans[0], True, weights) == pytest.approx(
            loss_of_scan(model, dataclasses.replace(scans[0], features=scans[0].features.flip(1), logits=scans[0].logits.flip(1)), False, weights))
    tune_sequence(model, scans, False, weights, FineTuneOptions(steps=12, batch=4, sequence_rate=4e-3))
    with torch.no_grad():
        assert loss() < 0.8 * before


def test_a_class_the_validation_scans_cannot_tell_keeps_its_calibration_and_threshold():
    rng = np.random.default_rng(2)
    former = OperatingPoint(Calibration(np.full(6, 3.0), np.full(6, -2.0)), np.full(6, 0.31), np.ones(6, bool))
    readings = []
    for k in range(12):
        labels = np.zeros((8, 6), np.uint8)
        # subarachnoid in every scan, subdural in half of them, epidural in none
        labels[2:4, 4], labels[3:5, 5] = 1, k % 2
        labels[:, 0] = labels.max(1)
        readings.append(Reading(labels * 2.0 + rng.normal(-1, 1, (8, 6)), labels, np.zeros((8, 6, 2, 2)), None, np.zeros((2, 8, 6))))
    point = recalibrated(readings, former)
    assert point.chosen.tolist() == [False, False, False, False, False, True]
    kept = point.calibration.slope == 3
    assert kept.tolist() == (point.thresholds == 0.31).tolist() == [True] * 5 + [False]
    rows = figures(readings, point)["classes"]
    assert rows["epidural"]["scanAuc"] is None and rows["subarachnoid"]["scanAuc"] is None and rows["subdural"]["sliceAuc"] > 0.5


def test_scans_without_labels_of_slices_are_measured_as_scans():
    class Ramp:
        def read(self, hu, spacing):
            logits = np.arange(len(hu) * 6, dtype=float).reshape(len(hu), 6)
            return logits, np.zeros((len(hu), 6, 2, 2)), {"logits": np.stack([logits, logits + 1])}

    study = Study(np.zeros((5, 128, 128), np.int16), None, np.array([[1, 0, 0, 0, 0, 1]], np.uint8), 5.0)
    reading = read(Ramp(), study)
    assert reading.logits.tolist() == [[24, 25, 26, 27, 28, 29]] and reading.slice_logits[1].tolist() == [[25, 26, 27, 28, 29, 30]]
    clean = dataclasses.replace(reading, logits=reading.logits - 30, labels=np.zeros((1, 6), np.uint8))
    row = figures([reading, clean], point_of(json.loads((BUNDLE / "model.json").read_text())))["classes"]["any"]
    assert row["scanAuc"] == 1 and row["sliceAuc"] is None and row["slices"] is None


def rsna_2019(folder):
    """Five patients with subdural blood in the layout of RSNA 2019."""
    rows = []
    (folder / "stage_2_train").mkdir(parents=True)
    bleeding = (7, 8, 9)
    for patient in range(5):
        voxels, _ = head(patient, bleeding)
        for k, file in enumerate(write_series(voxels, (PIXEL, PIXEL, SLICE), (0.0, 0.0, 0.0), folder / "x", SeriesOptions(f"rsna {patient}", ct_tilt=0.0))):
            dataset = pydicom.dcmread(file)
            dataset.SOPInstanceUID = stem = f"ID_{patient:02d}{99 - k:04d}"
            dataset.save_as(folder / "stage_2_train" / f"{stem}.dcm")
            rows += [{"ID": f"{stem}_{name}", "Label": int(k in bleeding and name in ("any", "subdural"))} for name in CLASSES]
    write_csv(folder / "stage_2_train.csv", rows)
    return folder


@pytest.mark.filterwarnings("ignore:Invalid value for VR UI", "ignore::DeprecationWarning", "ignore::FutureWarning")
def test_a_data_set_becomes_a_bundle(tmp_path, capsys, monkeypatch):
    data, out = rsna_2019(tmp_path / "rsna"), tmp_path / "new"
    monkeypatch.setattr("sys.argv", ["willis_training", "train", "--data", str(data), "--set", "rsna-2019", "--init", str(BUNDLE), "--out", str(out), "--steps", "1"])
    main()
    assert "AUC of any haemorrhage" in capsys.readouterr().out
    manifest, shipped = (json.loads((folder / "model.json").read_text()) for folder in (out, BUNDLE))
    assert manifest.keys() == shipped.keys()
    for key in ("pipeline", "accepts", "preprocessing", "classes", "windowsHu", "explanation", "scanScore"):
        assert manifest[key] == shipped[key]
    for network, before in zip(manifest["networks"], shipped["networks"]):
        assert {**network, "sha256": ""} == {**before, "sha256": ""} and network["sha256"] != before["sha256"]
        assert hashlib.sha256((out / network["file"]).read_bytes()).hexdigest() == network["sha256"]
    training = manifest["training"]
    assert manifest["id"] == "ncct-haemorrhage-site" and manifest["title"].endswith("(fine-tuned)") and not training["synthetic"]
    assert training["licence"] == "RSNA terms, non-commercial" and training["data"].startswith("3 scans of rsna (rsna-2019)")
    # the one validation scan bleeds: no class can be told apart in it
    assert training["taught"] == ["any", "subdural"] and training["calibrated"] == [] and manifest["calibration"] == shipped["calibration"]
    assert manifest["operatingPoint"]["thresholds"] == shipped["operatingPoint"]["thresholds"]
    assert "epidural" in manifest["operatingPoint"]["chosenOn"] and any("epidural" in limit for limit in manifest["limits"])
    card = (out / "CARD.md").read_text()
    assert "Fine-tuned on a small data set and not validated; not for clinical use" in card and "phantom" not in card.replace("ncct-haemorrhage-phantom", "").replace("synthetic phantoms", "", 1)
    golden = json.loads((out / "golden" / "golden.json").read_text())
    volume = np.frombuffer((out / "golden" / golden["file"]).read_bytes(), "<i2").reshape(golden["shape"])
    logits, _, parts = Reader(out).read(prepare(volume, golden["spacingMm"][:2]), golden["spacingMm"][2])
    assert np.abs(logits - np.array(golden["sequence"])).max() < 1e-3
    assert np.abs(point_of(manifest).calibration(logits) - np.array(golden["probabilities"])).max() < 1e-3
    # voxels of patients were beside the bundle while it was made, and nowhere in it
    assert {p.name for p in tmp_path.iterdir()} == {"rsna", "new"}


@pytest.mark.filterwarnings("ignore:Invalid value for VR UI")
def test_labels_reach_the_slices_they_are_of(tmp_path):
    case = read_rsna_2019(rsna_2019(tmp_path))[0]
    study = study_of(case, BY_SLICE)
    bright = [int((plane[58:70, 72:82] > 60).mean() > 0.5) for plane in study.hu]
    assert study.labels[:, 0].tolist() == bright and sum(bright) == 3
    voxels, blood = head(1, (5,))
    mask = np.zeros(voxels.shape, np.uint8)
    mask[5, blood] = 255
    affine = np.diag([-PIXEL, -PIXEL, SLICE, 1.0])
    save(tmp_path / "ich" / "ct_scans" / "049.nii", voxels.transpose(2, 1, 0), affine)
    save(tmp_path / "ich" / "masks" / "049.nii", mask.transpose(2, 1, 0), affine)
    kinds = ("Intraventricular", "Intraparenchymal", "Subarachnoid", "Epidural", "Subdural")
    write_csv(tmp_path / "ich" / "hemorrhage_diagnosis_raw_ct.csv", [
        {"PatientNumber": 49, "SliceNumber": k + 1, **{kind: int(k == 5 and kind == "Epidural") for kind in kinds}} for k in range(16)])
    (case,) = read_ct_ich(tmp_path / "ich")
    study = study_of(case, dataclasses.replace(BY_SLICE, with_mask=True))
    assert np.flatnonzero(study.labels[:, 1]).tolist() == [5] == np.flatnonzero(study.mask.any((1, 2))).tolist()
    assert np.median(study.hu[study.mask > 0]) == 70
