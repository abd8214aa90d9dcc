"""`rebuild BUNDLE`: a shipped bundle again, from its seed, with the settings of this version of the kit; or a smoke run of every step.

A smoke run writes a bundle of a network that has learned nothing: it shows within minutes that phantoms, training, export, measuring,
manifest, golden vectors and card work on a machine before hours are spent. It is kept from `models/` and from release.
"""

import argparse
import json
import os
from collections.abc import Callable
from pathlib import Path

from .card_of import manifest_of, write_card_of
from .compute import device_name
from .spent import Stopwatch

#: the command of each bundle; what it does not name are the command's defaults
COMMANDS = {"tof-patch": "bundle", "cta-resnet": "cta-bundle", "ncct-haemorrhage": "haemorrhage-bundle", "tof-coarse-fine": "coarse-to-fine",
            "artery-sites": "artery-sites", "head-distance": "head-distance"}
#: few phantoms and steps; the other systems' calibration refuses a network that has learned nothing
SMOKE = {"cta-resnet": "--patients 6 8 4 --steps 1 1 --scans 0 --no-gate"}
#: where a bundle is trained longer or narrower, or measured on other phantoms, than its command does by itself
SETTINGS = {"tof-patch": "--test-from 650", "cta-resnet": "--steps 1710 1500", "tof-coarse-fine": "--narrow --steps 1000 670 3650 --test-from 200"}


def run(arguments: argparse.Namespace, parse: Callable[[list[str]], argparse.Namespace]) -> None:
    """Runs the bundle's own command and writes into its manifest how long it took."""
    name: str = arguments.name
    if arguments.smoke and name not in SMOKE:
        raise SystemExit(f"{name} has no smoke run: its calibration needs a network that marks something; {' and '.join(SMOKE)} has one")
    if arguments.smoke and (arguments.out / "model.json").exists():
        raise SystemExit(f"{arguments.out} holds a bundle; a smoke run would put an untrained one in its place: name a new folder")
    words = f"{COMMANDS[name]} --seed {arguments.seed} {SETTINGS.get(name, '')} {SMOKE[name] if arguments.smoke else ''}".split()
    cache: Path = arguments.cache / (f"{name}-smoke" if arguments.smoke else name)
    inner = parse([*words, "--out", str(arguments.out), "--cache", str(cache)])
    with Stopwatch(cache / f"spent-seed-{arguments.seed}.json") as watch:
        inner.run(inner)
    spent = watch.spent()
    file: Path = manifest_of(arguments.out)
    manifest = json.loads(file.read_text())
    manifest["training"] |= {"minutes": round(spent.minutes, 1), "processorMinutes": round(spent.processor_minutes, 1),
                             "cores": os.cpu_count(), "device": device_name()}
    if arguments.smoke:
        manifest["intendedUse"] = "Smoke run of the training kit, a network that has learned nothing; not for clinical use"
    file.write_text(json.dumps(manifest, indent=2, allow_nan=False) + "\n")
    write_card_of(arguments.out)
    print(f"{name} rebuilt in {spent.minutes:.1f} minutes ({spent.processor_minutes:.1f} of processor time) on {os.cpu_count()} cores: {arguments.out}")
