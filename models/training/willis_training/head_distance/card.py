"""CARD.md of the head model, from its manifest."""

from pathlib import Path

from ..requirements import rebuild_section

#: rows of the table by coverage: name in the figures, what it says, how it is written
ROWS = (("dice", "Dice of what lies within the brain's surface", "{:.3f}"), ("hd95", "HD95 of that surface, mm", "{:.1f}"),
        ("arteries15", "voxels of intracranial arteries kept at 15 mm", "{:.4f}"), ("arteries10", "at 10 mm", "{:.4f}"),
        ("sacs15", "voxels of aneurysms kept at 15 mm", "{:.4f}"), ("sacs10", "at 10 mm", "{:.4f}"),
        ("scalp15", "voxels of scalp fat taken away at 15 mm", "{:.3f}"), ("scalp10", "at 10 mm", "{:.3f}"),
        ("head15", "voxels of the head taken away at 15 mm", "{:.3f}"), ("head10", "at 10 mm", "{:.3f}"))


def write_card(folder: Path, manifest: dict) -> None:  # type: ignore[type-arg]
    """Writes the card a physicist reads before using the model."""
    training, performance, plausible = manifest["training"], manifest["performance"], manifest["plausible"]
    coverage, detector = performance["byCoverage"], performance["onDetector"]
    names = list(coverage)
    table = "\n".join(f"| {said} | " + " | ".join(_cell(coverage[name].get(row), form) for name in names) + " |" for row, said, form in ROWS)
    lost = " | ".join(f"{c['sacsLost15']}, {c['sacsLost10']} of {c['sacCount']}" for c in coverage.values())
    trusted = " | ".join(f"{_least(c, 'brainShare', 'least')}-{_least(c, 'brainShare', 'most')}; {_least(c, 'brightOutside', 'most')}" for c in coverage.values())
    reach = "\n".join(f"| {name} | {r['found']} of {detector['aneurysms']} | {r['falseMarks']} | {r['falsePerScan']:.2f} ({r['interval'][0]:.2f}-{r['interval'][1]:.2f}) |"
                      for name, r in detector["reach"].items())
    limits = "\n".join(f"- {limit}." for limit in manifest["limits"])
    (folder / "CARD.md").write_text(f"""# {manifest['title']} ({manifest['id']} {manifest['version']})

**{manifest['intendedUse']}.** Everything below was measured on synthetic phantoms; it is no claim about patients.

## What it is
Tells how far each point of a head lies from the brain's surface (mm, negative inside), whatever the contrast: SynthStrip's design (a U-Net of two
convolutions a level, leaky rectifiers, nearest upsampling, one output), on a 2 mm grid along the patient's axes instead of 1 mm, with 8 to 64 features
on five levels instead of 16 to 64 on seven, and each feature normalised over the scan. It is so narrow because a pipeline has 15 s.

`tof-patch` takes back marks farther from the brain than its manifest says (`candidates.farthestFromBrainMm`); it lists them with their reason and changes nothing
the network sees. An answer is not believed where brain is less than {plausible['minBrainShare']:.0%} or more than {plausible['maxBrainShare']:.0%} of the head, or where more than {plausible['maxBrightOutside']:.0%} of what is brightest
{plausible['deepMm']:.0f} mm and more below the skin would lie outside: then no mark is taken back, and the report says so.

## Training data
{training['data']} (SynthSeg's way: a grey value and a texture a tissue; a third as an angiogram, some as a CT, half as nothing that there is), turned, scaled, cut to slabs,
blurred, shaded, noisy. Kit {training['kitVersion']}, seed {training['seed']}, {training['steps']} steps of one scan each, squared error of the distance between -20 and 30 mm. Licence
{training['licence']}. No patient data.

## How it was measured
{performance['testedOn']}; surface and arteries are known. Mean (95 % bootstrap over scans). Arteries of the scalp count as scalp.

| | {' | '.join(f"{name} ({coverage[name]['scans']})" for name in names)} |
|---|{'---|' * len(names)}
{table}
| aneurysms wholly outside at 15 mm, at 10 mm | {lost} |
| share of brain (believed from {plausible['minBrainShare']} to {plausible['maxBrainShare']}); most bright outside (believed up to {plausible['maxBrightOutside']}) | {trusted} |

What errs is the lower surface: the phantom's skull base is one texture against another, and a slab of 45 mm shows little of the head to tell it by. Over the
vault the surfaces coincide in the scans that were looked at.

**Real heads, looked at, not measured:** one T2-weighted MR head (3 mm slices, nothing like it was shown): surface on the brain all around, face and neck outside, 49 % of
the head brain. One CT of head and neck with half a metre of field: wrong (brain in the air), and not believed (more brain than head).

## What it does to `tof-patch`
{detector['bundle']} at its own threshold ({detector['threshold']}) on the {detector['scans']} TOF phantoms, marks farther away taken back:

| reach | aneurysms found | false marks | false marks a scan (95 %) |
|---|---|---|---|
{reach}

{_cost(detector['reach'])} Marks of the phantoms lie in the brain, and phantoms have no face or neck; what the rule spares in patients is not known. `tof-patch` asks for
15 mm; the rule is switched on as long as that loses no aneurysm.

## Limits
{limits}

{rebuild_section('head-distance', training, ', and refuses where it loses arteries')}""")


def _cost(reach: dict) -> str:  # type: ignore[type-arg]
    """What each reach takes away, in words."""
    rest = reach["no rule"]
    return " ".join(f"At {name} the rule loses {rest['found'] - r['found']} of {rest['found']} found aneurysms and spares {rest['falseMarks'] - r['falseMarks']} of "
                    f"{rest['falseMarks']} false marks." for name, r in reach.items() if r is not rest)


def _cell(row: dict | None, form: str) -> str:  # type: ignore[type-arg]
    if row is None:
        return "-"
    low, high = row["interval"]
    return f"{form.format(row['mean'])} ({form.format(low)}-{form.format(high)})"


def _least(figures: dict, name: str, which: str) -> str:  # type: ignore[type-arg]
    return f"{figures[name][which]:.2f}" if name in figures else "-"
