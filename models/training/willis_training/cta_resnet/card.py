"""CARD.md of the candidate bundle, from its manifest."""

from pathlib import Path

from ..explanations import explanation_section
from ..marked_picture import pictures_of
from ..requirements import rebuild_section, requirement_section
from ..sample import sample_section


def write_card(folder: Path, manifest: dict) -> None:  # type: ignore[type-arg]
    """Writes the card a physicist reads before using the bundle."""
    p, training, selection = manifest["performance"], manifest["training"], manifest["selection"]
    sizes = "\n".join(f"| {r['sizeMm']} | {r['aneurysms']} | {r['found']} | {r['found'] / max(r['aneurysms'], 1):.2f} ({r['interval'][0]:.2f}-{r['interval'][1]:.2f}) |"
                      for r in p["bySize"])
    kinds = "\n".join(f"| {kind} | {count} | {called} |" for kind, (called, count) in p["falseByKind"].items())
    steps = "\n".join(f"| {name} | {value:.3f} |" for name, value in p["ablationAuc"].items())
    limits = "\n".join(f"- {limit}." for limit in manifest["limits"])
    (folder / "CARD.md").write_text(f"""# {manifest['title']} ({manifest['id']} {manifest['version']})

**{manifest['intendedUse']}.** Everything below was measured on synthetic phantoms; it is no claim about patients.

## What it is
System 000: ResNet-18 on 32 mm crops (0.5 mm, slices z-1, z, z+1) about a candidate, 512 pooled features, a redundancy filter
(|r| at least 0.9), LASSO, logistic regression. {len(selection['features'])} features are left. The graph gives probability, logit,
what each feature adds to the logit, and Grad-CAM in closed form (the head is linear). It is a second stage: a detector must give it the candidate.

## Training data
{training['data']}, kit {training['kitVersion']} (seed {training['seed']}), licence {training['licence']}. No patient data. The trunk
started from {training['startedFrom']} and was trained for {training['steps']} steps; it was shown where in the crop the aneurysm is. {training.get('note', '')}
Trunk, selection and test phantoms come from disjoint anatomy seeds; the test phantoms also from disjoint ranges of noise, kernel,
enhancement and slice spacing.

## How it was measured
{p['testedOn']}. Logits of the three central slices are averaged. 95 % interval: bootstrap over patients.

| | |
|---|---|
| AUC, unseen candidates | {p['auc']:.3f} (95 % {p['aucInterval'][0]:.3f}-{p['aucInterval'][1]:.3f}; {p['aneurysms']} aneurysms, {p['candidates'] - p['aneurysms']} others) |
| AUC, five-fold cross-validation by patient, everything refitted in each fold | {p['crossValidatedAuc']:.3f} |
| sensitivity, specificity at {p['threshold']:.2f} | {p['sensitivity']:.2f}, {p['specificity']:.2f} |
| PPV, NPV | {p['ppv']:.2f}, {p['npv']:.2f} |
| Brier score, calibration error | {p['brier']:.3f}, {p['calibrationError']:.3f} |
| calibration intercept, slope | {p['calibrationIntercept']:.2f}, {p['calibrationSlope']:.2f} |
| net benefit at a threshold of 0.1 | {p['netBenefitAtOneInTen']:.3f} |
| against the trunk's own head (DeLong) | {p['againstSoftmaxHead']['aucDifference']:+.3f}, p {p['againstSoftmaxHead']['p']:.2f} |
| Grad-CAM: overlap (IoU) of its 8 mm cells with the cells that hold aneurysm | {p['camIou']:.2f}{_within(p['camIouInterval'])} |
| the same of the map as shown with the pixels of the aneurysm (few fill a cell) | {p['camIouPixels']:.2f}{_within(p['camIouPixelsInterval'])} |
| strongest cell on the aneurysm | {p['camPointing']:.2f}{_within(p['camPointingInterval'])} |

The paper prints AUC 0.853 and CAM IoU 0.68 on 25 patients; its class counts do not fit its cohort table, and ours are phantoms: the
figures are on different data and cannot be compared.
{requirement_section('cta-resnet', p, training.get('tried', ''))}
| diameter (mm) | aneurysms | found | sensitivity (95 %) |
|---|---|---|---|
{sizes}

| other candidates | number | taken for an aneurysm |
|---|---|---|
{kinds}

## Ablation (AUC, same unseen candidates)
| head | AUC |
|---|---|
{steps}

{_scans(p.get('onProposals'), manifest['operatingPoint']['chosenOn'])}{_real(p.get('realVolumes'), folder)}{explanation_section(p)}{sample_section(folder)}## Limits
{limits}

{rebuild_section('cta-resnet', training, ', and refuses below an AUC of 0.85')}""")


def _within(interval: list[float]) -> str:
    return f" (95 % {interval[0]:.2f}-{interval[1]:.2f})"


def _scans(p: dict | None, chosen_on: str) -> str:  # type: ignore[type-arg]
    if not p:
        return ""
    sizes = "\n".join(f"| {r['sizeMm']} | {r['aneurysms']} | {r['proposed']} | {r['found']} |" for r in p["bySize"])
    return f"""## On what the proposal stage finds
{p['scans']} whole unseen phantoms (a box of 116 x 114 x 88 mm about the circle of Willis), read as the runtime reads: proposals, rules, classifier.
This is what the node does; its threshold was chosen on {chosen_on}.

| | |
|---|---|
| aneurysms with a proposal on them that no rule demotes, all sizes; 3 mm and more | {p['proposed']} of {p['aneurysms']}; {p['proposed3mmUp']} of {p['aneurysms3mmUp']} |
| proposals a scan that no rule demotes | {p['standingPerScan']:.1f} |
| AUC over standing proposals (95 %, bootstrap over scans) | {p['auc']:.3f} ({p['aucInterval'][0]:.3f}-{p['aucInterval'][1]:.3f}) |
| aneurysms found at {p['threshold']:.2f}; of 3 mm and more | {p['found']} of {p['aneurysms']}; {p['found3mmUp']} of {p['aneurysms3mmUp']} |
| sensitivity, 3 mm and more (95 %, bootstrap over scans) | {p['found3mmUp'] / max(p['aneurysms3mmUp'], 1):.2f} ({p['found3mmUpInterval'][0]:.2f}-{p['found3mmUpInterval'][1]:.2f}) |
| false positives a scan at {p['threshold']:.2f} (95 %) | {p['falsePositivesPerScan']:.1f} ({p['falsePositivesInterval'][0]:.1f}-{p['falsePositivesInterval'][1]:.1f}) |

| diameter (mm) | aneurysms | proposed | found |
|---|---|---|---|
{sizes}

"""


def _real(rows: list | None, folder: Path) -> str:  # type: ignore[type-arg]
    if not rows:
        return ""
    lines = "\n".join(f"| {r['name']} | {r['proposals']} | {r['standing']} | {r['marked']} | {r.get('markedApart', '-')} |" for r in rows)
    return f"""## Real volumes
No aneurysm is known in them. The volume of CT_AVM holds vessels and an arterio-venous malformation alone, bone and brain set to 0 by its
owner: the node refuses it (`VESSELS_NOT_FOUND`), and what is marked in it was read all the same. Most marks lie on the wide dural sinuses and on
vessels cut off at the lower end, which bone surrounds in a whole scan: with bone, rules demote such places, and the networks saw them with bone.
The malformation is a ball chosen by eye, by no physician.

| volume | proposals | not demoted | marked as aneurysm | of these in the malformation |
|---|---|---|---|---|
{lines}
{pictures_of(folder, [r['name'] for r in rows])}
"""
