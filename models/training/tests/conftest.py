"""One thread a test process: small networks lose more to waiting threads than they gain. Without torch the training tests are left out."""

import os

import pytest

NEED_TORCH = ["test_artery_sites.py", "test_coarse_to_fine.py", "test_compute.py", "test_cta_resnet.py", "test_explanations.py", "test_fine_tune_cta.py",
              "test_haemorrhage.py", "test_head_distance.py", "test_patch_classifier.py", "test_rebuild.py", "test_trained_bundles.py",
              "test_tune_haemorrhage.py", "test_unseen.py", "test_upsample.py"]
collect_ignore = []
try:
    import torch
except ImportError:
    if os.environ.get("CI") == "true" and "WILLIS_WITHOUT_TORCH" not in os.environ:
        raise
    collect_ignore = NEED_TORCH
    print("skipped: the training tests need torch (requirements-train.txt)")


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    if not collect_ignore:
        torch.set_num_threads(1)
