"""How the scanner saw it: spacing, contrast, noise, bias. Training and test draw from disjoint ranges."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

Split = Literal["train", "validation", "test"]


@dataclass(frozen=True)
class Appearance:
    """One acquisition. Intensities are relative to fresh arterial blood = 1; lengths in mm."""

    spacing: tuple[float, float, float]
    noise: float
    bias: float
    tissue: float
    fat: float
    fluid: float
    saturation: float
    slab_depth: float
    blur: float
    extent: tuple[float, float]
    ghosts: float = 0.0


def draw_appearance(seed: int, split: Split) -> Appearance:
    """Draws an acquisition. The test ranges lie beside the training ranges: another vendor, so to say."""
    rng = np.random.default_rng([7, seed, {"train": 0, "validation": 1, "test": 2}[split]])
    seen = split != "test"
    plane = rng.uniform(0.5, 0.75) if seen else rng.choice([rng.uniform(0.4, 0.5), rng.uniform(0.75, 0.85)])
    return Appearance(
        spacing=(float(plane), float(plane), float(rng.uniform(0.55, 0.85) if seen else rng.uniform(0.85, 1.0))),
        noise=float(rng.uniform(0.015, 0.045) if seen else rng.uniform(0.045, 0.06)),
        bias=float(rng.uniform(0.05, 0.25) if seen else rng.uniform(0.25, 0.32)),
        tissue=float(rng.uniform(0.26, 0.42) if seen else rng.choice([rng.uniform(0.22, 0.26), rng.uniform(0.42, 0.46)])),
        fat=float(rng.uniform(0.35, 0.75) if seen else rng.uniform(0.75, 0.9)),
        fluid=float(rng.uniform(0.06, 0.14)),
        saturation=float(rng.uniform(0.0, 0.3) if seen else rng.uniform(0.3, 0.4)),
        slab_depth=float(rng.uniform(0.0, 0.1) if seen else rng.uniform(0.1, 0.15)),
        blur=float(rng.uniform(0.3, 0.5)),
        extent=(float(rng.uniform(-42, -32)), float(rng.uniform(32, 48))),
        ghosts=float(rng.uniform(0, 0.03) if seen else rng.uniform(0.03, 0.05)),
    )
