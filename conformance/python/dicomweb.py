"""Stores, finds and reads back a series with dicomweb-client, and says what did not come out as it went in."""

import sys
from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
import requests
from dicomweb_client.api import DICOMwebClient

url, store_token, read_token, folder = sys.argv[1:5]


def client(token: str) -> DICOMwebClient:
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {token}"
    return DICOMwebClient(f"{url}/dicom-web", session=session)


files = sorted(Path(folder).glob("*.dcm"))
sent = {ds.SOPInstanceUID: ds for ds in map(pydicom.dcmread, files)}
answer = client(store_token).store_instances(list(sent.values()))
assert len(answer.ReferencedSOPSequence) == len(sent), answer

reader = client(read_token)
first = next(iter(sent.values()))
place = (first.StudyInstanceUID, first.SeriesInstanceUID)
studies = reader.search_for_studies(search_filters={"PatientID": first.PatientID})
assert [one["0020000D"]["Value"][0] for one in studies] == [first.StudyInstanceUID], studies
assert studies[0]["00201208"]["Value"] == [len(sent)]
series = reader.search_for_series(place[0], search_filters={"Modality": "MR"})
assert [one["0020000E"]["Value"][0] for one in series] == [place[1]], series
instances = reader.search_for_instances(*place)
assert {one["00080018"]["Value"][0] for one in instances} == set(sent), "instances"

for back in reader.retrieve_series(*place):
    before, after = BytesIO(), BytesIO()
    sent[back.SOPInstanceUID].save_as(before)
    back.save_as(after)
    assert pydicom.dcmread(BytesIO(after.getvalue())) == pydicom.dcmread(BytesIO(before.getvalue())), "an object changed"

metadata = reader.retrieve_series_metadata(*place)
assert len(metadata) == len(sent)
for one in metadata:
    described = pydicom.Dataset.from_json(one, bulk_data_uri_handler=lambda *_: b"")
    original = sent[described.SOPInstanceUID]
    for element in original:
        if element.keyword not in ("PixelData", "") and element.VR not in ("SQ", "UN"):
            assert described[element.tag].value == element.value, element

for uid, original in list(sent.items())[:3]:
    (frame,) = reader.retrieve_instance_frames(*place, uid, frame_numbers=[1])
    pixels = np.frombuffer(frame, dtype=original.pixel_array.dtype).reshape(original.pixel_array.shape)
    assert np.array_equal(pixels, original.pixel_array), "a frame changed"
    picture = reader.retrieve_instance_rendered(*place, uid, media_types=("image/png",))
    assert picture.startswith(b"\x89PNG"), "no picture"

print(f"{len(sent)} instances stored, found, read back and decoded alike")
