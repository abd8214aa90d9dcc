"""Stored networks of a bundle back as modules, and the sequence-level map for a bundle that was exported without it."""

import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from .export import export_sequence_map
from .measure import Reader
from .network import DEPTHS, SliceNetwork, Variant
from .prepare import PIXELS, head_part, prepare, slabs
from .sequence import SMALL, SequenceModel, SequenceSizes
from .sequence_map import SequenceMap

SEQUENCE_MAP = "sequence-map.onnx"
MAP_METHOD = ("Grad-CAM of the sequence model's class logit of a slice, on the last convolutional maps of both slice networks in it, "
              "through features and slice logits")


def add_sequence_map(folder: Path, version: str) -> None:
    """Adds the sequence-level map and its golden vectors to a bundle from its stored weights: none changes, but the version does."""
    for file in ("slices-a.onnx", "slices-b.onnx"):
        reveal_maps(folder / file)
    export_sequence_map(SequenceMap(load_sequence(folder / "sequence.onnx"), load_heads(folder)), folder / SEQUENCE_MAP)
    manifest = json.loads((folder / "model.json").read_text())
    was, manifest["version"] = manifest["version"], version
    kept = [network for network in manifest["networks"] if network["role"] != "sequence-map"]
    for network in kept:
        network["sha256"] = sha256(folder / network["file"])
        if network["role"].startswith("slices") and "maps" not in network["outputs"]:
            network["outputs"].append("maps")
    manifest["networks"] = [*kept, sequence_map_entry(folder)]
    manifest["explanation"]["sequenceMethod"] = MAP_METHOD
    (folder / "model.json").write_text(json.dumps(manifest, indent=2, allow_nan=False) + "\n")
    card = (folder / "CARD.md").read_text()
    (folder / "CARD.md").write_text(card.replace(f"{manifest['id']} {was})", f"{manifest['id']} {version})"))
    _add_golden(folder)


def _add_golden(folder: Path) -> None:
    file = folder / "golden" / "golden.json"
    golden = json.loads(file.read_text())
    volume = np.frombuffer((folder / "golden" / golden["file"]).read_bytes(), "<i2").reshape(golden["shape"])
    thick, spacing = slabs(volume[head_part(volume, golden["spacingMm"])], golden["spacingMm"][2])
    reader = Reader(folder)
    parts = reader.read(prepare(thick, golden["spacingMm"][:2]), spacing)[2]
    golden["sequenceMap"] = golden_maps(reader, parts, spacing, [row["slice"] for row in golden["gradcampp"]])
    file.write_text(json.dumps(golden) + "\n")


def golden_maps(reader: Reader, parts: dict[str, np.ndarray], spacing: float, slices: list[int]) -> list[dict[str, object]]:
    """What golden vectors say of the map of `any` in some slices, as shares of its largest cell."""
    maps = reader.explain(parts, spacing, slices)[:, 0]
    return [{"slice": t, "class": "any", "cells": np.round(m / max(float(m.max()), 1e-12), 4).tolist()} for t, m in zip(slices, maps.astype(float))]


def sequence_map_entry(folder: Path) -> dict[str, object]:
    """The manifest's line on the exported map."""
    return {"role": "sequence-map", "file": SEQUENCE_MAP, "sha256": sha256(folder / SEQUENCE_MAP),
            "inputs": ["features", "logits", "spacing", "slices", "maps"], "outputs": ["map"]}


def sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def reveal_maps(file: Path) -> None:
    """The last maps of a stored slice network become an output: whatever `features` is the mean of."""
    model = onnx.load(str(file))
    graph = model.graph
    if any(output.name == "maps" for output in graph.output):
        return
    pooling = next(node for node in graph.node if "features" in node.output)
    graph.node.append(helper.make_node("Identity", [pooling.input[0]], ["maps"]))
    cells = PIXELS // 16
    graph.output.append(helper.make_tensor_value_info("maps", TensorProto.FLOAT, ["n", 2048, cells, cells]))
    onnx.checker.check_model(model)
    onnx.save(model, str(file))


def load_heads(folder: Path) -> Tensor:
    """Weights of both slice networks' heads, [2,6,2048]."""
    found = [Stored(folder / f"slices-{which}.onnx")("network.head.weight") for which in "ab"]
    return torch.from_numpy(np.stack(found))


def load_sequence(file: Path) -> SequenceModel:
    """The sequence model as it was exported: its normalisations are in the convolutions before them."""
    stored = Stored(file)
    convolutions, grus, products = (stored.weights_of(kind) for kind in ("Conv", "GRU", "MatMul"))
    wide, narrow = convolutions[0][0].shape[0], convolutions[1][0].shape[0]
    first, rest = convolutions[5][0].shape[0], convolutions[6][0].shape[0]
    # dropout is no part of a file: training goes on with that of the shipped sizes
    model = SequenceModel(SequenceSizes((wide, narrow), grus[0][1].shape[2], (first, rest), SMALL.dropout)).eval()
    folded = [(part, k) for part in model.reduce for k in (1, 5)]
    for (part, k), values in zip([*folded, (model, "direct"), *((layer, 0) for layer in model.stack), (model, "stack_direct")], convolutions):
        conv = getattr(part, k) if isinstance(k, str) else part[k]
        conv.weight.data, conv.bias.data = map(torch.from_numpy, values[:2])
        if not isinstance(k, str):
            part[k + 1] = nn.Identity()
    for layer, values in enumerate(grus[:2]):
        _set_gru(model.gru, layer, values)
    for layer, values in enumerate(grus[2:4]):
        _set_gru(model.stack_gru, layer, values)
    for name, product in zip(("gru_head", "stack_head"), products):
        getattr(model, name).weight.data = torch.from_numpy(product[0].T.copy())
        getattr(model, name).bias.data = torch.from_numpy(stored(f"model.{name}.bias"))
    return model


def load_slices(file: Path, variant: Variant) -> SliceNetwork:
    """A slice network as it was exported: normalisations are in the convolutions before them, int8 and float16 weights are what they stand for."""
    stored = Stored(file)
    convolutions = {_place_of(node): node for node in stored.graph.node if node.op_type == "Conv" and "/trunk/" in node.name}
    blocks = sum(place.endswith("body.0") for place in convolutions)
    network = SliceNetwork(variant, next(depth for depth, stages in DEPTHS.items() if sum(stages) == blocks))
    without_normalisation(network)
    for place, node in convolutions.items():
        conv = network.get_submodule(place)
        conv.weight, conv.bias = (nn.Parameter(torch.from_numpy(stored(name))) for name in node.input[1:3])
    for name in ("weight", "bias"):
        getattr(network.head, name).data = torch.from_numpy(stored(f"network.head.{name}"))
    return network.eval()


def without_normalisation(network: nn.Module) -> None:
    """Takes the batch normalisation out of a network whose convolutions hold it."""
    for part in network.modules():
        for name, child in part.named_children():
            if isinstance(child, nn.BatchNorm2d):
                setattr(part, name, nn.Identity())


def _place_of(node: onnx.NodeProto) -> str:
    """/network/trunk/trunk.4/body/body.0/Conv -> trunk.4.body.0"""
    return ".".join(part for part in node.name.split("/") if "." in part)


class Stored:
    """Constants of an ONNX file by name, whatever they are stored as."""

    def __init__(self, file: Path) -> None:
        self.graph = onnx.load(str(file)).graph
        self.known = {i.name: i for i in self.graph.initializer}
        self.made = {output: node for node in self.graph.node for output in node.output if node.op_type in ("Cast", "Identity", "DequantizeLinear")}

    def __call__(self, name: str) -> np.ndarray:
        node = self.made.get(name)
        if node is None:
            return numpy_helper.to_array(self.known[name]).astype(np.float32)
        if node.op_type != "DequantizeLinear":
            return self(node.input[0])
        whole, scale = self(node.input[0]), self(node.input[1])
        return whole * scale.reshape(-1, *[1] * (whole.ndim - 1))

    def weights_of(self, kind: str) -> list[list[np.ndarray]]:
        """The constants each operation of a kind has, in the order of the graph."""
        return [[self(name) for name in node.input if self._is_constant(name)] for node in self.graph.node if node.op_type == kind]

    def _is_constant(self, name: str) -> bool:
        while name in self.made:
            name = self.made[name].input[0]
        return name in self.known


def _set_gru(gru: nn.GRU, layer: int, values: list[np.ndarray]) -> None:
    """ONNX has the gates as update, reset, new and both directions in one; torch has reset, update, new."""
    w_in, w_state, biases = values
    for direction, suffix in enumerate(("", "_reverse")):
        b_in, b_state = np.split(biases[direction], 2)
        for name, value in (("weight_ih", w_in[direction]), ("weight_hh", w_state[direction]), ("bias_ih", b_in), ("bias_hh", b_state)):
            update, reset, new = np.split(value, 3)
            getattr(gru, f"{name}_l{layer}{suffix}").data = torch.from_numpy(np.concatenate([reset, update, new]))
