"""What independent readers (highdicom, pydicom) find in results: one JSON object on standard output, by file as named."""

import json
import sys

import highdicom as hd
import numpy as np
import pydicom

BASIC_TEXT = "1.2.840.10008.5.1.4.1.1.88.11"
COMPREHENSIVE = "1.2.840.10008.5.1.4.1.1.88.33"
COMPREHENSIVE_3D = "1.2.840.10008.5.1.4.1.1.88.34"
KEY_OBJECTS = "1.2.840.10008.5.1.4.1.1.88.59"
SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"
PARAMETRIC_MAP = "1.2.840.10008.5.1.4.1.1.30"
PRESENTATION_STATE = "1.2.840.10008.5.1.4.1.1.11.1"


def read(path):
    dataset = pydicom.dcmread(path)
    reader = READERS.get(dataset.SOPClassUID, lambda *_: {})
    equipment = dataset.ContributingEquipmentSequence[0]
    return {
        "sopClassUid": dataset.SOPClassUID,
        "sopInstanceUid": dataset.SOPInstanceUID,
        "patientName": str(dataset.PatientName),
        "equipment": {
            "purpose": equipment.PurposeOfReferenceCodeSequence[0].CodeValue,
            "121012": equipment.DeviceUID,
            "121014": equipment.Manufacturer,
            "121015": equipment.ManufacturerModelName,
        },
        "unlisted": unlisted(dataset),
        **reader(dataset, path),
    }


def read_report(dataset, path):
    content = hd.sr.srread(path).content
    groups = [
        *content.get_planar_roi_measurement_groups(),
        *content.get_volumetric_roi_measurement_groups(),
        *content.get_image_measurement_groups(),
    ]
    return {**documented(dataset), "groups": sorted(map(read_group, groups), key=lambda group: group["tracking"])}


def read_group(group):
    items = group[0].ContentSequence
    template = group[0].ContentTemplateSequence[0].TemplateIdentifier
    return {
        "template": template,
        "tracking": group.tracking_identifier,
        "trackingUid": group.tracking_uid,
        "finding": group.finding_type.value,
        "sites": [
            {
                "site": site.value.value,
                "modifiers": [one.value for one in (site.laterality, site.topographical_modifier) if one],
            }
            for site in group.finding_sites
        ],
        "measurements": [
            {
                "name": one.name.value,
                "value": float(one.value),
                "unit": one.unit.value,
                "images": [image.referenced_sop_instance_uid for image in one.referenced_images],
            }
            for one in group.get_measurements()
        ],
        "algorithm": algorithm_of(items),
        "point": point_of(items),
        "explanation": references(items, "130401"),
        "segment": references(items, "121191"),
        "growth": growth_of(items),
    }


def named(items, *codes):
    return [one for one in items if "ConceptNameCodeSequence" in one and one.ConceptNameCodeSequence[0].CodeValue in codes]


def below(items):
    for item in items:
        yield item
        yield from below(item.get("ContentSequence", []))


def point_of(items):
    for item in below(items):
        if item.ValueType in ("SCOORD3D", "SCOORD"):
            return {"type": item.ValueType, "at": [float(v) for v in item.GraphicData]}
    return None


def algorithm_of(items):
    return [item.TextValue for item in named(below(items), "111001", "111003")]


def references(items, code):
    return [
        {
            "sopInstanceUid": sop.ReferencedSOPInstanceUID,
            "frame": int(sop.ReferencedFrameNumber) if "ReferencedFrameNumber" in sop else None,
            "segment": sop.get("ReferencedSegmentNumber"),
        }
        for item in named(items, code)
        for sop in item.ReferencedSOPSequence
    ]


def growth_of(items):
    for item in named(items, "442714003"):
        container = named(item.ContentSequence, "121069")[0].ContentSequence
        number = lambda among, code: float(named(among, code)[0].MeasuredValueSequence[0].NumericValue)
        return {
            "change": item.ConceptCodeSequence[0].CodeValue,
            "difference": number(item.ContentSequence, "442714003"),
            "priorDiameter": number(container, "81827009"),
            "priorVolume": number(container, "118565006"),
            "priorDate": named(container, "111060")[0].Date,
        }
    return None


def documented(dataset):
    """What every document says, whatever its dialect: codes by name, and its words."""
    items = list(below(dataset.ContentSequence))
    predecessors = [
        sop.ReferencedSOPInstanceUID
        for study in dataset.get("PredecessorDocumentsSequence", [])
        for series in study.ReferencedSeriesSequence
        for sop in series.ReferencedSOPSequence
    ]
    return {
        "observer": {
            code: named(items, code)[0].get("UID") or named(items, code)[0].TextValue
            for code in ("121012", "121014", "121015")
        },
        "codes": [
            [item.ConceptNameCodeSequence[0].CodeValue, item.ConceptCodeSequence[0].CodeValue]
            for item in items
            if item.ValueType == "CODE"
        ],
        "texts": [item.TextValue for item in items if item.ValueType == "TEXT"],
        "predecessors": predecessors,
    }


def read_basic_text(dataset, _):
    return documented(dataset)


def read_key_objects(dataset, _):
    document = hd.ko.KeyObjectSelectionDocument.from_dataset(dataset)
    images = [item for item in document.content.get_references() if item.ValueType == "IMAGE"]
    return {
        "title": dataset.ConceptNameCodeSequence[0].CodeValue,
        "images": [item.ReferencedSOPSequence[0].ReferencedSOPInstanceUID for item in images],
    }


def read_segmentation(_, path):
    segmentation = hd.seg.segread(path)
    volume = segmentation.get_volume(combine_segments=False, allow_missing_positions=True)
    voxel = abs(np.linalg.det(volume.affine[:3, :3]))
    segments = []
    for number in segmentation.segment_numbers:
        description = segmentation.get_segment_description(number)
        inside = np.argwhere(volume.array[..., number - 1])
        segments.append({
            "number": number,
            "tracking": description.tracking_id,
            "trackingUid": description.tracking_uid,
            "type": description.segmented_property_type.value,
            "algorithmType": description.algorithm_type.value,
            "site": description.anatomic_regions[0].value,
            "centre": (volume.affine[:3, :3] @ inside.mean(axis=0) + volume.affine[:3, 3]).tolist(),
            "volume": float(voxel * len(inside)),
        })
    return {
        "segments": segments,
        "sources": [uid for _, _, uid in segmentation.get_source_image_uids()],
        "orientation": [float(v) for v in segmentation.SharedFunctionalGroupsSequence[0].PlaneOrientationSequence[0].ImageOrientationPatient],
        "frameOfReference": segmentation.FrameOfReferenceUID,
    }


def read_parametric_map(dataset, _):
    parametric_map = hd.pm.ParametricMap.from_dataset(dataset)
    volume = parametric_map.get_volume()
    at = np.unravel_index(volume.array.argmax(), volume.array.shape)
    return {
        "shape": list(volume.array.shape),
        "dtype": str(volume.array.dtype),
        "greatest": float(volume.array.max()),
        "greatestAt": (volume.affine[:3, :3] @ np.array(at) + volume.affine[:3, 3]).tolist(),
    }


def read_presentation_state(dataset, _):
    marks = []
    for annotation in dataset.GraphicAnnotationSequence:
        circles = annotation.get("GraphicObjectSequence", [])
        marks.append({
            "image": annotation.ReferencedImageSequence[0].ReferencedSOPInstanceUID,
            "text": annotation.TextObjectSequence[0].UnformattedTextValue,
            "circle": [float(v) for v in circles[0].GraphicData] if circles else None,
        })
    return {"marks": marks}


def unlisted(dataset):
    """Objects that the content names but the evidence does not (PS3.3 C.17.2)."""
    if "ContentSequence" not in dataset:
        return []
    evidence = [
        sop.ReferencedSOPInstanceUID
        for keyword in ("CurrentRequestedProcedureEvidenceSequence", "PertinentOtherEvidenceSequence")
        for study in dataset.get(keyword, [])
        for series in study.ReferencedSeriesSequence
        for sop in series.ReferencedSOPSequence
    ]
    return [
        sop.ReferencedSOPInstanceUID
        for item in below(dataset.ContentSequence)
        for sop in item.get("ReferencedSOPSequence", [])
        if sop.ReferencedSOPInstanceUID not in evidence
    ]


READERS = {
    BASIC_TEXT: read_basic_text,
    COMPREHENSIVE: read_report,
    COMPREHENSIVE_3D: read_report,
    KEY_OBJECTS: read_key_objects,
    SEGMENTATION: read_segmentation,
    PARAMETRIC_MAP: read_parametric_map,
    PRESENTATION_STATE: read_presentation_state,
}

print(json.dumps({path: read(path) for path in sys.argv[1:]}))
