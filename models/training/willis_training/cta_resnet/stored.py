"""The network of a stored bundle, to go on from. Its convolutions hold the folded normalisation, so the layers here do nothing at first."""

import json
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import nn

from ..readers import Refusal
from .crops import CROP_MM, PIXELS, SLICES, STEP_MM, Crop
from .network import WINDOW_HU, CandidateNetwork

#: what a bundle says of its crops, and this kit cuts
CROPS = {"cropMm": CROP_MM, "spacingMm": STEP_MM, "pixels": PIXELS, "slices": SLICES, "windowHu": list(WINDOW_HU)}


def load_bundle(folder: Path) -> CandidateNetwork:
    """Trunk, and as its head the regression on the features that were kept; in evaluation mode."""
    manifest = json.loads((folder / "model.json").read_text())
    told = {name: manifest["preprocessing"][name] for name in CROPS}
    if told != CROPS:
        raise Refusal("WRONG_BUNDLE", folder, f"reads crops of {told}; this kit cuts {CROPS}")
    graph = onnx.load(str(folder / manifest["network"]["file"])).graph
    stored = {i.name.removesuffix("_f16"): torch.tensor(numpy_helper.to_array(i).astype(np.float32)) for i in graph.initializer}
    network = CandidateNetwork()
    # the graph lists convolutions in the order in which the trunk was built
    convolutions, norms = ([m for m in network.trunk.modules() if isinstance(m, kind)] for kind in (nn.Conv2d, nn.BatchNorm2d))
    nodes = [n for n in graph.node if n.op_type == "Conv"]
    if len(nodes) != len(convolutions):
        raise Refusal("WRONG_BUNDLE", folder, f"has {len(nodes)} convolutions; a ResNet-18 has {len(convolutions)}")
    with torch.no_grad():
        for convolution, norm, node in zip(convolutions, norms, nodes):
            convolution.weight.copy_(stored[node.input[1]])
            norm.weight.fill_(1)
            norm.bias.copy_(stored[node.input[2]])
            norm.running_var.fill_(1 - norm.eps)
        network.head.weight.zero_()
        network.head.weight[0, stored["kept"].long()] = stored["gain"]
        network.head.bias.fill_(manifest["selection"]["bias"] - float((stored["gain"] * stored["mean"]).sum()))
    return network.eval()


def golden_crops(folder: Path) -> list[Crop]:
    """The crops [5,64,64] of phantoms that a bundle is checked with; their masks are not kept."""
    told = json.loads((folder / "golden" / "golden.json").read_text())
    hu = np.frombuffer((folder / "golden" / told["file"]).read_bytes(), "<i2").reshape(told["shape"])
    return [Crop(one, np.zeros(one.shape, np.uint8), row["aneurysm"], row["kind"], np.nan, number, False)
            for number, (one, row) in enumerate(zip(hu, told["candidates"]))]
