"""Layers that read the sizes of what they are called with, or that ONNX can say better."""

import math

import keras
import numpy as np
from keras import ops

from zoo.formats.onnx_graph.elementwise import floating
from zoo.formats.onnx_graph.graph import Value
from zoo.formats.onnx_graph.network import convolution
from zoo.formats.onnx_graph.registry import Unsupported, as_value, converts
from zoo.formats.onnx_graph.walk import apply, traced
from zoo.layers import EachFrame, LengthMask, TiedEmbedding


@converts(keras.layers.Flatten)
def _flatten(graph, layer, x):
    if layer.data_format == "channels_first" and x.rank > 1:
        x = graph.node("Transpose", x, perm=[0, *range(2, x.rank), 1])
    sizes = x.shape[1:]
    known = all(isinstance(size, int) for size in sizes)
    return graph.node("Reshape", x, [0, math.prod(sizes) if known else -1])


@converts(keras.layers.Reshape)
def _reshape(graph, layer, x):
    return graph.node("Reshape", x, [0, *(-1 if n is None else n for n in layer.target_shape)])


@converts(keras.layers.RepeatVector)
def _repeat_vector(graph, layer, x):
    return graph.node("Tile", graph.node("Unsqueeze", x, [1]), [1, layer.n, 1])


@converts(keras.layers.Rescaling)
def _rescaling(graph, layer, x):
    scale, offset = (np.asarray(n, "float32") for n in (layer.scale, layer.offset))
    return graph.node("Add", graph.node("Mul", floating(graph, x), scale), offset)


@converts(keras.layers.Normalization)
def _normalization(graph, layer, x):
    mean, variance = (ops.convert_to_numpy(n) for n in (layer.mean, layer.variance))
    deviation, x = np.maximum(np.sqrt(variance), keras.config.epsilon()), floating(graph, x)
    if layer.invert:
        return graph.node("Add", graph.node("Mul", x, deviation), mean)
    return graph.node("Div", graph.node("Sub", x, mean), deviation)


@converts(keras.layers.PReLU)
def _prelu(graph, layer, x):
    return graph.node("PRelu", x, as_value(graph, layer.alpha))


@converts(keras.layers.Conv1D, keras.layers.Conv2D, keras.layers.Conv3D)
def _convolution(graph, layer, x):
    """Not through `keras.ops.conv`, which on symbolic tensors refuses groups."""
    padding = layer.padding
    if padding == "causal":
        pads, axis = [0] * 2 * x.rank, 1 if layer.data_format == "channels_last" else 2
        pads[axis] = layer.dilation_rate[0] * (layer.kernel_size[0] - 1)
        x, padding = graph.node("Pad", x, pads), "valid"
    sizes = (layer.strides, layer.dilation_rate, padding, layer.data_format)
    bias = layer.bias if layer.use_bias else None
    x = convolution(graph, x, as_value(graph, layer.kernel), *sizes, bias)
    return x if layer.activation is None else traced(graph, layer.activation, x)


@converts(EachFrame, keras.layers.TimeDistributed)
def _each_step(graph, layer, x, mask=None):
    """Batch and time as one axis, and back."""
    inner = layer.model if isinstance(layer, EachFrame) else layer.layer
    rest = list(x.shape[2:])
    if not all(isinstance(size, int) for size in rest):
        raise Unsupported(f"its steps have open sizes {tuple(rest)}")
    steps = graph.node("Reshape", x, [-1, *rest])
    found = apply(graph, inner, (steps,), {})
    if not isinstance(found, Value):
        raise Unsupported("it gives more than one output")
    sizes = graph.node("Concat", graph.size(x, 0, 1), np.array(found.shape[1:], "int64"), axis=0)
    return graph.known(graph.node("Reshape", found, sizes), (*x.shape[:2], *found.shape[1:]))


@converts(LengthMask)
def _length_mask(graph, layer, sequences, lengths):
    steps = graph.node(
        "Range", np.int64(0), graph.node("Squeeze", graph.size(sequences, 1)), np.int64(1)
    )
    lengths = graph.node("Unsqueeze", graph.cast(lengths, "int64"), [1])
    return graph.known(graph.node("Less", steps, lengths), sequences.shape[:2])


@converts(TiedEmbedding)
def _tied(graph, layer, inputs, reverse=False):
    """The matrix stands in the file once, turned round where it is needed."""
    table = as_value(graph, layer.embeddings)
    if not reverse:
        return graph.node("Gather", table, inputs)
    logits = graph.node("MatMul", inputs, graph.node("Transpose", table, perm=[1, 0]))
    return graph.node("Add", logits, as_value(graph, layer.bias))
