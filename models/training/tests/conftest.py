"""One thread a test process: small networks lose more to waiting threads than they gain."""

import pytest
import torch


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    torch.set_num_threads(1)
