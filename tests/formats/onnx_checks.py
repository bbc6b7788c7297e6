"""A Keras model against its ONNX file's content, run by ONNX Runtime."""

import keras
import numpy as np
import onnx
import onnxruntime
from keras import ops

from zoo.formats.onnx_graph import convert

LOOPS = {"Loop", "Scan", "If"}


class Converted:
    """A model and the session of what it was converted to."""

    def __init__(self, model, **names):
        self.model, self.proto = model, convert(model, **names)
        onnx.checker.check_model(self.proto, full_check=True)
        self.kinds = {node.op_type for node in self.proto.graph.node}
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(self.proto.SerializeToString(), options)
        self.inputs = [tensor.name for tensor in self.session.get_inputs()]
        self.outputs = [tensor.name for tensor in self.session.get_outputs()]

    def run(self, arrays):
        return self.session.run(None, dict(zip(self.inputs, arrays, strict=True)))

    def check(self, arrays, atol=1e-5):
        """Both give the same for `arrays`; returns what they give."""
        graph = getattr(self.model, "_functional", self.model)
        given = keras.tree.pack_sequence_as(graph.input, arrays)
        expected = keras.tree.flatten(self.model(given, training=False))
        found = self.run(arrays)
        assert len(found) == len(expected)
        for x, y, tensor in zip(found, expected, self.model.outputs, strict=True):
            y = ops.convert_to_numpy(y)
            assert x.shape == y.shape and x.dtype == tensor.dtype
            np.testing.assert_allclose(x, y, rtol=1e-5, atol=atol)
        return found


def filled(model, seed=0, size=1.0):
    """`model` with normal weights of a sensible size, variances above zero."""
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        if weight.dtype != "float32":  # the seed of a dropout
            continue
        value = size * rng.normal(size=weight.shape) / np.sqrt(max(np.prod(weight.shape[:-1]), 4))
        weight.assign(np.abs(value) + 0.5 if "variance" in weight.path else value)
    return model
