"""The card of a bundle, whatever it is, from its manifest and its sample."""

import json
from importlib import import_module
from pathlib import Path

#: what the manifest is called where it is not model.json: the helpers of the pipelines
MANIFESTS = {"artery-sites": "sites.json", "head-distance": "head.json"}
#: where the writer of a card is, by pipeline or helper's task
WRITERS = {"tof-patch": ".card", "cta-resnet": ".cta_resnet.card", "tof-coarse-fine": ".coarse_to_fine.card", "ncct-haemorrhage": ".haemorrhage.card",
           "artery-site": ".artery_sites.card", "head-distance": ".head_distance.card"}


def manifest_of(folder: Path) -> Path:
    """The bundle's manifest."""
    return next((folder / name for name in MANIFESTS.values() if (folder / name).exists()), folder / "model.json")


def settings_compared(folder: Path) -> dict[str, object]:
    """`ablation` of the bundle that lies there: settings against each other, which say nothing of weights and stay when a bundle is written anew."""
    file = folder / "model.json"
    earlier = json.loads(file.read_text())["performance"] if file.exists() else {}
    return {"ablation": earlier["ablation"]} if "ablation" in earlier else {}


def write_card_of(folder: Path) -> None:
    """Writes CARD.md anew."""
    manifest = json.loads(manifest_of(folder).read_text())
    import_module(WRITERS[manifest.get("pipeline", manifest["task"])], __package__).write_card(folder, manifest)
