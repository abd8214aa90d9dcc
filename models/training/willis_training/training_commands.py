"""Arguments of the commands that train; torch is imported when one runs, so that the others work without it."""

import argparse
from collections.abc import Callable
from pathlib import Path

#: layouts of `train --set`; the readers are in `readers`
SETS = ("adam", "cq500", "ct-ich", "ds003949", "large-ia", "rsna-2019", "rsna-2025", "site")


def haemorrhage_arguments(parser: argparse.ArgumentParser) -> None:
    """The head CT bundle (system 002)."""
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--cache", type=Path, default=Path("willis-ncct"), help="prepared phantoms and checkpoints")
    parser.add_argument("--studies", type=int, nargs=3, default=(320, 60, 100), metavar=("TRAIN", "VALIDATION", "TEST"))
    parser.add_argument("--steps", type=int, nargs=4, default=(600, 300, 60, 440), metavar=("A96", "A128", "B96", "B128"))
    parser.add_argument("--sequence-studies", type=int, default=160, help="how many training studies the sequence model sees")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--date", default="2026-11-22", help="written into the manifest")
    parser.add_argument("--real", type=Path, nargs="*", default=[], help="folders of real head CT series (DICOM) to read as well")
    gate_argument(parser)
    parser.set_defaults(run=_haemorrhage)


def cta_arguments(parser: argparse.ArgumentParser) -> None:
    """The CTA candidate bundle (system 000)."""
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--cache", type=Path, default=Path("willis-cta"), help="crops and checkpoint")
    parser.add_argument("--patients", type=int, nargs=3, default=(500, 100, 150), metavar=("TRAIN", "FIT", "TEST"))
    parser.add_argument("--steps", type=int, nargs=2, default=(1400, 1000), metavar=("WIDE", "CROP"))
    parser.add_argument("--scans", type=int, default=40, help="whole test phantoms on which proposals and classifier are measured together")
    parser.add_argument("--real", type=Path, nargs="*", default=[], help="real CT angiograms (NIfTI in HU) to read as well")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--imagenet", type=Path, help="ResNet-18 weights to start from (a PyTorch state file)")
    parser.add_argument("--date", default="2026-11-22", help="written into the manifest")
    gate_argument(parser)
    parser.set_defaults(run=_cta)


def sites_arguments(parser: argparse.ArgumentParser) -> None:
    """The model of artery sites."""
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--cache", type=Path, default=Path("willis-sites"), help="prepared phantoms and checkpoint")
    parser.add_argument("--scans", type=int, nargs=3, default=(60, 12, 55), metavar=("TRAIN", "VALIDATION", "TEST"), help="of each modality")
    parser.add_argument("--steps", type=int, default=1800)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2, help="processes that render")
    parser.add_argument("--date", default="2026-11-22", help="written into the manifest")
    parser.set_defaults(run=_sites)


def head_arguments(parser: argparse.ArgumentParser) -> None:
    """The model that tells how far a place lies from the brain's surface."""
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--cache", type=Path, default=Path("willis-head"), help="prepared heads, scans and checkpoint")
    parser.add_argument("--heads", type=int, nargs=2, default=(40, 32), metavar=("TOF", "CT"), help="label maps to train on")
    parser.add_argument("--scans", type=int, nargs=2, default=(40, 8), metavar=("TOF", "CT"), help="unseen scans to measure on")
    parser.add_argument("--detector", type=Path, default=Path("../tof-patch"), help="bundle whose marks are counted with and without the mask")
    parser.add_argument("--steps", type=int, default=560)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2, help="processes that render")
    parser.add_argument("--date", default="2026-11-22", help="written into the manifest")
    parser.set_defaults(run=_head)


def train_arguments(parser: argparse.ArgumentParser) -> None:
    """Fine-tuning of a shipped bundle."""
    parser.add_argument("--data", type=Path, required=True, help="folder of the data set")
    parser.add_argument("--set", choices=SETS, required=True, help="its layout")
    parser.add_argument("--init", type=Path, required=True, help="bundle to start from, e.g. models/tof-patch")
    parser.add_argument("--out", type=Path, required=True, help="folder of the new bundle")
    parser.add_argument("--id", help="id of the new bundle; the pipeline's name and -site unless given")
    parser.add_argument("--steps", type=int, help="as many as the pipeline's trainer finds fit unless given")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--date", default="2026-11-22", help="written into the manifest")
    parser.set_defaults(run=_train)


def patch_arguments(parser: argparse.ArgumentParser) -> None:
    """A patch classifier of the annex (system 001)."""
    parser.add_argument("--config", type=Path, required=True, help='JSON, e.g. {"annex": 5, "epochs": 10}')
    parser.add_argument("--out", type=Path, required=True, help="folder for network.onnx and report.json")
    parser.add_argument("--cache", type=Path, default=Path("willis-phantoms"))
    parser.add_argument("--scans", type=int, nargs=3, default=(40, 15, 20), metavar=("TRAIN", "VALIDATION", "TEST"))
    parser.set_defaults(run=_patches)


def rebuild_arguments(parser: argparse.ArgumentParser, parse: Callable[[list[str]], argparse.Namespace]) -> None:
    """Any shipped bundle from its seed; `parse` reads the words of the bundle's own command."""
    parser.add_argument("name", choices=("tof-patch", "cta-resnet", "ncct-haemorrhage", "tof-coarse-fine", "artery-sites", "head-distance"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--cache", type=Path, default=Path("willis-rebuild"), help="phantoms and checkpoints; an interrupted run goes on from them")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--smoke", action="store_true", help="cta-resnet: few phantoms and steps, shows in minutes that every step works here")
    parser.set_defaults(run=lambda arguments: _rebuild(arguments, parse))


def gate_argument(parser: argparse.ArgumentParser) -> None:
    """Whether a bundle below what a shipped one must reach ends in an error."""
    parser.add_argument("--gate", action=argparse.BooleanOptionalAction, default=True, help="fail below what a shipped bundle must reach")


def test_from_argument(parser: argparse.ArgumentParser) -> None:
    """Test phantoms that nothing was chosen on."""
    parser.add_argument("--test-from", type=int, default=0, help="number of the first test phantom, where those before it have been looked at")


def bundle_arguments(parser: argparse.ArgumentParser) -> None:
    """The TOF bundle (system 001)."""
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--cache", type=Path, default=Path("willis-phantoms"), help="prepared phantoms and checkpoint")
    parser.add_argument("--scans", type=int, nargs=3, default=(500, 100, 200), metavar=("TRAIN", "VALIDATION", "TEST"))
    test_from_argument(parser)
    parser.add_argument("--bent-scans", type=int, default=150, help="training scans of tortuous arteries")
    parser.add_argument("--tree", type=Path, nargs="*", default=[], help="masks of real arteries (NIfTI, background 0) which those are grown around")
    parser.add_argument("--steps", type=int, default=7050)
    parser.add_argument("--settle-steps", type=int, default=650, help="how many of the steps settle dense and patchwise logits")
    parser.add_argument("--broad-steps", type=int, default=1000, help="how many of the steps come after that, on crops as other scanners would have them")
    parser.add_argument("--bent-steps", type=int, default=1400, help="how many of the steps come last, on tortuous arteries too and in any contrast")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--date", default="2026-11-22", help="written into the manifest")
    gate_argument(parser)
    parser.set_defaults(run=_bundle)


def measure_arguments(parser: argparse.ArgumentParser) -> None:
    """A bundle of one network on unseen phantoms and real arteries."""
    parser.add_argument("--bundle", type=Path, required=True, help="tof-patch, cta-resnet, tof-coarse-fine or ncct-haemorrhage; its manifest and card are written anew")
    parser.add_argument("--cache", type=Path, default=Path("willis-phantoms"))
    parser.add_argument("--scans", type=int, default=100, help="unseen phantoms; 0: their figures stay (those of ncct-haemorrhage always do)")
    test_from_argument(parser)
    parser.add_argument("--real", type=Path, nargs="*", default=[],
                        help="tof-patch: NIfTI with vessels alone, background 0; cta-resnet: NIfTI in HU; ncct-haemorrhage: folders of DICOM")
    parser.add_argument("--tree", type=Path, nargs="*", default=[],
                        help="tof-patch: masks of real arteries (NIfTI, background 0); phantoms grown around them are measured apart")
    parser.add_argument("--tree-scans", type=int, default=100, help="phantoms for each of those")
    parser.add_argument("--choose-threshold", action="store_true", help="cta-resnet: choose the threshold anew on as many validation phantoms; else it stays")
    parser.add_argument("--pictures", type=Path, help="folder for a picture of each real volume's marks; the card links those beside it")
    parser.add_argument("--credit", help="cta-resnet: whose volume it is and its licence; without it the picture shows no voxel of it")
    parser.add_argument("--apart", type=float, nargs=4, metavar=("X", "Y", "Z", "RADIUS"),
                        help="cta-resnet: a ball (LPS mm from the volume's middle) with a known malformation, whose marks are counted apart")
    parser.set_defaults(run=_measure)


def explain_arguments(parser: argparse.ArgumentParser) -> None:
    """How well the maps of a bundle explain its findings."""
    parser.add_argument("bundle", type=Path, help="any bundle of a pipeline; its manifest and card are written anew")
    parser.add_argument("--phantoms", type=int, default=40)
    parser.add_argument("--cache", type=Path, default=Path("willis-phantoms"), help="prepared phantoms; of cta-resnet none are kept")
    parser.set_defaults(run=_explain)


def ablate_arguments(parser: argparse.ArgumentParser) -> None:
    """The tables of settings."""
    parser.add_argument("--bundle", type=Path, required=True, help="tof-patch, tof-coarse-fine or cta-resnet; its manifest and card get the table")
    parser.add_argument("--cache", type=Path, default=Path("willis-phantoms"))
    parser.add_argument("--scans", type=int, nargs=3, default=(24, 10, 20), metavar=("TRAIN", "VALIDATION", "TEST"))
    parser.add_argument("--steps", type=int, default=200, help="steps a setting; for tof-patch patches a setting; --scans are patients for cta-resnet")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.set_defaults(run=_ablate)


def coarse_to_fine_arguments(parser: argparse.ArgumentParser) -> None:
    """The three networks of system 003."""
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--cache", type=Path, help="phantoms, trained networks and what was read of each scan; an interrupted run goes on from them")
    parser.add_argument("--init", type=Path, help="bundle whose artery network is taken as it is, and whose other two are trained further")
    parser.add_argument("--scans", type=int, nargs=3, default=(150, 20, 100), metavar=("TRAIN", "VALIDATION", "TEST"))
    test_from_argument(parser)
    parser.add_argument("--steps", type=int, nargs=3, default=(600, 450, 900), metavar=("ARTERIES", "COARSE", "FINE"))
    parser.add_argument("--note", default="", help="how it was trained and what was tried, for the manifest and the card")
    parser.add_argument("--narrow", action="store_true", help="a quarter of the published widths and smaller VOIs, for a CPU")
    parser.add_argument("--ablation-steps", type=int, default=0, help="also run the ablation and the five folds with this many steps each")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--date", default="2026-11-22", help="written into the manifest")
    parser.set_defaults(run=_coarse_to_fine)


def _rebuild(arguments: argparse.Namespace, parse: Callable[[list[str]], argparse.Namespace]) -> None:
    from .rebuild import run

    run(arguments, parse)


def _bundle(arguments: argparse.Namespace) -> None:
    from .bundle import run

    run(arguments)


def _measure(arguments: argparse.Namespace) -> None:
    from .measure_bundle import run

    run(arguments)


def _explain(arguments: argparse.Namespace) -> None:
    from .explain_bundle import run

    run(arguments)


def _ablate(arguments: argparse.Namespace) -> None:
    from .ablate import run

    run(arguments)


def _coarse_to_fine(arguments: argparse.Namespace) -> None:
    from .coarse_to_fine.command import run

    run(arguments)


def _haemorrhage(arguments: argparse.Namespace) -> None:
    from .haemorrhage.command import run

    run(arguments)


def _cta(arguments: argparse.Namespace) -> None:
    from .cta_resnet.bundle import run

    run(arguments)


def _sites(arguments: argparse.Namespace) -> None:
    from .artery_sites.command import run

    run(arguments)


def _head(arguments: argparse.Namespace) -> None:
    from .head_distance.command import run

    run(arguments)


def _train(arguments: argparse.Namespace) -> None:
    from .fine_tune.command import run

    run(arguments)


def _patches(arguments: argparse.Namespace) -> None:
    from .patch_classifier.command import run

    run(arguments)
