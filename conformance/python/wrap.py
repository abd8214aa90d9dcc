"""The kit's `wrap`, without its other dependencies: NIFTI TEMPLATE FOLDER [KEY DESCRIPTION]."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "models" / "training"))

from willis_training.wrap import wrap  # noqa: E402

print(wrap(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), *sys.argv[4:]))
