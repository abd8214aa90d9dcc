"""`sample`: what the node finds in the shipped series of a pipeline. It is kept in the bundle beside the golden vectors, and every card written has it."""

import argparse
import hashlib
import json
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .card_of import write_card_of

#: of the node: this file's fourth parent
ROOT = Path(__file__).parents[3]
#: a mark within the sac's radius, at least 3 mm, of its middle is on it
LEAST_RADIUS_MM = 3.0
#: of a bundle; an archive of one may hold it
FILE = "golden/sample.json"


@dataclass(frozen=True)
class Series:
    """A series in the repository: its folder, and what the card says of how it was made and chosen."""

    folder: str
    made: str


TOF = Series("test/samples/tof-phantom", "The synthetic TOF-MRA of seed 40012, an anatomy no network was trained on.")
SERIES = {
    "tof-patch": TOF, "tof-coarse-fine": TOF,
    "ncct-haemorrhage": Series("test/samples/ncct-phantom", "The synthetic head CT of seed 300201, which no network was trained on."),
    "cta-resnet": Series("test/samples/cta-phantom", (
        "`python -m willis_training head-cta --seed 300304 --split validation --aneurysms 2 --diameters 3.5 8 --spacing 0.5 0.5 0.8 --compress jpeg-ls "
        "--out cta-phantom` makes it.\nNo network was trained on this anatomy. The seed was chosen among five: hits and false marks are about what the card says of a scan."))}


def run(arguments: argparse.Namespace) -> None:
    """Runs the node on the series and writes golden/sample.json and card."""
    folder: Path = arguments.bundle
    manifest = json.loads((folder / "model.json").read_text())
    pipeline = manifest["pipeline"]
    series = SERIES[pipeline]
    truth = json.loads((ROOT / series.folder / "truth.json").read_text())
    findings = read_by_node(arguments.node, series.folder, pipeline, folder)
    rows = [_row(finding, truth) for finding in findings]
    sample = {"series": series.folder, "slices": len(list((ROOT / series.folder).glob("*.dcm"))), "pipeline": pipeline,
              "holds": _holds(truth), "findings": rows, "missed": _missed(rows, truth), "readBy": reading_sha256(manifest)}
    (folder / FILE).write_text(json.dumps(sample, indent=2) + "\n")
    write_card_of(folder)
    print(json.dumps(sample, indent=2))


def reading_sha256(manifest: dict) -> str:  # type: ignore[type-arg]
    """Changes when anything does that the node reads a series with: networks, preprocessing, calibration, thresholds."""
    told = {key: value for key, value in manifest.items() if key not in ("performance", "training", "limits", "version")}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def read_by_node(node: str, series: str, pipeline: str, bundle: Path) -> list[dict]:  # type: ignore[type-arg]
    """The findings of `willis process`, with the bundles beside the given one."""
    with tempfile.TemporaryDirectory() as out:
        command = [node, str(ROOT / "bin/willis.js"), "process", str(ROOT / series), "--pipeline", pipeline, "--bundles", str(bundle.resolve().parent),
                   "--out", out, "--results", "sr", "--json", "-"]
        said = subprocess.run(command, capture_output=True, text=True, check=False)
    if said.returncode != 0:
        raise SystemExit(f"the node could not read {series}: {said.stderr}")
    (findings,) = json.loads(said.stdout)
    if findings["state"] == "not-analysed":
        raise SystemExit(f"{series} was not analysed: {findings['reason']['text']}")
    return findings["findings"]  # type: ignore[no-any-return]


def sample_section(folder: Path) -> str:
    """The card's section; nothing where the bundle has no sample, or one that was read with other weights or thresholds."""
    file = folder / FILE
    if not file.exists():
        return ""
    sample = json.loads(file.read_text())
    if sample["readBy"] != reading_sha256(json.loads((folder / "model.json").read_text())):
        return ""
    bleeds = sample["pipeline"] == "ncct-haemorrhage"
    head = ["probability", "place (LPS, mm)", *(["kind", "slices marked"] if bleeds else ["diameter (mm)", "artery", "side"]), "what is there"]
    lines = "\n".join(f"| {' | '.join(_cells(row))} |" for row in sample["findings"])
    missed = "; ".join(sample["missed"])
    table = f"\n| {' | '.join(head)} |\n|{'---|' * len(head)}\n{lines}\n" if lines else "\nNo findings.\n"
    return f"""## Sample
`{sample['series']}`, {sample['slices']} slices. {SERIES[sample['pipeline']].made}
In it: {'; '.join(sample['holds'])}. `npx willis process {sample['series']} --pipeline {sample['pipeline']} --out results` finds
{table}
Missed: {missed or 'nothing'}.

"""


def _cells(row: dict) -> list[str]:  # type: ignore[type-arg]
    place = "-" if row["centreLpsMm"] is None else ", ".join(f"{v:.1f}" for v in row["centreLpsMm"])
    own = [row["kind"], str(row["slices"])] if "slices" in row else [f"{row['maxDiameterMm']:.1f}", row["artery"], row["side"] or "-"]
    return [f"{row['probability']:.3f}", place, *own, row["on"] or ("no such blood: a false mark" if "slices" in row else "nothing: a false mark")]


def _row(finding: dict, truth: dict) -> dict[str, object]:  # type: ignore[type-arg]
    common = {"probability": round(finding["probability"], 3),
              "centreLpsMm": finding["centreLpsMm"] and [round(v, 1) + 0.0 for v in finding["centreLpsMm"]]}
    if finding["kind"] == "haemorrhage":
        there = [b for b in truth["bleeds"] if b["subtype"] == finding["subtype"]]
        return common | {"kind": finding["subtype"], "slices": len(finding["slices"]), "on": _bleed(there[0], truth) if there else None}
    on = next((a for a in truth["aneurysms"] if _distance(finding, a) <= max(LEAST_RADIUS_MM, a["diameterMm"] / 2)), None)
    site = finding["site"]
    artery = site["meaning"] + (f" ({site['modifier']['meaning']})" if "modifier" in site else "")
    return common | {"maxDiameterMm": round(finding["maxDiameterMm"], 1), "artery": artery, "side": site["laterality"], "on": on and _sac(on)}


def _holds(truth: dict) -> list[str]:  # type: ignore[type-arg]
    if "bleeds" in truth:
        return [_bleed(b, truth) for b in truth["bleeds"]]
    return [_sac(a) + " at (" + ", ".join(f"{v:.1f}" for v in a["centreLpsMm"]) + ")" for a in truth["aneurysms"]]


def _missed(rows: list[dict], truth: dict) -> list[str]:  # type: ignore[type-arg]
    there = [_bleed(b, truth) for b in truth["bleeds"]] if "bleeds" in truth else [_sac(a) for a in truth["aneurysms"]]
    return [one for one in there if one not in {row["on"] for row in rows}]


def _sac(aneurysm: dict) -> str:  # type: ignore[type-arg]
    side = f", {aneurysm['side']}" if aneurysm["side"] else ""
    return f"aneurysm of {aneurysm['diameterMm']:.1f} mm, {aneurysm['site']}{side}"


def _bleed(bleed: dict, truth: dict) -> str:  # type: ignore[type-arg]
    column = truth["classes"].index(bleed["subtype"])
    slices = [k + 1 for k, row in enumerate(truth["slices"]) if row[column]]
    return f"{bleed['subtype']} blood ({bleed['kind']}, {bleed['age']}) in {len(slices)} slices, {slices[0]} to {slices[-1]}"


def _distance(finding: dict, aneurysm: dict) -> float:  # type: ignore[type-arg]
    return float(np.linalg.norm(np.array(finding["centreLpsMm"]) - aneurysm["centreLpsMm"]))
