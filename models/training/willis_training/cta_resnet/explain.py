"""What Grad-CAM of system 000 is worth: pointing on true positives, deletion (models see less where the map is hot) and randomised weights."""

import numpy as np
import onnx
import onnxruntime as ort
from onnx import numpy_helper

from .crops import Crop, field, triples
from .measure import pointing


def explain(graph: onnx.ModelProto, crops: list[Crop], threshold: float) -> dict[str, float | int]:
    """Shares over the aneurysms that the graph calls from `threshold` on.

    `pointing`: the strongest cell holds aneurysm. `deletion`: blanking the strongest cell costs more log-odds than blanking the mean
    of the others. `randomised`: mean correlation of the map with that of the same graph with its weights shuffled; near 0 the map
    depends on what was learnt, near 1 it only shows edges.
    """
    session, shuffled = _open(graph), _open(randomised(graph, 1))
    points, costs, alike = [], [], []
    for crop in (c for c in crops if c.aneurysm):
        hu = triples(crop)
        logit, cam = session.run(["logit", "cam"], {"hu": hu})
        if 1 / (1 + np.exp(-float(logit.mean()))) < threshold or cam[1].max() <= 0:
            continue
        points.append(pointing(cam[1], field(crop.mask[2]) > 0))
        costs.append(_deletion(session, hu[1:2], cam[1]))
        alike.append(_correlation(cam[1], shuffled.run(["cam"], {"hu": hu})[0][1]))
    return {"truePositives": len(points), "pointing": round(float(np.mean(points)), 4), "deletion": round(float(np.mean(costs)), 4),
            "randomised": round(float(np.mean(alike)), 4)}


def randomised(graph: onnx.ModelProto, seed: int) -> onnx.ModelProto:
    """The same graph with the values of every weight of two axes or more shuffled among themselves."""
    rng = np.random.default_rng(seed)
    copy = onnx.ModelProto()
    copy.CopyFrom(graph)
    for tensor in copy.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.ndim < 2:
            continue
        flat = values.flatten()
        rng.shuffle(flat)
        tensor.CopyFrom(numpy_helper.from_array(flat.reshape(values.shape), tensor.name))
    return copy


def _deletion(session: ort.InferenceSession, hu: np.ndarray, cam: np.ndarray) -> bool:
    """hu [1,3,64,64], cam [4,4]: each cell in turn is set to the slice's median."""
    cells, side = cam.shape[0], hu.shape[-1] // cam.shape[0]
    before = float(session.run(["logit"], {"hu": hu})[0].mean())
    blanked = np.repeat(hu, cells * cells, axis=0)
    for cell in range(cells * cells):
        y, x = (cell // cells) * side, (cell % cells) * side
        blanked[cell, :, y : y + side, x : x + side] = np.median(hu)
    drop = before - session.run(["logit"], {"hu": blanked})[0].reshape(-1)
    hottest = int(cam.argmax())
    return bool(drop[hottest] > np.delete(drop, hottest).mean())


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    if a.std() == 0 or b.std() == 0:
        return 0.0
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])


def _open(graph: onnx.ModelProto) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    return ort.InferenceSession(graph.SerializeToString(), options, providers=["CPUExecutionProvider"])
