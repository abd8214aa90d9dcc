"""Readers on tiny made-up copies of each layout, and refusals by name."""

import csv
import dataclasses

import nibabel
import numpy as np
import pytest

from willis_training.dicom_series import SeriesOptions, write_series
from willis_training.readers import (READERS, SITES_2025, Case, Point, Refusal, read_adam, read_cq500, read_ct_ich, read_large_ia, read_lausanne,
                                     read_rsna_2019, read_rsna_2025, read_series, read_site, require_split, validate)
from willis_training.readers.case import Volume
from willis_training.readers.haemorrhage_sets import slice_table
from willis_training.ncct import CLASSES
from willis_training.training_commands import SETS

AFFINE = np.diag([-0.5, -0.5, 0.8, 1.0])
AFFINE[:3, 3] = [30.0, 40.0, -10.0]


def save(file, data, affine=AFFINE):
    file.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(nibabel.Nifti1Image(np.asarray(data), affine), file)


def write_csv(file, rows):
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", newline="") as handle:
        writer = csv.DictWriter(handle, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


def series(folder, key, ct=True, count=4):
    voxels = np.arange(count * 6 * 8, dtype=np.float32).reshape(count, 6, 8)
    return write_series(voxels if ct else voxels.astype(np.uint16), (0.5, 0.6, 2.0), (-5.0, -7.0, 11.0), folder, SeriesOptions(key, ct_tilt=0.0 if ct else None))


def lps(affine, voxel):
    return np.diag([-1.0, -1, 1, 1]) @ affine @ np.array([*voxel, 1.0])


def test_adam(tmp_path):
    image, mask = np.random.default_rng(0).random((20, 20, 10)).astype(np.float32), np.zeros((20, 20, 10), np.uint8)
    mask[4:7, 8:11, 5], mask[15:17, 15:17, 2] = 1, 2
    for name in ("10001B", "10001F"):
        save(tmp_path / name / "orig" / "TOF.nii.gz", image)
        save(tmp_path / name / "aneurysms.nii.gz", mask)
        (tmp_path / name / "location.txt").write_text("5, 9, 5, 2\n15, 15, 2, 1\n")
    cases = read_adam(tmp_path)
    assert [c.subject for c in cases] == ["10001", "10001"] and [p.treated for p in cases[0].points] == [False, True]
    assert np.allclose(cases[0].points[0].lps_mm, lps(AFFINE, (5, 9, 5))[:3]) and cases[0].points[0].radius_mm == pytest.approx(1.0)
    volume, loaded = validate(cases[0]), cases[0].mask()
    assert volume.voxels.shape == (10, 20, 20) and volume.voxels[5, 9, 5] == pytest.approx(image[5, 9, 5])
    assert loaded.voxels.sum() == 9 and loaded.voxels[5, 9, 5] == 1
    with pytest.raises(Refusal, match="MIXED_SUBJECTS: 10001"):
        require_split({"train": cases[:1], "validation": cases[1:]})


def test_lausanne(tmp_path):
    mask = np.zeros((20, 20, 10), np.uint8)
    mask[4:7, 8:11, 4:7] = 1
    save(tmp_path / "sub-001/ses-20100101/anat/sub-001_ses-20100101_angio.nii.gz", np.ones((20, 20, 10), np.float32))
    save(tmp_path / "derivatives/manual_masks/sub-001/ses-20100101/anat/sub-001_Lesion_1_mask.nii.gz", mask)
    save(tmp_path / "sub-002/ses-20110101/anat/sub-002_ses-20110101_angio.nii.gz", np.ones((20, 20, 10), np.float32))
    positive, control = read_lausanne(tmp_path)
    assert (positive.subject, control.subject) == ("sub-001", "sub-002") and control.mask is None and control.points == ()
    assert np.allclose(positive.points[0].lps_mm, lps(AFFINE, (5, 9, 5))[:3]) and positive.mask().voxels.sum() == 27
    validate(positive)


def test_large_ia(tmp_path):
    mask = np.zeros((20, 20, 10), np.uint8)
    mask[4:7, 8:11, 4:7] = 1
    save(tmp_path / "case01/CTA.nii.gz", np.ones((20, 20, 10), np.int16))
    save(tmp_path / "case01/aneurysm_seg.nii.gz", mask)
    write_csv(tmp_path / "labels.csv", [{"case": "case01", "ruptured": 1}])
    (case,) = read_large_ia(tmp_path)
    assert case.modality == "CTA" and case.labels == {"aneurysm": 1, "ruptured": 1} and len(case.points) == 1
    validate(case)


def test_rsna_2025(tmp_path):
    files = series(tmp_path / "x", "rsna")
    import pydicom
    place = None
    for file in files:
        dataset = pydicom.dcmread(file)
        place = tmp_path / "series" / dataset.SeriesInstanceUID
        place.mkdir(parents=True, exist_ok=True)
        dataset.save_as(place / f"{dataset.SOPInstanceUID}.dcm")
    second = pydicom.dcmread(files[2])
    labels = {name: 0 for name in SITES_2025} | {"Basilar Tip": 1, "Aneurysm Present": 1}
    write_csv(tmp_path / "train.csv", [{"SeriesInstanceUID": place.name, "PatientAge": 60, "Modality": "CTA", **labels},
                                       {"SeriesInstanceUID": "1.2.3", "PatientAge": 60, "Modality": "MRI T2", **labels}])
    write_csv(tmp_path / "train_localizers.csv", [{"SeriesInstanceUID": place.name, "SOPInstanceUID": second.SOPInstanceUID,
                                                   "coordinates": "{'x': 3.0, 'y': 2.0}", "location": "Basilar Tip"}])
    (case,) = read_rsna_2025(tmp_path)
    assert case.labels["Basilar Tip"] == 1 and len(case.labels) == 14 and case.points[0].site == "Basilar Tip"
    assert np.allclose(case.points[0].lps_mm, [-5 + 3 * 0.5, -7 + 2 * 0.6, 11 + 2 * 2.0])
    assert np.allclose(case.image().voxel_of(case.points[0].lps_mm), [3, 2, 2])


def test_rsna_2019(tmp_path):
    import pydicom
    (tmp_path / "stage_2_train").mkdir()
    rows = []
    for k, file in enumerate(reversed(series(tmp_path / "x", "2019"))):
        dataset = pydicom.dcmread(file)
        dataset.save_as(tmp_path / "stage_2_train" / f"ID_{k:04d}.dcm")
        rows += [{"ID": f"ID_{k:04d}_{name}", "Label": int(k == 1 and name in ("any", "subdural"))} for name in CLASSES]
    write_csv(tmp_path / "stage_2_train.csv", rows)
    (case,) = read_rsna_2019(tmp_path)
    assert case.labels["any"] == case.labels["subdural"] == 1 and case.labels["epidural"] == 0 and len(case.slice_labels) == 4
    assert case.slice_labels["ID_0001"]["subdural"] == 1 and validate(case).voxels.shape == (4, 6, 8)
    # labels follow the slices up the head, whatever order the files' names have
    assert slice_table(case, case.image())[:, 5].tolist() == [0, 0, 1, 0]


def test_cq500(tmp_path):
    series(tmp_path / "CQ500-CT-1" / "thin", "thin", count=6)
    series(tmp_path / "CQ500-CT-1" / "thick", "thick", count=3)
    votes = {"ICH": (1, 1, 0), "EDH": (0, 0, 1), "IPH": (1, 1, 1), "IVH": (0, 0, 0), "SAH": (0, 0, 0), "SDH": (1, 0, 1)}
    write_csv(tmp_path / "reads.csv", [{"name": "CQ500-CT-1", **{f"R{r + 1}:{c}": v[r] for c, v in votes.items() for r in range(3)}}])
    (case,) = read_cq500(tmp_path)
    assert case.labels == {"any": 1, "epidural": 0, "intraparenchymal": 1, "intraventricular": 0, "subarachnoid": 0, "subdural": 1}
    assert len(case.image().voxels) == 3


def test_ct_ich(tmp_path):
    save(tmp_path / "ct_scans" / "049.nii", np.zeros((20, 20, 3), np.int16), np.diag([-0.5, -0.5, 5.0, 1.0]))
    kinds = ("Intraventricular", "Intraparenchymal", "Subarachnoid", "Epidural", "Subdural")
    write_csv(tmp_path / "hemorrhage_diagnosis_raw_ct.csv", [
        {"PatientNumber": 49, "SliceNumber": k + 1, **{kind: int(k == 1 and kind == "Epidural") for kind in kinds}} for k in range(3)])
    (case,) = read_ct_ich(tmp_path)
    assert case.name == "049" and case.labels["epidural"] == case.labels["any"] == 1
    volume = case.image()
    assert slice_table(case, volume).tolist() == [[0] * 6, [1, 1, 0, 0, 0, 0], [0] * 6]
    with pytest.raises(Refusal, match="LABEL_OUTSIDE: 049 has a label on slice 3, which is none of its 2"):
        slice_table(case, dataclasses.replace(volume, voxels=volume.voxels[:2]))
    with pytest.raises(Refusal, match="UNLABELLED: 049 has no label on slice 4"):
        slice_table(case, dataclasses.replace(volume, voxels=np.zeros((4, 20, 20))))


def site(tmp_path):
    first = series(tmp_path / "a", "site a")
    series(tmp_path / "b", "site b")
    import pydicom
    uid = pydicom.dcmread(first[1]).SOPInstanceUID
    write_csv(tmp_path / "labels.csv", [
        {"folder": "a", "subject": "p1", "modality": "CTA", "label": "aneurysm", "SOPInstanceUID": uid, "x": 4, "y": 3, "diameter_mm": 5, "site": "MCA"},
        {"folder": "b", "subject": "p2", "modality": "CTA", "label": "", "SOPInstanceUID": "", "x": "", "y": "", "diameter_mm": "", "site": ""}])
    return tmp_path


def test_site(tmp_path):
    positive, negative = read_site(site(tmp_path))
    assert positive.labels == {"aneurysm": 1} and positive.points[0].radius_mm == 2.5 and positive.points[0].site == "MCA"
    assert np.allclose(positive.points[0].lps_mm, [-5 + 4 * 0.5, -7 + 3 * 0.6, 11 + 2.0])
    assert negative.points == () and negative.labels == {}


def test_site_rows_may_name_the_slices_of_a_ct(tmp_path):
    import pydicom
    uids = [str(pydicom.dcmread(file).SOPInstanceUID) for file in series(tmp_path / "a", "site ct")]
    row = {"folder": "a", "subject": "p1", "modality": "CT", "label": "subdural"}
    write_csv(tmp_path / "labels.csv", [row | {"SOPInstanceUID": uids[k]} for k in (1, 2)])
    (case,) = read_site(tmp_path)
    assert slice_table(case, case.image())[:, 5].tolist() == [0, 1, 1, 0] and case.labels == {"subdural": 1}
    write_csv(tmp_path / "labels.csv", [row | {"SOPInstanceUID": uids[1]}, row | {"SOPInstanceUID": ""}])
    with pytest.raises(Refusal, match="BAD_CSV.*each slice that shows blood needs one"):
        read_site(tmp_path)
    write_csv(tmp_path / "labels.csv", [row | {"SOPInstanceUID": "1.2.3"}])
    with pytest.raises(Refusal, match="LABEL_OUTSIDE.*1.2.3"):
        read_site(tmp_path)


def test_site_folders_without_a_row_are_no_negatives(tmp_path):
    series(site(tmp_path) / "c", "site c")
    with pytest.raises(Refusal, match="UNLABELLED: c"):
        read_site(tmp_path)


def test_every_set_names_its_reader_and_refuses_an_empty_folder(tmp_path):
    assert sorted(READERS) == list(SETS) and len(READERS) == 8
    for reader in READERS.values():
        with pytest.raises(Refusal):
            reader(tmp_path)


def case_of(voxels, affine, **changes):
    volume = Volume(voxels, affine)
    return dataclasses.replace(Case("one", "p", "MR", lambda: volume), **changes)


def test_bad_cases_are_refused_by_name():
    voxels, affine = np.zeros((8, 8, 8)), np.diag([0.5, 0.5, 0.5, 1.0])
    with pytest.raises(Refusal, match="WRONG_SPACING: one has voxels of 3.00"):
        validate(case_of(voxels, np.diag([3.0, 3, 3, 1])))
    inside = (Point((1.0, 1.0, 1.0)),)
    with pytest.raises(Refusal, match="EMPTY_MASK: one"):
        validate(case_of(voxels, affine, mask=lambda: Volume(voxels, affine), points=inside))
    with pytest.raises(Refusal, match="MASK_ELSEWHERE: one"):
        validate(case_of(voxels, affine, mask=lambda: Volume(voxels, affine + np.eye(4)), points=inside))
    with pytest.raises(Refusal, match="LABEL_OUTSIDE: one"):
        validate(case_of(voxels, affine, points=(Point((9.0, 1.0, 1.0)),)))
    with pytest.raises(Refusal, match="EMPTY_SPLIT: validation"):
        require_split({"train": [case_of(voxels, affine)], "validation": []})


def test_a_gap_and_mixed_series_are_refused(tmp_path):
    files = series(tmp_path / "gap", "gap", count=5)
    files[2].unlink()
    with pytest.raises(Refusal, match="SLICE_GAP"):
        read_series(tmp_path / "gap")
    series(tmp_path / "two", "one")
    for k, file in enumerate(series(tmp_path / "other", "other")):
        file.rename(tmp_path / "two" / f"other{k}.dcm")
    with pytest.raises(Refusal, match="MIXED_SERIES"):
        read_series(tmp_path / "two")


def test_a_positive_case_without_its_aneurysm_is_refused(tmp_path):
    """Shown as it is, a network would learn that its aneurysm is healthy."""
    voxels, affine = np.zeros((20, 20, 20)), np.diag([0.5, 0.5, 0.5, 1.0])
    with pytest.raises(Refusal, match="NO_TARGET: one"):
        validate(case_of(voxels, affine, labels={"aneurysm": 1}))
    validate(case_of(voxels, affine, labels={"aneurysm": 0}))
    mask = voxels.copy()
    mask[4:6, 4:6, 4:6], mask[14:16, 14:16, 14:16] = 1, 1
    named = (Point((2.2, 2.2, 2.2)),)
    with pytest.raises(Refusal, match=r"MASK_WITHOUT_POINT: one.*\(7.2, 7.2, 7.2\)"):
        validate(case_of(voxels, affine, mask=lambda: Volume(mask, affine), points=named))
    validate(case_of(voxels, affine, mask=lambda: Volume(mask, affine), points=(*named, Point((7.2, 7.2, 7.2)))))
    empty = np.zeros((20, 20, 10), np.uint8)
    save(tmp_path / "large/case01/CTA.nii.gz", np.ones((20, 20, 10), np.int16))
    save(tmp_path / "large/case01/aneurysm_seg.nii.gz", empty)
    save(tmp_path / "bids/sub-001/ses-1/anat/sub-001_ses-1_angio.nii.gz", np.ones((20, 20, 10), np.float32))
    save(tmp_path / "bids/derivatives/manual_masks/sub-001/ses-1/anat/sub-001_Lesion_1_mask.nii.gz", empty)
    for case in (*read_large_ia(tmp_path / "large"), *read_lausanne(tmp_path / "bids")):
        with pytest.raises(Refusal, match="EMPTY_MASK"):
            validate(case)


def test_a_treated_aneurysm_is_no_target():
    voxels, affine = np.zeros((20, 20, 20)), np.diag([0.5, 0.5, 0.5, 1.0])
    validate(case_of(voxels, affine, mask=lambda: Volume(voxels, affine), points=(Point((2.0, 2.0, 2.0), treated=True),)))


def test_a_tilted_stack_is_read_where_it_lies_and_no_angiogram():
    straight = np.diag([0.5, 0.5, 1.0, 1.0])
    tilted = straight.copy()
    tilted[1, 2] = 0.3
    voxels = np.zeros((8, 8, 8))
    with pytest.raises(Refusal, match="TILTED: one has slices that are displaced by 16.7 degrees"):
        validate(case_of(voxels, tilted))
    validate(case_of(voxels, tilted, modality="CT"))


def test_positions_lead_from_slice_to_slice_also_in_a_tilted_series(tmp_path):
    files = write_series(np.zeros((6, 8, 8), np.float32), (0.5, 0.5, 2.0), (0.0, 0.0, 0.0), tmp_path / "tilted", SeriesOptions("tilt", ct_tilt=12.0))
    read = read_series(tmp_path / "tilted")
    import pydicom
    positions = {str(d.SOPInstanceUID): np.array(d.ImagePositionPatient, float) for d in map(pydicom.dcmread, files)}
    for k, instance in enumerate(read.instances):
        assert np.allclose(read.place_of(np.array([0, 0, k])), positions[instance], atol=1e-2)
        assert np.allclose(read.voxel_of(positions[instance]), [0, 0, k], atol=0.02)


def test_an_enhanced_series_reads_as_its_single_frames(tmp_path):
    from willis_training.dicom_series import convert
    voxels = np.random.default_rng(1).integers(0, 900, (5, 7, 9)).astype(np.uint16)
    write_series(voxels, (0.5, 0.6, 2.0), (-5.0, -7.0, 11.0), tmp_path / "single", SeriesOptions("frames"))
    convert(tmp_path / "single", tmp_path / "enhanced", "enhanced")
    one, other = read_series(tmp_path / "single"), read_series(tmp_path / "enhanced")
    assert np.array_equal(one.voxels, other.voxels) and np.allclose(one.spacing, other.spacing)
    assert np.allclose(one.origin, other.origin) and np.allclose(one.axes, other.axes)


def test_images_of_another_grid_are_refused_by_name(tmp_path):
    series(tmp_path / "a", "grid")
    import pydicom
    file = sorted((tmp_path / "a").iterdir())[0]
    dataset = pydicom.dcmread(file)
    dataset.PixelSpacing = [0.9, 0.9]
    dataset.save_as(file)
    with pytest.raises(Refusal, match="MIXED_GEOMETRY"):
        read_series(tmp_path / "a")
