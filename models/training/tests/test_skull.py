"""The field of a head CT about the skull where tissue beside or above the head would move it: as the node lays it (test/pipelines/ncct-field.spec.ts)."""

import json
from pathlib import Path

import numpy as np
import pytest

from willis_training.haemorrhage.prepare import head_centre, head_part, slabs
from willis_training.haemorrhage.skull import MOST_CUT_ML, layout, skull_of

BUNDLE = Path(__file__).parents[2] / "ncct-haemorrhage"
SPACING, VERTEX_MM, MIDDLE_MM = (3.0, 3.0, 5.0), 195.0, 150.0


def scan(pad=False, above=False, scale=1.0):
    """HU [z,y,x] of a skull with brain in it on a neck that leaves the images below; a pad under both, or a blanket above the vertex."""
    z, y, x = (np.arange(n) * step for n, step in zip((56, 120, 100), SPACING[::-1]))
    z, y, x = np.meshgrid(z, y, x, indexing="ij")

    def within(width, length, height):
        return np.sqrt(((x - MIDDLE_MM) / (width * scale)) ** 2 + ((y - MIDDLE_MM) / (length * scale)) ** 2 + ((z - (VERTEX_MM - 75)) / height) ** 2) < 1

    hu = np.full(z.shape, -1000, np.float32)
    hu[pad & (y > 246) & (y < 330) & (x > 20) & (x < 280)] = 30
    hu[above & (z > 225) & (np.hypot(x - MIDDLE_MM, y - MIDDLE_MM) < 40)] = 40
    hu[(z < 80) & (np.hypot(x - MIDDLE_MM, y - MIDDLE_MM - 10) < 55)] = 50
    for radii, density in (((77, 94, 77), 20), ((73, 90, 73), 900), ((66, 83, 67), 35)):
        hu[within(*radii)] = density
    return hu


def by_tissue(volume, spacing):
    part = head_part(volume, spacing)
    return part, head_centre(slabs(volume[part], spacing[2])[0])


def test_a_head_by_itself_is_laid_out_by_the_rules_of_training():
    plain, golden = scan(), json.loads((BUNDLE / "golden" / "golden.json").read_text())
    phantom = np.frombuffer((BUNDLE / "golden" / golden["file"]).read_bytes(), "<i2").reshape(golden["shape"])
    for volume, spacing in ((plain, SPACING), (phantom, golden["spacingMm"])):
        laid = layout(volume, spacing)
        assert (laid.part, laid.centre) == by_tissue(volume, spacing) and laid.cut_ml < 1


def test_a_pad_as_heavy_as_the_head_does_not_move_the_field():
    volume = scan(pad=True)
    laid, (_, tissue) = layout(volume, SPACING), by_tissue(volume, SPACING)
    assert abs(tissue[1] * SPACING[1] - MIDDLE_MM) > 30
    assert laid.cut_ml < 1 and np.abs(np.array(laid.centre) * SPACING[:2] - MIDDLE_MM).max() <= 2 * SPACING[0]


def test_the_head_is_read_as_far_down_where_something_lies_above_it():
    plain, covered = scan(), scan(above=True)
    assert by_tissue(covered, SPACING)[0].start >= 20
    assert abs(layout(covered, SPACING).part.start - layout(plain, SPACING).part.start) <= 3


@pytest.mark.parametrize("volume", [np.full((20, 30, 30), -1000, np.float32), np.where(np.indices((20, 30, 30)).sum(0) == 3, 900, 30)])
def test_without_a_skull_tissue_tells(volume):
    assert skull_of(volume, SPACING) is None and layout(volume, SPACING).cut_ml == 0


def test_a_head_larger_than_the_field_is_cut():
    assert layout(scan(scale=1.4), SPACING).cut_ml > MOST_CUT_ML
