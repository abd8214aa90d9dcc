"""`measure`: a bundle on scans it has not seen, without training it; manifest and card say what came out."""

import argparse
import json

from .readers.refusal import Refusal


def run(arguments: argparse.Namespace) -> None:
    """Measures what the bundle's pipeline can be measured on by itself."""
    manifest = json.loads((arguments.bundle / "model.json").read_text())
    if manifest["pipeline"] == "tof-patch":
        from .measure_tof import remeasure
    elif manifest["pipeline"] == "cta-resnet":
        from .cta_resnet.bundle import remeasure
    elif manifest["pipeline"] == "tof-coarse-fine":
        from .coarse_to_fine.bundle import remeasure
    elif manifest["pipeline"] == "ncct-haemorrhage":
        from .haemorrhage.real import remeasure
    else:
        raise Refusal("WRONG_BUNDLE", arguments.bundle,
                      f"is a bundle of {manifest['pipeline']}; measure takes tof-patch, cta-resnet, tof-coarse-fine and ncct-haemorrhage")
    if arguments.tree and manifest["pipeline"] != "tof-patch":
        raise Refusal("NOTHING_TO_MEASURE", arguments.bundle, f"is a bundle of {manifest['pipeline']}; phantoms grown around real arteries (--tree) are read by tof-patch alone")
    remeasure(arguments, manifest)
    print(json.dumps({k: v for k, v in manifest["performance"].items() if k != "ablation"}, indent=2))
