"""The bundle of system 003 on a scan: the exported graphs, step by step as the runtime uses them."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnxruntime as ort
import torch
from scipy import ndimage

from .contour import channels_of
from .deepmedic import LOST, coarse_view
from .vessels import large_components

FILES = {"arteries.onnx": "arteries", "coarse.onnx": "coarse", "fine.onnx": "fine"}
SPACING_MM, SMALLEST_ARTERY_MM3, TILE, MOST, SMALLEST_VOXELS = 0.5, 20.0, 45, 16, 8
#: probability of DeepMedic from which a voxel belongs to a candidate
CANDIDATE = 0.5


@dataclass(frozen=True)
class Mark:
    """An outlined place: centre (voxel z, y, x), voxels and where they lie, mean probability of the outline, largest coarse probability in it."""

    centre: tuple[float, float, float]
    voxels: int
    fine: float
    coarse: float
    inside: tuple[np.ndarray, ...] = field(default=(), compare=False)

    @property
    def row(self) -> list[float]:
        """What the calibration sees: logit of both probabilities and the logarithm of the volume in mm3."""
        return [logit(self.coarse), logit(self.fine), float(np.log(self.voxels * SPACING_MM**3))]


@dataclass(frozen=True)
class Steps:
    """What every step gave: masks and probabilities [z,y,x], candidate centres (z, y, x)."""

    arteries: np.ndarray
    coarse: np.ndarray
    centres: list[tuple[float, float, float]]
    fine: np.ndarray

    def marks(self, threshold: float) -> list[Mark]:
        """What is outlined at this probability, the strongest candidate first."""
        return [Mark(centre, count, float(self.fine[inside].mean()), peak, inside)
                for peak, centre, (inside, count) in regions(self.fine, self.coarse, threshold)]


class FineReader:
    """The three networks of a bundle folder."""

    def __init__(self, folder: Path, voi: int) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        self.arteries, self.coarse, self.fine = (
            ort.InferenceSession(str(folder / file), options, providers=["CPUExecutionProvider"]) for file in FILES)
        self.voi = voi

    def read(self, image: np.ndarray) -> Steps:
        """Normalised image [z,y,x] on the 0.5 mm grid -> every step."""
        return self.outline(image, *self.find(image))

    def find(self, image: np.ndarray, found: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Arteries (`found` where they were looked for before), and DeepMedic's probability within them: all that comes before an outline."""
        arteries = self._arteries(image) if found is None else found
        return arteries, self._coarse(channels_of(image, arteries)[0])

    def outline(self, image: np.ndarray, arteries: np.ndarray, coarse: np.ndarray) -> Steps:
        """The candidates in what was found, outlined."""
        centres = [centre for _, centre, _ in regions(coarse, coarse, CANDIDATE)][:MOST]
        return Steps(arteries, coarse, centres, self._outline(channels_of(image, arteries), centres))

    def _arteries(self, image: np.ndarray) -> np.ndarray:
        padded = np.pad(image, [(0, -n % 4) for n in image.shape])
        probability = self.arteries.run(None, {"image": padded[None, None]})[0][0]
        mask = probability[tuple(slice(n) for n in image.shape)] > 0.5
        return large_components(mask, SMALLEST_ARTERY_MM3, SPACING_MM**3)

    def _coarse(self, vessel: np.ndarray) -> np.ndarray:
        """Tiles whose output holds no vessel are skipped: their probability is 0."""
        step, margin = TILE - LOST, 40
        padded = torch.from_numpy(np.pad(vessel, margin)[None])
        out = np.zeros(vessel.shape, np.float32)
        for start in np.ndindex(*(-(-n // step) for n in vessel.shape)):
            box = tuple(slice(s * step, min((s + 1) * step, n)) for s, n in zip(start, vessel.shape))
            if not vessel[box].any():
                continue
            centre = [s * step + margin + (step - 1) // 2 for s in start]
            near = padded[(slice(None), *(slice(c - (TILE - 1) // 2, c - (TILE - 1) // 2 + TILE) for c in centre))]
            far = coarse_view(padded, (centre[0], centre[1], centre[2]), TILE)
            probability = self.coarse.run(None, {"fine": near[None].numpy(), "coarse": far[None].numpy()})[0][0]
            out[box] = probability[tuple(slice(b.stop - b.start) for b in box)]
        return out

    def _outline(self, channels: np.ndarray, centres: list[tuple[float, float, float]]) -> np.ndarray:
        half = self.voi // 2
        padded = np.pad(channels, ((0, 0), *((half, half),) * 3))
        out = np.zeros(padded.shape[1:], np.float32)
        for centre in centres:
            box = tuple(slice(int(round(v)), int(round(v)) + self.voi) for v in centre)
            probability = self.fine.run(None, {"channels": padded[(slice(None), *box)][None]})[0][0]
            out[box] = np.maximum(out[box], probability)
        return out[tuple(slice(half, half + n) for n in channels.shape[1:])]


def regions(
    probability: np.ndarray, ranked_by: np.ndarray, threshold: float
) -> list[tuple[float, tuple[float, float, float], tuple[tuple[np.ndarray, ...], int]]]:
    """26-connected components at a threshold of at least 8 voxels: peak of `ranked_by`, centre, voxels and their number; the highest peak first."""
    labels, count = ndimage.label(probability >= threshold, np.ones((3, 3, 3)))
    found = []
    for number, box in enumerate(ndimage.find_objects(labels), start=1):
        places = np.argwhere(labels[box] == number) + [b.start for b in box]
        if len(places) < SMALLEST_VOXELS:
            continue
        inside = tuple(places.T)
        z, y, x = (float(v) for v in places.mean(0))
        found.append((float(ranked_by[inside].max()), (z, y, x), (inside, len(places))))
    return sorted(found, key=lambda f: -f[0])


def logit(probability: float) -> float:
    """Of a probability kept between 1e-4 and 1 - 1e-4."""
    p = min(max(probability, 1e-4), 1 - 1e-4)
    return float(np.log(p / (1 - p)))
