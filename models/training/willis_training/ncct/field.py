"""Smooth random fields on a coarse grid, sampled plane by plane: two small matrix products a plane instead of a volume."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

#: the box every field covers (mm): x, y, z from -LIMIT to LIMIT
LIMIT = 130.0


@dataclass(frozen=True)
class Plane:
    """One sampling plane: x [nx] and y [ny] in mm, z [ny] in mm (constant unless the gantry is tilted)."""

    x: np.ndarray
    y: np.ndarray
    z: np.ndarray


@dataclass(frozen=True)
class Field:
    """Values [z,y,x] of a random field, unit variance, on a grid of `step` mm."""

    values: np.ndarray
    step: float

    def at(self, plane: Plane) -> np.ndarray:
        """Linear interpolation at the plane's points, float32 [ny,nx]."""
        along_x = self._weights(plane.x)
        along_y = self._weights(plane.y)
        position = np.clip((plane.z + LIMIT) / self.step, 0, self.values.shape[0] - 1.001)
        low = position.astype(int)
        share = (position - low).astype(np.float32)
        if np.ptp(position) == 0:
            flat = (1 - share[0]) * self.values[low[0]] + share[0] * self.values[low[0] + 1]
            return along_y @ flat @ along_x.T
        # a tilted plane: interpolate along x and y for the layers it crosses, then pick each row's two layers
        first, last = int(low.min()), int(low.max()) + 1
        layers = np.stack([along_y @ self.values[k] @ along_x.T for k in range(first, last + 1)])
        rows = np.arange(len(plane.y))
        return (1 - share)[:, None] * layers[low - first, rows] + share[:, None] * layers[low - first + 1, rows]

    def _weights(self, axis: np.ndarray) -> np.ndarray:
        count = self.values.shape[1]
        position = np.clip((axis + LIMIT) / self.step, 0, count - 1.001)
        low = position.astype(int)
        weights = np.zeros((len(axis), count), np.float32)
        weights[np.arange(len(axis)), low] = 1 - (position - low)
        weights[np.arange(len(axis)), low + 1] = position - low
        return weights


def draw_field(rng: np.random.Generator, scale_mm: float, step: float) -> Field:
    """A field whose features are about `scale_mm` wide."""
    count = int(2 * LIMIT / step) + 2
    values = ndimage.gaussian_filter(rng.standard_normal((count, count, count), dtype=np.float32), scale_mm / step, mode="wrap")
    return Field((values / values.std()).astype(np.float32), step)
