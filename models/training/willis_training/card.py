"""CARD.md: what a bundle was trained on, how it was measured, and what it must not be used for."""

from pathlib import Path

from .by_site import site_table
from .explanations import explanation_section
from .marked_picture import pictures_of
from .metrics import wilson
from .requirements import rebuild_section, reliability_row, requirement_section
from .sample import sample_section

NONE = "none is in these scans"


def write_card(folder: Path, manifest: dict) -> None:  # type: ignore[type-arg]
    """Writes the card beside the manifest, from which every number comes."""
    training, point, performance, measures = (manifest[k] for k in ("training", "operatingPoint", "performance", "measures"))
    rows = "\n".join(_size_row(row["sizeMm"], row["lesions"], row["detected"]) for row in performance["bySize"])
    limits = "\n".join(f"- {limit}." for limit in manifest["limits"])
    (folder / "CARD.md").write_text(f"""# {manifest['title']} ({manifest['id']} {manifest['version']})

**{manifest['intendedUse']}.** Everything below was measured on synthetic phantoms; it is no claim about patients.

## What it is
Tiny 3D U-Net, base 8, of the published TOF-MRA patch classifier (system 001), read fully convolutionally on a 1 mm grid, with a
localisation head beside the patch head. The manifest `model.json` holds the preprocessing, thresholds and calibration as data.

## Training data
{training['data']} of the kit {training['kitVersion']} (seed {training['seed']}), licence {training['licence']}. No patient data. {training.get('steps', '')}
Training, validation and test phantoms come from disjoint anatomy seeds; the test phantoms also from disjoint ranges of spacing,
noise, bias field, tissue and fat brightness, inflow saturation and slab depth.

## How it was measured
{performance['testedOn']}. A mark counts as a hit where its centre lies within the aneurysm's radius (at least 3 mm) of its centre.
Threshold {point['findingThreshold']} was chosen on {point['chosenOn']}. Intervals are bootstraps over scans (Wilson in the table by size).

| | |
|---|---|
| sensitivity, aneurysms of 3 mm and more | {_at_threshold(performance)} |
| sensitivity, aneurysms of 4 mm and more | {performance['lesionSensitivity4mmUp']:.2f} ({performance['lesions']} aneurysms) |
| false positives a scan | {performance['falsePositivesPerScan']:.2f} (95 % {_range(performance['falsePositivesPerScanInterval'])}) |
| sensitivity, 3 mm and more, read off the curve at 0.5 false positives a scan | {_on_curve(performance.get('atHalfFalsePositive'))} |
| dense against patchwise logits, correlation | {performance['denseVersusPatchCorrelation']:.4f} |
{reliability_row(performance, 'all candidates')}| diameter, residual spread (SD) | {measures['diameterResidualSdMm']:.2f} mm (validation phantoms) |

| diameter (mm) | aneurysms | found | sensitivity (95 %) |
|---|---|---|---|
{rows}
{site_table(performance)}
The paper prints scan sensitivity 0.68 and specificity 0.58 for its best model, on patients; ours are phantoms, and marks instead of scans are counted:
the figures are on different data and cannot be compared.
{requirement_section('tof-patch', performance, training.get('tried', ''))}{_ablation(performance.get('ablation'))}{_trees(performance.get('realTrees'))}{_real(performance.get('realVolumes'), folder)}
{explanation_section(performance)}{sample_section(folder)}## Limits
{limits}

{rebuild_section('tof-patch', training, ', and refuses below 0.80 sensitivity (4 mm and more) at 2 false positives a scan')}""")


def _size_row(name: str, lesions: int, found: int) -> str:
    if lesions == 0:
        return f"| {name} | 0 | - | - |"
    return f"| {name} | {lesions} | {found} | {found / lesions:.2f} ({_range(wilson(found, lesions))}) |"


def _at_threshold(performance: dict) -> str:  # type: ignore[type-arg]
    found, of = performance["detected3mmUp"], performance["lesions3mmUp"]
    return f"{found / of:.2f} (95 % {_range(performance['lesionSensitivity3mmUpInterval'])}; {found} of {of})" if of else NONE


def _on_curve(curve: dict | None) -> str:  # type: ignore[type-arg]
    return f"{curve['lesionSensitivity3mmUp']:.2f} (95 % {_range(curve['interval'])}; {_threshold(curve['threshold'])})" if curve else NONE


def _range(interval: tuple[float, float] | list[float]) -> str:
    return f"{interval[0]:.2f}-{interval[1]:.2f}"


def _threshold(probability: float) -> str:
    return f"threshold {probability:.2f}" if probability > 0 else "every candidate: there are fewer false ones than that"


def _ablation(table: dict | None) -> str:  # type: ignore[type-arg]
    """The annex of the paper on phantoms, as `ablate` wrote it."""
    if not table:
        return ""
    lines = "\n".join("| " + " | ".join(str(value) for value in row.values()) + " |" for row in table["rows"])
    head = list(table["rows"][0])
    return f"""
## The paper's annex, short runs
{table['how']}

| {' | '.join(head)} |
|{'---|' * len(head)}
{lines}
"""


def _trees(rows: list | None) -> str:  # type: ignore[type-arg]
    """Phantoms with arteries of real people."""
    if not rows:
        return ""
    lines = "\n".join(f"| {r['name']} | {r['scans']} | {r['detected3mmUp'] / r['lesions3mmUp']:.2f} (95 % {_range(r['lesionSensitivity3mmUpInterval'])}; "
                      f"{r['detected3mmUp']} of {r['lesions3mmUp']}) | {r['falsePositivesPerScan']:.2f} (95 % {_range(r['falsePositivesPerScanInterval'])}) | "
                      f"{r['sensitivityAtHalfFalsePositive']:.2f} |" for r in rows)
    return f"""
## Phantoms grown around real arteries
The phantoms above have arteries of one mean circle, each a little different. These have those of a real person, from a mask of them, in every phantom mirrored,
scaled, turned, bent and thickened its own way, with sacs where people have them and the look of unseen scanners. Unless
"Training data" names them, the network was not trained on these arteries. They tell better than the figures above how far the network depends on arteries that run as they did in training; real scans differ in more than that.

| arteries of | phantoms | sensitivity, 3 mm and more | false positives a scan | sensitivity read off the curve at 0.5 false positives a scan |
|---|---|---|---|---|
{lines}
"""


def _real(rows: list | None, folder: Path) -> str:  # type: ignore[type-arg]
    """False positives on real arteries."""
    if not rows:
        return ""
    lines = "\n".join(f"| {row['name']} | {row['candidates']} | {row['marks']} | {row['highest']:.2f} |" for row in rows)
    return f"""
## Real arteries
No whole real TOF head was at hand. These volumes hold vessels alone, so the node refuses them as they are; each is set into the synthetic head of
one phantom and read as a scan is. No aneurysm is known in them: a mark is most likely a false positive. Volumes named "segmentation" are masks drawn by
hand, with blunt ends where an image fades. Their voxels are not ours to ship: the pictures (`measure --real FILE --pictures FOLDER`) show the marks alone.

| volume | candidates | marks at the threshold | highest probability |
|---|---|---|---|
{lines}
{pictures_of(folder, [row['name'] for row in rows])}"""
