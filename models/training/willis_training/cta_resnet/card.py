"""CARD.md of the candidate bundle, from its manifest."""

from dataclasses import dataclass
from pathlib import Path

from ..by_site import site_table
from ..explanations import explanation_section
from ..marked_picture import pictures_of
from ..requirements import rebuild_section, requirement_section
from ..sample import sample_section

FOLDS = {2: "two", 3: "three", 4: "four", 5: "five"}


def write_card(folder: Path, manifest: dict) -> None:  # type: ignore[type-arg]
    """Writes the card a physicist reads before using the bundle."""
    told = _of_phantoms(manifest) if manifest["training"]["synthetic"] else _of_a_data_set(manifest)
    p = manifest["performance"]
    limits = "\n".join(f"- {limit}." for limit in manifest["limits"])
    (folder / "CARD.md").write_text(f"""# {manifest['title']} ({manifest['id']} {manifest['version']})

**{manifest['intendedUse']}.** {told.measured_on}

## What it is
System 000: ResNet-18 on 32 mm crops (0.5 mm, slices z-1, z, z+1) about a candidate, 512 pooled features, a redundancy filter
(|r| at least 0.9), LASSO, logistic regression. {len(manifest['selection']['features'])} features are left. The graph gives probability, logit,
what each feature adds to the logit, and Grad-CAM in closed form (the head is linear). It is a second stage: a detector must give it the candidate.

## Training data
{told.training}

## How it was measured
{_figures(p)}

{told.comparison}
{told.asked}
{_tables(p, told.candidates)}

{_scans(p.get('onProposals'), manifest['operatingPoint']['chosenOn'], told.scans)}{_real(p.get('realVolumes'), folder)}{explanation_section(p)}{sample_section(folder)}## Limits
{limits}

{told.again}""")


@dataclass(frozen=True)
class _Told:
    """What the card says of the data; `asked` is the table of what a shipped bundle has to reach; `candidates` and `scans` are what it calls
    those measured on."""

    measured_on: str
    training: str
    comparison: str
    asked: str
    candidates: str
    scans: str
    again: str


def _of_phantoms(manifest: dict) -> _Told:  # type: ignore[type-arg]
    training = manifest["training"]
    return _Told(
        "Everything below was measured on synthetic phantoms; it is no claim about patients.",
        f"""{training['data']}, kit {training['kitVersion']} (seed {training['seed']}), licence {training['licence']}. No patient data. The trunk
started from {training['startedFrom']} and was trained for {training['steps']} steps; it was shown where in the crop the aneurysm is. {training.get('note', '')}
Trunk, selection and test phantoms come from disjoint anatomy seeds; the test phantoms also from disjoint ranges of noise, kernel,
enhancement and slice spacing.""",
        """The paper prints AUC 0.853 and CAM IoU 0.68 on 25 patients; its class counts do not fit its cohort table, and ours are phantoms: the
figures are on different data and cannot be compared.""",
        requirement_section("cta-resnet", manifest["performance"], training.get("tried", "")),
        "same unseen candidates", "whole unseen phantoms (a box of 116 x 114 x 88 mm about the circle of Willis)",
        rebuild_section("cta-resnet", training, ", and refuses below an AUC of 0.85"))


def _of_a_data_set(manifest: dict) -> _Told:  # type: ignore[type-arg]
    training = manifest["training"]
    scans = training["scans"]
    return _Told(
        "Everything below was measured on scans of one data set that were kept apart by subject.",
        f"""{training['data']}; licence {training['licence']}; kit {training['kitVersion']} (seed {training['seed']}). Split by subject, nobody is in two
parts: {scans['trunk']} scans trained the trunk, which started from {training['startedFrom']} and was trained for {training['steps']} steps; selection and regression were
fitted on {scans['fit']} others, the threshold was chosen on {scans['validation']}, and {scans['test']} were measured. Aneurysms are crops about their marks, moved as a detector's
proposals are, and what the proposal stage finds on them; all other candidates are what it finds elsewhere in the same scans. Where in the crop the aneurysm
is was shown for {training['outlined']} of {training['aneurysms']} aneurysms of the trunk's scans: those with a mask or a diameter. The golden vectors are crops of phantoms: the
bundle holds no voxel of the data set.""",
        "The paper's figures are on other data and cannot be compared.", "",
        "same candidates", "whole scans of subjects not trained on",
        """## Train again
`python -m willis_training train` with the kit in `models/training`, the same data, seed and bundle to start from: the split follows from the seed, bit for
bit; training with bfloat16 products does not, and gives another network.
""")


def _figures(p: dict) -> str:  # type: ignore[type-arg]
    softmax = p["againstSoftmaxHead"]
    return f"""{p['testedOn']}. Logits of the three central slices are averaged. 95 % interval: bootstrap over patients.

| | |
|---|---|
| AUC, unseen candidates | {_n(p['auc'])} (95 % {_n(p['aucInterval'][0])}-{_n(p['aucInterval'][1])}; {p['aneurysms']} aneurysms, {p['candidates'] - p['aneurysms']} others) |
| AUC, {FOLDS[p.get('folds', 5)]}-fold cross-validation by patient, everything refitted in each fold | {_n(p['crossValidatedAuc'])} |
| sensitivity, specificity at {p['threshold']:.2f} | {_n(p['sensitivity'], '.2f')}, {_n(p['specificity'], '.2f')} |
| PPV, NPV | {_n(p['ppv'], '.2f')}, {_n(p['npv'], '.2f')} |
| Brier score, calibration error | {p['brier']:.3f}, {p['calibrationError']:.3f} |
| calibration intercept, slope | {_n(p['calibrationIntercept'], '.2f')}, {_n(p['calibrationSlope'], '.2f')} |
| net benefit at a threshold of 0.1 | {p['netBenefitAtOneInTen']:.3f} |
| against the trunk's own head (DeLong) | {_n(softmax['aucDifference'], '+.3f')}, p {_n(softmax['p'], '.2f')} |
| Grad-CAM: overlap (IoU) of its 8 mm cells with the cells that hold aneurysm | {_within(p, 'camIou')} |
| the same of the map as shown with the pixels of the aneurysm (few fill a cell) | {_within(p, 'camIouPixels')} |
| strongest cell on the aneurysm | {_within(p, 'camPointing')} |"""


def _tables(p: dict, candidates: str) -> str:  # type: ignore[type-arg]
    sizes = "\n".join(f"| {r['sizeMm']} | {r['aneurysms']} | {r['found']} | {_share(r)} |" for r in p["bySize"])
    kinds = "\n".join(f"| {kind} | {count} | {called} |" for kind, (called, count) in p["falseByKind"].items())
    steps = "\n".join(f"| {name} | {_n(value)} |" for name, value in p["ablationAuc"].items())
    return f"""| diameter (mm) | aneurysms | found | sensitivity (95 %) |
|---|---|---|---|
{sizes}

| other candidates | number | taken for an aneurysm |
|---|---|---|
{kinds}

## Ablation (AUC, {candidates})
| head | AUC |
|---|---|
{steps}{_transfer(p.get('ablation'))}"""


#: of the paper's ablation: AUC without transfer learning, with it
PAPER = {"softmax head of the trunk": ("0.71", "0.81"), "with LASSO": ("0.74", "0.84"), "with LASSO and class weights": ("-", "0.853")}


def _transfer(table: dict | None) -> str:  # type: ignore[type-arg]
    if not table:
        return ""
    rows = "\n".join(f"| {head} | {_n(value)} | {_n(table['rows']['with'][head])} | {' | '.join(PAPER.get(head, ('-', '-')))} |"
                     for head, value in table["rows"]["without"].items())
    return f"""

### Transfer learning
{table['how']} The paper's trunk comes from ImageNet, ours from other phantoms; its patients and our phantoms cannot be compared.

| head | without | with | paper: without | paper: with |
|---|---|---|---|---|
{rows}"""


def _share(row: dict) -> str:  # type: ignore[type-arg]
    low, high = row["interval"]
    return f"{row['found'] / row['aneurysms']:.2f} ({low:.2f}-{high:.2f})" if row["aneurysms"] else "-"


def _within(p: dict, name: str) -> str:  # type: ignore[type-arg]
    """A figure and its interval over patients, where these scans could give them."""
    interval = p.get(f"{name}Interval")
    return _n(p.get(name), ".2f") + (f" (95 % {interval[0]:.2f}-{interval[1]:.2f})" if interval else "")


def _n(value: float | None, form: str = ".3f") -> str:
    """A figure, or that these scans could not give it."""
    return "-" if value is None else format(value, form)


def _scans(p: dict | None, chosen_on: str, scans: str) -> str:  # type: ignore[type-arg]
    if not p:
        return ""
    sizes = "\n".join(f"| {r['sizeMm']} | {r['aneurysms']} | {r['proposed']} | {r['found']} |" for r in p["bySize"])
    return f"""## On what the proposal stage finds
{p['scans']} {scans}, read as the runtime reads: proposals, rules, classifier.
This is what the node does; its threshold was chosen on {chosen_on}.

| | |
|---|---|
| aneurysms with a proposal on them that no rule demotes, all sizes; 3 mm and more | {p['proposed']} of {p['aneurysms']}; {p['proposed3mmUp']} of {p['aneurysms3mmUp']} |
| proposals a scan that no rule demotes | {p['standingPerScan']:.1f} |
| AUC over standing proposals (95 %, bootstrap over scans) | {_n(p['auc'])} ({_n(p['aucInterval'][0])}-{_n(p['aucInterval'][1])}) |
| aneurysms found at {p['threshold']:.2f}; of 3 mm and more | {p['found']} of {p['aneurysms']}; {p['found3mmUp']} of {p['aneurysms3mmUp']} |
{_sensitivities(p)}
| false positives a scan at {p['threshold']:.2f} (95 %) | {p['falsePositivesPerScan']:.1f} ({p['falsePositivesInterval'][0]:.1f}-{p['falsePositivesInterval'][1]:.1f}) |

| diameter (mm) | aneurysms | proposed | found |
|---|---|---|---|
{sizes}
{site_table(p)}
"""


def _sensitivities(p: dict) -> str:  # type: ignore[type-arg]
    rows = [("all sizes", p["found"], p["aneurysms"], p.get("foundInterval")), ("3 mm and more", p["found3mmUp"], p["aneurysms3mmUp"], p["found3mmUpInterval"])]
    return "\n".join(f"| sensitivity, {name} (95 %, bootstrap over scans) | {found / count:.2f} ({_n(interval[0], '.2f')}-{_n(interval[1], '.2f')}) |"
                     for name, found, count, interval in rows if interval and count)


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
