"""The command line of the kit: phantoms, training and bundles, wrapping and converting series."""

import argparse
import json
from pathlib import Path

import numpy as np

from . import __version__
from .phantom.anatomy import DIAMETERS_MM
from .training_commands import (ablate_arguments, bundle_arguments, coarse_to_fine_arguments, cta_arguments, explain_arguments, haemorrhage_arguments,
                                head_arguments, measure_arguments, patch_arguments, rebuild_arguments, sites_arguments, train_arguments)


def main() -> None:
    """Parses the arguments and runs one command."""
    parser = argparse.ArgumentParser(prog="willis_training", description=__doc__)
    commands = parser.add_subparsers(required=True)
    phantom = commands.add_parser("phantom", help="write one phantom as DICOM series, NIfTI with mask, and truth.json")
    phantom.add_argument("--out", type=Path, required=True)
    phantom.add_argument("--seed", type=int, default=1)
    phantom.add_argument("--aneurysms", type=int)
    phantom.add_argument("--diameters", type=float, nargs=2, default=DIAMETERS_MM, metavar=("MIN", "MAX"))
    phantom.add_argument("--tree", type=Path, help="mask of a real person's arteries (NIfTI, background 0), which the phantom's are grown around")
    phantom.add_argument("--bent", action="store_true", help="tortuous arteries of uneven width")
    phantom.add_argument("--split", choices=("train", "validation", "test"), default="train")
    phantom.add_argument("--spacing", type=float, nargs=3, metavar=("X", "Y", "Z"))
    phantom.add_argument("--noise", type=float)
    phantom.add_argument("--matrix", type=int, help="cut or fill every slice to this many rows and columns")
    phantom.add_argument("--slices", type=int)
    phantom.add_argument("--compress", choices=("none", "jpeg-ls", "jpeg2000", "rle"), default="none")
    phantom.add_argument("--oblique", type=float, default=0.0, metavar="DEGREES")
    phantom.add_argument("--missing-slice", type=int, action="append", default=[])
    phantom.add_argument("--patient-name", default="Phantom^Willis")
    phantom.add_argument("--character-set", default="ISO_IR 192")
    phantom.set_defaults(run=_phantom)
    head_ct = commands.add_parser("head-ct", help="write one head CT phantom as DICOM series, NIfTI with mask, and truth.json")
    head_ct.add_argument("--out", type=Path, required=True)
    head_ct.add_argument("--seed", type=int, default=1)
    head_ct.add_argument("--subtypes", nargs="*", metavar="SUBTYPE", help="kinds of haemorrhage; none given: no blood; left out: the population")
    head_ct.add_argument("--split", choices=("train", "validation", "test"), default="train")
    head_ct.add_argument("--pixel", type=float, help="pixel size in mm")
    head_ct.add_argument("--slice-spacing", type=float, help="mm")
    head_ct.add_argument("--tilt", type=float, default=0.0, metavar="DEGREES", help="gantry tilt")
    head_ct.set_defaults(run=_head_ct)
    head_cta = commands.add_parser("head-cta", help="write one CT angiogram of a head, about the circle of Willis, as DICOM series with truth.json")
    head_cta.add_argument("--out", type=Path, required=True)
    head_cta.add_argument("--seed", type=int, default=1)
    head_cta.add_argument("--aneurysms", type=int)
    head_cta.add_argument("--diameters", type=float, nargs=2, default=DIAMETERS_MM, metavar=("MIN", "MAX"))
    head_cta.add_argument("--split", choices=("train", "validation", "test"), default="train")
    head_cta.add_argument("--spacing", type=float, nargs=3, metavar=("X", "Y", "Z"))
    head_cta.add_argument("--compress", choices=("none", "jpeg-ls", "jpeg2000", "rle"), default="none")
    head_cta.set_defaults(run=_head_cta)
    haemorrhage_arguments(commands.add_parser("haemorrhage-bundle", help="train, calibrate, measure and export the head CT bundle"))
    seen = commands.add_parser("haemorrhage-map", help="add the sequence-level map to a head CT bundle that was exported without it")
    seen.add_argument("bundle", type=Path)
    seen.add_argument("--version", required=True, help="of the bundle with the map: another one than it had")
    seen.set_defaults(run=_haemorrhage_map)
    cta_arguments(commands.add_parser("cta-bundle", help="train, select, measure and export the CTA candidate bundle"))
    coarse_to_fine_arguments(commands.add_parser("coarse-to-fine", help="train and measure the three networks of system 003"))
    sites_arguments(commands.add_parser("artery-sites", help="train, calibrate, measure and export the model that names arteries"))
    head_arguments(commands.add_parser("head-distance", help="train, measure and export the model that finds the brain's surface"))
    train_arguments(commands.add_parser("train", help="go on training a shipped bundle on a data set and write a new bundle"))
    patch_arguments(commands.add_parser("patch-classifier", help="train a patch classifier of the published annex on phantoms and measure it"))
    measure_arguments(commands.add_parser("measure", help="measure a bundle anew on unseen phantoms or real volumes"))
    explain_arguments(commands.add_parser("explain", help="measure how well a bundle's maps explain its findings; the figures go into the card"))
    sampled = commands.add_parser("sample", help="run the node on the shipped series of a bundle's pipeline; its findings go into the card")
    sampled.add_argument("bundle", type=Path)
    sampled.add_argument("--node", default="node", help="Node.js, with the packages of the repository installed")
    sampled.set_defaults(run=_sample)
    ablate_arguments(commands.add_parser("ablate", help="short runs of a published system's settings; the table goes into the card"))
    bundle_arguments(commands.add_parser("bundle", help="train, calibrate, measure and export the tof-patch bundle"))
    rebuild_arguments(commands.add_parser("rebuild", help="any shipped bundle again, from its seed"), parser.parse_args)
    wrap = commands.add_parser("wrap", help="wrap a NIfTI volume as a DICOM series with a real scanner's header")
    wrap.add_argument("nifti", type=Path)
    wrap.add_argument("--template", type=Path, required=True)
    wrap.add_argument("--out", type=Path, required=True)
    wrap.set_defaults(run=_wrap)
    convert = commands.add_parser("convert", help="write a series another way: enhanced multi-frame or compressed")
    convert.add_argument("source", type=Path)
    convert.add_argument("--to", choices=("enhanced", "none", "jpeg-ls", "jpeg2000", "rle"), required=True)
    convert.add_argument("--out", type=Path, required=True)
    convert.set_defaults(run=_convert)
    arguments = parser.parse_args()
    if getattr(arguments, "cache", None) is not None:
        # another kit draws other phantoms
        arguments.cache /= f"kit-{__version__}"
    arguments.run(arguments)


def _phantom(arguments: argparse.Namespace) -> None:
    from .phantom_files import write_phantom

    truth = write_phantom(arguments)
    print(json.dumps(truth, indent=2))


def _head_ct(arguments: argparse.Namespace) -> None:
    from .phantom_files import write_head_ct

    truth = write_head_ct(arguments)
    print(json.dumps({"seed": truth["seed"], "bleeds": truth["bleeds"], "mimics": truth["mimics"]}, indent=2))


def _head_cta(arguments: argparse.Namespace) -> None:
    from .phantom_files import write_head_cta

    print(json.dumps(write_head_cta(arguments), indent=2))


def _haemorrhage_map(arguments: argparse.Namespace) -> None:
    from .haemorrhage.stored import add_sequence_map

    add_sequence_map(arguments.bundle, arguments.version)


def _sample(arguments: argparse.Namespace) -> None:
    from .sample import run

    run(arguments)


def _wrap(arguments: argparse.Namespace) -> None:
    from .wrap import wrap

    print(f"{wrap(arguments.nifti, arguments.template, arguments.out)} slices")


def _convert(arguments: argparse.Namespace) -> None:
    from .dicom_series import convert

    convert(arguments.source, arguments.out, arguments.to)


if __name__ == "__main__":
    np.seterr(over="ignore")
    main()
