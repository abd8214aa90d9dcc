"""Steps down a cosine of learning rates: what the further trainings have in common once each has its optimiser and its loss."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

#: the mean loss of so many steps is told
TELL_EVERY = 50


@dataclass(frozen=True)
class Course:
    """What is trained, in words; for how many steps; and the norm that gradients are cut to."""

    called: str
    steps: int
    longest: float


def descend(network: nn.Module, optimiser: torch.optim.Optimizer, course: Course, loss_at: Callable[[int], Tensor]) -> None:
    """Changes the network in place. `loss_at` takes the number of the step, from 0; gradients of what the optimiser holds beside the network are not cut."""
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, course.steps)
    losses: list[Tensor] = []
    for step in range(course.steps):
        loss = loss_at(step)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), course.longest)
        optimiser.step()
        schedule.step()
        losses.append(loss.detach())
        if len(losses) == TELL_EVERY or step + 1 == course.steps:
            print(f"{course.called}: step {step + 1} of {course.steps}, loss {torch.stack(losses).mean().item():.4f}", flush=True)
            losses.clear()
