"""What Grad-CAM of system 000 is worth, on the aneurysms that the graph calls: what it calls strongest, taken out, and without what was learnt."""

from collections.abc import Iterable

import numpy as np
import onnx
import onnxruntime as ort

from ..explanations import SHUFFLES, Explained, MapSeen, as_pixels, by_cell, filled, other_cells, shuffled, strongest_cells
from .crops import PIXELS, SLICES, Crop, field, triples
from .measure import pointing

#: a cell with this many pixels denser than VESSEL_HU in the central slice holds vessel
VESSEL_PIXELS, VESSEL_HU = 8, 150
HOW = ("A crop about a sac, its middle up to some millimetres off, counts where its probability reaches the threshold. The cells (8 mm) at half the map's peak and more are "
       "filled from their surroundings in all slices; 'elsewhere' is the mean of four draws of as many other cells that hold vessel and no sac.")


def explained(graph: onnx.ModelProto, crops: Iterable[Crop], threshold: float) -> list[Explained]:
    """The true positives among the crops."""
    session, others = _open(graph), [_open(shuffled(graph, seed)) for seed in SHUFFLES]
    return [one for crop in crops if crop.aneurysm and (one := _explained(session, others, crop, threshold)) is not None]


def _explained(session: ort.InferenceSession, others: list[ort.InferenceSession], crop: Crop, threshold: float) -> Explained | None:
    logits, cams = session.run(["logit", "cam"], {"hu": triples(crop)})
    probability, cam = _probability(logits), cams[1]
    if probability < threshold:
        return None
    hu, sac = field(crop.hu).astype(np.float32), field(crop.mask).max(0) > 0
    vessel = by_cell(hu[len(hu) // 2] > VESSEL_HU, cam.shape[0]) >= VESSEL_PIXELS
    strongest = strongest_cells(cam)
    sets = [strongest, *other_cells(strongest, by_cell(sac, cam.shape[0]) > 0, vessel, [10, crop.patient])]
    after, *elsewhere = [_without(session, hu, as_pixels(cells, PIXELS)) for cells in sets]
    plain = tuple(other.run(["cam"], {"hu": triples(crop)})[0][1].ravel() for other in others)
    seen = MapSeen(pointing(cam, field(crop.mask[2]) > 0), probability, after, tuple(elsewhere), cam.ravel(), plain)
    return Explained(crop.patient, {"Grad-CAM": seen})


def _without(session: ort.InferenceSession, hu: np.ndarray, region: np.ndarray) -> float:
    """Probability of a crop [5,64,64] with a region [64,64] filled in every slice."""
    clean = np.stack([filled(plane, region) for plane in hu])
    return _probability(session.run(["logit"], {"hu": np.stack([clean[k : k + 3] for k in range(SLICES)])})[0])


def _probability(logits: np.ndarray) -> float:
    return float(1 / (1 + np.exp(-float(logits.mean()))))


def _open(graph: onnx.ModelProto) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    return ort.InferenceSession(graph.SerializeToString(), options, providers=["CPUExecutionProvider"])
