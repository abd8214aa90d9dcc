"""One ONNX file for system 000: HU in; probability, logit, contributions of the kept features and Grad-CAM out."""

from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from ..export import store_as_float16
from .crops import PIXELS
from .network import FEATURES, CandidateNetwork
from .selection import Head

OUTPUTS = ("probability", "logit", "contributions", "cam", "features")


class ExplainedCandidate(nn.Module):
    """hu [n,3,64,64] -> probability [n], logit [n], contributions [n,kept], cam [n,4,4], features [n,512].

    Selection and regression are linear in the pooled features, so Grad-CAM is relu(sum_k v_k A_k) / 16 with
    v_k = w_k / spread_k, without any gradient.
    """

    def __init__(self, network: CandidateNetwork, head: Head) -> None:
        super().__init__()
        self.network = network
        direction, offset = head.direction(FEATURES)
        self.register_buffer("direction", torch.tensor(direction, dtype=torch.float32))
        self.register_buffer("kept", torch.tensor(head.kept, dtype=torch.int64))
        self.register_buffer("mean", torch.tensor(head.mean, dtype=torch.float32))
        self.register_buffer("gain", torch.tensor(head.weights / head.spread, dtype=torch.float32))
        self.offset, self.bias = offset, head.bias

    def forward(self, hu: Tensor) -> tuple[Tensor, ...]:
        _, features, maps = self.network(hu)
        contributions = (features[:, self.kept] - self.mean) * self.gain  # type: ignore[operator,index]
        logit = contributions.sum(1) + self.bias
        cam = torch.relu((maps * self.direction[None, :, None, None]).mean(1) * (FEATURES / (maps.shape[2] * maps.shape[3])))  # type: ignore[index]
        return torch.sigmoid(logit), logit, contributions, cam, features


def export_candidate(network: CandidateNetwork, head: Head, file: Path) -> None:
    """Writes the graph; weights are stored as float16, the number of crops is free."""
    torch.onnx.export(
        ExplainedCandidate(network, head).eval().to(memory_format=torch.contiguous_format), (torch.zeros(2, 3, PIXELS, PIXELS),), str(file),  # type: ignore[call-overload]
        dynamo=False, opset_version=17, input_names=["hu"], output_names=list(OUTPUTS),
        dynamic_axes={name: {0: "n"} for name in ("hu", *OUTPUTS)})
    model = onnx.load(str(file))
    store_as_float16(model)
    onnx.checker.check_model(model)
    onnx.save(model, str(file))
