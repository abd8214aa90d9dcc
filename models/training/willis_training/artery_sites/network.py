"""The network: two scales of one crop, answered as its mirror image would be, so that left can't be taken for right by habit."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .locations import CLASSES, MIRRORED

#: samples of a crop along each axis, one a millimetre, the place in their middle
CROP = 64
#: what the distance from the mid-sagittal plane is divided by (mm)
REACH_MM = 30.0


class SiteNetwork(nn.Module):
    """crop [n,1,64,64,64] (z,y,x; 0..1), left_mm [n] (from the mid-sagittal plane, + to the Left) -> logits [n,14].

    The middle 32 mm at 1 mm, and the whole crop at 2 mm, by its mean and by its brightest voxel, so that thin arteries stay.
    """

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.fine = _stem(1, width)
        self.coarse = _stem(2, width)
        self.trunk = nn.Sequential(
            nn.Conv3d(2 * width, 4 * width, 3, padding=1, bias=False), nn.BatchNorm3d(4 * width), nn.ReLU(), nn.MaxPool3d(2),
            nn.Conv3d(4 * width, 4 * width, 3, padding=1, bias=False), nn.BatchNorm3d(4 * width), nn.ReLU())
        self.hidden = nn.Linear(4 * width * 64 + 1, 64)
        self.drop = nn.Dropout(0.3)
        self.last = nn.Linear(64, len(CLASSES))

    def forward(self, crop: Tensor, left_mm: Tensor) -> Tensor:
        quarter = CROP // 4
        middle = crop[:, :, quarter:-quarter, quarter:-quarter, quarter:-quarter]
        wide = torch.cat([F.avg_pool3d(crop, 2), F.max_pool3d(crop, 2)], 1)
        features = self.trunk(torch.cat([self.fine(middle), self.coarse(wide)], 1)).flatten(1)
        side = (left_mm[:, None] / REACH_MM).clamp(-1.5, 1.5)
        return self.last(self.drop(F.relu(self.hidden(torch.cat([features, side], 1)))))


class MirrorSafe(nn.Module):
    """crop, left_mm -> probability [n,14]: the mean logits of the crop and of its mirror image with sides swapped back, tempered.

    A mirrored head therefore gets exactly the mirrored answer.
    """

    def __init__(self, network: SiteNetwork, temperature: float = 1.0) -> None:
        super().__init__()
        self.network = network
        self.temperature = temperature
        self.register_buffer("swap", torch.tensor(MIRRORED))

    def logits(self, crop: Tensor, left_mm: Tensor) -> Tensor:
        straight = self.network(crop, left_mm)
        mirrored = self.network(crop.flip(4), -left_mm)
        return (straight + mirrored[:, self.swap]) / 2  # type: ignore[index,no-any-return]

    def forward(self, crop: Tensor, left_mm: Tensor) -> Tensor:
        return torch.softmax(self.logits(crop, left_mm) / self.temperature, 1)


def _stem(channels: int, width: int) -> nn.Sequential:
    """32^3 to 8^3."""
    return nn.Sequential(
        nn.Conv3d(channels, width, 3, stride=2, padding=1, bias=False), nn.BatchNorm3d(width), nn.ReLU(),
        nn.Conv3d(width, width, 3, padding=1, bias=False), nn.BatchNorm3d(width), nn.ReLU(), nn.MaxPool3d(2))
