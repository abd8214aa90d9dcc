"""A tof-patch bundle on unseen phantoms and on real arteries; manifest and card say what came out."""

import argparse
from pathlib import Path

import onnxruntime as ort

from .bundle import agreement_of, performance_of, write_texts
from .dataset import Bent, load_cases
from .detect import Candidate, candidates_of
from .evaluate import onnx_fields, scan_case, score
from .marked_picture import Mark, Outline, draw_marks
from .operating_point import OperatingPoint, point_of
from .preprocess import prepare, require_prepared_here
from .real_tof import Embedded, in_synthetic_head, tree_from, vessels_of
from .unseen import figures

#: what a radiologist has to know where the figures on real trees are the worse ones, beyond their intervals
LIMIT_ON_TREES = ("Of aneurysms on arteries that run otherwise than in training it finds far fewer, and it"
                  " marks more beside them: measured on phantoms grown around a real person's arteries (CARD.md)")
#: room between a mark and its ring (mm)
ROOM_MM = 3.0


def remeasure(arguments: argparse.Namespace, manifest: dict) -> None:  # type: ignore[type-arg]
    """Measures anew with the calibration and thresholds that the bundle has; without scans the figures on phantoms stay."""
    folder: Path = arguments.bundle
    require_prepared_here(folder, manifest["preprocessing"])
    session = ort.InferenceSession(str(folder / manifest["network"]["file"]), providers=["CPUExecutionProvider"])
    point = point_of(manifest)
    if arguments.scans > 0:
        cases = load_cases(arguments.cache, "test", arguments.scans, arguments.test_from)
        kept = {name: manifest["performance"][name] for name in ("ablation", "explanation", "realVolumes", "realTrees") if name in manifest["performance"]}
        manifest["performance"] = performance_of([scan_case(session, c, point.localisation) for c in cases], point.calibration, point.threshold) | {
            "denseVersusPatchCorrelation": agreement_of(session, cases)} | kept
    if arguments.real:
        manifest["performance"]["realVolumes"] = [real_row(session, manifest, file, arguments.pictures) for file in arguments.real]
    if arguments.tree:
        manifest["performance"]["realTrees"] = [tree_row(session, point, file, arguments) for file in arguments.tree]
        told, rows = manifest["performance"].get("lesionSensitivity3mmUpInterval", [0.0]), manifest["performance"]["realTrees"]
        if LIMIT_ON_TREES not in manifest["limits"] and any(row["lesionSensitivity3mmUpInterval"][1] < told[0] for row in rows):
            manifest["limits"].append(LIMIT_ON_TREES)
    write_texts(folder, manifest)


def tree_row(session: ort.InferenceSession, point: OperatingPoint, file: Path, arguments: argparse.Namespace) -> dict[str, object]:
    """Unseen phantoms whose arteries are grown around those of one mask: people no network was trained on, whose arteries none of the others has."""
    cases = load_cases(arguments.cache, "test", arguments.tree_scans, bent=Bent(tree_from(file)))
    scans = [scan_case(session, case, point.localisation) for case in cases]
    told = figures(scans, point.calibration, point.threshold)
    if told["lesions3mmUp"] == 0:
        raise SystemExit(f"none of {arguments.tree_scans} phantoms grown around {file} has an aneurysm of 3 mm or more: ask for more (--tree-scans)")
    return {"name": file.name.split(".")[0], "scans": len(scans), "lesions3mmUp": told["lesions3mmUp"], "detected3mmUp": told["detected3mmUp"],
            "lesionSensitivity3mmUpInterval": told["lesionSensitivity3mmUpInterval"],
            "falsePositivesPerScan": round(score(scans, point.calibration, point.threshold).false_positives_per_scan, 3),
            "falsePositivesPerScanInterval": told["falsePositivesPerScanInterval"],
            "sensitivityAtHalfFalsePositive": told["atHalfFalsePositive"]["lesionSensitivity3mmUp"]}  # type: ignore[index]


def real_row(session: ort.InferenceSession, manifest: dict, file: Path, pictures: Path | None) -> dict[str, object]:  # type: ignore[type-arg]
    """One real volume of vessels, read in a synthetic head; a picture of its marks is written where a folder is given."""
    point = point_of(manifest)
    vessels, spacing = vessels_of(file)
    head = in_synthetic_head(vessels, spacing)
    prepared = prepare(head.image, spacing)
    found = candidates_of(onnx_fields(session, prepared.image), prepared.mask, point.localisation)
    probability = [point.probability(c) for c in found]
    name = file.name.split(".")[0]
    marks = [c for c, p in zip(found, probability) if p >= point.threshold]
    if pictures is not None:
        _draw(marks, head, spacing[2], pictures / f"{name}.png")
    return {"name": name, "candidates": len(found), "marks": len(marks), "highest": round(max(probability, default=0.0), 3)}


def _draw(marks: list[Candidate], head: Embedded, slice_spacing: float, file: Path) -> None:
    """The marks over a plain outline: no voxel of the volume is shown."""
    rings = [Mark(tuple(float(low + at) for low, at in zip(head.low, mark.centre)), mark.extent / 2 + ROOM_MM) for mark in marks]  # type: ignore[arg-type]
    outline = Outline(head.radii, (head.low[2], head.low[2] + (len(head.image) - 1) * slice_spacing))
    caption = f"{len(marks)} marks of tof-patch. Ellipse: the synthetic head; dashed: first and last slice. No voxel of the volume is shown."
    draw_marks(rings, outline, file, caption)
