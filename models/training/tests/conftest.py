"""One thread a test process: small networks lose more to waiting threads than they gain. Without torch the training tests are left out."""

import os

import pytest

NEED_TORCH = ["test_artery_sites.py", "test_coarse_to_fine.py", "test_compute.py", "test_cta_resnet.py", "test_explanations.py", "test_fine_tune_cta.py",
              "test_fine_tune_outlines.py", "test_haemorrhage.py", "test_head_distance.py", "test_patch_classifier.py", "test_patch_training.py", "test_rebuild.py",
              "test_trained_bundles.py", "test_tune_haemorrhage.py", "test_unseen.py", "test_upsample.py"]
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


@pytest.fixture
def goes_on_alike(monkeypatch, tmp_path):
    """Of a training `fit(checkpoint file)`: stopped after its second step, it must end with the weights of a run that was not."""
    from willis_training import checkpoints

    def check(fit):
        monkeypatch.setattr(checkpoints, "EVERY", 2)
        whole = fit(None)
        taken = []

        def killed(file, parts, step):
            if taken:
                raise KeyboardInterrupt
            taken.append(step)
            kept(file, parts, step)

        kept = checkpoints.put_down
        with monkeypatch.context() as interrupted, pytest.raises(KeyboardInterrupt):
            interrupted.setattr(checkpoints, "put_down", killed)
            fit(tmp_path / "under-way.pt")
        again = fit(tmp_path / "under-way.pt")
        assert taken == [2]
        assert all(torch.equal(a, b) for a, b in zip(whole.state_dict().values(), again.state_dict().values()))

    return check
