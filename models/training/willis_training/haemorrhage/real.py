"""The bundle on real head CT: the largest probability of each class, and where the marks lie."""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..marked_picture import Mark, Outline, draw_marks
from ..ncct import CLASSES
from .card import write_card
from .measure import Calibration, Reader
from .prepare import FIELD_MM, HEAD_HU, SMALLEST_SLICE_MM2, prepare, slabs
from .skull import layout

#: a head of the phantoms, skin included (mm); half a cell of the explanation map
HEAD_MM, RING_MM = (79.0, 95.0, 90.0), 13.0


@dataclass(frozen=True)
class RealReading:
    """Calibrated probabilities [t,6] and Grad-CAM++ [t,6,8,8] of the slabs of one series; slab spacing, and of the slab at the vertex the index."""

    name: str
    slices: int
    probabilities: np.ndarray
    maps: np.ndarray
    spacing: float
    vertex: int


def read_real(reader: Reader, calibration: Calibration, name: str, volume: np.ndarray, spacing: tuple[float, float, float]) -> RealReading:
    """HU [z,y,x] with spacing (x, y, z) in mm, read as the node reads it."""
    laid = layout(volume, spacing)
    head = volume[laid.part]
    thick, slab_spacing = slabs(head, spacing[2])
    logits, maps, _ = reader.read(prepare(thick, (spacing[0], spacing[1]), centre=laid.centre), slab_spacing)
    tissue = np.flatnonzero((thick > HEAD_HU).sum((1, 2)) * spacing[0] * spacing[1] >= SMALLEST_SLICE_MM2)
    return RealReading(name, len(head), calibration(logits), maps, slab_spacing, int(tissue[-1]) if len(tissue) else len(thick) - 1)


def row(reading: RealReading) -> dict[str, object]:
    """What manifest and card say of it."""
    highest = (round(float(v), 3) for v in reading.probabilities.max(0))
    return {"name": reading.name, "slices": reading.slices, "scanScores": dict(zip(CLASSES, highest))}


def remeasure(arguments: argparse.Namespace, manifest: dict) -> None:  # type: ignore[type-arg]
    """The command `measure`: real series (folders of DICOM) anew; weights, calibration, thresholds and figures on phantoms stay."""
    from ..readers.dicom_folder import read_series

    folder: Path = arguments.bundle
    reader = Reader(folder)
    calibration = Calibration(np.array(manifest["calibration"]["slope"]), np.array(manifest["calibration"]["intercept"]))
    series = {place.name: read_series(place) for place in arguments.real}
    readings = [read_real(reader, calibration, name, one.voxels, one.spacing) for name, one in series.items()]
    if readings:
        manifest["performance"]["realVolumes"] = [row(one) for one in readings]
    if arguments.pictures is not None:
        for one in readings:
            draw(one, manifest["operatingPoint"]["thresholds"], arguments.pictures / f"{one.name}.png")
    (folder / "model.json").write_text(json.dumps(manifest, indent=2, allow_nan=False) + "\n")
    write_card(folder, manifest)


def draw(reading: RealReading, thresholds: list[float], file: Path) -> None:
    """The place of every kind that is marked, over a plain outline: no voxel of the series is shown."""
    marked = [k for k in range(1, len(CLASSES)) if reading.probabilities[:, k].max() >= thresholds[k]]
    marked.sort(key=lambda k: -reading.probabilities[:, k].max())
    rings = [Mark(place(reading, k), RING_MM) for k in marked]
    top = HEAD_MM[2]
    bottom = top - reading.vertex * reading.spacing
    words = ", ".join(f"{n} {CLASSES[k]} {min(float(reading.probabilities[:, k].max()), 0.99):.2f}" for n, k in enumerate(marked, start=1)) or "no mark"
    draw_marks(rings, Outline(HEAD_MM, (bottom, top)), file, f"{words}. Ellipse: a head; dashed: what was read. No voxel of the series is shown.")


def place(reading: RealReading, k: int) -> tuple[float, float, float]:
    """Where the map of a class is strongest in the slab with its highest probability, its neighbours considered; mm from the head's middle."""
    slab = int(reading.probabilities[:, k].argmax())
    cells = np.maximum(reading.maps[slab, k], 0)
    count = len(cells)
    top_row, top_column = np.unravel_index(int(cells.argmax()), cells.shape)
    rows, columns = np.mgrid[:count, :count]
    near = (abs(rows - top_row) <= 1) & (abs(columns - top_column) <= 1)
    weight = np.where(near, cells, 0) / max(float(cells[near].sum()), 1e-12)
    pitch = FIELD_MM / count
    x, y = (float(((grid + 0.5) * weight).sum() * pitch - FIELD_MM / 2) for grid in (columns, rows))
    return x, y, HEAD_MM[2] - (reading.vertex - slab) * reading.spacing
