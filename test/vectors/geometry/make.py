"""Makes golden.json: voxels and their places as dcm2niix and nibabel, independent readers, see real series.

make.py SHARED_DATA > golden.json   (needs Debian's dcm2niix, Python's nibabel and numpy)
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import nibabel
import numpy as np

SERIES = {
    "enhanced multi-frame": "dicom_conformance/niivue_enhanced_mr/enh.dcm",
    "single frames, oblique": "mr_other/toshiba_galan_classic",
}

golden = []
for name, place in SERIES.items():
    source = Path(sys.argv[1]) / place
    with tempfile.TemporaryDirectory() as folder:
        command = ["dcm2niix", "-z", "n", "-b", "n", "-o", folder, "-f", "v"] + (["-s", "y"] if source.is_file() else [])
        subprocess.run([*command, str(source)], check=True, capture_output=True)
        image = nibabel.load(next(Path(folder).glob("*.nii")))
        data = np.asarray(image.dataobj, dtype=float)
    rng = np.random.default_rng(1)
    spots = [tuple(int(rng.integers(n)) for n in data.shape[:3]) for _ in range(60)]
    samples = []
    for spot in spots:
        x, y, z, _ = image.affine @ [*spot, 1]
        samples.append({"lpsMm": [round(float(v), 4) for v in (-x, -y, z)], "value": round(float(data[spot]), 4)})
    golden.append({"name": name, "path": place, "samples": samples})
print(json.dumps(golden))
