"""Holds a table of codes (JSON on standard input) against pydicom's copy of PS3.16; prints what is wrong, one line each."""

import json
import sys

from pydicom.sr._cid_dict import cid_concepts
from pydicom.sr._concepts_dict import concepts


def faults(name, code):
    entries = [
        (keyword, meaning, groups)
        for keyword, by_value in concepts.get(code["scheme"], {}).items()
        for value, (meaning, groups) in by_value.items()
        if value == code["value"]
    ]
    if not entries:
        yield f"{name}: ({code['value']}, {code['scheme']}) is not in PS3.16"
        return
    if code["meaning"].lower() not in [meaning.lower() for _, meaning, _ in entries]:
        yield f"{name}: means {[m for _, m, _ in entries]}, not {code['meaning']!r}"
    kind, _, number = code["origin"].partition(" ")
    if kind == "CID":
        keywords = cid_concepts.get(int(number), {}).get(code["scheme"], [])
        if not any(keyword in keywords for keyword, _, _ in entries):
            yield f"{name}: ({code['value']}, {code['scheme']}) is not in CID {number}, but in {entries}"


table = json.load(sys.stdin)
for name, code in table.items():
    for fault in faults(name, code):
        print(fault)
