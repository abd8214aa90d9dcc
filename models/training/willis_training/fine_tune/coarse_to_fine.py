"""A tof-coarse-fine bundle goes on training on outlined aneurysms. Its artery network stays as it is: no set of these outlines arteries.

Every scan is prepared whole, as the node does it. Of those to train on only segments and boxes are kept; the others wait in temporary files.
"""

import json
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from .. import __version__
from ..coarse_to_fine.bundle import LIMITS, PREPROCESSING, System, chosen_of, export_system, manifest_of, read_at, write_golden
from ..coarse_to_fine.card import write_card
from ..coarse_to_fine.cases import FineCase
from ..coarse_to_fine.measure import OUTLINES, Chosen, TooFewMarks, choose, measure
from ..coarse_to_fine.reading import read_all
from ..coarse_to_fine.stored import StoredArteries, load_coarse, load_fine, stored_sizes
from ..coarse_to_fine.train import CoarseOptions, FineOptions, fit_coarse, fit_fine
from ..readers import Case, Refusal
from ..staged import staged
from .lessons import Lessons, lessons_of
from .order import Order
from .outlined_cases import prepared_case, put_away, require_outlines, taken_out
from .provenance import told_of

#: steps of the outline network, a box each, for one step of DeepMedic, ten segments each
BOXES_A_STEP = 2
COARSE_RATE, FINE_RATE = 3e-4, 1e-4
#: what is to be known of the outlines of a set
OF_SET = {"ds003949": "Part of the outlines of ds003949 are spheres about the aneurysms: the overlap tells how well those are met"}


def train_on(parts: dict[str, list[Case]], order: Order) -> None:
    """Checks and prepares every scan, trains, calibrates on the validation part, measures on the test part, writes."""
    stored = json.loads((order.init / "model.json").read_text())
    require_prepared_here(order.init, stored["preprocessing"])
    require_outlines(case for part in parts.values() for case in part)
    voi, arteries = stored["fine"]["voi"], StoredArteries(order.init / "arteries.onnx")
    coarse = CoarseOptions(steps=order.steps, learning_rate=COARSE_RATE, seed=order.seed, as_used=True)
    with tempfile.TemporaryDirectory(prefix="willis-train-") as place:
        held = {part: hold(part, (prepared_case(c, arteries.session, voi) for c in parts[part]), Path(place)) for part in ("validation", "test")}
        lessons = lessons_of((prepared_case(c, arteries.session, voi) for c in parts["train"]), len(parts["train"]), coarse, voi)
        system = trained(order.init, arteries, lessons, (coarse, voi))
        with staged(order.out) as folder:
            manifest = write(system, held, (parts, order), folder)
    print(json.dumps(manifest["performance"], indent=2))


def hold(part: str, cases: Iterator[FineCase], place: Path) -> list[Path]:
    """Files of the cases of a part; refused where none of them has an aneurysm."""
    files, aneurysms = [], 0
    for case in cases:
        files.append(put_away(case, place / f"{part}-{len(files)}.npz"))
        aneurysms += int(case.aneurysms.any())
    if not aneurysms:
        raise Refusal("NO_ANEURYSM", part, "holds no aneurysm but treated ones; add cases or choose another seed")
    return files


def trained(init: Path, arteries: StoredArteries, lessons: Lessons, settings: tuple[CoarseOptions, int]) -> System:
    """DeepMedic and the outline network of a bundle after further steps; `settings` are those of DeepMedic and the side of a box."""
    coarse, voi = settings
    widths, joined, sizes = stored_sizes(init)
    rng = np.random.default_rng(coarse.seed)
    medic = load_coarse(init / "coarse.onnx", widths, joined, lessons.example())
    medic = fit_coarse(lessons.drawn_by(rng), replace(coarse, widths=widths, joined=joined), medic)
    options = FineOptions(sizes, BOXES_A_STEP * coarse.steps, voi, learning_rate=FINE_RATE, seed=coarse.seed)
    return System(arteries, medic, fit_fine(lessons.boxes, options, rng, load_fine(init / "fine.onnx", sizes)), options)


def write(system: System, held: dict[str, list[Path]], asked: tuple[dict[str, list[Case]], Order], folder: Path) -> dict:  # type: ignore[type-arg]
    """The new bundle; its manifest is returned. Where the validation scans tell too little, calibration and thresholds stay those it started with."""
    parts, order = asked
    stored = json.loads((order.init / "model.json").read_text())
    bundle = (folder, system.options.voi)
    export_system(system, folder)
    chosen_on, notes = f"{len(held['validation'])} validation scans, outlines of the best mean of DSC and VS, at most 0.5 false positives a scan", []
    try:
        chosen = choose(list(read_all(bundle, taken_out(held["validation"]), OUTLINES, None)))
    except TooFewMarks as problem:
        chosen, chosen_on = chosen_of(stored), f"taken over from {stored['id']} {stored['version']} ({problem})"
        notes.append(f"Calibration and thresholds are {chosen_on}")
    read = read_at(bundle, taken_out(held["test"]), chosen.outline, None)
    if all(r.truth for r in read):
        notes.append("No scan without an aneurysm was measured")
    notes += [OF_SET[order.layout]] if order.layout in OF_SET else []
    manifest = manifest_of(*bundle, chosen, chosen_on) | {
        "training": {"seed": order.seed, "kitVersion": __version__, "date": order.date, "scans": {part: len(cases) for part, cases in parts.items()},
                     "widths": f"Sizes of the networks and the artery network are those of {stored['id']} {stored['version']}.",
                     "steps": f"DeepMedic {order.steps} steps further, the outline network {BOXES_A_STEP * order.steps}; arteries are found as before."},
        "performance": measure(read, chosen)}
    manifest["limits"] = [LIMITS[0], "Aneurysms are missed, see the table: its silence says nothing", LIMITS[-1], *notes]
    manifest = told_of(manifest, order, parts)
    (folder / "model.json").write_text(json.dumps(manifest, indent=2, allow_nan=False) + "\n")
    write_golden(bundle, chosen, golden_of(order.init))
    write_card(folder, manifest)
    return manifest


def golden_of(init: Path) -> np.ndarray:
    """The golden volume of the bundle to start from, a phantom's: no voxel of a patient goes into the new one."""
    told = json.loads((init / "golden" / "golden.json").read_text())
    return np.frombuffer((init / "golden" / told["file"]).read_bytes(), "<i2").reshape(told["shape"])


def require_prepared_here(folder: Path, recipe: dict) -> None:  # type: ignore[type-arg]
    """The runtime knows more ways to prepare a series than the kit; networks would be trained on other images than they are given."""
    asked = {name: value for name, value in recipe.items() if (name, value) != ("antiAlias", False)}
    if asked != PREPROCESSING:
        raise Refusal("OTHER_PREPROCESSING", folder, "asks for preprocessing that only the runtime has; start from a bundle that `coarse-to-fine` wrote")
