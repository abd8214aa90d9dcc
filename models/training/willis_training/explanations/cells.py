"""Maps of a few cells over an image: what they call strongest, as much elsewhere, and both as pixels."""

import numpy as np
from scipy import ndimage

PLACES = 4


def strongest_cells(cam: np.ndarray) -> np.ndarray:
    """Bool [c,c]: the cells at half the peak and more that hang together with the peak, corners included."""
    labels, _ = ndimage.label(cam >= 0.5 * cam.max(), np.ones((3, 3)))
    return labels == labels.flat[int(cam.argmax())]  # type: ignore[no-any-return]


def other_cells(taken: np.ndarray, lesion: np.ndarray, tissue: np.ndarray, seed: list[int]) -> list[np.ndarray]:
    """PLACES sets of as many cells, drawn from those that hold tissue, are not taken and hold no lesion; others only where these do not suffice."""
    rng = np.random.default_rng(seed)
    count, free = int(taken.sum()), ~taken & ~lesion
    ranks = np.argsort(-(2.0 * (free & tissue) + free + rng.random((PLACES, *taken.shape)) * 0.9 - 9.0 * taken).reshape(PLACES, -1), axis=1)
    sets = np.zeros((PLACES, taken.size), bool)
    np.put_along_axis(sets, ranks[:, :count], True, axis=1)
    return list(sets.reshape(PLACES, *taken.shape))


def as_pixels(cells: np.ndarray, pixels: int) -> np.ndarray:
    """Bool [c,c] as bool [pixels,pixels]."""
    return np.kron(cells, np.ones((pixels // cells.shape[0],) * 2, bool)).astype(bool)


def by_cell(values: np.ndarray, cells: int) -> np.ndarray:
    """The sum of values [p,p] in each of cells x cells squares."""
    side = values.shape[0] // cells
    return values.reshape(cells, side, cells, side).sum((1, 3))  # type: ignore[no-any-return]
