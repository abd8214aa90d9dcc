"""The command artery-sites: phantoms, training, temperature and threshold on validation scans, figures on unseen ones, the bundle."""

import argparse
import json
from pathlib import Path
from typing import get_args

import onnxruntime as ort

from ..checkpoints import checkpoint_of
from .bundle import export_sites, write_bundle
from .measure import choose_threshold, figures, fit_temperature, table_of
from .network import MirrorSafe, SiteNetwork
from .phantoms import Modality, Scene, load_scenes
from .train import SiteOptions, train_sites

#: below, the bundle is not written: a site that is often wrong is worse than none
LEAST_ACCURACY = 0.85


def run(arguments: argparse.Namespace) -> None:
    """Runs every step; scenes and training are taken up from the cache."""
    counts = dict(zip(("train", "validation", "test"), arguments.scans))
    options = SiteOptions(arguments.steps, seed=arguments.seed, threads=arguments.threads)
    network = train_sites([s for some in _scenes(arguments, "train", counts).values() for s in some], options,
                          checkpoint_of(arguments.cache, "sites", options, counts["train"]))
    file = arguments.cache / "sites.onnx"
    temperature = _temperature(network, _scenes(arguments, "validation", counts), file)
    session = _exported(network, temperature, file)
    threshold = choose_threshold(table_of(session, _scenes(arguments, "validation", counts)))
    test = _scenes(arguments, "test", counts)
    performance = {"testedOn": f"{2 * counts['test']} phantoms of unseen anatomy and unseen appearance, half TOF-MRA, half CTA",
                   "scans": 2 * counts["test"], "temperature": round(temperature, 4), **figures(table_of(session, test), threshold)}
    print(json.dumps({k: v for k, v in performance.items() if k != "confusion"}, indent=1))
    swapped = performance["named"]["wrongSide"]  # type: ignore[index]
    if performance["accuracy"] < LEAST_ACCURACY or swapped:  # type: ignore[operator]
        raise SystemExit(f"accuracy {performance['accuracy']}, names on the wrong side {swapped}: no bundle is written")
    training = {"data": f"{counts['train']} synthetic TOF-MRA and {counts['train']} synthetic CTA phantoms", "seed": arguments.seed,
                "steps": arguments.steps, "date": arguments.date}
    write_bundle(session, file, arguments.out, {"training": training, "performance": performance, "threshold": threshold}, test)


def _scenes(arguments: argparse.Namespace, split: str, counts: dict[str, int]) -> dict[str, list[Scene]]:
    folder: Path = arguments.cache / "scenes"
    return {m: load_scenes(folder, m, split, counts[split], arguments.workers) for m in get_args(Modality)}  # type: ignore[arg-type]


def _temperature(network: SiteNetwork, validation: dict[str, list[Scene]], file: Path) -> float:
    return fit_temperature(table_of(_exported(network, 1.0, file), validation))


def _exported(network: SiteNetwork, temperature: float, file: Path) -> ort.InferenceSession:
    export_sites(MirrorSafe(network, temperature), file)
    return ort.InferenceSession(str(file), providers=["CPUExecutionProvider"])
