"""The new haemorrhage bundle: calibrated on the validation part, measured on the test part beside the bundle it started from, written."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..haemorrhage.bundle import LIMITS_OF_THE_SYSTEM, Trained, export_networks, golden_volume, manifest_of, stages, write_golden
from ..haemorrhage.card import write_card
from ..haemorrhage.dataset import Study
from ..haemorrhage.measure import Calibration, Reader, Reading, calibrate, choose_thresholds, measure, read_study
from ..ncct import CLASSES
from ..readers import Case
from .order import Order
from .provenance import FIRST_LIMIT, told_of


@dataclass(frozen=True)
class OperatingPoint:
    """Calibration, thresholds of the scan's probability [6], and which classes [6] have them from the validation part; the others keep the former ones."""

    calibration: Calibration
    thresholds: np.ndarray
    chosen: np.ndarray


def write_tuned(trained: Trained, parts: dict[str, list[Case]], studies: dict[str, list[Study]], order: Order) -> dict:  # type: ignore[type-arg]
    """Exports, calibrates, measures, writes manifest, golden vectors and card; returns the manifest."""
    reader = export_networks(trained, order.out)
    former = json.loads((order.init / "model.json").read_text())
    point = recalibrated([read(reader, s) for s in studies["validation"]], point_of(former))
    readings = [read(reader, s) for s in studies["test"]]
    training = trained.training | {"date": order.date, "set": order.layout, "init": former["id"], "calibrated": _names(point.chosen),
                                   "scans": {part: len(cases) for part, cases in parts.items()}}
    manifest = manifest_of(order.out, point.calibration, point.thresholds, training)
    manifest["operatingPoint"]["chosenOn"] = _chosen_on(len(studies["validation"]), point, former["id"])  # type: ignore[index]
    manifest["performance"] = {**figures(readings, point), "stages": stages(readings), "realVolumes": [],
                               "startedFrom": started_from(order.init, studies["test"], point_of(former))}
    manifest |= {"limits": [FIRST_LIMIT, *_limits(training, point, former["id"]), *LIMITS_OF_THE_SYSTEM], "golden": "golden/golden.json"}
    manifest = told_of(manifest, order, parts)
    (order.out / "model.json").write_text(json.dumps(manifest, indent=2, allow_nan=False) + "\n")
    write_golden(reader, point.calibration, order.out, golden_volume(order.init))
    write_card(order.out, manifest)
    return manifest


def read(reader: Reader, study: Study) -> Reading:
    """The reading of a study; where its scan alone is labelled, of its largest logits as if they were one slice's."""
    reading = read_study(reader, study)
    if len(reading.labels) == len(reading.logits):
        return reading
    return Reading(reading.logits.max(0, keepdims=True), reading.labels, reading.maps, None, reading.slice_logits.max(1, keepdims=True))


def point_of(manifest: dict) -> OperatingPoint:  # type: ignore[type-arg]
    """As a bundle has it."""
    line = manifest["calibration"]
    return OperatingPoint(Calibration(np.array(line["slope"]), np.array(line["intercept"])), np.array(manifest["operatingPoint"]["thresholds"]),
                          np.ones(len(CLASSES), bool))


def recalibrated(readings: list[Reading], former: OperatingPoint) -> OperatingPoint:
    """A new calibration and threshold of each class that some of the validation scans have and some have not."""
    truth = np.stack([r.labels.max(0) for r in readings]) > 0
    chosen = truth.any(0) & ~truth.all(0)
    fitted = calibrate(readings)
    calibration = Calibration(np.where(chosen, fitted.slope, former.calibration.slope), np.where(chosen, fitted.intercept, former.calibration.intercept))
    return OperatingPoint(calibration, np.where(chosen, choose_thresholds(readings, calibration), former.thresholds), chosen)


def figures(readings: list[Reading], point: OperatingPoint) -> dict:  # type: ignore[type-arg]
    """What the card says of readings; nothing of slices where scans alone are labelled."""
    found = measure(readings, point.calibration, point.thresholds)
    if all(len(r.labels) == 1 for r in readings):
        for row in found["classes"].values():  # type: ignore[attr-defined]
            row |= {"slices": None, "sliceAuc": None, "sliceAucInterval": [None, None]}
    return found


def started_from(init: Path, studies: list[Study], point: OperatingPoint) -> dict:  # type: ignore[type-arg]
    """The same test scans read by the bundle that training started from, with its own calibration and thresholds."""
    reader = Reader(init)
    rows = figures([read(reader, s) for s in studies], point)["classes"]
    return {name: {key: row[key] for key in ("scanAuc", "sensitivity", "specificity")} for name, row in rows.items()}


def _names(chosen: np.ndarray) -> list[str]:
    return [name for name, there in zip(CLASSES, chosen) if there]


def _chosen_on(scans: int, point: OperatingPoint, former: str) -> str:
    kept = _names(~point.chosen)
    return f"{scans} validation scans, largest sensitivity + specificity a class" + (f"; {', '.join(kept)}: those of {former}" if kept else "")


def _limits(training: dict, point: OperatingPoint, former: str) -> list[str]:  # type: ignore[type-arg]
    """What the data set could not teach."""
    found = []
    untaught, kept = [c for c in CLASSES if c not in training["taught"]], _names(~point.chosen)
    if untaught:
        found.append(f"No training scan holds {', '.join(untaught)}: left out of training, so the answer to it is that of {former} on networks that have changed")
    if kept:
        found.append(f"Calibration and threshold of {', '.join(kept)} are those of {former}: the validation scans all have it, or none has")
    if training["labels"] == "scans":
        found.append("Only scans were labelled: which slices bleed was neither taught nor measured, and probabilities are calibrated for the scan")
    return found
