"""Taking a region out of an image: what lies around it is carried on into it."""

import numpy as np
from scipy import ndimage

ROUNDS = 40


def filled(image: np.ndarray, region: np.ndarray) -> np.ndarray:
    """The image with the region (same shape, any number of axes) filled from its surroundings: each value the nearest one outside, then smoothed
    within the region until it runs on from its border without a step."""
    if region.all():
        return np.full_like(image, np.median(image))
    box = tuple(slice(max(0, int(at.min()) - 2), int(at.max()) + 3) for at in np.nonzero(region))
    part, inside = image[box].astype(np.float32), region[box]
    nearest = ndimage.distance_transform_edt(inside, return_distances=False, return_indices=True)
    part = part[tuple(nearest)]
    for _ in range(ROUNDS):
        part = np.where(inside, ndimage.uniform_filter(part, 3, mode="nearest"), part)
    out = image.copy()
    out[box] = np.where(inside, part, image[box]).astype(image.dtype)
    return out
