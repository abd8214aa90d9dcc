"""What taking back marks outside the head does to the shipped detector: aneurysms and false marks with and without it."""

import json
from pathlib import Path

import numpy as np
import onnxruntime as ort

from ..detect import candidates_of
from ..evaluate import onnx_fields
from ..metrics import bootstrap
from ..operating_point import point_of
from ..preprocess import normalise
from .scenes import Scene


#: how many aneurysms there are; of each mark which it hits (-1 none), and its distance from the brain's surface (mm)
Marks = tuple[int, list[int], list[float]]


def effect_on(bundle: Path, rows: list[Marks], keeps_mm: tuple[float, ...]) -> dict[str, object]:
    """Of the bundle tof-patch at its own threshold: aneurysms found and false marks a scan, without the rule and with each reach."""
    manifest = json.loads((bundle / "model.json").read_text())
    told = {"no rule": _counted(rows, np.inf)} | {f"{keep:.0f} mm": _counted(rows, keep) for keep in keeps_mm}
    return {"bundle": f"{manifest['id']} {manifest['version']}", "scans": len(rows), "threshold": manifest["operatingPoint"]["findingThreshold"],
            "aneurysms": int(sum(count for count, _, _ in rows)), "reach": told}


def marks_in(bundle: Path, scene: Scene, head: np.ndarray, distance: np.ndarray) -> Marks:
    """The marks of a scan above the bundle's threshold."""
    manifest = json.loads((bundle / "model.json").read_text())
    detector = ort.InferenceSession(str(bundle / manifest["network"]["file"]), providers=["CPUExecutionProvider"])
    point = point_of(manifest)
    found = candidates_of(onnx_fields(detector, normalise(scene.image, head)), head, point.localisation)
    found = [c for c in found if point.probability(c) >= point.threshold]
    hits = []
    for candidate in found:
        away = np.linalg.norm(scene.centres - candidate.centre, axis=1)
        near = np.flatnonzero(away <= np.maximum(3.0, scene.diameters / 2))
        hits.append(int(near[away[near].argmin()]) if len(near) else -1)
    at = [tuple(np.clip(np.round(c.centre[::-1]).astype(int), 0, np.array(distance.shape) - 1)) for c in found]
    return len(scene.diameters), hits, [float(distance[place]) for place in at]


def _counted(rows: list[Marks], keep: float) -> dict[str, object]:
    kept = [[h for h, mm in zip(hits, away) if mm <= keep] for _, hits, away in rows]
    found = [len({h for h in one if h >= 0}) for one in kept]
    false = np.array([sum(h < 0 for h in one) for one in kept], float)
    low, high = bootstrap(lambda drawn: float(false[drawn].mean()), np.arange(len(rows)), 1)
    return {"found": int(sum(found)), "falseMarks": int(false.sum()), "falsePerScan": round(float(false.mean()), 3), "interval": [round(low, 3), round(high, 3)]}
