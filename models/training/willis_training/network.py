"""Tiny 3D U-Net of system 001 (base 8), read fully convolutionally.

Two 1x1x1 heads on the last decoder features F: `evidence`, whose mean over a 32^3 patch is the published patch logit
(GAP then FC: mean(w . F) + b = mean(w . F + b)), and `localisation`, a voxelwise logit trained on the aneurysm mask.
"""

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn

Norm = Literal["batch", "instance", "none"]
#: the paper names no normalisation; `batch` is what can be read fully convolutionally
NORMS: dict[Norm, Callable[[int], nn.Module]] = {"batch": nn.BatchNorm3d, "instance": lambda n: nn.InstanceNorm3d(n, affine=True), "none": lambda n: nn.Identity()}


class Block(nn.Sequential):
    """Two 3x3x3 convolutions, normalisation, ReLU.

    Batch normalisation is an affine map once trained, so patch and whole volume see the same network (instance
    normalisation would not); the export folds it into the convolutions.
    """

    def __init__(self, inputs: int, outputs: int, norm: Norm = "batch") -> None:
        super().__init__(
            nn.Conv3d(inputs, outputs, 3, padding=1), NORMS[norm](outputs), nn.ReLU(inplace=True),
            nn.Conv3d(outputs, outputs, 3, padding=1), NORMS[norm](outputs), nn.ReLU(inplace=True),
        )


class TinyUNet3D(nn.Module):
    """Input [N,1,Z,Y,X] in 0..1, each axis a multiple of 4; output evidence and localisation logits of that shape."""

    def __init__(self, base: int = 8, norm: Norm = "batch") -> None:
        super().__init__()
        self.enc1, self.enc2, self.bottom = Block(1, base, norm), Block(base, 2 * base, norm), Block(2 * base, 4 * base, norm)
        self.dec2, self.dec1 = Block(6 * base, 2 * base, norm), Block(3 * base, base, norm)
        self.pool = nn.MaxPool3d(2)
        self.up = nn.Upsample(scale_factor=2, mode="nearest")
        self.evidence = nn.Conv3d(base, 1, 1)
        self.localisation = nn.Conv3d(base, 1, 1)
        nn.init.constant_(self.localisation.bias, -2.0)  # type: ignore[arg-type]

    def forward(self, volume: Tensor) -> tuple[Tensor, Tensor]:
        one = self.enc1(volume)
        two = self.enc2(self.pool(one))
        bottom = self.bottom(self.pool(two))
        two = self.dec2(torch.cat([self.up(bottom), two], 1))
        features = self.dec1(torch.cat([self.up(two), one], 1))
        return self.evidence(features), self.localisation(features)
