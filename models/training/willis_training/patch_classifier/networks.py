"""The two published patch networks; both give one logit a patch."""

import torch
from torch import Tensor, nn

from ..network import Norm, TinyUNet3D
from .config import PatchConfig


class Simple3DCNN(nn.Module):
    """Three times convolution, ReLU, pooling (16, 32, 64 channels), global average, one linear layer: about 0.07 million weights."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs, outputs in ((1, 16), (16, 32), (32, 64)):
            layers += [nn.Conv3d(inputs, outputs, 3, padding=1), nn.ReLU(), nn.MaxPool3d(2)]
        self.features, self.head = nn.Sequential(*layers), nn.Linear(64, 1)

    def forward(self, patches: Tensor) -> Tensor:
        return self.head(self.features(patches).mean((2, 3, 4)))[:, 0]  # type: ignore[no-any-return]


class PooledUNet(nn.Module):
    """The Tiny 3D U-Net read as published: the mean of its evidence map is the patch's logit."""

    def __init__(self, base: int, norm: Norm = "batch") -> None:
        super().__init__()
        self.body = TinyUNet3D(base, norm)

    def forward(self, patches: Tensor) -> Tensor:
        return self.body(patches)[0].mean((1, 2, 3, 4))  # type: ignore[no-any-return]


def build(config: PatchConfig) -> nn.Module:
    """The network a configuration asks for, seeded."""
    torch.manual_seed(config.seed)
    return Simple3DCNN() if config.network == "simple-3d-cnn" else PooledUNet(config.base, config.norm)
