"""The weighted Dice loss, as printed and as meant.

Printed: L = -(1 - d)^beta d with the smoothed Dice d. Differentiated as printed it has its minimum at d = 1 / (1 + beta):
beta 1 pulls the overlap to one half. Meant is a weight that grows where the overlap is poor; as a constant of the step it
never turns the gradient.
"""

from torch import Tensor

SMOOTHING = 1e-4


def soft_dice(probability: Tensor, truth: Tensor) -> Tensor:
    """2 (G.P + S/2) / (G^2 + P^2 + S) of each volume [n, ...]."""
    p, g = probability.flatten(1), truth.flatten(1)
    return 2 * ((g * p).sum(1) + SMOOTHING / 2) / ((g**2).sum(1) + (p**2).sum(1) + SMOOTHING)


def weighted_dice_loss(probability: Tensor, truth: Tensor, beta: float = 1.0) -> Tensor:
    """-(1 - d)^beta d with the weight held constant: its gradient always raises d."""
    d = soft_dice(probability, truth)
    # at d = 1 the weight would be 0 and 0^beta has no use: a floor keeps the last voxels moving
    weight = (1 - d.detach()).clamp(min=0.1) ** beta
    return -(weight * d).mean()


def printed_weighted_dice_loss(dice: Tensor, beta: float) -> Tensor:
    """The formula as printed, of the Dice itself; kept to show where its minimum lies, never trained with."""
    return -((1 - dice) ** beta) * dice
