"""SynthStrip's design, narrower and on 2 mm: a U-Net of two convolutions a level that answers a distance at every voxel."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..compute import mixed
from ..upsample import UpsampledConvolution

#: features of each level from 2 mm to 32 mm; SynthStrip has 16, 32, 64, 64 ... from 1 mm to 64 mm
WIDTHS = (8, 16, 32, 64, 64)
SLOPE = 0.2
#: the level (from 0) from which on training is in float32
FIRST_EXACT = 3
#: the answer is in tens of millimetres inside the network, in millimetres outside
UNIT_MM = 10.0


class Level(nn.Sequential):
    """Two convolutions, each followed by the normalisation of every feature over the scan (SynthStrip has none: hours of steps) and a leaky rectifier."""

    def __init__(self, inputs: int, outputs: int) -> None:
        layers = [(nn.Conv3d(n, outputs, 3, padding=1), nn.InstanceNorm3d(outputs, affine=True), nn.LeakyReLU(SLOPE)) for n in (inputs, outputs)]
        super().__init__(*(layer for some in layers for layer in some))


class HeadDistanceNetwork(nn.Module):
    """image [n,1,z,y,x] (0..1; each side a multiple of 16) -> distance to the brain's surface in mm [n,1,z,y,x], negative inside."""

    def __init__(self, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        self.down = nn.ModuleList(Level(a, b) for a, b in zip((1, *widths), widths))
        self.up = nn.ModuleList(Level(low + skip, skip) for low, skip in zip(widths[:0:-1], widths[-2::-1]))
        self.last = nn.Conv3d(widths[0], 1, 1)
        for layer in self.modules():
            if isinstance(layer, nn.Conv3d):
                nn.init.kaiming_normal_(layer.weight, a=SLOPE)
                nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    def forward(self, image: Tensor) -> Tensor:
        skips, field = [], image
        for depth, level in enumerate(self.down):
            field = _run(level, depth, field if not skips else F.max_pool3d(field, 2))
            skips.append(field)
        for depth, (level, skip) in enumerate(zip(self.up, skips[-2::-1])):
            field = _run(level, len(skips) - 2 - depth, torch.cat([F.interpolate(field, scale_factor=2, mode="nearest"), skip.to(field.dtype)], 1))
        return UNIT_MM * self.last(field)


def _run(level: nn.Module, depth: int, field: Tensor) -> Tensor:
    """Where a slab is a few voxels high, PyTorch's CPU kernels give wrong bfloat16 gradients of a 3-D kernel: the deep levels are float32."""
    if depth < FIRST_EXACT:
        return level(field)  # type: ignore[no-any-return]
    with mixed(field.device, False):
        return level(field.float())  # type: ignore[no-any-return]


class Lean(nn.Module):
    """The same function in the operations that run fastest (see `upsample`)."""

    def __init__(self, network: HeadDistanceNetwork) -> None:
        super().__init__()
        self.net = network
        lower = [level[0].out_channels for level in (network.down[-1], *list(network.up)[:-1])]  # type: ignore[index,union-attr]
        self.joined = nn.ModuleList(UpsampledConvolution(level[0], low) for level, low in zip(network.up, lower))  # type: ignore[index,arg-type]

    def forward(self, image: Tensor) -> Tensor:
        skips, field = [], image
        for level in self.net.down:
            field = level(field if not skips else F.max_pool3d(field, 2))
            skips.append(field)
        for joined, level, skip in zip(self.joined, self.net.up, skips[-2::-1]):
            field = joined(field, skip)
            for layer in list(level)[1:]:  # type: ignore[arg-type]
                field = layer(field)
        return UNIT_MM * self.net.last(field)
