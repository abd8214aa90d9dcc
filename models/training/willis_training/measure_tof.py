"""A tof-patch bundle on unseen phantoms and on real arteries; manifest and card say what came out."""

import argparse
from pathlib import Path

import numpy as np
import onnxruntime as ort
from PIL import Image, ImageDraw

from .bundle import agreement_of, performance_of, write_texts
from .dataset import load_cases
from .detect import Candidate, candidates_of
from .evaluate import Calibration, onnx_fields, scan_case
from .preprocess import Prepared, prepare
from .real_tof import in_synthetic_head, vessels_of

#: pixels a millimetre of a picture
SCALE = 3


def remeasure(arguments: argparse.Namespace, manifest: dict) -> None:  # type: ignore[type-arg]
    """Measures anew with the calibration and threshold that the bundle has."""
    folder: Path = arguments.bundle
    session = ort.InferenceSession(str(folder / manifest["network"]["file"]), providers=["CPUExecutionProvider"])
    calibration, threshold = calibration_of(manifest), manifest["operatingPoint"]["findingThreshold"]
    cases = load_cases(arguments.cache, "test", arguments.scans)
    kept = {name: manifest["performance"][name] for name in ("ablation", "explanation", "realVolumes") if name in manifest["performance"]}
    manifest["performance"] = performance_of([scan_case(session, c) for c in cases], calibration, threshold) | {
        "denseVersusPatchCorrelation": agreement_of(session, cases)} | kept
    if arguments.real:
        manifest["performance"]["realVolumes"] = [real_row(session, manifest, file, arguments.pictures) for file in arguments.real]
    write_texts(folder, manifest)


def calibration_of(manifest: dict) -> Calibration:  # type: ignore[type-arg]
    """The calibration that a manifest holds."""
    values = manifest["calibration"]
    return Calibration(values["intercept"], values["seedLogit"], values["patchLogit"], values["logVolume"])


def real_row(session: ort.InferenceSession, manifest: dict, file: Path, pictures: Path | None) -> dict[str, object]:  # type: ignore[type-arg]
    """One real volume of vessels, read in a synthetic head; a picture of its marks is written where a folder is given."""
    calibration, threshold = calibration_of(manifest), manifest["operatingPoint"]["findingThreshold"]
    vessels, spacing = vessels_of(file)
    prepared = prepare(in_synthetic_head(vessels, spacing), spacing)
    found = candidates_of(onnx_fields(session, prepared.image), prepared.mask)
    probability = [float(1 / (1 + np.exp(-calibration.logit(c)))) for c in found]
    name = file.name.split(".")[0]
    marks = [c for c, p in zip(found, probability) if p >= threshold]
    if pictures is not None:
        draw(prepared, marks, pictures / f"{name}.png")
    return {"name": name, "candidates": len(found), "marks": len(marks), "highest": round(max(probability, default=0.0), 3)}


def draw(prepared: Prepared, marks: list[Candidate], file: Path) -> None:
    """Maximum intensity projections of the middle of the head along z, y and x side by side, every mark ringed in each."""
    core = np.where(prepared.image > 0.5, prepared.image, 0.6 * prepared.image)
    # scalp is brighter than the arteries inside: only what lies deep is projected
    inner = core * _deep(prepared.mask)
    views = [(inner.max(0), (0, 1)), (inner.max(1)[::-1], (0, 2)), (inner.max(2)[::-1], (1, 2))]
    panels = []
    for view, (across, down) in views:
        panel = Image.fromarray(np.round(view * 255).astype(np.uint8)).resize((view.shape[1] * SCALE, view.shape[0] * SCALE)).convert("RGB")
        pen = ImageDraw.Draw(panel)
        for mark in marks:
            x, y = mark.centre[across] * SCALE, mark.centre[down] * SCALE
            y = panel.height - y if down == 2 else y
            reach = (mark.extent / 2 + 3) * SCALE
            pen.ellipse((x - reach, y - reach, x + reach, y + reach), outline=(255, 190, 0), width=3)
        panels.append(panel)
    sheet = Image.new("RGB", (sum(p.width for p in panels), max(p.height for p in panels)))
    for k, panel in enumerate(panels):
        sheet.paste(panel, (sum(p.width for p in panels[:k]), 0))
    file.parent.mkdir(parents=True, exist_ok=True)
    sheet.convert("L" if not marks else "RGB").save(file, optimize=True)


def _deep(mask: np.ndarray, share: float = 0.8) -> np.ndarray:
    """An ellipse of this share of the head's width in every plane."""
    rows, columns = np.flatnonzero(mask.any((0, 2))), np.flatnonzero(mask.any((0, 1)))
    y, x = np.ogrid[: mask.shape[1], : mask.shape[2]]
    ry, rx = (rows[-1] - rows[0]) / 2 * share, (columns[-1] - columns[0]) / 2 * share
    return (((y - rows.mean()) / ry) ** 2 + ((x - columns.mean()) / rx) ** 2 < 1)[None]  # type: ignore[no-any-return]
