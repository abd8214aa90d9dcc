"""CARD.md of the coarse-to-fine bundle, from its manifest."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..by_site import site_table
from ..explanations import explanation_section
from ..requirements import rebuild_section, reliability_row, requirement_section
from ..sample import sample_section


def write_card(folder: Path, manifest: dict) -> None:  # type: ignore[type-arg]
    """Writes the card a physicist reads before using the bundle."""
    p, training = manifest["performance"], manifest["training"]
    sizes = "\n".join(f"| {r['sizeMm']} | {r['aneurysms']} | {r['detected']} | {r['detected'] / max(r['aneurysms'], 1):.2f} "
                      f"({r['interval'][0]:.2f}-{r['interval'][1]:.2f}) |" for r in p["bySize"])
    low, high = p["falsePositivesInterval"]
    limits = "\n".join(f"- {limit}." for limit in manifest["limits"])
    told = OF_PHANTOMS if training["synthetic"] else OF_PATIENTS
    (folder / "CARD.md").write_text(f"""# {manifest['title']} ({manifest['id']} {manifest['version']})

**{manifest['intendedUse']}.** {told.claim}

## What it is
System 003: a small U-Net finds the arteries (the paper names no method for it), DeepMedic with two pathways marks candidates in the
vessel image, a dual-channel SE 3-D U-Net (vessels and their Sobel contour) outlines each in a box of {manifest['fine']['voi']} voxels of 0.5 mm.
{training.get('widths', '')}

## Training data
{told.data(training)}

## How it was measured
{p['testedOn']}, {p['aneurysms']} aneurysms. {told.measured}A mark hits where its centre lies within the largest radius (as ADAM counts); overlap is taken on detected
aneurysms{': all that the marks on one outline, however far it reaches, against its true voxels' if 'hdMm' in p else ', within 4 mm about them'}. Threshold {manifest['operatingPoint']['findingThreshold']}: {manifest['operatingPoint']['chosenOn']}.
An outline holds what has a probability of {manifest['fine']['threshold']} or more{told.outline}.

| | |
|---|---|
| sensitivity, mean over scans with aneurysms (ADAM) | {p['adamSensitivity']:.2f}{_within(p.get('adamSensitivityInterval'))} |
| sensitivity, {p.get('aneurysms3mmUp', 'the')} aneurysms of 3 mm and more | {p['sensitivity3mmUp']:.2f}{_within(p.get('sensitivity3mmUpInterval'))} |
| sensitivity at 0.5 false positives a scan (any size) | {p['sensitivityAtHalfFalsePositive']:.2f} |
| false positives a scan | {p['falsePositivesPerScan']:.2f} (95 % {low:.2f}-{high:.2f}) |
{reliability_row(p, 'marks')}| candidates a scan given to the outline network | {p['candidatesPerScan']:.1f} |
{_arteries(p)}| outlines measured | {p['outlines']} |
| outline, DSC (95 %) | {_overlap(p['dsc'])} |
| outline, 95th percentile Hausdorff distance, mm (95 %) | {_overlap(p['hd95Mm'])} |
| outline, Hausdorff distance, mm (95 %) | {_overlap(p.get('hdMm'))} |
| outline, volume similarity (95 %) | {_overlap(p['vs'])} |

The paper prints DSC 0.81, Hausdorff 17.93 mm and VS 0.84 in its best fold and DSC 0.12 on another hospital's scans; those are {told.compared}: the figures are on different data and cannot be compared.
{told.asked(p, training)}
| diameter (mm) | aneurysms | found | sensitivity (95 %) |
|---|---|---|---|
{sizes}
{site_table(p)}{_ablation(p.get('ablation'))}{_real(p.get('realVolumes'))}
{explanation_section(p)}{sample_section(folder)}## Limits
{limits}

{told.again(training)}""")


@dataclass(frozen=True)
class Told:
    """What the card says otherwise of a bundle trained on phantoms than of one that went on with a data set."""

    claim: str
    data: Callable[[dict], str]  # type: ignore[type-arg]
    measured: str
    outline: str
    compared: str
    asked: Callable[[dict, dict], str]  # type: ignore[type-arg]
    again: Callable[[dict], str]  # type: ignore[type-arg]


def _phantoms(training: dict) -> str:  # type: ignore[type-arg]
    return f"""{training['data']} of the kit {training['kitVersion']} (seed {training['seed']}), licence {training['licence']}. No patient data.
Training and test phantoms come from disjoint anatomy seeds; the test phantoms also from disjoint ranges of spacing, noise, bias field,
tissue and fat brightness, inflow saturation and slab depth. Six of ten training phantoms are blurred, made noisier and changed in contrast
before DeepMedic and the outline network see them (`coarse_to_fine/variation.py`, strengths chosen without the test phantoms), so noise and blur of the test's strength
are less new than their ranges say. {training['steps']}"""


def _data_set(training: dict) -> str:  # type: ignore[type-arg]
    scans = training["scans"]
    return f"""{training['data']}; licence {training['licence']}; kit {training['kitVersion']}, seed {training['seed']}.
Split by subject, a person's scans in one part: {scans['train']} scans trained, {scans['validation']} chose thresholds and calibration, {scans['test']} were measured.
{training['steps']} Treated aneurysms are no targets: training left them out. The golden volume is a phantom's; the bundle holds no voxel of the data set."""


def _tuned_again(_: dict) -> str:  # type: ignore[type-arg]
    return """## Again
`python -m willis_training train` with the same data, `--init` and `--seed`. Training with bfloat16 products is not the same bit for bit: another run
gives another network, which the command measures anew.
"""


OF_PHANTOMS = Told("Everything below was measured on synthetic phantoms; it is no claim about patients.", _phantoms, "",
                   ": the best mean of DSC and VS on the validation phantoms", "patients,\nours are phantoms",
                   lambda p, training: requirement_section("tof-coarse-fine", p, training.get("tried", "")),
                   lambda training: rebuild_section("tof-coarse-fine", training))
OF_PATIENTS = Told("Everything below was measured on few scans of one data set; it is no claim about other scanners or patients.", _data_set,
                   "Whole scans were read, prepared as the node does it. Marks on treated aneurysms count as neither right nor wrong. ", "",
                   "other\npatients", lambda p, training: "", _tuned_again)


def _arteries(performance: dict) -> str:  # type: ignore[type-arg]
    """Nothing where the true arteries are not known."""
    return f"| arteries found, DSC | {performance['arteryDice']:.2f} |\n" if "arteryDice" in performance else ""


def _within(interval: list[float] | None) -> str:
    return f" (95 % {interval[0]:.2f}-{interval[1]:.2f})" if interval else ""


def _overlap(figure: dict | None) -> str:  # type: ignore[type-arg]
    return "-" if figure is None else f"{figure['mean']:.2f} ({figure['interval'][0]:.2f}-{figure['interval'][1]:.2f})"


#: what the paper prints of its settings and of its five folds, on patients: DSC, Hausdorff distance (mm, which one it does not say), VS
PAPER = {"baseline": (0.73, 36.27, 0.42), "contour": (0.76, 32.76, 0.67), "weighted loss": (0.79, 35.99, 0.44), "proposed": (0.81, 17.93, 0.84)}
PAPER_FOLDS = ((0.81, 17.93, 0.84), (0.79, 25.42, 0.78), (0.81, 22.61, 0.80), (0.82, 19.64, 0.85), (0.80, 21.44, 0.82))


def _ablation(rows: dict | None) -> str:  # type: ignore[type-arg]
    if not rows:
        return ""
    lines = "\n".join(_overlap_row(name, r, PAPER.get(name)) for name, r in rows["rows"].items())
    return f"""
## Ablation of the outline network
{rows['how']} The paper's figures are on patients, ours on phantoms: the two cannot be compared.

| | DSC | HD95 (mm) | VS | paper: DSC, HD, VS |
|---|---|---|---|---|
{lines}
{_folds(rows.get('folds'), rows.get('foldsHow', ''))}"""


def _overlap_row(name: str, row: dict, paper: tuple[float, float, float] | None) -> str:  # type: ignore[type-arg]
    printed = "-" if paper is None else f"{paper[0]:.2f}, {paper[1]:.2f}, {paper[2]:.2f}"
    return f"| {name} | {_figure(row['dsc'], 2)} | {_figure(row['hd95Mm'], 1)} | {_figure(row['vs'], 2)} | {printed} |"


def _figure(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _folds(folds: list | None, how: str) -> str:  # type: ignore[type-arg]
    if not folds:
        return ""
    lines = "\n".join(_overlap_row(str(k), r, PAPER_FOLDS[k - 1] if len(folds) == len(PAPER_FOLDS) else None) for k, r in enumerate(folds, start=1))
    return f"""
Five folds of the proposed setting: {how}

| fold | DSC | HD95 (mm) | VS | paper: DSC, HD, VS |
|---|---|---|---|---|
{lines}
"""


def _real(rows: list | None) -> str:  # type: ignore[type-arg]
    if not rows:
        return ""
    lines = "\n".join(f"| {r['name']} | {r['marks']} |" for r in rows)
    return f"""
## Real volumes
No reading is known for them: a mark is most likely a false positive.

| volume | marks at the threshold |
|---|---|
{lines}
"""
