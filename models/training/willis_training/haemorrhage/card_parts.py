"""What both cards of the haemorrhage bundle have: cells of tables, and the section on real volumes."""

from pathlib import Path

from ..marked_picture import pictures_of
from ..ncct import CLASSES


def real_section(folder: Path, performance: dict, seen: dict[str, str]) -> str:  # type: ignore[type-arg]
    """Real volumes without a reading, and what was seen in pictures of them; one empty line where there are none."""
    rows = performance["realVolumes"]
    if not rows:
        return "\n"
    real = "\n".join(f"| {r['name']} | {r['slices']} | " + " | ".join(f"{r['scanScores'][c]:.2f}" for c in CLASSES) + " |" for r in rows)
    notes = "".join(f"\n{seen[r['name']]}" for r in rows if r["name"] in seen)
    return f"""
## Real volumes
One number a class: the largest probability of any slice. No reading by a radiologist is known for them; a high number is most
likely a false positive.

| volume | slices | {' | '.join(CLASSES)} |
|---|---|{'---|' * len(CLASSES)}
{real}
{notes}{pictures_of(folder, [r['name'] for r in rows])}
"""


def auc_cell(value: float | None, interval: list[float | None]) -> str:
    """An area under the curve with its interval."""
    return "-" if value is None else f"{number(value, 3)} ({number(interval[0], 3)}-{number(interval[1], 3)})"


def number(value: float | None, digits: int = 2) -> str:
    """A figure, or a dash where there was nothing to count."""
    return "-" if value is None else f"{value:.{digits}f}"
