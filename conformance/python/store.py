"""Sends files with pynetdicom, each in the transfer syntax it has; prints the statuses."""

import sys

import pydicom
from pynetdicom import AE

datasets = [pydicom.dcmread(file) for file in sys.argv[2:]]
entity = AE("PYNETDICOM")
for dataset in datasets:
    entity.add_requested_context(dataset.SOPClassUID, dataset.file_meta.TransferSyntaxUID)
association = entity.associate("127.0.0.1", int(sys.argv[1]), ae_title="WILLIS")
print(*(f"0x{association.send_c_store(dataset).Status:04x}" for dataset in datasets))
association.release()
