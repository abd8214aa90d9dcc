"""From a trained network to an ONNX file: batch normalisation folded, weights stored as float16 and cast at load."""

import copy
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from .network import Block, TinyUNet3D


def export_onnx(network: TinyUNet3D, file: Path) -> None:
    """Input `volume` [n,1,z,y,x], outputs `evidence` and `localisation` of that shape; all axes dynamic, opset 17."""
    folded = fold(network)
    axes = {name: {0: "n", 2: "z", 3: "y", 4: "x"} for name in ("volume", "evidence", "localisation")}
    torch.onnx.export(
        folded, (torch.zeros(1, 1, 32, 32, 32),), str(file), dynamo=False, opset_version=17,
        input_names=["volume"], output_names=["evidence", "localisation"], dynamic_axes=axes,
    )
    model = onnx.load(str(file))
    store_as_float16(model)
    onnx.checker.check_model(model)
    onnx.save(model, str(file))


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
