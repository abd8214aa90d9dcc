"""What an independent reader (highdicom) finds in a Measurement Report: one JSON object on standard output."""

import json
import sys

import highdicom as hd
import pydicom

dataset = pydicom.dcmread(sys.argv[1])
report = hd.sr.Comprehensive3DSR.from_dataset(dataset)
groups = report.content.get_planar_roi_measurement_groups()
print(json.dumps({
    "patientName": str(dataset.PatientName),
    "groups": [
        {
            "centre": [float(v) for v in group.roi.value.ravel()],
            "tracking": group.tracking_uid,
            "finding": group.finding_type.value,
            "sites": [[site.value.value, [t.value for t in [site.laterality] if t]] for site in group.finding_sites],
            "measurements": {m.name.value: [float(m.value), m.unit.value] for m in group.get_measurements()},
        }
        for group in groups
    ],
}))
