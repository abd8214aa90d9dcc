"""The command head-distance: heads, training, figures on unseen scans, the bundle."""

import argparse
import hashlib
import json
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import onnxruntime as ort

from ..checkpoints import checkpoint_of
from ..preprocess import head_mask
from .bundle import export_head, write_bundle
from .detector import Marks, effect_on, marks_in
from .heads import KINDS, Kind, load_heads
from .measure import KEEPS_MM, WHOLE, figures, found_in, parts_of, row_of
from .scenes import load_scene, scene_files
from .train import HeadOptions, train_head

#: below, the bundle is not written: arteries must stay, and the brain must be found
LEAST_ARTERIES, LEAST_DICE = 0.995, 0.85


def run(arguments: argparse.Namespace) -> None:
    """Runs every step; heads, training and scans are taken up from the cache."""
    cache: Path = arguments.cache
    counts = dict(zip(KINDS, arguments.heads))
    heads = [head for kind, count in counts.items() for head in load_heads(cache / "heads", kind, "train", count, arguments.workers)]
    options = HeadOptions(arguments.steps, seed=arguments.seed, threads=arguments.threads)
    network = train_head(heads, options, checkpoint_of(cache, "head", options, counts))
    file = cache / "distance.onnx"
    export_head(network, file)
    session = ort.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    unseen: list[tuple[Kind, Path]] = [
        (kind, scene) for kind, count in zip(KINDS, arguments.scans) for scene in scene_files(cache / "scenes", kind, count, arguments.workers)]
    with ProcessPoolExecutor(arguments.workers) as pool:
        measured = list(pool.map(_measure, [(kind, index, scene, file, arguments.detector) for index, (kind, scene) in enumerate(unseen)]))
    rows = defaultdict(list)
    for scan, _ in measured:
        for name, row in scan:
            rows[name].append(row)
    tof, ct = arguments.scans
    performance: dict[str, object] = {"testedOn": f"{tof} TOF-MRA phantoms and {ct} head CT phantoms of unseen anatomy and appearance",
                                      "byCoverage": {name: figures(some) for name, some in rows.items()},
                                      "onDetector": effect_on(arguments.detector, [marks for _, marks in measured if marks is not None], KEEPS_MM)}
    print(json.dumps(performance, indent=1), flush=True)
    whole = performance["byCoverage"][WHOLE]  # type: ignore[index]
    if whole["arteries15"]["mean"] < LEAST_ARTERIES or whole["dice"]["mean"] < LEAST_DICE:
        raise SystemExit(f"arteries kept {whole['arteries15']['mean']}, Dice {whole['dice']['mean']}: no bundle is written")
    training = {"data": f"{counts['tof']} heads of the TOF phantom and {counts['ct']} of the head CT phantom as label maps, painted anew at every step",
                "seed": arguments.seed, "steps": arguments.steps, "date": arguments.date}
    write_bundle(session, file, arguments.out, {"training": training, "performance": performance}, load_scene(unseen[0][1]))


def _measure(job: tuple[Kind, int, Path, Path, Path]) -> tuple[list[tuple[str, dict[str, float]]], Marks | None]:
    """The rows of one scan by how much of it is shown, and the detector's marks where it reads such scans; kept beside the scan."""
    kind, index, file, network, detector = job
    weights = hashlib.sha256(network.read_bytes() + (detector / "model.json").read_bytes()).hexdigest()[:12]
    kept = file.with_suffix(f".{weights}.json")
    if kept.exists():
        return json.loads(kept.read_text())  # type: ignore[no-any-return]
    session, scene = ort.InferenceSession(str(network), providers=["CPUExecutionProvider"]), load_scene(file)
    rows, marks = [], None
    for name, part in parts_of(kind, index, scene):
        head = head_mask(part.image)
        found = found_in(session, part.image, head, KEEPS_MM[-1])
        rows.append((name, row_of(found, part, head)))
        if name == WHOLE:
            marks = marks_in(detector, part, head, found.distance)
    kept.write_text(json.dumps([rows, marks]))
    return rows, marks
