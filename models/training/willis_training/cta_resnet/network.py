"""ResNet-18 in plain torch, with 512 pooled features: 7x7/2 stem, four stages of two basic blocks at 64, 128, 256, 512."""

from pathlib import Path

import torch
from torch import Tensor, nn

FEATURES = 512
#: HU shown to the network: below is 0, above is 1
WINDOW_HU = (-100.0, 700.0)
#: what ImageNet weights expect
MEAN, SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class CandidateNetwork(nn.Module):
    """hu [n,3,p,p] (slices z-1, z, z+1 of a 0.5 mm crop) -> logit [n], features [n,512], last maps [n,512,p/16,p/16]."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = resnet18_trunk()
        self.head = nn.Linear(FEATURES, 1)
        self.register_buffer("mean", torch.tensor(MEAN)[None, :, None, None])
        self.register_buffer("spread", torch.tensor(SPREAD)[None, :, None, None])

    def forward(self, hu: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        maps = self.maps(hu)
        features = maps.mean((2, 3))
        return self.head(features)[:, 0], features, maps

    def maps(self, hu: Tensor) -> Tensor:
        low, high = WINDOW_HU
        shown = ((hu - low) / (high - low)).clamp(0, 1)
        doubled = nn.functional.interpolate(shown, scale_factor=2.0, mode="bilinear", align_corners=False)
        return self.trunk((doubled - self.mean) / self.spread)  # type: ignore[no-any-return,operator]


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs)
        self.conv2, self.bn2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs)
        self.downsample: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
        nn.init.zeros_(self.bn2.weight)

    def forward(self, x: Tensor) -> Tensor:
        y = torch.relu(self.bn1(self.conv1(x)))
        return torch.relu(self.bn2(self.conv2(y)) + self.downsample(x))


def resnet18_trunk() -> nn.Sequential:
    """3 channels at 224 to 512 channels at 7: 11,176,512 parameters."""
    layers: list[nn.Module] = [nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    inputs = 64
    for stage in range(4):
        outputs = 64 * 2**stage
        for block in range(2):
            layers.append(BasicBlock(inputs, outputs, 2 if stage > 0 and block == 0 else 1))
            inputs = outputs
    return nn.Sequential(*layers)


def load_imagenet(network: CandidateNetwork, file: Path) -> None:
    """Fills the trunk from a ResNet-18 state file with the usual names (conv1, bn1, layer1.0.conv1, ...); refuses another shape."""
    state = torch.load(file, weights_only=True)
    places = {"conv1": "0", "bn1": "1"} | {f"layer{s + 1}.{b}": str(4 + 2 * s + b) for s in range(4) for b in range(2)}
    renamed = {}
    for name, value in state.items():
        stem = name.split(".")[0] if not name.startswith("layer") else ".".join(name.split(".")[:2])
        if stem in places:
            renamed[name.replace(stem, places[stem], 1)] = value
    missing = network.trunk.load_state_dict(renamed, strict=False).missing_keys
    if missing:
        raise ValueError(f"{file} is no ResNet-18: {missing[0]} and {len(missing) - 1} more are missing. Give a file with ResNet-18 weights.")
