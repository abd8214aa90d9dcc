"""From patches to a scan: overlapping windows, the voxel-wise maximum, one score, and where it is."""

import numpy as np
import torch
from torch import nn

from .config import PatchConfig
from .train import patch_at


def patch_map(network: nn.Module, image: np.ndarray, config: PatchConfig) -> np.ndarray:
    """Probability [z,y,x]: every voxel has the largest probability of the patches that hold it; patches without head are left out."""
    out = np.zeros(image.shape, np.float32)
    corners = [c for c in np.ndindex(*(len(_starts(n, config)) for n in image.shape))]
    starts = [tuple(_starts(n, config)[k] for n, k in zip(image.shape, corner)) for corner in corners]
    half = config.patch // 2
    for first in range(0, len(starts), 16):
        group = starts[first : first + 16]
        patches = np.stack([patch_at(image, np.array(s) + half, config.patch) for s in group])
        with torch.no_grad():
            probability = torch.sigmoid(network(torch.from_numpy(patches)[:, None])).numpy()
        for start, patch, value in zip(group, patches, probability):
            if patch.any():
                box = tuple(slice(s, s + config.patch) for s in start)
                out[box] = np.maximum(out[box], value)
    return out


def scan_score(probability: np.ndarray, image: np.ndarray, config: PatchConfig) -> tuple[float, np.ndarray]:
    """The scan's score (maximum, mean or 95th percentile inside the head) and the voxel (x, y, z) of the maximum."""
    inside = probability[image > 0]
    scores = {"max": float(inside.max()), "mean": float(inside.mean()), "p95": float(np.percentile(inside, 95))}
    highest = np.argwhere(probability == probability.max()).mean(0)
    return scores[config.score], highest[::-1]


def _starts(count: int, config: PatchConfig) -> list[int]:
    last = max(count - config.patch, 0)
    return [*range(0, last, config.stride), last]
