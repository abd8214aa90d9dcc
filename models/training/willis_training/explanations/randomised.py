"""The same graph with what it has learnt shuffled."""

import numpy as np
import onnx
from onnx import numpy_helper

#: tensors with fewer values hold settings of the graph (windows, scales, shapes), nothing learnt
LEAST_VALUES = 8
#: one way alone can fall out either way: a map of few cells has a middle and a rim, whatever the weights
SHUFFLES = range(1, 6)


def shuffled(graph: onnx.ModelProto, seed: int) -> onnx.ModelProto:
    """Every learnt tensor, weights and biases alike, with its values in another order: same operations, same distribution of weights.

    Shapes and other whole numbers stay; weights stored as int8 are shuffled as such.
    """
    rng = np.random.default_rng(seed)
    copy = onnx.ModelProto()
    copy.CopyFrom(graph)
    for tensor in copy.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.size < LEAST_VALUES or values.dtype in (np.int32, np.int64):
            continue
        tensor.CopyFrom(numpy_helper.from_array(rng.permutation(values.ravel()).reshape(values.shape), tensor.name))
    return copy
