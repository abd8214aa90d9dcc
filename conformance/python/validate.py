"""Runs pydicom's dicom-validator on files: what it finds, as JSON by file.

Its own tables come from dicom.nema.org, which a test must not depend on; it gets those of PS3.3 that highdicom carries. They
know every attribute and its type, but no condition: what is conditional counts as allowed. Two conditions they do not even
mark: a functional group macro lies in the shared or in the per-frame groups, and what a content item holds depends on its
Value Type. Both are told here; dciodvfy and DCMTK judge them.
"""

import json
import logging
import sys
from pathlib import Path

import highdicom
from dicom_validator.validator.dicom_file_validator import DicomFileValidator
from dicom_validator.validator.dicom_info import DicomInfo
from dicom_validator.validator.error_handler import ValidationResultHandler
from pydicom.datadict import dictionary_VR, keyword_dict

standard = Path(highdicom.__file__).parent / "_standard"


def load(name):
    return json.loads((standard / f"{name}.json").read_text())


def tag_of(keyword):
    number = keyword_dict[keyword]
    return f"({number >> 16:04X},{number & 0xFFFF:04X})"


GROUPS = (["SharedFunctionalGroupsSequence"], ["PerFrameFunctionalGroupsSequence"])
BY_VALUE_TYPE = (
    "ReferencedSOPSequence",
    "TemporalRangeType",
    "ConceptCodeSequence",
    "MeasuredValueSequence",
    "ContinuityOfContent",
    "TrackingUID",
    "TextValue",
    "TabulatedValuesSequence",
    "GraphicData",
    "GraphicType",
    "ReferencedFrameOfReferenceUID",
)


def type_of(name, attribute):
    if attribute["path"] in GROUPS:
        return "3"
    if name == "sr-document-content" and attribute["keyword"] in BY_VALUE_TYPE:
        return "1C"
    return attribute["type"]


def module(name, attributes):
    """A module as dicom-validator wants it: by tag, sequences holding their items."""
    top = {}
    for attribute in attributes:
        if attribute["keyword"] not in keyword_dict:
            continue
        level = top
        for parent in attribute["path"]:
            level = level.setdefault(tag_of(parent), {"name": parent, "type": "3"}).setdefault("items", {})
        entry = level.setdefault(tag_of(attribute["keyword"]), {})
        entry |= {"name": attribute["keyword"], "type": type_of(name, attribute)}
        if entry["type"] in ("1C", "2C"):
            entry["cond"] = {"type": "U"}
        if dictionary_VR(keyword_dict[attribute["keyword"]]) == "SQ":
            entry.setdefault("items", {})
    content = top.get(tag_of("ContentSequence"))
    if content is not None and "items" in content:
        # a content item holds content items, to any depth
        content["items"].setdefault(tag_of("ContentSequence"), {"name": "ContentSequence", "type": "1C", "cond": {"type": "U"}})
        content["items"][tag_of("ContentSequence")]["items"] = content["items"]
    return top


def dicom_info():
    modules = {name: module(name, attributes) for name, attributes in load("module_attribute_map").items()}
    iods = load("iod_module_map")
    classes = {
        uid: {
            "title": iod,
            "modules": {
                entry["key"]: {"ref": entry["key"], "use": "M" if entry["usage"] == "M" else "U"}
                for entry in iods[iod]
                if entry["key"] in modules
            },
            "group_macros": {},
        }
        for uid, iod in load("sop_class_iod_map").items()
        if iod in iods
    }
    return DicomInfo({}, classes, modules)


class Quiet(ValidationResultHandler):
    def handle_validation_start(self, result):
        pass

    def handle_validation_result(self, result):
        pass


logging.disable(logging.CRITICAL)
validator = DicomFileValidator(dicom_info(), error_handler=Quiet())
found = {}
for path in sys.argv[1:]:
    result = validator.validate(path)[path]
    found[path] = [
        f"{error.code.name} {'/'.join(keyword_or_tag for keyword_or_tag in map(str, [*(tag.parents or []), tag.tag]))} in {name}"
        for name, errors in (result.module_errors or {}).items()
        for tag, error in errors.items()
    ]
    if not found[path] and result.status.name != "Passed":
        found[path] = [result.status.name]
print(json.dumps(found))
