"""Checkpoints of trainings: each lies under the settings it was trained with, so that no other run takes it for its own."""

import dataclasses
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch

#: steps between two checkpoints of `KeptSteps`
EVERY = 50
#: what a run may have otherwise and still go on from the same checkpoint
INDIFFERENT = ("threads", "checkpoint_every")


def checkpoint_of(cache: Path, name: str, *settings: object) -> Path:
    """`settings` are dataclasses of options and whatever else decides what is learnt: how many phantoms, which first weights."""
    told = repr([_deciding(one) for one in settings])
    return cache / f"{name}-{hashlib.sha256(told.encode()).hexdigest()[:8]}.pt"


def _deciding(settings: object) -> object:
    if not dataclasses.is_dataclass(settings) or isinstance(settings, type):
        return settings
    return {f.name: getattr(settings, f.name) for f in dataclasses.fields(settings) if f.name not in INDIFFERENT}


class Part(Protocol):
    """Network, optimiser, schedule, `Draws`: what a training goes on with."""

    def state_dict(self) -> dict[str, Any]: ...
    def load_state_dict(self, state: dict[str, Any], /) -> object: ...


class Draws:
    """The random numbers of numpy and, on the processor, of torch: a training that was interrupted goes on as it would have."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng

    def state_dict(self) -> dict[str, Any]:
        return {"numpy": self._rng.bit_generator.state, "torch": torch.get_rng_state()}

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        self._rng.bit_generator.state = state["numpy"]
        torch.set_rng_state(state["torch"])


@dataclasses.dataclass(frozen=True)
class KeptSteps:
    """The steps of a training, told and kept every `EVERY`: `called` in words, in which file, with which parts."""

    called: str
    steps: int
    file: Path | None
    parts: Mapping[str, Part]

    def remaining(self) -> Iterator[int]:
        """Numbers of the steps from the first that is not done."""
        for step in range(take_up(self.file, self.parts), self.steps):
            yield step
            if (step + 1) % EVERY == 0:
                put_down(self.file, self.parts, step + 1)
                print(f"{self.called}: step {step + 1} of {self.steps}", flush=True)


def take_up(file: Path | None, parts: Mapping[str, Part]) -> int:
    """Sets every part to what it was; returns the steps done, 0 where there is no checkpoint."""
    if file is None or not file.exists():
        return 0
    state = torch.load(file, map_location="cpu", weights_only=True)
    for name, part in parts.items():
        part.load_state_dict(state[name])
    return int(state["step"])


def put_down(file: Path | None, parts: Mapping[str, Part], step: int) -> None:
    """Writes the checkpoint, whole or not at all; nothing where none is wanted."""
    if file is None:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".part")
    torch.save({"step": step, **{name: part.state_dict() for name, part in parts.items()}}, partial)
    partial.replace(file)
