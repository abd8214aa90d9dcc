"""A site's own data: one folder of DICOM a series, and labels.csv.

`labels.csv` has a row a mark: folder, subject, modality (CTA, MR or CT), label, and for points SOPInstanceUID, x, y (pixel, from 0)
and optionally diameter_mm and site. A series without a mark has one row with an empty label: it was read and is negative.
Of a CT series a row may name a slice (SOPInstanceUID without x and y): then every slice that shows the label has a row, and the rest is negative.
"""

from pathlib import Path

from .case import Case, Point
from .dicom_folder import instances_of, read_series
from .refusal import Refusal
from .rsna_2025 import csv_rows, series_loader

COLUMNS = ("folder", "subject", "modality", "label")


def read_site(folder: Path) -> list[Case]:
    """Cases in the order of labels.csv; folders that no row names are refused: silence is no negative."""
    rows = csv_rows(folder / "labels.csv")
    if rows and any(c not in rows[0] for c in COLUMNS):
        raise Refusal("BAD_CSV", folder / "labels.csv", f"lacks one of the columns {', '.join(COLUMNS)}")
    by_folder: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        by_folder.setdefault(row["folder"], []).append(row)
    unnamed = sorted(p.name for p in folder.iterdir() if p.is_dir() and p.name not in by_folder)
    if unnamed:
        raise Refusal("UNLABELLED", unnamed[0], "has no row in labels.csv; a negative series needs one with an empty label")
    return [_case(folder / name, marks) for name, marks in by_folder.items()]


def _case(place: Path, rows: list[dict[str, str]]) -> Case:
    if not place.is_dir():
        raise Refusal("MISSING_SERIES", place, "is in labels.csv but is no folder")
    if len({r["subject"] for r in rows}) > 1 or len({r["modality"] for r in rows}) > 1:
        raise Refusal("BAD_CSV", place, "has rows with different subjects or modalities")
    if rows[0]["modality"] not in ("CTA", "MR", "CT"):
        raise Refusal("BAD_CSV", place, f"has modality {rows[0]['modality']}; CTA, MR or CT is needed")
    marked = [r for r in rows if r["label"]]
    points = tuple(_point(place, r) for r in marked if r.get("x"))
    labels = {r["label"]: 1 for r in marked}
    by_slice = _slice_labels(place, [r for r in marked if not r.get("x")]) if rows[0]["modality"] == "CT" else {}
    return Case(place.name, rows[0]["subject"], rows[0]["modality"], series_loader(place), None, points, labels, by_slice, licence="the site's own")


def _slice_labels(place: Path, rows: list[dict[str, str]]) -> dict[str, dict[str, int]]:
    """Labels of all slices where the rows name slices, else none."""
    named = [r for r in rows if r.get("SOPInstanceUID")]
    if not named:
        return {}
    if len(named) < len(rows):
        raise Refusal("BAD_CSV", place, "has rows that name a slice and rows that do not; each slice that shows blood needs one")
    found: dict[str, dict[str, int]] = {uid: {} for uid in instances_of(place)}
    for row in named:
        if row["SOPInstanceUID"] not in found:
            raise Refusal("LABEL_OUTSIDE", place, f"has a mark on instance {row['SOPInstanceUID']}, which the series lacks")
        found[row["SOPInstanceUID"]][row["label"]] = 1
    return found


def _point(place: Path, row: dict[str, str]) -> Point:
    series = read_series(place)
    if row["SOPInstanceUID"] not in series.instances:
        raise Refusal("LABEL_OUTSIDE", place, f"has a mark on instance {row['SOPInstanceUID']}, which the series lacks")
    if series.instances.count(row["SOPInstanceUID"]) > 1:
        raise Refusal("AMBIGUOUS_MARK", place, f"has a mark on {row['SOPInstanceUID']}, which holds many frames; write the series as single images")
    slice_number = series.instances.index(row["SOPInstanceUID"])
    lps = series.place_of([float(row["x"]), float(row["y"]), slice_number])  # type: ignore[arg-type]
    diameter = float(row["diameter_mm"]) if row.get("diameter_mm") else None
    return Point(tuple(float(v) for v in lps), diameter / 2 if diameter else None, row.get("site") or None)  # type: ignore[arg-type]
