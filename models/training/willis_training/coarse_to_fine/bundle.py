"""The bundle tof-coarse-fine: the three graphs of system 003, calibration, figures, manifest, golden vectors and card."""

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .. import __version__
from .card import write_card
from .cases import FineCase
from .contour import SOFTEN
from .deepmedic import LOST, DeepMedic, coarse_size
from .export import export_arteries, export_coarse, export_fine
from .measure import Calibration, calibrate, choose_outline, choose_threshold, measure, outlined
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
    folder.mkdir(parents=True, exist_ok=True)
    voi = system.options.voi
    if isinstance(system.arteries, StoredArteries):
        shutil.copyfile(system.arteries.file, folder / "arteries.onnx")
    else:
        export_arteries(system.arteries, folder / "arteries.onnx")
    export_coarse(system.coarse, folder / "coarse.onnx", TILE)
    export_fine(system.fine, folder / "fine.onnx", voi=voi)
    steps = read_all(folder, voi, validation, cache)
    outline = choose_outline(validation, steps)
    chosen_on = [outlined(case, s, outline) for case, s in zip(validation, steps)]
    calibration = calibrate(chosen_on)
    threshold = choose_threshold(chosen_on, calibration)
    read = [outlined(case, s, outline) for case, s in zip(test, read_all(folder, voi, test, cache))]
    earlier = json.loads((folder / "model.json").read_text())["performance"] if (folder / "model.json").exists() else {}
    # the settings against each other say nothing of these weights: they stay when a bundle is written anew
    extra = {name: earlier[name] for name in ("ablation",) if name in earlier} | extra
    performance = {"testedOn": f"{len(test)} synthetic phantoms of unseen anatomy and unseen appearance", **measure(read, calibration, threshold), **extra}
    manifest = _manifest(folder, voi, (calibration, outline), performance, training)
    manifest["operatingPoint"] = {"findingThreshold": round(threshold, 4), "chosenOn": f"{len(validation)} validation phantoms, at most 0.5 false positives a scan"}
    (folder / "model.json").write_text(json.dumps(manifest, indent=2, allow_nan=False) + "\n")
    write_golden(FineReader(folder, voi), (calibration, outline), test, folder)
    write_card(folder, manifest)
    return manifest


def _manifest(
    folder: Path, voi: int, chosen: tuple[Calibration, float], performance: dict[str, object], training: dict[str, object]
) -> dict[str, object]:
    calibration, outline = chosen
    names = {"arteries": (["image"], ["probability"]), "coarse": (["fine", "coarse"], ["probability"]), "fine": (["channels"], ["probability"])}
    coarse, fine, volume = calibration.weights
    return {
        "schemaVersion": 1, "id": "tof-coarse-fine-phantom", "version": VERSION, "pipeline": "tof-coarse-fine", "task": "aneurysm-segmentation",
        "modality": "MR", "title": "TOF-MRA aneurysm outlines, DeepMedic and a dual-channel SE 3-D U-Net", "manufacturer": "Willis",
        "accepts": {"orientation": "axial", "maxObliqueDegrees": 30, "minSlices": 32, "pixelSpacingMm": [0.2, 1.2], "sliceSpacingMm": [0.2, 1.5],
                    "minCoverageMm": [80, 80, 32]},
        "preprocessing": {
            "orientation": "LPS", "spacingMm": SPACING_MM, "interpolation": "linear",
            "normalisation": {"method": "percentile-above-zero", "lowPercentile": 0.5, "highPercentile": 99.9},
            "arteries": {"threshold": 0.5, "smallestMm3": SMALLEST_ARTERY_MM3, "multipleOf": 4, "haloVoxels": 24},
            "vessels": {"dilation": "18-neighbours", "normalisation": "z-score-inside", "outside": 0},
            "contour": {"method": "sobel-root-mean-square", "softenVoxels": SOFTEN, "scale": "maximum-1"}},
        "networks": [{"role": role, "file": file, "sha256": hashlib.sha256((folder / file).read_bytes()).hexdigest(),
                      "inputs": names[role][0], "outputs": names[role][1]} for file, role in FILES.items()],
        "coarse": {"segment": TILE, "output": TILE - LOST, "coarseSegment": coarse_size(TILE), "coarser": 3, "padding": "zero",
                   "tilesWithoutVessel": "skipped"},
        "candidates": {"threshold": CANDIDATE, "minVoxels": SMALLEST_VOXELS, "maxCandidates": MOST, "rankedBy": "largest-coarse-probability"},
        "fine": {"voi": voi, "outside": 0, "threshold": outline, "minVoxels": SMALLEST_VOXELS, "overlap": "maximum"},
        "calibration": {"method": "logistic", "intercept": round(calibration.intercept, 6), "coarseLogit": round(coarse, 6),
                        "fineLogit": round(fine, 6), "logVolume": round(volume, 6), "scanProbabilityWhenNoCandidate": 0.01},
        "training": {**training, "licence": "Apache-2.0", "synthetic": True, "kitVersion": __version__},
        "performance": performance, "limits": LIMITS, "intendedUse": "Trained on synthetic phantoms; not for clinical use",
        "golden": "golden/golden.json"}


def write_golden(reader: FineReader, chosen: tuple[Calibration, float], cases: list[FineCase], folder: Path) -> None:
    """A box about the largest aneurysm of the test cases, as thousandths, and what every step makes of it."""
    calibration, outline = chosen
    case = max(cases, key=lambda c: float(c.aneurysms.astype(bool).sum()))
    middle = np.argwhere(case.aneurysms > 0).mean(0)
    box = tuple(slice(int(np.clip(m - s / 2, 0, n - s)), int(np.clip(m - s / 2, 0, n - s)) + s)
                for m, s, n in zip(middle, (64, 88, 88), case.image.shape))
    volume = np.round(case.image[box] * 1000).astype("<i2")
    steps = reader.read(volume.astype(np.float32) / 1000)
    rng = np.random.default_rng(5)
    strongest = np.argwhere(steps.fine > 0.02)
    places = np.vstack([np.stack([rng.integers(0, n, 30) for n in volume.shape], 1), strongest[rng.integers(0, len(strongest), 30)]])
    values = [[*(int(v) for v in p), round(float(steps.coarse[tuple(p)]), 4), round(float(steps.fine[tuple(p)]), 4)] for p in places]
    golden = {"file": "volume.raw", "shape": list(volume.shape), "spacingMm": [SPACING_MM] * 3, "units": "thousandths of the normalised image",
              "arteryVoxels": int(steps.arteries.sum()), "centres": [[round(v, 3) for v in c] for c in steps.centres], "coarseAndFine": values,
              "marks": [{"centre": [round(v, 3) for v in m.centre], "voxels": m.voxels, "fine": round(m.fine, 4), "coarse": round(m.coarse, 4),
                         "probability": round(calibration(m), 4)} for m in steps.marks(outline)]}
    (folder / "golden").mkdir(exist_ok=True)
    (folder / "golden" / "volume.raw").write_bytes(volume.tobytes())
    (folder / "golden" / "golden.json").write_text(json.dumps(golden, allow_nan=False) + "\n")
