"""Where results point and where their source is bright, by an independent reader (pydicom): one JSON object on standard output.

Arguments: the folder of a source series, then result files. All places are of the patient (LPS mm), by each object's own geometry.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pydicom

SINGLE, MULTI = "1.2.840.10008.5.1.4.1.1.7", "1.2.840.10008.5.1.4.1.1.7.4"
PARAMETRIC_MAP, SEGMENTATION = "1.2.840.10008.5.1.4.1.1.30", "1.2.840.10008.5.1.4.1.1.66.4"


def main(folder, *results):
    source = [pydicom.dcmread(file) for file in sorted(Path(folder).glob("*.dcm"))]
    stack = np.stack([slice_.pixel_array.astype(float) for slice_ in source])
    slice_, row, column = np.unravel_index(stack.argmax(), stack.shape)
    brightest = source[slice_]
    answer = {
        "brightest": {"image": brightest.SOPInstanceUID, "pixel": [int(column), int(row)], "place": place(plane_of(brightest), column, row).tolist()},
        # what half a voxel is, along columns, rows and slices
        "steps": [[float(v) for v in step] for step in steps(source)],
        "overlays": {},
    }
    singles = [one for one in map(pydicom.dcmread, results) if one.SOPClassUID == SINGLE]
    for inside in ("RGB", "MONOCHROME2"):
        frames = [frame for one in singles if one.PhotometricInterpretation == inside for frame in [single(one)]]
        if frames:
            answer["overlays"][f"secondary capture, {inside}"] = middle_of_overlay(frames)
    for file in results:
        one = pydicom.dcmread(file)
        if one.SOPClassUID == MULTI:
            answer["overlays"]["multi-frame"] = middle_of_overlay(multi(one))
        if one.SOPClassUID in (PARAMETRIC_MAP, SEGMENTATION):
            answer["overlays"]["map" if one.SOPClassUID == PARAMETRIC_MAP else "segmentation"] = middle(per_frame(one))
    print(json.dumps(answer))


def plane_of(dataset):
    """First pixel's place, and the way to the next along a row and down a column."""
    orientation = np.array(dataset.ImageOrientationPatient, float)
    down, across = (float(v) for v in dataset.PixelSpacing)
    return np.array(dataset.ImagePositionPatient, float), orientation[:3] * across, orientation[3:] * down


def place(plane, column, row):
    first, across, down = plane
    return first + column * across + row * down


def steps(source):
    planes = [plane_of(slice_) for slice_ in source]
    first, second = sorted(planes, key=lambda plane: plane[0] @ np.cross(plane[1], plane[2]))[:2]
    return first[1], first[2], second[0] - first[0]


def single(dataset):
    """One frame: plane, the source image it names, pixels."""
    return plane_of(dataset), dataset.SourceImageSequence[0].ReferencedSOPInstanceUID, dataset.pixel_array.astype(float)


def multi(dataset):
    shared = dataset.SharedFunctionalGroupsSequence[0]
    named = [item.ReferencedSOPInstanceUID for item in dataset.SourceImageSequence]
    return [
        (grouped_plane(shared, groups), named[index], pixels)
        for index, (groups, pixels) in enumerate(zip(dataset.PerFrameFunctionalGroupsSequence, dataset.pixel_array.astype(float)))
    ]


def per_frame(dataset):
    """Frames of a map or segmentation with their source images."""
    shared = dataset.SharedFunctionalGroupsSequence[0]
    pixels = np.atleast_3d(dataset.pixel_array.astype(float)).reshape(-1, dataset.Rows, dataset.Columns)
    return [
        (grouped_plane(shared, groups), groups.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID, frame)
        for groups, frame in zip(dataset.PerFrameFunctionalGroupsSequence, pixels)
    ]


def grouped_plane(shared, groups):
    look = lambda name: (groups if name in groups else shared)[name][0]
    flat = pydicom.Dataset()
    flat.ImagePositionPatient = look("PlanePositionSequence").ImagePositionPatient
    flat.ImageOrientationPatient = look("PlaneOrientationSequence").ImageOrientationPatient
    flat.PixelSpacing = look("PixelMeasuresSequence").PixelSpacing
    return plane_of(flat)


def middle_of_overlay(frames):
    """What is drawn over an evenly grey source; the legend, which every frame has, is left out."""
    pixels = np.stack([frame for _, _, frame in frames])
    luminance = pixels @ [0.299, 0.587, 0.114] if pixels.ndim == 4 else pixels
    plain = np.median(luminance)
    drawn = np.abs(luminance - plain) > 1
    if pixels.ndim == 4:
        drawn = np.ptp(pixels, axis=-1) > 1
    # the legend is on the first frame, which holds no overlay
    drawn &= ~drawn[0]
    # the colours grow brighter with the probability; a pattern without colour has no order
    weight = np.where(drawn, luminance - luminance[drawn].min() + 1 if pixels.ndim == 4 else 1.0, 0.0)
    return middle([(plane, image, frame) for (plane, image, _), frame in zip(frames, weight)])


def middle(frames):
    """Centre of mass in the patient, and the strongest frame's source image with its middle in pixels."""
    total, sum_ = 0.0, np.zeros(3)
    for plane, _, weight in frames:
        rows, columns = np.indices(weight.shape)
        total += weight.sum()
        sum_ += weight.sum() * place(plane, (columns * weight).sum() / max(weight.sum(), 1e-9), (rows * weight).sum() / max(weight.sum(), 1e-9))
    plane, image, weight = max(frames, key=lambda frame: frame[2].sum())
    rows, columns = np.indices(weight.shape)
    return {"place": (sum_ / total).tolist(), "image": image,
            "pixel": [float((columns * weight).sum() / weight.sum()), float((rows * weight).sum() / weight.sum())]}


main(*sys.argv[1:])
