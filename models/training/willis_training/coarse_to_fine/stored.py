"""The networks of a bundle back from its ONNX files, to train them further."""

from pathlib import Path

import onnx
import onnxruntime as ort
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from .deepmedic import DeepMedic
from .se_unet import FineNetwork, FineSizes


class StoredArteries(nn.Module):
    """The artery network of a bundle as it is: read, not trained. image [n,1,z,y,x] -> logit [n,z,y,x]."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.file = file
        self.session = ort.InferenceSession(str(file), providers=["CPUExecutionProvider"])

    def forward(self, image: Tensor) -> Tensor:
        return torch.logit(torch.from_numpy(self.session.run(None, {"image": image.numpy()})[0]))


def stored_sizes(folder: Path) -> tuple[tuple[int, ...], int, FineSizes]:
    """Widths of DeepMedic's pathways, width of its joined layers, and sizes of the outline network of a bundle; dropout, which no graph tells, as in narrow ones."""
    model = onnx.load(str(folder / "coarse.onnx"))
    weights = _weights(model)
    outputs = [int(weights[n.input[1]].shape[0]) for n in model.graph.node if n.op_type == "Conv"]
    *pathways, joined, _, _ = outputs
    outline = {name.removeprefix("network."): value for name, value in _weights(onnx.load(str(folder / "fine.onnx"))).items()}
    base, channels = outline["down.0.enter.0.weight"].shape[:2]
    excitation = any(name.startswith("excite_down.gate") for name in outline)
    return tuple(pathways[: len(pathways) // 2]), joined, FineSizes(int(base), channels == 2, excitation, dropout=0.1)


def load_fine(file: Path, sizes: FineSizes) -> FineNetwork:
    """The export keeps every name of the outline network."""
    network = FineNetwork(sizes)
    network.load_state_dict({name.removeprefix("network."): value for name, value in _weights(onnx.load(str(file))).items()})
    return network.eval()


def load_coarse(file: Path, widths: tuple[int, ...], joined: int, example: tuple[Tensor, Tensor]) -> DeepMedic:
    """DeepMedic by name, and by order where the export folded a batch normalisation into the convolution before it.

    A folded normalisation comes back as an identity whose statistics are those of `example` (fine and coarse segments):
    in training it then normalises by the batch as the others do.
    """
    model = onnx.load(str(file))
    weights, network = _weights(model), DeepMedic(1, widths, joined)
    convolutions = iter([n.input for n in model.graph.node if n.op_type == "Conv"])
    slopes = iter([n.input[1] for n in model.graph.node if n.op_type == "PRelu"])
    identities = []
    left_over: Tensor | None = None
    with torch.no_grad():
        for name, module in network.named_modules():
            if isinstance(module, nn.Conv3d):
                _, weight, bias = next(convolutions)
                module.weight.copy_(weights[weight])
                left_over = weights[bias] if module.bias is None else None
                if module.bias is not None:
                    module.bias.copy_(weights[bias])
            elif isinstance(module, nn.PReLU):
                module.weight.copy_(weights[next(slopes)].flatten())
            elif isinstance(module, nn.BatchNorm3d) and f"network.{name}.weight" in weights:
                for part in ("weight", "bias", "running_mean", "running_var"):
                    getattr(module, part).copy_(weights[f"network.{name}.{part}"])
            elif isinstance(module, nn.BatchNorm3d):
                module.weight.fill_((1 + module.eps) ** 0.5)
                module.bias.copy_(torch.zeros_like(module.bias) if left_over is None else left_over)
                identities.append(module)
    _settle(network.eval(), identities, example)
    return network


def _settle(network: DeepMedic, identities: list[nn.BatchNorm3d], example: tuple[Tensor, Tensor]) -> None:
    """Gives each identity the statistics of what reaches it, and the slope and offset that undo them."""
    reached: dict[nn.Module, tuple[Tensor, Tensor]] = {}

    def note(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        reached[module] = (inputs[0].mean((0, 2, 3, 4)), inputs[0].var((0, 2, 3, 4)))

    hooks = [module.register_forward_pre_hook(note) for module in identities]
    with torch.no_grad():
        network(*example)
        for module, (mean, variance) in reached.items():
            assert isinstance(module, nn.BatchNorm3d)
            module.running_mean.copy_(mean)  # type: ignore[union-attr]
            module.running_var.copy_(variance)  # type: ignore[union-attr]
            module.bias += mean
            module.weight.copy_((variance + module.eps).sqrt())
    for hook in hooks:
        hook.remove()


def _weights(model: onnx.ModelProto) -> dict[str, Tensor]:
    """Initialisers as float32, under the names the graph uses: `_f16` marks what a Cast turns back, and equal ones are stored once."""
    stored = {i.name.removesuffix("_f16"): torch.from_numpy(numpy_helper.to_array(i).astype("float32")) for i in model.graph.initializer}
    return stored | {n.output[0]: stored[n.input[0]] for n in model.graph.node if n.op_type == "Identity" and n.input[0] in stored}
