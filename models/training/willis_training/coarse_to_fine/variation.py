"""A crop as another scanner might have seen it: what the networks are trained against besides the phantoms' own appearance."""

import numpy as np
from scipy import ndimage

#: standard deviations, largest (voxels of 0.5 mm): thicker slices blur along z more than within the plane
BLUR = (1.1, 0.7, 0.7)
#: standard deviation, largest, where fresh blood is about 1
NOISE = 0.06


def as_another_scanner(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Normalised TOF [z,y,x] in 0..1 -> the same place blurred, noisier, with another contrast and a fall of brightness along z; 0..1."""
    blurred = ndimage.gaussian_filter(image, [rng.uniform(0, most) for most in BLUR])
    blurred = blurred ** rng.uniform(0.75, 1.35) * rng.uniform(0.8, 1.15)
    blurred *= np.linspace(1, rng.uniform(0.8, 1.2), image.shape[0], dtype=np.float32)[:, None, None]
    # interpolation onto the grid leaves noise that neighbours share; the filter leaves about half of its spread
    real, imaginary = (ndimage.gaussian_filter(rng.standard_normal(image.shape, np.float32), 0.5) / 0.52 for _ in range(2))
    spread = rng.uniform(0, NOISE)
    return np.clip(np.hypot(blurred + spread * real, spread * imaginary), 0, 1).astype(np.float32)  # type: ignore[no-any-return]
