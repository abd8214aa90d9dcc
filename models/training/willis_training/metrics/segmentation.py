"""Overlap and surface figures of two masks [z,y,x] on a grid with spacing (z, y, x) in mm."""

import numpy as np
from scipy import ndimage


def dice(truth: np.ndarray, found: np.ndarray) -> float:
    """2|G and P| / (|G| + |P|); NaN if both are empty, 0 if one is."""
    total = int(truth.sum()) + int(found.sum())
    return 2 * int((truth & found).sum()) / total if total else float("nan")


def iou(truth: np.ndarray, found: np.ndarray) -> float:
    """Dice / (2 - Dice)."""
    value = dice(truth, found)
    return value / (2 - value)


def volume_similarity(truth: np.ndarray, found: np.ndarray) -> float:
    """1 - ||G| - |P|| / (|G| + |P|); NaN if both are empty."""
    g, p = int(truth.sum()), int(found.sum())
    return 1 - abs(g - p) / (g + p) if g + p else float("nan")


def hausdorff(truth: np.ndarray, found: np.ndarray, spacing: tuple[float, float, float], percentile: float = 100.0) -> float:
    """The larger of the two directed percentiles of surface distance in mm (95: the ADAM "MHD"); NaN if a mask is empty."""
    there, back = surface_distances(truth, found, spacing)
    if len(there) == 0 or len(back) == 0:
        return float("nan")
    return float(max(np.percentile(there, percentile), np.percentile(back, percentile)))


def surface_distances(truth: np.ndarray, found: np.ndarray, spacing: tuple[float, float, float]) -> tuple[np.ndarray, np.ndarray]:
    """Distances (mm) from each boundary voxel of one mask to the other's boundary; boundary = mask minus its erosion."""
    if not truth.any() or not found.any():
        return np.empty(0), np.empty(0)
    edges = [mask & ~ndimage.binary_erosion(mask) for mask in (truth, found)]
    fields = [ndimage.distance_transform_edt(~edge, spacing) for edge in edges]
    return fields[1][edges[0]], fields[0][edges[1]]
