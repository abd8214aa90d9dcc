"""What is asked of a fine-tuning, and the split of its cases."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..readers import Case, Refusal


@dataclass(frozen=True)
class Order:
    """The bundle to start from, the new one, and how long to train; `data` and `layout` name what it is trained on."""

    init: Path
    out: Path
    identity: str
    data: Path
    layout: str
    steps: int
    seed: int
    date: str

    def description(self, parts: dict[str, list[Case]]) -> str:
        """What the manifest says it was trained on."""
        return f"{len(parts['train'])} scans of {self.data.name} ({self.layout}), from the weights of {self.init.name}"


def split_by_subject(cases: list[Case], seed: int) -> dict[str, list[Case]]:
    """60 % of the subjects train, 20 % validate, 20 % test."""
    subjects = sorted({c.subject for c in cases})
    if len(subjects) < 5:
        raise Refusal("TOO_FEW_SUBJECTS", "the data", f"come from {len(subjects)} subjects; training, validation and test need at least 5")
    order = [subjects[k] for k in np.random.default_rng(seed).permutation(len(subjects))]
    held = max(1, len(order) // 5)
    part_of = {s: "test" if k < held else "validation" if k < 2 * held else "train" for k, s in enumerate(order)}
    return {part: [c for c in cases if part_of[c.subject] == part] for part in ("train", "validation", "test")}
