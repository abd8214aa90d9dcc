"""With what a tof-patch bundle turns its network's fields into marks: read from the manifest, as the node reads it."""

from dataclasses import dataclass

import numpy as np

from .detect import Candidate, Localisation
from .evaluate import Calibration

Manifest = dict  # type: ignore[type-arg]


@dataclass(frozen=True)
class OperatingPoint:
    """What makes a candidate, its calibration, and the probability from which on it is a mark."""

    localisation: Localisation
    calibration: Calibration
    threshold: float

    def probability(self, candidate: Candidate) -> float:
        return float(1 / (1 + np.exp(-self.calibration.logit(candidate))))


def point_of(manifest: Manifest) -> OperatingPoint:
    """That of a bundle."""
    return OperatingPoint(localisation_of(manifest["candidates"]), calibration_of(manifest), manifest["operatingPoint"]["findingThreshold"])


def localisation_of(candidates: Manifest) -> Localisation:
    """What makes a candidate, from the manifest's `candidates`."""
    return Localisation(candidates["localisationThreshold"], candidates["minVoxels"])


def calibration_of(manifest: Manifest) -> Calibration:
    """The calibration that a manifest holds."""
    values = manifest["calibration"]
    return Calibration(values["intercept"], values["seedLogit"], values["patchLogit"], values["logVolume"])
