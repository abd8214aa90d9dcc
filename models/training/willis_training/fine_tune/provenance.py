"""What the manifest of a fine-tuned bundle says of its origin, whatever its pipeline."""

from ..readers import Case
from .order import Order

INTENDED_USE = "Fine-tuned on a small data set and not validated; not for clinical use"
FIRST_LIMIT = "Started from weights of synthetic phantoms; measured on few scans of one data set"
SUFFIX = " (fine-tuned)"


def told_of(manifest: dict, order: Order, parts: dict[str, list[Case]]) -> dict:  # type: ignore[type-arg]
    """The manifest with id, title, use, data, licence, the scans measured on, and the first limit of a fine-tuned bundle."""
    return manifest | {
        "id": order.identity, "title": manifest["title"].removesuffix(SUFFIX) + SUFFIX, "intendedUse": INTENDED_USE,
        "training": manifest["training"] | {"data": order.description(parts), "licence": licence_of(parts["train"]), "synthetic": False},
        "performance": manifest["performance"] | {"testedOn": f"{len(parts['test'])} scans of subjects not trained on"},
        "limits": [FIRST_LIMIT, *manifest["limits"][1:]]}


def licence_of(cases: list[Case]) -> str:
    """The licences of what was trained on."""
    return "; ".join(sorted({c.licence for c in cases}))
