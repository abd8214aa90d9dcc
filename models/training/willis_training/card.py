"""CARD.md: what a bundle was trained on, how it was measured, and what it must not be used for."""

from pathlib import Path

from .evaluate import Score, wilson


def write_card(folder: Path, manifest: dict, test: Score) -> None:  # type: ignore[type-arg]
    """Writes the card beside the manifest; every number comes from the manifest or the test score."""
    training, point, performance, measures = (manifest[k] for k in ("training", "operatingPoint", "performance", "measures"))
    low, high = wilson(test.detected, test.lesions)
    rows = "\n".join(f"| {name} | {n} | {hit} | {hit / n:.2f} ({wilson(hit, n)[0]:.2f}-{wilson(hit, n)[1]:.2f}) |" if n else f"| {name} | 0 | - | - |"
                     for name, n, hit in test.by_size)
    limits = "\n".join(f"- {limit}." for limit in manifest["limits"])
    (folder / "CARD.md").write_text(f"""# {manifest['title']} ({manifest['id']} {manifest['version']})

**{manifest['intendedUse']}.** Everything below was measured on synthetic phantoms; it is no claim about patients.

## What it is
Tiny 3D U-Net, base 8, of the published TOF-MRA patch classifier (system 001), read fully convolutionally on a 1 mm grid, with a
localisation head beside the patch head. The manifest `model.json` holds the preprocessing, thresholds and calibration as data.

## Training data
{training['data']} of the kit {training['kitVersion']} (seed {training['seed']}), licence {training['licence']}. No patient data.
Training, validation and test phantoms come from disjoint anatomy seeds; the test phantoms also from disjoint ranges of spacing,
noise, bias field, tissue and fat brightness, inflow saturation and slab depth.

## How it was measured
{performance['testedOn']}. A mark counts as a hit where its centre lies within the aneurysm's radius (at least 3 mm) of its centre.
Threshold {point['findingThreshold']} was chosen on {point['chosenOn']}.

| | |
|---|---|
| sensitivity, aneurysms of 4 mm and more | {performance['lesionSensitivity4mmUp']:.2f} (95 % {low:.2f}-{high:.2f}; {test.detected} of {test.lesions}) |
| false positives a scan | {performance['falsePositivesPerScan']:.2f} ({test.false_positives} in {test.scans} scans) |
| dense against patchwise logits, correlation | {performance['denseVersusPatchCorrelation']:.4f} |
| diameter, residual spread (SD) | {measures['diameterResidualSdMm']:.2f} mm (validation phantoms) |

| diameter (mm) | aneurysms | found | sensitivity (95 %) |
|---|---|---|---|
{rows}

## Limits
{limits}

## Rebuild
`python -m willis_training bundle --out models/tof-patch` with the kit in `models/training`: about an hour on 2 CPU cores.
Phantoms follow from their seeds, bit for bit. Training with bfloat16 products does not: another run gives another network, which
the command measures anew and refuses below 0.80 sensitivity at 2 false positives a scan. These weights: 4000 main steps, 450 settling
steps with agreement weight 2, 200 with weight 5 and more patches from anywhere, chosen for the agreement of dense and patch logits;
the command settles for 650 steps the last way.
""")
