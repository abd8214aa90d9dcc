"""From a trained network to an ONNX file: batch normalisation folded, upsampling folded, float16 weights cast at load."""

import copy
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from .network import Block, TinyUNet3D
from .upsample import UpsampledConvolution


def export_onnx(network: TinyUNet3D, file: Path) -> None:
    """Input `volume` [n,1,z,y,x], outputs `evidence` and `localisation` of that shape; all axes dynamic, opset 17."""
    folded = Lean(network)
    axes = {name: {0: "n", 2: "z", 3: "y", 4: "x"} for name in ("volume", "evidence", "localisation")}
    torch.onnx.export(
        folded, (torch.zeros(1, 1, 32, 32, 32),), str(file), dynamo=False, opset_version=17,
        input_names=["volume"], output_names=["evidence", "localisation"], dynamic_axes=axes,
    )
    model = onnx.load(str(file))
    store_as_float16(model)
    onnx.checker.check_model(model)
    onnx.save(model, str(file))


class Lean(nn.Module):
    """The same function as the network, in the operations that run fastest (see `upsample`)."""

    def __init__(self, network: TinyUNet3D) -> None:
        super().__init__()
        self.net = fold(network)
        bottom, two = self.net.bottom[3].out_channels, self.net.dec2[3].out_channels  # type: ignore[union-attr]
        self.up2 = UpsampledConvolution(self.net.dec2[0], bottom)  # type: ignore[arg-type]
        self.up1 = UpsampledConvolution(self.net.dec1[0], two)  # type: ignore[arg-type]
        # the decoder blocks after their first convolution
        self.rest2, self.rest1 = (nn.Sequential(*list(block)[1:]) for block in (self.net.dec2, self.net.dec1))

    def forward(self, volume: Tensor) -> tuple[Tensor, Tensor]:
        net = self.net
        one = net.enc1(volume)
        two = net.enc2(net.pool(one))
        two = self.rest2(self.up2(net.bottom(net.pool(two)), two))
        features = self.rest1(self.up1(two, one))
        return net.evidence(features), net.localisation(features)


def fold(network: TinyUNet3D) -> TinyUNet3D:
    """The same function without batch normalisation layers."""
    folded = copy.deepcopy(network).eval().to(memory_format=torch.contiguous_format)
    for block in (m for m in folded.modules() if isinstance(m, Block)):
        for index in (0, 3):
            block[index] = fuse_conv_bn_eval(block[index], block[index + 1])  # type: ignore[arg-type]
            block[index + 1] = nn.Identity()
    return folded


def store_as_float16(model: onnx.ModelProto) -> None:
    """Each float32 initialiser becomes a float16 one and a Cast; onnxruntime folds the Cast when it loads the session."""
    graph = model.graph
    casts = []
    for initialiser in list(graph.initializer):
        if initialiser.data_type != TensorProto.FLOAT or np.prod(initialiser.dims) < 64:
            continue
        half = numpy_helper.from_array(numpy_helper.to_array(initialiser).astype(np.float16), f"{initialiser.name}_f16")
        casts.append(helper.make_node("Cast", [half.name], [initialiser.name], to=TensorProto.FLOAT))
        graph.initializer.remove(initialiser)
        graph.initializer.append(half)
    for cast in reversed(casts):
        graph.node.insert(0, cast)
