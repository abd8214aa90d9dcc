"""One training of the annex as data."""

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args, get_type_hints

from ..readers.refusal import Refusal


@dataclass(frozen=True)
class PatchConfig:
    """Network, loss, patches and stride. Lengths in voxels of the 1 mm grid; the learning rate is ours (the paper gives none)."""

    network: Literal["simple-3d-cnn", "tiny-3d-unet"] = "tiny-3d-unet"
    base: int = 8
    norm: Literal["batch", "instance", "none"] = "batch"
    loss: Literal["focal", "bce"] = "focal"
    gamma: float = 2.0
    alpha: float = 0.8
    patch: int = 32
    positives: int = 3
    negatives: int = 4
    jitter: int = 4
    stride: int = 10
    epochs: int = 100
    patience: int = 30
    batch: int = 16
    learning_rate: float = 1e-3
    least_brain: float = 0.75
    score: Literal["max", "mean", "p95"] = "max"
    seed: int = 1


def _row(network: str, patch: int, negatives: int, positives: int, jitter: int, stride: int, epochs: int = 100, loss: str = "bce", base: int = 8):  # type: ignore[no-untyped-def]
    return PatchConfig(network=network, base=base, loss=loss, patch=patch, positives=positives, negatives=negatives, jitter=jitter,  # type: ignore[arg-type]
                       stride=stride, epochs=epochs)


_CNN, _UNET = "simple-3d-cnn", "tiny-3d-unet"
#: the thirteen models of the annex; model 5 is the one the paper chose
ANNEX = {
    1: _row(_CNN, 16, 2, 5, 10, 16), 2: _row(_UNET, 16, 1, 1, 8, 16), 3: _row(_UNET, 32, 1, 3, 10, 16), 4: _row(_UNET, 32, 4, 3, 4, 10),
    5: _row(_UNET, 32, 4, 3, 4, 10, loss="focal"), 6: _row(_CNN, 32, 1, 2, 20, 16), 7: _row(_CNN, 32, 2, 5, 20, 16, 500),
    8: _row(_UNET, 32, 4, 3, 4, 16, loss="focal"), 9: _row(_UNET, 32, 4, 3, 10, 16, loss="focal", base=16),
    10: _row(_CNN, 32, 10, 10, 20, 16, 500), 11: _row(_UNET, 32, 4, 3, 5, 10, 200, "focal", 16), 12: _row(_UNET, 20, 2, 2, 20, 16, 500),
    13: _row(_UNET, 32, 10, 10, 20, 16, 500)}


#: the fields that name something
CHOICES = {field: get_args(get_type_hints(PatchConfig)[field]) for field in ("network", "norm", "loss", "score")}


def _whole(value: float) -> bool:
    return isinstance(value, int) and value >= 1


#: what a number may be
BOUNDS: dict[str, tuple[str, Callable[[float], bool]]] = {
    **{name: ("a whole number from 1", _whole) for name in ("base", "patch", "positives", "negatives", "stride", "epochs", "patience", "batch")},
    "jitter": ("0 or more voxels", lambda v: v >= 0), "gamma": ("0 or more", lambda v: v >= 0), "alpha": ("between 0 and 1", lambda v: 0 < v < 1),
    "learning_rate": ("above 0 and below 1", lambda v: 0 < v < 1), "least_brain": ("from 0 to 1", lambda v: 0 <= v <= 1),
    "seed": ("a whole number from 0", lambda v: isinstance(v, int) and v >= 0)}


def load_config(file: Path) -> PatchConfig:
    """A JSON file with any of the fields, or {"annex": 5}; unknown fields and impossible values are refused by name."""
    given = json.loads(file.read_text())
    start = PatchConfig()
    if "annex" in given:
        number = given.pop("annex")
        if number not in ANNEX:
            raise Refusal("BAD_CONFIG", file, f"asks for model {number} of the annex; it has 1 to 13")
        start = ANNEX[number]
    unknown = sorted(set(given) - {f.name for f in dataclasses.fields(PatchConfig)})
    if unknown:
        raise Refusal("BAD_CONFIG", file, f"has the unknown field {unknown[0]}")
    config = dataclasses.replace(start, **given)
    for name, (what, holds) in BOUNDS.items():
        value = getattr(config, name)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not holds(value):
            raise Refusal("BAD_CONFIG", file, f"has {name} {value!r}; it must be {what}")
    for name, allowed in CHOICES.items():
        if getattr(config, name) not in allowed:
            raise Refusal("BAD_CONFIG", file, f"has {name} {getattr(config, name)!r}; it must be one of {', '.join(allowed)}")
    if config.network == _CNN and {"base", "norm"} & set(given):
        raise Refusal("BAD_CONFIG", file, f"sets {sorted({'base', 'norm'} & set(given))[0]}, which {_CNN} does not have")
    if config.network == _UNET and config.patch % 4:
        raise Refusal("BAD_CONFIG", file, f"has patches of {config.patch} voxels; the U-Net needs a multiple of 4")
    if config.stride < 1 or config.stride > config.patch:
        raise Refusal("BAD_CONFIG", file, f"has stride {config.stride}; 1 to the patch size ({config.patch}) leaves no voxel unseen")
    return config
