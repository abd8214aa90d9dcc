"""The exported network is the trained one."""

import torch

from willis_training.export import Lean
from willis_training.network import TinyUNet3D


def test_folded_upsampling_is_the_same_function():
    torch.manual_seed(3)
    network = TinyUNet3D().eval()
    for batch in (1, 2):
        volume = torch.rand(batch, 1, 12, 16, 20)
        with torch.no_grad():
            for plain, lean in zip(network(volume), Lean(network).eval()(volume)):
                assert torch.allclose(plain, lean, atol=1e-5)
