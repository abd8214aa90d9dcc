"""Vectors that tie `proposals` to the runtime's own: one phantom volume, and every place proposed in it.

    python -m willis_training.cta_resnet.proposal_vectors ../../test/vectors/cta-proposals
"""

import gzip
import json
import sys
from pathlib import Path

import numpy as np

from ..cta import draw_cta_appearance, draw_patient, render_cta
from ..cta.scan import box_around
from .proposals import propose

SEED = 11
#: about the circle of Willis: brain, vessels, sacs and the skull's base
CENTRE, SIZE_MM, SPACING = (0.0, -4.0, -6.0), (92.0, 96.0, 52.0), (0.9, 0.9, 1.1)


def write(folder: Path) -> None:
    """HU [z,y,x] as gzipped int16, and what is proposed in these very numbers, the best first."""
    patient = draw_patient(SEED, 3)
    volume = np.round(render_cta(patient, draw_cta_appearance(SEED, "test"), box_around(np.array(CENTRE), SIZE_MM, SPACING)).image).astype("<i2")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "volume.raw.gz").write_bytes(gzip.compress(volume.tobytes(), mtime=0))
    golden = {"file": "volume.raw.gz", "shape": list(volume.shape), "spacingMm": SPACING, "proposals": rows(volume)}
    (folder / "golden.json").write_text(json.dumps(golden, indent=1) + "\n")


def rows(volume: np.ndarray) -> list[dict[str, object]]:
    """Centre in mm x, y, z from the middle of the first voxel."""
    return [{"centreMm": [round(float(v), 4) for v in p.centre], "radiusMm": round(p.radius, 4), "score": round(p.score, 5),
             "demoted": p.demoted or None} for p in propose(volume, SPACING)]


if __name__ == "__main__":
    write(Path(sys.argv[1]))
