"""Where the checkpoint of a training lies: under the settings it was trained with, so that no other run takes it for its own."""

import dataclasses
import hashlib
from pathlib import Path

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
