"""CARD.md of a haemorrhage bundle that was trained further on scans of patients."""

from pathlib import Path

from ..explanations import explanation_section
from ..ncct import CLASSES
from ..sample import sample_section
from .card_parts import auc_cell, number, real_section


def tuned_card(folder: Path, manifest: dict) -> str:  # type: ignore[type-arg]
    """What a physicist reads before using it, from its manifest."""
    p, training, counts = manifest["performance"], manifest["training"], manifest["training"]["scans"]
    limits = "\n".join(f"- {limit}." for limit in manifest["limits"])
    mix, unit = p["epiduralSubdural"], training["labels"]
    return f"""# {manifest['title']} ({manifest['id']} {manifest['version']})

**{manifest['intendedUse']}.**

## What it is
System 002 as in {training['init']}, whose weights it started from: two SE-ResNeXt-50 32x4d see every slice, one in three windows (A), one with its two
neighbours in the brain window (B); a two-stage bidirectional sequence model reads their features and logits along the series.
Convolutions are stored as int8 with one scale a filter; the figures are those of the stored files.

## Training data
{training['data']}; licence {training['licence']}. Split by subject: {counts['train']} scans trained, {counts['validation']} chose calibration and thresholds,
{counts['test']} measured. Labels are of {unit}. {training['steps']}
Batch normalisation stayed as it was.{_untaught(training)}

## How it was measured
{p['testedOn']}. A scan's score is its largest slice probability. 95 % intervals are bootstraps over scans; of few scans they say little.
Thresholds: {manifest['operatingPoint']['chosenOn']}. "Before": {training['init']} on the same scans, with its own thresholds.
"Points at blood": share of bleeding slices whose strongest Grad-CAM++ cell holds blood of the class, where the set has outlines.

| class | scans with it | AUC, scan (95 %) | before | AUC, slice (95 %) | sensitivity | before | specificity | before | sensitivity at 90 % specificity | F1 | average precision | points at blood | threshold |
|---|---|---|---|---|---|---|---|---|---|---|---|---|---|
{_rows(manifest)}

Weighted log loss of {unit} {p['logLoss']:.4f}; calibration error of `any` {p['calibrationErrorAny']:.3f}.

Epidural against subdural, scans with exactly one of them: {mix['epiduralTakenForSubdural']} of {mix['epiduralScans']} epidural taken for subdural,
{mix['subduralTakenForEpidural']} of {mix['subduralScans']} subdural taken for epidural.

## What each stage adds (AUC of {unit})
| stage | {' | '.join(CLASSES)} |
|---|{'---|' * len(CLASSES)}
{_stages(p)}
{real_section(folder, p, {})}{explanation_section(p)}{sample_section(folder)}## Limits
{limits}
"""


def _untaught(training: dict) -> str:  # type: ignore[type-arg]
    missing = [c for c in CLASSES if c not in training["taught"]]
    return f" Not in the training scans, and so left out of the loss: {', '.join(missing)}." if missing else ""


def _rows(manifest: dict) -> str:  # type: ignore[type-arg]
    p, thresholds = manifest["performance"], manifest["operatingPoint"]["thresholds"]
    return "\n".join(_row(name, p["classes"][name], p["startedFrom"][name], threshold) for name, threshold in zip(CLASSES, thresholds))


def _row(name: str, now: dict, before: dict, threshold: float) -> str:  # type: ignore[type-arg]
    cells = [name, str(now["scans"]), auc_cell(now["scanAuc"], now["scanAucInterval"]), number(before["scanAuc"], 3),
             auc_cell(now["sliceAuc"], now["sliceAucInterval"]),
             *(number(row[key]) for key in ("sensitivity", "specificity") for row in (now, before)),
             *(number(now[key]) for key in ("sensitivityAt90", "f1", "averagePrecision", "pointing")), f"{threshold:.3f}"]
    return f"| {' | '.join(cells)} |"


def _stages(performance: dict) -> str:  # type: ignore[type-arg]
    return "\n".join(f"| {name} | " + " | ".join(number(values[c], 3) for c in CLASSES) + " |" for name, values in performance["stages"].items())
