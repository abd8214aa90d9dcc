"""The bundle tof-coarse-fine: the three graphs of system 003, calibration, figures, manifest, golden vectors and card."""

import argparse
import hashlib
import json
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .. import __version__
from ..card_of import settings_compared
from ..readers.refusal import Refusal
from .card import write_card
from .cases import FIRST_TEST_SEED, FineCase, kept_case
from .contour import SOFTEN
from .deepmedic import LOST, DeepMedic, coarse_size
from .export import export_arteries, export_coarse, export_fine
from .measure import OUTLINES, Calibration, Chosen, Read, choose, measure
from .reader import CANDIDATE, FILES, MOST, SMALLEST_ARTERY_MM3, SMALLEST_VOXELS, SPACING_MM, TILE, FineReader
from .reading import read_all
from .se_unet import FineNetwork
from .stored import StoredArteries
from .train import FineOptions
from .vessels import ArteryNetwork

VERSION = "0.3.0"
LIMITS = [
    "Trained and measured on synthetic phantoms only; it says nothing about patients",
    "Read in a box of 88 x 80 x 56 mm about the circle of Willis: how many marks it sets elsewhere in a head is not known",
    "Many aneurysms are missed on unseen phantoms, small ones most, see the table; its silence says nothing",
    "No artery is named, only the side; treated aneurysms are not covered",
]
PREPROCESSING = {
    "orientation": "LPS", "spacingMm": SPACING_MM, "interpolation": "linear",
    "normalisation": {"method": "percentile-above-zero", "lowPercentile": 0.5, "highPercentile": 99.9},
    "arteries": {"threshold": 0.5, "smallestMm3": SMALLEST_ARTERY_MM3, "multipleOf": 4, "haloVoxels": 24},
    "vessels": {"dilation": "18-neighbours", "normalisation": "z-score-inside", "outside": 0},
    "contour": {"method": "sobel-root-mean-square", "softenVoxels": SOFTEN, "scale": "maximum-1"}}


@dataclass(frozen=True)
class System:
    """The three networks and how the last was trained."""

    arteries: ArteryNetwork | StoredArteries
    coarse: DeepMedic
    fine: FineNetwork
    options: FineOptions


def write_bundle(
    system: System, cases: tuple[list[FineCase], list[FineCase]], folder: Path, training: dict[str, object], extra: dict[str, object], cache: Path | None
) -> dict[str, object]:
    """Exports, chooses thresholds and calibrates on validation cases, measures on test cases (`cases` are both). Returns the manifest.

    `extra` joins the figures (ablation, real volumes).
    """
    validation, test = cases
    voi = system.options.voi
    export_system(system, folder)
    chosen = choose(list(read_all((folder, voi), validation, OUTLINES, cache)))
    read = read_at((folder, voi), test, chosen.outline, cache)
    performance = {"testedOn": tested_on(len(test)), **measure(read, chosen), **settings_compared(folder), **extra}
    manifest = manifest_of(folder, voi, chosen, f"{len(validation)} validation phantoms, at most 0.5 false positives a scan")
    manifest |= {"training": {**training, "licence": "Apache-2.0", "synthetic": True, "kitVersion": __version__}, "performance": performance}
    (folder / "model.json").write_text(json.dumps(manifest, indent=2, allow_nan=False) + "\n")
    write_golden((folder, voi), chosen, golden_volume(test))
    write_card(folder, manifest)
    return manifest


def export_system(system: System, folder: Path) -> None:
    """The three graphs; stored arteries are copied."""
    folder.mkdir(parents=True, exist_ok=True)
    if isinstance(system.arteries, StoredArteries):
        shutil.copyfile(system.arteries.file, folder / "arteries.onnx")
    else:
        export_arteries(system.arteries, folder / "arteries.onnx")
    export_coarse(system.coarse, folder / "coarse.onnx", TILE)
    export_fine(system.fine, folder / "fine.onnx", voi=system.options.voi)


def read_at(bundle: tuple[Path, int], cases: Iterable[FineCase], outline: float, cache: Path | None) -> list[Read]:
    """Every case as the bundle (folder, side of a VOI) outlines it at one probability."""
    return [by_threshold[outline] for by_threshold in read_all(bundle, cases, (outline,), cache)]


def manifest_of(folder: Path, voi: int, chosen: Chosen, chosen_on: str) -> dict[str, object]:
    """All but what it was trained and measured on."""
    calibration = chosen.calibration
    names = {"arteries": (["image"], ["probability"]), "coarse": (["fine", "coarse"], ["probability"]), "fine": (["channels"], ["probability"])}
    coarse, fine, volume = calibration.weights
    return {
        "schemaVersion": 1, "id": "tof-coarse-fine-phantom", "version": VERSION, "pipeline": "tof-coarse-fine", "task": "aneurysm-segmentation",
        "modality": "MR", "title": "TOF-MRA aneurysm outlines, DeepMedic and a dual-channel SE 3-D U-Net", "manufacturer": "Willis",
        "accepts": {"orientation": "axial", "maxObliqueDegrees": 30, "minSlices": 32, "pixelSpacingMm": [0.2, 1.2], "sliceSpacingMm": [0.2, 1.5],
                    "minCoverageMm": [80, 80, 32]},
        "preprocessing": PREPROCESSING,
        "networks": [{"role": role, "file": file, "sha256": hashlib.sha256((folder / file).read_bytes()).hexdigest(),
                      "inputs": names[role][0], "outputs": names[role][1]} for file, role in FILES.items()],
        "coarse": {"segment": TILE, "output": TILE - LOST, "coarseSegment": coarse_size(TILE), "coarser": 3, "padding": "zero",
                   "tilesWithoutVessel": "skipped"},
        "candidates": {"threshold": CANDIDATE, "minVoxels": SMALLEST_VOXELS, "maxCandidates": MOST, "rankedBy": "largest-coarse-probability"},
        "fine": {"voi": voi, "outside": 0, "threshold": chosen.outline, "minVoxels": SMALLEST_VOXELS, "overlap": "maximum"},
        "calibration": {"method": "logistic", "intercept": round(calibration.intercept, 6), "coarseLogit": round(coarse, 6),
                        "fineLogit": round(fine, 6), "logVolume": round(volume, 6), "scanProbabilityWhenNoCandidate": 0.01},
        "operatingPoint": {"findingThreshold": round(chosen.finding, 4), "chosenOn": chosen_on},
        "limits": LIMITS, "intendedUse": "Trained on synthetic phantoms; not for clinical use",
        "golden": "golden/golden.json"}


def chosen_of(manifest: dict[str, Any]) -> Chosen:
    """What a manifest says of calibration and thresholds."""
    line = manifest["calibration"]
    return Chosen(Calibration((line["coarseLogit"], line["fineLogit"], line["logVolume"]), line["intercept"]), manifest["fine"]["threshold"],
                  manifest["operatingPoint"]["findingThreshold"])


def remeasure(arguments: argparse.Namespace, manifest: dict[str, Any]) -> None:
    """The command `measure`: figures on unseen phantoms anew, with the calibration and the thresholds that the bundle has."""
    if not manifest["training"]["synthetic"]:
        raise Refusal("WRONG_BUNDLE", arguments.bundle, "was fine-tuned on a data set; phantoms would put their figures in the place of its own. "
                      "`willis evaluate` measures it on labelled cases")
    if arguments.real or arguments.scans == 0:
        raise Refusal("NOTHING_TO_MEASURE", arguments.bundle, "is measured on phantoms alone (--scans, without --real): it is read in a box about the circle of Willis")
    chosen = chosen_of(manifest)
    numbers = range(arguments.test_from, arguments.test_from + arguments.scans)
    cases = (kept_case(FIRST_TEST_SEED + k, "test", None, SPACING_MM, arguments.cache) for k in numbers)
    read = read_at((arguments.bundle, manifest["fine"]["voi"]), cases, chosen.outline, arguments.cache)
    kept = {name: manifest["performance"][name] for name in ("ablation", "folds", "foldsHow", "explanation") if name in manifest["performance"]}
    manifest["performance"] = {"testedOn": tested_on(len(read)), **measure(read, chosen), **kept}
    (arguments.bundle / "model.json").write_text(json.dumps(manifest, indent=2, allow_nan=False) + "\n")
    write_card(arguments.bundle, manifest)


def tested_on(scans: int) -> str:
    """Whose phantoms the figures are of."""
    return f"{scans} synthetic phantoms (kit {__version__}) of unseen anatomy and unseen appearance"


def golden_volume(cases: list[FineCase]) -> np.ndarray:
    """A box about the largest aneurysm of the cases, as thousandths [z,y,x]."""
    case = max(cases, key=lambda c: float(c.aneurysms.astype(bool).sum()))
    middle = np.argwhere(case.aneurysms > 0).mean(0)
    box = tuple(slice(int(np.clip(m - s / 2, 0, n - s)), int(np.clip(m - s / 2, 0, n - s)) + s)
                for m, s, n in zip(middle, (64, 88, 88), case.image.shape))
    return np.round(case.image[box] * 1000).astype("<i2")


def write_golden(bundle: tuple[Path, int], chosen: Chosen, volume: np.ndarray) -> None:
    """A volume in thousandths, and what every step of the bundle (folder, side of a VOI) makes of it."""
    folder, voi = bundle
    steps = FineReader(folder, voi).read(volume.astype(np.float32) / 1000)
    rng = np.random.default_rng(5)
    strongest = np.argwhere(steps.fine > 0.02)
    spread = np.stack([rng.integers(0, n, 30) for n in volume.shape], 1)
    places = np.vstack([spread, strongest[rng.integers(0, len(strongest), 30)]]) if len(strongest) else spread
    values = [[*(int(v) for v in p), round(float(steps.coarse[tuple(p)]), 4), round(float(steps.fine[tuple(p)]), 4)] for p in places]
    golden = {"file": "volume.raw", "shape": list(volume.shape), "spacingMm": [SPACING_MM] * 3, "units": "thousandths of the normalised image",
              "arteryVoxels": int(steps.arteries.sum()), "centres": [[round(v, 3) for v in c] for c in steps.centres], "coarseAndFine": values,
              "marks": [{"centre": [round(v, 3) for v in m.centre], "voxels": m.voxels, "fine": round(m.fine, 4), "coarse": round(m.coarse, 4),
                         "probability": round(chosen.calibration(m), 4)} for m in steps.marks(chosen.outline)]}
    (folder / "golden").mkdir(exist_ok=True)
    (folder / "golden" / "volume.raw").write_bytes(volume.tobytes())
    (folder / "golden" / "golden.json").write_text(json.dumps(golden, allow_nan=False) + "\n")
