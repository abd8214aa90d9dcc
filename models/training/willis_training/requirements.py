"""What a shipped bundle is asked to reach on phantoms of unseen anatomy and appearance, and how it is made again: sections of every card."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from . import __version__

Performance = dict  # type: ignore[type-arg]


@dataclass(frozen=True)
class Requirement:
    """A figure of `performance`, and the bound it has to keep: a least value, or a greatest one."""

    figure: str
    read: Callable[[Performance], float]
    bound: float
    at_most: bool = False

    @property
    def asked(self) -> str:
        return f"{'at most' if self.at_most else 'at least'} {self.bound:g}"

    def reached(self, performance: Performance) -> bool:
        value = self.read(performance)
        return value <= self.bound if self.at_most else value >= self.bound


def _mean(name: str) -> Callable[[Performance], float]:
    return lambda p: float(p[name]["mean"]) if p[name] else float("nan")


_SUBTYPES = ("epidural", "intraparenchymal", "intraventricular", "subarachnoid", "subdural")
REQUIRED: dict[str, tuple[Requirement, ...]] = {
    "tof-patch": (Requirement("sensitivity, aneurysms of 3 mm and more, at 0.5 false positives a scan",
                              lambda p: float(p["atHalfFalsePositive"]["lesionSensitivity3mmUp"]) if "atHalfFalsePositive" in p else float("nan"), 0.9),),
    "tof-coarse-fine": (Requirement("DSC of detected aneurysms", _mean("dsc"), 0.75), Requirement("HD95 of detected aneurysms, mm", _mean("hd95Mm"), 3.0, True),
                        Requirement("VS of detected aneurysms", _mean("vs"), 0.85)),
    "cta-resnet": (Requirement("AUC on candidates", lambda p: float(p["auc"]), 0.9), Requirement("Grad-CAM IoU (cells)", lambda p: float(p["camIou"]), 0.5)),
    "ncct-haemorrhage": (Requirement("AUC of any haemorrhage", lambda p: float(p["classes"]["any"]["scanAuc"]), 0.95),
                         Requirement("AUC of the weakest kind", lambda p: min(float(p["classes"][c]["scanAuc"]) for c in _SUBTYPES), 0.9)),
    "artery-sites": (Requirement("accuracy of 13 sites", lambda p: float(p["accuracy"]), 0.85),
                     Requirement("names on the wrong side", lambda p: float(p["named"]["wrongSide"]), 0, True)),
}


def unreached(bundle: str, performance: Performance) -> list[str]:
    """What falls short, in words."""
    return [f"{r.figure} {r.read(performance):.3g}, asked {r.asked}" for r in REQUIRED[bundle] if not r.reached(performance)]


def requirement_section(bundle: str, performance: Performance, why: str = "") -> str:
    """The table of a card; `why` says what was tried where something falls short."""
    rows = "\n".join(f"| {r.figure} | {r.asked} | {_told(r.read(performance))} | {'reached' if r.reached(performance) else '**not reached**'} |"
                     for r in REQUIRED[bundle])
    return f"""
## What was asked of it
| figure | asked | measured | |
|---|---|---|---|
{rows}
{f'''
{why}
''' if why and unreached(bundle, performance) else ''}"""


def reliability_row(performance: Performance, of: str) -> str:
    """A row of a card's table: how far the probabilities `of` something can be trusted; nothing where that was not measured."""
    if "brier" not in performance:
        return ""
    return f"| probabilities of {of}: Brier score, calibration error | {performance['brier']:.3f}, {performance['calibrationError']:.3f} |\n"


def _told(value: float) -> str:
    return f"{value:.3g}" if math.isfinite(value) else "nothing to measure it on"


#: the first version of the kit that draws the phantoms of a bundle as this one does; 0.2.0 changed arteries and sacs, and left heads in CT as they were
PHANTOMS_SINCE = {"tof-patch": "0.2.0", "tof-coarse-fine": "0.2.0", "cta-resnet": "0.2.0", "ncct-haemorrhage": "0.1.0", "artery-sites": "0.2.0", "head-distance": "0.2.0"}


def rebuild_section(bundle: str, training: dict, refusal: str = "") -> str:  # type: ignore[type-arg]
    """How these weights are made again, how long that took, and what of it is not the same twice."""
    took = "these weights come from runs that were not timed"
    if "processorMinutes" in training:
        took = (f"{training['minutes']:.0f} minutes, {training['processorMinutes']:.0f} of the processors' time, on {training['cores']} cores "
                f"({training['device']}) made these weights")
    again = f"another run may give another network, which the command measures anew{refusal}"
    return f"""## Rebuild
`python -m willis_training rebuild {bundle} --out models/{bundle}` with the kit in `models/training`: {took}.
{phantoms_again(bundle, training['kitVersion'])}
Training with bfloat16 products need not be the same bit for bit: {again}.
{training.get('time', '')}
"""


def phantoms_again(bundle: str, trained: str) -> str:
    """Whether this kit trains on the phantoms that weights of the kit `trained` were trained on."""
    since = PHANTOMS_SINCE[bundle]
    if _number(trained) < _number(since):
        return (f"These weights are of kit {trained}. Since {since} the kit draws other phantoms from the same seeds: `rebuild` with this version ({__version__}) does "
                "not give these weights again but a new model, trained and measured on other phantoms.")
    same = "" if trained == __version__ else f"; this version ({__version__}) draws the same"
    return f"These weights are of kit {trained}, whose phantoms follow from their seeds, bit for bit{same}."


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
