"""The architectures of the bundles with random weights as ONNX files in a folder, and how fast PyTorch and ONNX Runtime run them here.

Prints JSON: GFLOP of a run, milliseconds (best of some runs, one thread) by runtime, and the rate of a matrix multiplication.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import onnxruntime as ort
import torch
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).parents[2] / "models" / "training"))
from willis_training.cta_resnet.network import resnet18_trunk  # noqa: E402
from willis_training.haemorrhage.network import Bottleneck  # noqa: E402
from willis_training.network import TinyUNet3D  # noqa: E402

RUNS = 6


class Pooled(nn.Module):
    """Trunk, global average, one linear layer."""

    def __init__(self, trunk: nn.Module, features: int) -> None:
        super().__init__()
        self.trunk, self.head = trunk, nn.Linear(features, 6)

    def forward(self, image: Tensor) -> Tensor:
        return self.head(self.trunk(image).mean((2, 3)))


def published_se_resnext50() -> nn.Sequential:
    """As published, for 256 pixels: every stage but the first halves (the kit's keeps the last one's size, for 128)."""
    layers: list[nn.Module] = [nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, ceil_mode=True)]
    inputs = 64
    for stage, blocks in enumerate((3, 4, 6, 3)):
        for block in range(blocks):
            layers.append(Bottleneck(inputs, 128 * 2**stage, 256 * 2**stage, 2 if stage > 0 and block == 0 else 1))
            inputs = 256 * 2**stage
    return nn.Sequential(*layers)


def best_ms(work, clock=time.process_time) -> float:
    """Processor time of work on one thread: other programs move it less than the clock."""
    work()
    times = []
    for _ in range(RUNS):
        started = clock()
        work()
        times.append(clock() - started)
    return 1000 * min(times)


def gflop(network: nn.Module, image: Tensor) -> float:
    """Two operations a product of every convolution and linear layer."""
    total = 0.0

    def add(layer: nn.Module, _inputs: object, output: Tensor) -> None:
        nonlocal total
        total += 2 * layer.weight[0].numel() * output.numel() / 1e9  # type: ignore[union-attr,operator]

    hooks = [m.register_forward_hook(add) for m in network.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    with torch.no_grad():
        network(image)
    for hook in hooks:
        hook.remove()
    return total


def measure(network: nn.Module, image: Tensor, file: Path) -> dict[str, float]:
    network = network.eval()
    torch.onnx.export(network, (image,), str(file), dynamo=False, opset_version=17, input_names=["image"], output_names=["logits"],
                      dynamic_axes={"image": {0: "n"}, "logits": {0: "n"}})
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    feed = {"image": image.numpy()}
    row = {"gflop": gflop(network, image), "ortPython": best_ms(lambda: session.run(None, feed))}
    torch.set_num_threads(1)
    with torch.no_grad():
        frozen = torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(network, image)))
        row["pytorch"] = best_ms(lambda: frozen(image))
    return row


def matmul_gflops() -> float:
    torch.set_num_threads(1)
    a = torch.rand(2048, 2048)
    return 2 * 2048**3 / 1e6 / best_ms(lambda: a @ a)


def patches_ms() -> float:
    """One of the published 32^3 patches, of a batch of 8, on two threads, in the fastest of PyTorch's ways (channels last)."""
    torch.set_num_threads(2)
    network = TinyUNet3D().eval().to(memory_format=torch.channels_last_3d)
    image = torch.rand(8, 1, 32, 32, 32).to(memory_format=torch.channels_last_3d)
    with torch.no_grad():
        frozen = torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(network, image)))
        return min(best_ms(lambda: way(image), time.perf_counter) for way in (network, frozen)) / 8


folder = Path(sys.argv[1])
torch.manual_seed(1)
result = {
    "matmulGflops": matmul_gflops(),
    "networks": {
        "resnet18": measure(Pooled(resnet18_trunk(), 512), torch.rand(4, 3, 224, 224), folder / "resnet18.onnx"),
        "seResNext50": measure(Pooled(published_se_resnext50(), 2048), torch.rand(1, 3, 256, 256), folder / "seResNext50.onnx"),
    },
    "patchMs": patches_ms(),
}
result["matmulGflops"] = max(float(result["matmulGflops"]), matmul_gflops())  # type: ignore[arg-type]
print(json.dumps(result))
