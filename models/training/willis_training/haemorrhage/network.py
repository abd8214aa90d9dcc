"""SE-ResNeXt 32x4d (50 or 101 layers) with six outputs: the slice network of system 002.

7x7/2 stem, four stages of bottlenecks (3, 4, 6 or 23, 3), 32 groups of base width 4, squeeze and excitation (reduction 16)
on the residual before the addition, global average pooling, one linear layer. The last stage keeps its size (stride 1,
not 2): at 128 pixels its maps have 8 x 8 cells, as the published 256 pixels have. Input is HU of the slice and its two
neighbours, so that windows and order are part of the graph: `windows` shows the slice in three windows (CNN A), `slices`
shows the three slices in the brain window (CNN B).
"""

from typing import Literal

import torch
from torch import Tensor, nn

Variant = Literal["windows", "slices"]
#: level and width in HU: brain, subdural, bone
WINDOWS = ((40.0, 80.0), (80.0, 200.0), (600.0, 2800.0))
MEAN, SPREAD = 0.456, 0.224
DEPTHS = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3)}
FEATURES = 2048


class SliceNetwork(nn.Module):
    """Input [n,3,h,w] in HU (slices s-1, s, s+1); output logits [n,6], features [n,2048], last maps [n,2048,h/16,w/16]."""

    def __init__(self, variant: Variant, depth: int = 50, classes: int = 6) -> None:
        super().__init__()
        self.variant = variant
        self.trunk = se_resnext(depth)
        self.drop = nn.Dropout(0.2)
        self.head = nn.Linear(FEATURES, classes)

    def forward(self, hu: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        maps = self.trunk(shown(hu, self.variant))
        features = maps.mean((2, 3))
        return self.head(self.drop(features)), features, maps


def shown(hu: Tensor, variant: Variant) -> Tensor:
    """What the network sees: three windows of the middle slice, or three slices in the brain window, normalised."""
    if variant == "slices":
        planes = [window(hu[:, k], *WINDOWS[0]) for k in range(3)]
    else:
        planes = [window(hu[:, 1], *w) for w in WINDOWS]
    return (torch.stack(planes, 1) - MEAN) / SPREAD


def window(hu: Tensor, level: float, width: float) -> Tensor:
    """0 at the window's lower end, 1 at its upper end, clipped."""
    return ((hu - (level - width / 2)) / width).clamp(0, 1)


def se_resnext(depth: int) -> nn.Sequential:
    """The trunk, from 3 channels to 2048 at 1/16 of the size."""
    layers: list[nn.Module] = [nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(inplace=True),
                               nn.MaxPool2d(3, 2, ceil_mode=True)]
    inputs = 64
    for stage, blocks in enumerate(DEPTHS[depth]):
        for block in range(blocks):
            layers.append(Bottleneck(inputs, 128 * 2**stage, 256 * 2**stage, 2 if stage in (1, 2) and block == 0 else 1))
            inputs = 256 * 2**stage
    return nn.Sequential(*layers)


class Bottleneck(nn.Module):
    """1x1, grouped 3x3, 1x1, squeeze and excitation, shortcut."""

    def __init__(self, inputs: int, width: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inputs, width, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True),
            nn.Conv2d(width, width, 3, stride, 1, groups=32, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True),
            nn.Conv2d(width, outputs, 1, bias=False), nn.BatchNorm2d(outputs))
        self.squeeze = nn.Sequential(nn.Conv2d(outputs, outputs // 16, 1), nn.ReLU(inplace=True),
                                     nn.Conv2d(outputs // 16, outputs, 1), nn.Sigmoid())
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
        # a block starts as its shortcut: deep trunks train from scratch in few steps
        nn.init.zeros_(self.body[-1].weight)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        y = self.body(x)
        return torch.relu(self.shortcut(x) + y * self.squeeze(y.mean((2, 3), keepdim=True)))
