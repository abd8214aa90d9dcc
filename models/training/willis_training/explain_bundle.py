"""`explain`: how well a bundle's maps explain its findings, on phantoms it has not seen; manifest and card say what came out."""

import argparse
import json
from pathlib import Path

import numpy as np
import onnx

from .card_of import write_card_of
from .explanations import Explained, figures

#: anatomy seeds of the phantoms begin here, beside those the card's other figures are from
FIRST_CTA = 1000
#: number of the first test phantom that no choice was made on
FIRST_OUTLINED = 40


def run(arguments: argparse.Namespace) -> None:
    """Measures, writes `performance.explanation` into the manifest, and the card."""
    folder: Path = arguments.bundle
    manifest = json.loads((folder / "model.json").read_text())
    measure = {"cta-resnet": _candidates, "tof-patch": _patches, "tof-coarse-fine": _outlines, "ncct-haemorrhage": _slices}[manifest["pipeline"]]
    found, how = measure(folder, manifest, arguments)
    manifest["performance"]["explanation"] = figures(found, how, arguments.phantoms)
    (folder / "model.json").write_text(json.dumps(manifest, indent=2, allow_nan=False) + "\n")
    write_card_of(folder)
    print(json.dumps(manifest["performance"]["explanation"], indent=2))


def _candidates(folder: Path, manifest: dict, arguments: argparse.Namespace) -> tuple[list[Explained], str]:  # type: ignore[type-arg]
    from .cta_resnet.crops import phantom_crops
    from .cta_resnet.explain import HOW, explained

    crops = (crop for index in range(arguments.phantoms) for crop in phantom_crops("test", FIRST_CTA + index, "aneurysm"))
    return explained(onnx.load(str(folder / manifest["network"]["file"])), crops, manifest["operatingPoint"]["threshold"]), HOW


def _patches(folder: Path, manifest: dict, arguments: argparse.Namespace) -> tuple[list[Explained], str]:  # type: ignore[type-arg]
    from .dataset import load_cases
    from .explain_tof import HOW, explained
    from .operating_point import point_of

    cases = load_cases(arguments.cache, "test", arguments.phantoms, workers=1)
    graph = onnx.load(str(folder / manifest["network"]["file"]))
    return explained(graph, cases, point_of(manifest)), HOW


def _outlines(folder: Path, manifest: dict, arguments: argparse.Namespace) -> tuple[list[Explained], str]:  # type: ignore[type-arg]
    from .coarse_to_fine.command import load
    from .coarse_to_fine.explain import HOW, Point, explained
    from .coarse_to_fine.measure import Calibration

    line = manifest["calibration"]
    calibration = Calibration((line["coarseLogit"], line["fineLogit"], line["logVolume"]), line["intercept"])
    cases = load("test", range(FIRST_OUTLINED, FIRST_OUTLINED + arguments.phantoms), arguments.cache)
    point = Point(manifest["fine"]["threshold"], calibration, manifest["operatingPoint"]["findingThreshold"])
    return explained(folder, manifest["fine"]["voi"], cases, point), HOW


def _slices(folder: Path, manifest: dict, arguments: argparse.Namespace) -> tuple[list[Explained], str]:  # type: ignore[type-arg]
    from .haemorrhage.dataset import prepared
    from .haemorrhage.explain import HOW, explained
    from .haemorrhage.measure import Calibration

    line = manifest["calibration"]
    studies = (prepared(arguments.cache, "test", index) for index in range(arguments.phantoms))
    return explained(folder, studies, Calibration(np.array(line["slope"]), np.array(line["intercept"])), np.array(manifest["operatingPoint"]["thresholds"])), HOW
