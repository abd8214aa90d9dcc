"""The card of a bundle, whatever its system, from its manifest and its sample."""

import json
from pathlib import Path


def write_card_of(folder: Path) -> None:
    """Writes CARD.md anew."""
    manifest = json.loads((folder / "model.json").read_text())
    if manifest["pipeline"] == "tof-patch":
        from .card import write_card
    elif manifest["pipeline"] == "cta-resnet":
        from .cta_resnet.card import write_card
    elif manifest["pipeline"] == "tof-coarse-fine":
        from .coarse_to_fine.card import write_card
    else:
        from .haemorrhage.card import write_card
    write_card(folder, manifest)
