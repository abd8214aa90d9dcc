"""The dual-channel SE 3-D U-Net: five levels of context modules, three segmentation heads, squeeze and excitation.

Switches follow the paper's ablation: `contour` (two input channels or one) and `excitation`.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True)
class FineSizes:
    """Width of the first level, and the ablation's switches."""

    base: int = 16
    contour: bool = True
    excitation: bool = True
    dropout: float = 0.3


class FineNetwork(nn.Module):
    """input [n,1 or 2,z,y,x] (vessels, contour), axes multiples of 16 -> logits of two classes of that size."""

    def __init__(self, sizes: FineSizes = FineSizes()) -> None:
        super().__init__()
        b = sizes.base
        widths = [b * 2**k for k in range(5)]
        inputs = [2 if sizes.contour else 1, *widths[:-1]]
        self.down = nn.ModuleList(Level(i, o, 1 if k == 0 else 2, sizes.dropout) for k, (i, o) in enumerate(zip(inputs, widths)))
        self.excite_down: nn.Module = Excitation(widths[3]) if sizes.excitation else nn.Identity()
        self.excite_up: nn.Module = Excitation(widths[3]) if sizes.excitation else nn.Identity()
        self.up = nn.ModuleList(_convolution(widths[k + 1], widths[k], 3, 1) for k in (3, 2, 1, 0))
        self.localise = nn.ModuleList(nn.Sequential(_convolution(2 * widths[k], widths[k], 3, 1), _convolution(widths[k], widths[k], 1, 1))
                                      for k in (3, 2, 1))
        self.last = _convolution(2 * b, 2 * b, 3, 1)
        self.heads = nn.ModuleList([nn.Conv3d(widths[2], 2, 1), nn.Conv3d(widths[1], 2, 1), nn.Conv3d(2 * b, 2, 1)])

    def forward(self, x: Tensor) -> Tensor:
        skips = []
        for number, level in enumerate(self.down):
            x = level(x)
            if number == 3:
                x = self.excite_down(x)
            skips.append(x)
        logits: Tensor | None = None
        for step, level in enumerate((3, 2, 1, 0)):
            x = self.up[step](functional.interpolate(x, scale_factor=2.0, mode="nearest"))
            if level == 3:
                x = self.excite_up(x)
            x = torch.cat([x, skips[level]], 1)
            x = self.last(x) if level == 0 else self.localise[step](x)
            if level < 3:
                head = self.heads[2 - level](x)
                logits = head if logits is None else functional.interpolate(logits, scale_factor=2.0, mode="nearest") + head
        assert logits is not None
        return logits


class Level(nn.Module):
    """A convolution, and a context module (two convolutions with dropout between them) added to it."""

    def __init__(self, inputs: int, outputs: int, stride: int, dropout: float) -> None:
        super().__init__()
        self.enter = _convolution(inputs, outputs, 3, stride)
        self.context = nn.Sequential(_convolution(outputs, outputs, 3, 1), nn.Dropout3d(dropout), _convolution(outputs, outputs, 3, 1))

    def forward(self, x: Tensor) -> Tensor:
        y = self.enter(x)
        return y + self.context(y)  # type: ignore[no-any-return]


class Excitation(nn.Module):
    """Channels weighed by what the whole block sees (reduction 8)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gate = nn.Sequential(nn.Linear(channels, channels // 8), nn.ReLU(), nn.Linear(channels // 8, channels), nn.Sigmoid())

    def forward(self, x: Tensor) -> Tensor:
        return x * self.gate(x.mean((2, 3, 4)))[:, :, None, None, None]  # type: ignore[no-any-return]


def _convolution(inputs: int, outputs: int, size: int, stride: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv3d(inputs, outputs, size, stride, size // 2), nn.InstanceNorm3d(outputs, affine=True), nn.LeakyReLU(0.01))
