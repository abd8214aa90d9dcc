"""The networks of system 003 as ONNX: Resize and Conv only, dynamic batch, weights stored as float16."""

from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from ..export import Lean, store_as_float16
from .deepmedic import DeepMedic, coarse_size
from .se_unet import FineNetwork
from .vessels import ArteryNetwork


class Probability(nn.Module):
    """Probability of class 1 of a two-class network."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, *inputs: Tensor) -> Tensor:
        return torch.softmax(self.network(*inputs), 1)[:, 1]


class ArteryProbability(nn.Module):
    """Probability that a voxel is inside an artery, in the operations that run fastest (see `upsample`)."""

    def __init__(self, network: ArteryNetwork) -> None:
        super().__init__()
        self.body = Lean(network.body)

    def forward(self, image: Tensor) -> Tensor:
        return torch.sigmoid(self.body(image)[1][:, 0])


def export_coarse(network: DeepMedic, file: Path, segment: int = 45) -> None:
    """`fine` [n,1,s,s,s] and `coarse` -> `probability` [n,s-16,s-16,s-16]; the segment size is fixed."""
    k = coarse_size(segment)
    _export(Probability(network), (torch.zeros(1, 1, *(segment,) * 3), torch.zeros(1, 1, *(k,) * 3)), ["fine", "coarse"], file)


def export_fine(network: FineNetwork, file: Path, channels: int = 2, voi: int = 64) -> None:
    """`channels` [n,c,64,64,64] (vessels, contour) -> `probability` [n,64,64,64]."""
    _export(Probability(network), (torch.zeros(1, channels, *(voi,) * 3),), ["channels"], file)


def export_arteries(network: ArteryNetwork, file: Path) -> None:
    """`image` [n,1,z,y,x] -> `probability` [n,z,y,x], axes multiples of 4 and free."""
    axes = {"image": {0: "n", 2: "z", 3: "y", 4: "x"}, "probability": {0: "n", 1: "z", 2: "y", 3: "x"}}
    _export(ArteryProbability(network), (torch.zeros(1, 1, 32, 32, 32),), ["image"], file, axes)


def _export(network: nn.Module, example: tuple[Tensor, ...], inputs: list[str], file: Path, axes: dict | None = None) -> None:  # type: ignore[type-arg]
    free = axes or {name: {0: "n"} for name in (*inputs, "probability")}
    torch.onnx.export(network.eval(), example, str(file), dynamo=False, opset_version=17, input_names=inputs, output_names=["probability"],
                      dynamic_axes=free)
    model = onnx.load(str(file))
    store_as_float16(model)
    onnx.checker.check_model(model)
    onnx.save(model, str(file))
