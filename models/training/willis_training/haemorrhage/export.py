"""Slice networks and sequence model as ONNX, with the explanation in the graph and weights stored small."""

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from ..export import store_as_float16
from .network import SliceNetwork
from .prepare import PIXELS
from .sequence import SequenceModel
from .sequence_map import SequenceMap


class ExplainedSlices(nn.Module):
    """hu [n,3,p,p] -> logits [n,6], features [n,2048], gradcampp [n,6,h,w], evidence [n,6,h,w], maps [n,2048,h,w].

    The head is linear on the mean of the last maps A, so Grad-CAM++ needs no gradient (Y = exp(logit)):
    relu(sum_k relu(v_k) / (2 + v_k f_k) A_k). `evidence` is v . A + c, whose mean over the cells is the logit. `maps` are A, for
    the sequence-level map.
    """

    def __init__(self, network: SliceNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, hu: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        logits, features, maps = self.network(hu)
        weight, bias = self.network.head.weight, self.network.head.bias
        evidence = nn.functional.conv2d(maps, weight[:, :, None, None], bias)
        return logits, features, grad_cam_plus_plus(maps, features, weight), evidence, maps


def grad_cam_plus_plus(maps: Tensor, features: Tensor, weight: Tensor) -> Tensor:
    """Closed form for a linear head on pooled maps that are not negative; [n,k,h,w], [n,k], [c,k] -> [n,c,h,w]."""
    positive = torch.relu(weight)
    # 2 + v f is at least 2 wherever relu(v) is not 0: maps come out of a ReLU
    gains = positive[None] / (2 + positive[None] * features[:, None])
    n, k, h, w = maps.shape
    return torch.relu(torch.bmm(gains, maps.reshape(n, k, h * w))).reshape(n, -1, h, w)


class BothWays(nn.Module):
    """The sequence model read from below and from above: features [1,2,t,2048], logits [1,2,t,6], spacing [1] -> logits [1,t,6]."""

    def __init__(self, model: SequenceModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, features: Tensor, logits: Tensor, spacing: Tensor) -> Tensor:
        forward = self.model(features, logits, spacing)[0]
        backward = self.model(features.flip(2), logits.flip(2), spacing)[0]
        return 0.5 * (forward + backward.flip(1))


def export_slices(network: SliceNetwork, file: Path, small: bool = True) -> None:
    """Writes a slice network; `small` stores convolutions as int8 with one scale a filter, the rest as float16."""
    names = ["logits", "features", "gradcampp", "evidence", "maps"]
    torch.onnx.export(
        ExplainedSlices(network).eval().to(memory_format=torch.contiguous_format), (torch.zeros(2, 3, PIXELS, PIXELS),), str(file), dynamo=False,  # type: ignore[call-overload]
        opset_version=17, input_names=["hu"], output_names=names, dynamic_axes={name: {0: "n"} for name in ("hu", *names)})
    model = onnx.load(str(file))
    if small:
        store_convolutions_as_int8(model)
        store_as_float16(model)
    onnx.checker.check_model(model)
    onnx.save(model, str(file))


def export_sequence(model: SequenceModel, file: Path) -> None:
    """Writes the sequence model; the number of slices is free."""
    example = (torch.zeros(1, 2, 9, 2048), torch.zeros(1, 2, 9, 6), torch.full((1,), 5.0))
    torch.onnx.export(BothWays(model).eval(), example, str(file), dynamo=False, opset_version=17,
                      input_names=["features", "logits", "spacing"], output_names=["sequence"],
                      dynamic_axes={"features": {2: "t"}, "logits": {2: "t"}, "sequence": {1: "t"}})
    onnx_model = onnx.load(str(file))
    store_as_float16(onnx_model)
    onnx.checker.check_model(onnx_model)
    onnx.save(onnx_model, str(file))


def export_sequence_map(explained: SequenceMap, file: Path) -> None:
    """Writes the sequence-level map; the numbers of slices and of those explained are free."""
    names = ["features", "logits", "spacing", "slices", "maps"]
    cells = PIXELS // 16
    example = (torch.zeros(1, 2, 9, 2048), torch.zeros(1, 2, 9, 6), torch.full((1,), 5.0), torch.eye(9)[:4], torch.zeros(4, 2, 2048, cells, cells))
    torch.onnx.export(explained.eval(), example, str(file), dynamo=False, opset_version=17, input_names=names, output_names=["map"],
                      dynamic_axes={"features": {2: "t"}, "logits": {2: "t"}, "slices": {0: "m", 1: "t"}, "maps": {0: "m"}, "map": {0: "m"}})
    model = onnx.load(str(file))
    store_as_float16(model)
    onnx.checker.check_model(model)
    onnx.save(model, str(file))


def store_convolutions_as_int8(model: onnx.ModelProto, smallest: int = 4096) -> None:
    """Each convolution's weights become int8 with a float32 scale a filter (symmetric), and a DequantizeLinear."""
    graph = model.graph
    weights = {node.input[1] for node in graph.node if node.op_type == "Conv"}
    nodes = []
    for initialiser in list(graph.initializer):
        if initialiser.name not in weights or initialiser.data_type != TensorProto.FLOAT or np.prod(initialiser.dims) < smallest:
            continue
        values = numpy_helper.to_array(initialiser)
        scale = np.maximum(np.abs(values).reshape(len(values), -1).max(1), 1e-8) / 127
        whole = np.round(values / scale.reshape(-1, 1, 1, 1)).astype(np.int8)
        name = initialiser.name
        graph.initializer.remove(initialiser)
        graph.initializer.extend([numpy_helper.from_array(whole, f"{name}_i8"), numpy_helper.from_array(scale.astype(np.float32), f"{name}_scale"),
                                  numpy_helper.from_array(np.zeros(len(values), np.int8), f"{name}_zero")])
        nodes.append(helper.make_node("DequantizeLinear", [f"{name}_i8", f"{name}_scale", f"{name}_zero"], [name], axis=0))
    for node in reversed(nodes):
        graph.node.insert(0, node)
