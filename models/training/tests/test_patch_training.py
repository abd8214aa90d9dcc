"""Training of the dense patch network."""

import numpy as np
import pytest
import torch

from willis_training import dataset
from willis_training.dataset import Case, CropSampler
from willis_training.train import TrainOptions, train, voxel_loss


def scan(radius: float = 4.0, side: int = 72) -> Case:
    """A bright ball in a grey block."""
    z, y, x = np.meshgrid(*(np.arange(side) - side // 2,) * 3, indexing="ij")
    inside = x**2 + y**2 + z**2 < radius**2
    return Case(np.where(inside, 0.9, 0.3).astype(np.float16), inside.astype(np.uint8), np.full((1, 3), side / 2), np.array([2 * radius]), np.array([float(inside.sum())]))


def test_a_training_that_was_interrupted_ends_as_if_it_had_not_been(goes_on_alike):
    options = TrainOptions(steps=6, settle_steps=1, broad_steps=1, bent_steps=2, settle_crop=48, batch=1, mine_at=(0.3,), mine_cases=1, threads=1)
    goes_on_alike(lambda file: train([scan(), scan(5.0)], [scan(3.0)], options, file))


def test_hard_negatives_are_kept_with_the_checkpoint():
    sampler, again = CropSampler([scan()], 1), CropSampler([scan()], 1)
    sampler.hard = [(0, (1.0, 2.0, 3.0))]
    again.load_state_dict(sampler.state_dict())
    assert again.hard == sampler.hard


def test_a_missed_sac_of_3_mm_costs_as_much_as_one_of_10():
    labels = torch.zeros(2, 32, 32, 32)
    labels[0, :10, :10, :10] = 1
    labels[1, :3, :3, :3] = 1

    def cost(missed: int) -> float:
        """Without the Dice part, which sees every crop by itself as it is."""
        logits = torch.where(labels > 0, 6.0, -6.0)
        logits[missed][labels[missed] > 0] = -6.0
        overall = torch.nn.functional.binary_cross_entropy_with_logits(logits, labels)
        return float(voxel_loss(logits, labels) - 20 * overall)

    assert cost(1) == pytest.approx(cost(0), rel=0.1)


def test_as_many_crops_as_told_are_of_another_scanner(monkeypatch):
    taken = []
    monkeypatch.setattr(dataset, "another_scanner", lambda image, rng: taken.append(1) or image)
    for share, least, most in ((0.0, 0, 0), (0.5, 8, 32), (1.0, 40, 40)):
        taken.clear()
        sampler = CropSampler([scan()], 1, crop=16)
        sampler.broad = share
        sampler.batch(40)
        assert least <= len(taken) <= most
