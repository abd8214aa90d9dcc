"""NVIDIA Triton with the networks of a model repository: `triton.py REPOSITORY PORT [MODEL=FILE ...]`; says `ready` and serves until its input ends.

nvidia-pytriton brings Triton itself with its Python backend; each model's function runs its file in onnxruntime. MODEL=FILE serves
another file under a model's name.
"""

import sys
from pathlib import Path

import numpy as np
import onnxruntime as ort
from pytriton.model_config import ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig


def main() -> None:
    repository, port, *swaps = sys.argv[1:]
    other = dict(swap.split("=") for swap in swaps)
    config = TritonConfig(http_address="127.0.0.1", http_port=int(port), grpc_port=int(port) + 1, allow_metrics=False, log_verbose=0)
    with Triton(config=config) as triton:
        for folder in sorted(Path(repository).iterdir()):
            bind(triton, folder.name, other.get(folder.name, str(folder / "1" / "model.onnx")))
        triton.run()
        print("ready", flush=True)
        sys.stdin.read()


def bind(triton: Triton, name: str, file: str) -> None:
    session = ort.InferenceSession(file, providers=["CPUExecutionProvider"])
    outputs = [o.name for o in session.get_outputs()]

    def infer(requests: list) -> list[dict[str, np.ndarray]]:
        return [dict(zip(outputs, session.run(outputs, dict(request.data)))) for request in requests]

    triton.bind(model_name=name, infer_func=infer, inputs=[tensor(i) for i in session.get_inputs()],
                outputs=[tensor(o) for o in session.get_outputs()], config=ModelConfig(batching=False))


def tensor(one: ort.NodeArg) -> Tensor:
    return Tensor(name=one.name, dtype=np.float32, shape=tuple(n if isinstance(n, int) else -1 for n in one.shape))


main()
