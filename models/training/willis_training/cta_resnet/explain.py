"""What Grad-CAM of system 000 is worth, on the aneurysms that the graph calls: its strongest cell, taken out, and without what was learnt."""

from collections.abc import Iterable

import numpy as np
import onnx
import onnxruntime as ort

from ..explanations import Explained, MapSeen, filled, shuffled
from .crops import PIXELS, SLICES, Crop, field, triples
from .measure import pointing

#: of a cell's pixels in the central slice, this many denser than VESSEL_HU make it one that holds vessel
VESSEL_PIXELS, VESSEL_HU = 8, 150
HOW = ("A crop about a sac counts where its probability reaches the threshold. The strongest of 4 x 4 cells (8 mm) is filled from its surroundings in all "
       "slices; 'elsewhere' is the mean of the other cells that hold vessel.")


def explained(graph: onnx.ModelProto, crops: Iterable[Crop], threshold: float) -> list[Explained]:
    """The true positives among the crops."""
    session, other = _open(graph), _open(shuffled(graph, 1))
    return [one for crop in crops if crop.aneurysm and (one := _explained(session, other, crop, threshold)) is not None]


def _explained(session: ort.InferenceSession, other: ort.InferenceSession, crop: Crop, threshold: float) -> Explained | None:
    hu = field(crop.hu).astype(np.float32)
    logits, cams = session.run(["logit", "cam"], {"hu": triples(crop)})
    probability, cam = _probability(logits), cams[1]
    if probability < threshold:
        return None
    hottest = int(cam.argmax())
    places = [cell for cell in range(cam.size) if cell != hottest and _holds_vessel(hu, cell, cam.shape[0])]
    after, *elsewhere = [_without(session, hu, cell, cam.shape[0]) for cell in (hottest, *(places or _others(hottest, cam.size)))]
    plain = other.run(["cam"], {"hu": triples(crop)})[0][1]
    seen = MapSeen(pointing(cam, field(crop.mask[2]) > 0), after, tuple(elsewhere), cam.ravel(), plain.ravel())
    return Explained(crop.patient, probability, {"Grad-CAM": seen})


def _others(hottest: int, count: int) -> list[int]:
    return [cell for cell in range(count) if cell != hottest]


def _holds_vessel(hu: np.ndarray, cell: int, cells: int) -> bool:
    return bool((hu[len(hu) // 2][_square(cell, cells)] > VESSEL_HU).sum() >= VESSEL_PIXELS)


def _without(session: ort.InferenceSession, hu: np.ndarray, cell: int, cells: int) -> float:
    """Probability of a crop [5,64,64] with a cell filled in every slice."""
    region = np.zeros(hu.shape[1:], bool)
    region[_square(cell, cells)] = True
    clean = np.stack([filled(plane, region) for plane in hu])
    return _probability(session.run(["logit"], {"hu": np.stack([clean[k : k + 3] for k in range(SLICES)])})[0])


def _square(cell: int, cells: int) -> tuple[slice, slice]:
    side = PIXELS // cells
    y, x = (cell // cells) * side, (cell % cells) * side
    return slice(y, y + side), slice(x, x + side)


def _probability(logits: np.ndarray) -> float:
    return float(1 / (1 + np.exp(-float(logits.mean()))))


def _open(graph: onnx.ModelProto) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    return ort.InferenceSession(graph.SerializeToString(), options, providers=["CPUExecutionProvider"])
