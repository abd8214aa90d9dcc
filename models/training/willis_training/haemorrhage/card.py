"""CARD.md of the haemorrhage bundle, from its manifest."""

from pathlib import Path

from ..explanations import explanation_section
from ..ncct import CLASSES
from ..requirements import rebuild_section, requirement_section
from ..sample import sample_section
from .card_parts import auc_cell, number, real_section
from .tuned_card import tuned_card

#: published figures (Wang et al. 2021, public test of the 2019 challenge), in the order of CLASSES
PUBLISHED = dict(zip(CLASSES, (0.988, 0.984, 0.992, 0.996, 0.985, 0.983)))


def write_card(folder: Path, manifest: dict) -> None:  # type: ignore[type-arg]
    """Writes the card a physicist reads before using the bundle."""
    text = phantom_card(folder, manifest) if manifest["training"]["synthetic"] else tuned_card(folder, manifest)
    (folder / "CARD.md").write_text(text)


def phantom_card(folder: Path, manifest: dict) -> str:  # type: ignore[type-arg]
    """Of a bundle trained and measured on phantoms."""
    p, training = manifest["performance"], manifest["training"]
    thresholds = dict(zip(CLASSES, manifest["operatingPoint"]["thresholds"]))
    rows = "\n".join(
        f"| {name} | {c['scans']} | {auc_cell(c['scanAuc'], c['scanAucInterval'])} | {auc_cell(c['sliceAuc'], c['sliceAucInterval'])} | {PUBLISHED[name]:.3f} | "
        + " | ".join(number(c[key]) for key in ("sensitivity", "specificity", "sensitivityAt90", "f1", "averagePrecision", "pointing"))
        + f" | {thresholds[name]:.3f} |" for name, c in p["classes"].items())
    stages = "\n".join(f"| {name} | " + " | ".join(number(values[c], 3) for c in CLASSES) + " |" for name, values in p["stages"].items())
    mix = p["epiduralSubdural"]
    limits = "\n".join(f"- {limit}." for limit in manifest["limits"])
    return f"""# {manifest['title']} ({manifest['id']} {manifest['version']})

**{manifest['intendedUse']}.** Everything below was measured on synthetic phantoms; it is no claim about patients.

## What it is
System 002: two SE-ResNeXt-50 32x4d see every slice, one in three windows (A), one with its two neighbours in the brain window (B);
a two-stage bidirectional sequence model reads their features and logits along the series, with the slice spacing. Six outputs a
slice: {', '.join(CLASSES)}. The published trunk has 101 layers and 256 pixels; this one has 50 layers, {manifest['preprocessing']['pixels']} pixels, and keeps
8 x 8 cells in its last maps. Convolutions are stored as int8 with one scale a filter; the figures are those of the stored files.
The sequence-level map (`sequence-map.onnx`) is Grad-CAM of the sequence model's own logit of a slice, through features and slice logits, on the last maps of
both slice networks; it equals autograd to 1e-4 and needs none at run time.

## Training data
{training['data']} of the kit {training['kitVersion']} (seed {training['seed']}), licence {training['licence']}. No patient data.
Training, validation and test phantoms come from disjoint anatomy seeds; the test phantoms also from disjoint ranges of slice spacing,
noise and reconstruction kernel. Besides slice labels the networks were shown where the blood is (cells of 26 mm).
{training['steps']}

## How it was measured
{p['testedOn']}; 40 % have no blood. A scan's score is its largest slice probability. 95 % intervals are bootstraps over scans.
Thresholds: {manifest['operatingPoint']['chosenOn']}. "Points at blood": share of bleeding slices whose strongest Grad-CAM++ cell holds
blood of the class.

| class | scans with it | AUC, scan (95 %) | AUC, slice (95 %) | published slice AUC | sensitivity | specificity | sensitivity at 90 % specificity | F1 | average precision | points at blood | threshold |
|---|---|---|---|---|---|---|---|---|---|---|---|
{rows}

The published column (Wang et al. 2021) is from patients, ours from phantoms: they are on different data and cannot be compared.
Weighted log loss of slices {p['logLoss']:.4f}; calibration error of `any` {p['calibrationErrorAny']:.3f}.

Epidural against subdural, scans with exactly one of them: {mix['epiduralTakenForSubdural']} of {mix['epiduralScans']} epidural taken for subdural,
{mix['subduralTakenForEpidural']} of {mix['subduralScans']} subdural taken for epidural.
{requirement_section('ncct-haemorrhage', p, training.get('tried', ''))}
## What each stage adds (slice AUC)
| stage | {' | '.join(CLASSES)} |
|---|{'---|' * len(CLASSES)}
{stages}
{real_section(folder, p, SEEN)}{explanation_section(p)}{sample_section(folder)}## Limits
{limits}

{rebuild_section('ncct-haemorrhage', training, ', and refuses below an AUC of 0.90 for `any`')}{training.get('note', '')}
"""


#: what was seen in pictures of volumes whose voxels may not be shown here
SEEN = {"pycerr_head_neck_human": """`pycerr_head_neck_human` is a planning CT from the shoulders to the vertex (1 x 1 x 3 mm, thick skull, metal streaks), no bleed seen by a layman.
Almost every slice that is read has a high probability. The map is strongest along the inner table (1: cortex beside bone), in the streaks of the
skull base (2), and in the face (3). Without table and head rest, centred on the skull alone, read for 120 to 150 mm from the vertex, and with all values 5 to 40 HU
lower, `any` and subdural stay above 0.97 (intraparenchymal falls below 0.01 at 20 HU): it is the networks, which know bone and cortex of phantoms alone, and no step before them.
"""}
