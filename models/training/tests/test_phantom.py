"""Phantoms: reproducible, labelled where the truth says, disjoint between splits, and DICOM that lies where NIfTI lies."""

from dataclasses import replace

import nibabel
import numpy as np
import pydicom
import pytest

from willis_training.dataset import FIRST_SEED, another_scanner
from willis_training.dicom_series import SeriesOptions, write_series
from willis_training.phantom import Anatomy, Grid, draw_anatomy, draw_appearance, lumen_of, render, tortuous, tree_of
from willis_training.phantom.arteries import rotation_matrix
from willis_training.wrap import wrap


@pytest.fixture(scope="module")
def phantom():
    return render(draw_anatomy(11, 2, (5.0, 8.0)), draw_appearance(11, "test"))


def test_same_seed_same_voxels(phantom):
    again = render(draw_anatomy(11, 2, (5.0, 8.0)), draw_appearance(11, "test"))
    assert np.array_equal(phantom.image, again.image) and np.array_equal(phantom.mask, again.mask)


def test_masks_lie_where_the_truth_says(phantom):
    for number, aneurysm in enumerate(phantom.anatomy.aneurysms, start=1):
        voxels = np.argwhere(phantom.mask == number)[:, ::-1] * phantom.spacing + phantom.origin
        assert len(voxels) > 0
        assert np.linalg.norm(voxels.mean(0) - aneurysm.centre) < aneurysm.diameter / 2


@pytest.mark.parametrize("seed", range(6))
def test_arteries_shine_as_they_did_before_the_sac(seed):
    """Brightness must not tell where a sac is, in the lumen beside it: a network would learn that."""
    person = draw_anatomy(seed, 2)
    grid = Grid((-45.0, -45.0, -35.0), (0.8, 0.8, 0.8), (112, 112, 88))
    vessel, inflow, mask = lumen_of(person, grid)
    without, before, _ = lumen_of(replace(person, aneurysms=()), grid)
    artery = (without > 0.5) & (mask == 0)
    assert mask.any() and np.array_equal(inflow[artery], before[artery])
    assert (vessel >= without - 1e-6).all()


def test_the_population_is_that_of_clinical_series():
    people = [draw_anatomy(seed) for seed in range(400)]
    sacs = [sac for person in people for sac in person.aneurysms]
    sizes = np.array([sac.diameter for sac in sacs])
    assert 3.8 < sizes.mean() < 4.7 and 1.8 < sizes.std() < 3 and sizes.min() >= 1.5 and sizes.max() <= 25
    assert 0.02 < np.mean([sac.fusiform for sac in sacs]) < 0.09
    names = [{segment.name for segment in person.arteries} for person in people]
    assert 0.18 < np.mean([not {"PCom-left", "PCom-right"} & n for n in names]) < 0.34


def test_a_fusiform_aneurysm_is_the_artery_widened():
    sac = next(sac for seed in range(2000) for sac in draw_anatomy(seed, 1).aneurysms if sac.fusiform)
    assert max(ball.radius for ball in sac.balls) == pytest.approx(sac.diameter / 2, rel=0.1)
    assert min(np.linalg.norm(ball.centre - sac.centre) for ball in sac.balls) < 0.5


def test_splits_share_neither_anatomy_nor_appearance():
    seeds = [set(range(first, first + 10_000)) for first in FIRST_SEED.values()]
    assert not (seeds[0] & seeds[1] or seeds[0] & seeds[2] or seeds[1] & seeds[2])
    train = [draw_appearance(i, "train") for i in range(200)]
    test = [draw_appearance(i, "test") for i in range(200)]
    for name in ("noise", "bias", "fat", "saturation", "slab_depth"):
        assert max(getattr(a, name) for a in train) <= min(getattr(a, name) for a in test), name


@pytest.mark.parametrize("degrees", [0.0, 12.0])
def test_dicom_lies_where_the_grid_lies(tmp_path, degrees):
    voxels = np.random.default_rng(1).integers(0, 400, (5, 7, 9)).astype(np.uint16)
    turn = rotation_matrix(np.array([degrees, 0, 0]))
    spacing, origin = (0.5, 0.6, 0.7), (-10.0, -20.0, 30.0)
    files = write_series(voxels, spacing, origin, tmp_path, SeriesOptions("key"), turn)
    for k, file in enumerate(files):
        dataset = pydicom.dcmread(file)
        row, column = np.array(dataset.ImageOrientationPatient[:3]), np.array(dataset.ImageOrientationPatient[3:])
        place = np.array(dataset.ImagePositionPatient) + row * 3 * dataset.PixelSpacing[1] + column * 2 * dataset.PixelSpacing[0]
        assert np.allclose(place, turn @ (np.array(origin) + np.array([3, 2, k]) * spacing), atol=1e-3)
        assert np.array_equal(dataset.pixel_array, voxels[k])


def test_wrapped_nifti_keeps_left_and_right(tmp_path):
    data = np.zeros((6, 7, 8), np.float32)
    data[4, 1, 2] = 100  # RAS: right of the middle, to the back, low
    affine = np.diag([2.0, 2.0, 3.0, 1.0])
    affine[:3, 3] = [-5, -6, -9]
    nibabel.save(nibabel.Nifti1Image(data, affine), tmp_path / "v.nii.gz")
    template = pydicom.Dataset()
    template.file_meta = pydicom.dataset.FileMetaDataset()
    template.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    template.SOPClassUID, template.SOPInstanceUID, template.ProtocolName = "1.2.840.10008.5.1.4.1.1.4", "1.2.3", "TOF"
    template.save_as(tmp_path / "t.dcm", enforce_file_format=True)
    wrap(tmp_path / "v.nii.gz", tmp_path / "t.dcm", tmp_path / "out")
    ras = affine @ [4, 1, 2, 1]
    for file in (tmp_path / "out").glob("*.dcm"):
        dataset = pydicom.dcmread(file)
        for row, column in np.argwhere(dataset.pixel_array > 0):
            place = np.array(dataset.ImagePositionPatient) + [column * dataset.PixelSpacing[1], row * dataset.PixelSpacing[0], 0]
            assert np.allclose(place, [-ras[0], -ras[1], ras[2]])
            return
    raise AssertionError("the bright voxel is in no slice")


def test_another_scanner_keeps_places_and_blood_brightest():
    rng = np.random.default_rng(0)
    crop = np.full((24, 24, 24), 0.35, np.float32)
    crop[:4], crop[:, 10:14, 10:14] = 0, 0.9
    contrasts = []
    for _ in range(20):
        seen = another_scanner(crop, rng)
        assert seen.shape == crop.shape and 0 <= seen.min() < seen.max() <= 1.2
        contrasts.append(seen[8:, 11:13, 11:13].mean() - seen[8:, 2:8, 2:8].mean())
    assert 0.3 < min(contrasts) and np.ptp(contrasts) > 0.05


def touching(person: Anatomy) -> list[float]:
    """mm between each sac's dome and the lumen of the nearest artery; below 0 where they overlap."""
    lines = [artery.sample(0.5) for artery in person.arteries]
    line, radii = np.vstack([points for points, _ in lines]), np.concatenate([widths for _, widths in lines])
    return [float((np.linalg.norm(line - sac.centre, axis=1) - radii).min() - sac.diameter / 2) for sac in person.aneurysms]


@pytest.mark.parametrize("seed", range(8))
def test_bent_arteries_stay_joined_and_keep_their_sacs(seed):
    person = draw_anatomy(seed, 2)
    bent = tortuous(person)
    ends = {artery.name: artery.points for artery in bent.arteries}
    for side in ("left", "right"):
        assert np.allclose(ends[f"M1-{side}"][-1], ends[f"M2s-{side}"][0], atol=1e-6)
    assert not np.allclose(ends["M1-left"][0], person.arteries[2].points[0], atol=0.2)
    assert len(bent.aneurysms) == len(person.aneurysms) and max(touching(bent), default=-1) < 0.2
    assert np.array_equal(tortuous(person).arteries[0].points, bent.arteries[0].points)


@pytest.fixture(scope="module")
def mask():
    """Arteries of a phantom as somebody drew them, lying elsewhere than phantoms do; spacing (x,y,z) in mm."""
    grid = Grid((-60.0, -60.0, -42.0), (0.6, 0.6, 0.8), (200, 200, 105))
    return lumen_of(draw_anatomy(3, 0), grid)[0] > 0.5, grid.spacing


def test_a_tree_of_a_mask_is_the_tree_that_was_drawn(mask):
    drawn, tree = draw_anatomy(3, 0), tree_of(*mask)
    for name in ("ICA-left", "ICA-right", "M1-left", "BA"):
        line, radii = next(artery for artery in drawn.arteries if artery.name == name).sample(0.5)
        found = [segment for segment in tree.segments if segment.name == name]
        points, widths = np.vstack([s.points for s in found]), np.concatenate([s.radii for s in found])
        away = np.linalg.norm(line[None] - points[:, None], axis=2)
        assert np.median(away.min(1)) < 3, name
        assert np.median(widths / radii[away.argmin(1)]) == pytest.approx(1, abs=0.25), name


def test_people_grown_around_a_tree_differ_and_have_aneurysms_where_the_population_has_them(mask):
    tree = tree_of(*mask)
    people = [draw_anatomy(seed, 2, tree=tree) for seed in range(12)]
    assert len({float(person.arteries[0].points[0][0]) for person in people}) == 12
    assert {np.sign(next(s for s in person.arteries if s.name == "ICA-left").points[0][0]) for person in people} == {1.0}
    sacs = [sac for person in people for sac in person.aneurysms]
    assert len(sacs) >= 20 and all(max(touching(person), default=-1) < 0.2 for person in people)
    assert all((sac.centre[0] > 0) == (sac.side == "left") for sac in sacs if sac.side and abs(sac.centre[0]) > 3)


@pytest.mark.parametrize("lumen", [np.zeros((9, 9, 9), bool), np.eye(9, dtype=bool)[None].repeat(2, 0)])
def test_a_mask_without_arteries_is_refused(lumen):
    with pytest.raises(ValueError, match="mask"):
        tree_of(lumen, (1.0, 1.0, 1.0))
