"""DeepMedic with its public defaults: a normal and a three times coarser pathway of eight 3x3x3 convolutions, joined.

All convolutions of the pathways are valid, so a segment of n voxels an axis gives n - 16; the coarse pathway sees the same
middle on a grid three times coarser: 37 -> 21 beside 23 -> 7, and 45 -> 29 beside 26 -> 10.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

WIDTHS = (30, 30, 40, 40, 40, 40, 50, 50)
#: layers (from 1) whose input of two layers before is added
RESIDUAL = (4, 6, 8)
COARSER = 3
#: what the valid convolutions of a pathway take from each axis
LOST = 16


class DeepMedic(nn.Module):
    """fine [n,c,s,s,s] and coarse [n,c,k,k,k] (see `coarse_size`) -> logits of two classes [n,2,s-16,s-16,s-16]."""

    def __init__(self, channels: int = 1, widths: tuple[int, ...] = WIDTHS, joined: int = 250) -> None:
        super().__init__()
        self.fine, self.coarse = Pathway(channels, widths), Pathway(channels, widths)
        # the first joined layer is 3x3x3 with mirrored borders, the second 1x1x1
        self.mix = nn.Sequential(nn.ReplicationPad3d(1), nn.Conv3d(2 * widths[-1], joined, 3, bias=False), nn.BatchNorm3d(joined), nn.PReLU(joined),
                                 nn.Conv3d(joined, joined, 1, bias=False), nn.BatchNorm3d(joined), nn.PReLU(joined), nn.Dropout(0.5))
        self.classes = nn.Conv3d(joined, 2, 1)

    def forward(self, fine: Tensor, coarse: Tensor) -> Tensor:
        near = self.fine(fine)
        far = functional.interpolate(self.coarse(coarse), scale_factor=float(COARSER), mode="nearest")
        z, y, x = near.shape[2:]
        return self.classes(self.mix(torch.cat([near, far[:, :, :z, :y, :x]], 1)))  # type: ignore[no-any-return]


class Pathway(nn.Module):
    """Valid 3x3x3 convolutions with batch normalisation and PReLU before each but the first, and residuals."""

    def __init__(self, channels: int, widths: tuple[int, ...]) -> None:
        super().__init__()
        inputs = (channels, *widths[:-1])
        self.layers = nn.ModuleList(
            nn.Sequential(*([] if k == 0 else [nn.BatchNorm3d(i), nn.PReLU(i)]), nn.Conv3d(i, o, 3))
            for k, (i, o) in enumerate(zip(inputs, widths)))
        for layer in self.layers:
            nn.init.kaiming_normal_(layer[-1].weight)

    def forward(self, x: Tensor) -> Tensor:
        earlier: list[Tensor] = [x]
        for number, layer in enumerate(self.layers, start=1):
            x = layer(x)
            if number in RESIDUAL:
                before = earlier[-2][:, :, 2:-2, 2:-2, 2:-2]
                # the wider layer keeps its last channels without residual
                x = torch.cat([x[:, : before.shape[1]] + before, x[:, before.shape[1] :]], 1)
            earlier.append(x)
        return x


def coarse_size(fine: int) -> int:
    """Voxels an axis of the coarse segment that covers the output of a fine segment."""
    return -(-(fine - LOST) // COARSER) + LOST


def coarse_view(volume: Tensor, centre: tuple[int, int, int], fine: int) -> Tensor:
    """The coarse segment [c,k,k,k] of a padded volume [c,z,y,x] about the fine segment centred at `centre` (every third voxel).

    Its cells are centred on those of the output: cell 8 of the coarse grid covers output voxels 0 to 2, the middle being 1.
    """
    size = coarse_size(fine)
    first_output = -(fine - LOST) // 2 + (1 if (fine - LOST) % 2 else 0)
    offsets = first_output + 1 + COARSER * (torch.arange(size) - LOST // 2)
    index = [(c + offsets).clamp(0, n - 1) for c, n in zip(centre, volume.shape[1:])]
    return volume[:, index[0]][:, :, index[1]][:, :, :, index[2]]
