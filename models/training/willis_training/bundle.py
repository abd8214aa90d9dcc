"""A bundle: ONNX, manifest, golden vectors and card, from a trained network and phantoms it has not seen."""

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
import onnxruntime as ort

from . import __version__
from .card import write_card
from .card_of import settings_compared
from .checkpoints import checkpoint_of
from .dataset import Bent, Case, load_cases
from .detect import Fields, Localisation, candidates_of
from .evaluate import Calibration, Scan, Score, calibrate, choose_threshold, dense_versus_patch, fit_measures, onnx_fields, scan_case, score, told_diameter
from .export import export_onnx
from .head_distance.conform import KEEP_MM
from .network import TinyUNet3D
from .operating_point import Manifest, localisation_of, point_of
from .phantom import draw_anatomy, draw_appearance, render
from .preprocess import (HIGH_PERCENTILE, LOW_PERCENTILE, REFERENCE_PERCENTILE, RELATIVE_THRESHOLD, prepare)
from .real_tof import tree_from
from .staged import staged
from .train import TrainOptions, train
from .unseen import BUDGET_ON_PHANTOMS, figures

#: a voxel's probability from which on it belongs to a candidate of a new bundle: below, candidates run into the artery beside the sac.
#: Chosen on validation phantoms, of 0.5, 0.7, 0.85 and 0.93
TOLD_ABOVE = 0.7
#: of a new bundle's manifest: what makes a candidate, how many are told, and how far from the brain (mm) one may lie
CANDIDATES = {"localisationThreshold": TOLD_ABOVE, "minVoxels": Localisation().min_voxels, "maxCandidates": 10, "farthestFromBrainMm": KEEP_MM}


def run(arguments: argparse.Namespace) -> None:
    """The command `bundle`; training goes on from the cache."""
    counts = dict(zip(("train", "validation", "test"), arguments.scans))
    first = {"test": arguments.test_from}
    cases = {split: load_cases(arguments.cache, split, count, first.get(split, 0)) for split, count in counts.items()}  # type: ignore[arg-type]
    trees = [tree_from(file) for file in arguments.tree] if arguments.tree else [None]
    shares = [len(range(n, arguments.bent_scans, len(trees))) for n in range(len(trees))]
    bent = [case for tree, share in zip(trees, shares) for case in load_cases(arguments.cache, "train", share, counts["train"], bent=Bent(tree))]
    options = TrainOptions(steps=arguments.steps, settle_steps=arguments.settle_steps, broad_steps=arguments.broad_steps, bent_steps=arguments.bent_steps, seed=arguments.seed)
    network = train(cases["train"], bent, options, checkpoint_of(arguments.cache, "patch", options, counts["train"], len(bent), *(tree.key for tree in trees if tree)))
    grown = f", grown around those in {', '.join(file.name for file in arguments.tree)}," if arguments.tree else ""
    training = {"scans": counts["train"] + len(bent), "seed": arguments.seed, "date": arguments.date,
                "steps": f"{arguments.steps} steps, the last {arguments.steps - options.main_steps} on larger crops, to settle dense and patchwise logits; "
                         f"{options.broad_share:.0%} of the crops, and from step {options.broad_from} all, as a coarser, noisier scanner of another contrast would have them; "
                         f"the last {arguments.bent_steps} in any contrast and with {len(bent)} phantoms of tortuous arteries{grown} among them."}
    with staged(arguments.out) as folder:
        score = write_bundle(network, cases, folder, training)
        print(f"{score.detected} of {score.lesions} aneurysms of 4 mm and more, {score.false_positives_per_scan:.2f} false positives a scan")
        if arguments.gate and (score.detected < 0.8 * score.lesions or score.false_positives_per_scan > 2):
            raise SystemExit("below what a shipped bundle must reach: 0.80 sensitivity at 2 false positives a scan")


def write_bundle(
    network: TinyUNet3D, cases: dict[str, list[Case]], folder: Path, training: dict[str, object], candidates: Manifest = CANDIDATES,
    budget: float = BUDGET_ON_PHANTOMS
) -> Score:
    """Exports, calibrates on validation phantoms, measures on test phantoms, and writes everything; returns the test score.

    `candidates` is the manifest's. The threshold allows `budget` false positives a validation scan.
    """
    folder.mkdir(parents=True, exist_ok=True)
    export_onnx(network, folder / "model.onnx")
    session = ort.InferenceSession(str(folder / "model.onnx"), providers=["CPUExecutionProvider"])
    localisation = localisation_of(candidates)
    validation = [scan_case(session, case, localisation) for case in cases["validation"]]
    calibration = calibrate(validation)
    threshold = choose_threshold(validation, calibration, budget)
    chosen = score(validation, calibration, threshold)
    scans = [scan_case(session, case, localisation) for case in cases["test"]]
    manifest = _manifest(folder, calibration, (threshold, chosen, budget), training)
    manifest |= {"candidates": candidates}
    manifest["measures"] = fit_measures(validation)
    manifest["performance"] = (performance_of(scans, calibration, threshold) | {"denseVersusPatchCorrelation": agreement_of(session, cases["test"])}
                               | settings_compared(folder))
    write_texts(folder, manifest)
    write_golden(session, folder, manifest)
    return score(scans, calibration, threshold)


def agreement_of(session: ort.InferenceSession, cases: list[Case]) -> float:
    """Correlation of dense and patchwise logits on the first cases."""
    return round(dense_versus_patch(session, cases[:8], seed=1), 4)


def performance_of(scans: list[Scan], calibration: Calibration, threshold: float) -> dict[str, object]:
    """What the manifest says of unseen phantoms."""
    test = score(scans, calibration, threshold)
    return {
        "testedOn": f"{test.scans} synthetic phantoms (kit {__version__}) of unseen anatomy and unseen appearance", "scans": test.scans,
        "lesions": test.lesions, "lesionSensitivity4mmUp": round(test.detected / max(test.lesions, 1), 3),
        "falsePositivesPerScan": round(test.false_positives_per_scan, 3), **figures(scans, calibration, threshold),
        "bySize": [{"sizeMm": name, "lesions": n, "detected": hit} for name, n, hit in test.by_size]}


def write_texts(folder: Path, manifest: dict[str, object]) -> None:
    """Manifest and card."""
    (folder / "model.json").write_text(json.dumps(manifest, indent=2, allow_nan=False) + "\n")
    write_card(folder, manifest)


def _manifest(folder: Path, calibration: Calibration, chosen: tuple[float, Score, float], training: dict[str, object]) -> dict[str, object]:
    threshold, validation, budget = chosen
    sha = hashlib.sha256((folder / "model.onnx").read_bytes()).hexdigest()
    return {
        "schemaVersion": 1, "id": "tof-patch-phantom", "version": __version__, "pipeline": "tof-patch",
        "task": "aneurysm-detection", "modality": "MR", "title": "TOF-MRA aneurysm marking, Tiny 3D U-Net",
        "manufacturer": "Willis",
        "accepts": {"orientation": "axial", "maxObliqueDegrees": 30, "minSlices": 32, "pixelSpacingMm": [0.2, 1.2],
                    "sliceSpacingMm": [0.2, 1.5], "minCoverageMm": [90, 90, 32], "minHeadShare": 0.15},
        "preprocessing": {
            "orientation": "LPS", "spacingMm": 1, "interpolation": "linear",
            "headMask": {"method": "threshold-largest-component", "relativeThreshold": RELATIVE_THRESHOLD,
                         "referencePercentile": REFERENCE_PERCENTILE},
            "normalisation": {"method": "percentile-in-mask", "lowPercentile": LOW_PERCENTILE, "highPercentile": HIGH_PERCENTILE}},
        "network": {"file": "model.onnx", "sha256": sha, "input": "volume", "evidence": "evidence",
                    "localisation": "localisation", "multipleOf": 4, "patchSize": 32, "haloVoxels": 24},
        "candidates": {},
        "measures": {},
        "calibration": {"method": "logistic", "intercept": round(calibration.intercept, 6), "seedLogit": round(calibration.seed, 6),
                        "patchLogit": round(calibration.patch, 6), "logVolume": round(calibration.volume, 6),
                        "scanProbabilityWhenNoCandidate": 0.01},
        "operatingPoint": {
            "findingThreshold": threshold,
            "chosenOn": f"{validation.scans} validation phantoms, at most {budget:g} false positives a scan",
            "sensitivity": round(validation.detected / max(validation.lesions, 1), 3),
            "falsePositivesPerScan": round(validation.false_positives_per_scan, 3)},
        "training": {"data": f"{training['scans']} synthetic TOF-MRA phantoms", "licence": "Apache-2.0", "synthetic": True,
                     "seed": training["seed"], "kitVersion": __version__, "date": training["date"], "steps": training.get("steps", "")},
        "performance": {},
        "limits": [
            "Trained and measured on synthetic phantoms only; it says nothing about patients",
            "Aneurysms below 4 mm are often missed",
            "Bias fields are not corrected; treated aneurysms, CTA and contrast-enhanced MRA are not covered"],
        "intendedUse": "Trained on synthetic phantoms; not for clinical use",
        "golden": "golden/golden.json",
    }


def write_golden(session: ort.InferenceSession, folder: Path, manifest: Manifest) -> None:
    """A small phantom crop and what this kit makes of it; the node must agree."""
    golden = folder / "golden"
    golden.mkdir(exist_ok=True)
    anatomy = draw_anatomy(300_001, 2, (6.0, 9.0))
    phantom = render(anatomy, draw_appearance(300_001, "train"))
    scale = 700
    centre = np.round((np.array([0.0, -6.0, 2.0]) - phantom.origin) / phantom.spacing).astype(int)
    half = np.array([88, 76, 36])
    start, stop = np.maximum(centre - half, 0), np.minimum(centre + half, phantom.image.shape[::-1])
    crop = phantom.image[start[2] : stop[2], start[1] : stop[1], start[0] : stop[0]]
    volume = np.round(crop * scale).astype("<i2")
    (golden / "volume.raw").write_bytes(volume.tobytes())
    prepared = prepare(volume.astype(np.float32), phantom.spacing)
    fields = onnx_fields(session, prepared.image)
    rng = np.random.default_rng(5)
    bright = np.argwhere(prepared.image > 0.5)
    spots = np.vstack([bright[rng.integers(len(bright), size=120)], rng.integers(0, prepared.image.shape, (120, 3))])
    record = {
        "file": "volume.raw", "shape": list(volume.shape), "spacingMm": list(phantom.spacing),
        "preprocessed": {"shape": list(prepared.image.shape), "samples": _samples(prepared.image, spots)},
        "evidence": _samples(fields.evidence, spots), "localisation": _samples(fields.localisation, spots),
        "densePatchLogit": _samples(fields.patch_logit, spots),
        "candidates": _candidates(fields, prepared.mask, manifest),
    }
    (golden / "golden.json").write_text(json.dumps(record) + "\n")


def _samples(field: np.ndarray, spots: np.ndarray) -> list[list[float]]:
    return [[int(z), int(y), int(x), round(float(field[z, y, x]), 6)] for z, y, x in spots]


def _candidates(fields: Fields, mask: np.ndarray, manifest: Manifest) -> list[dict[str, object]]:
    point, measures = point_of(manifest), manifest["measures"]
    found = sorted(candidates_of(fields, mask, point.localisation), key=point.probability, reverse=True)[:manifest["candidates"]["maxCandidates"]]
    return [{
        "centreVoxel": [round(float(v), 4) for v in c.centre],
        "probability": round(point.probability(c), 6),
        "volumeMm3": round(c.volume * measures["volumeScale"], 3),
        "maxDiameterMm": round(told_diameter(c, measures), 3),
    } for c in found]
