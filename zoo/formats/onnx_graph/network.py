"""Operations of `keras.ops` on features: products, convolutions, pooling, normalisation."""

import keras
import numpy as np

from zoo.formats.onnx_graph.elementwise import common, floating
from zoo.formats.onnx_graph.registry import Unsupported, as_value, operation


@operation("Matmul", "Dot")
def _matmul(graph, op, x1, x2):
    if type(op).__name__ == "Dot" and x2.rank > 2:
        raise Unsupported("it is a dot product over more than two axes: use keras.ops.matmul")
    return graph.node("MatMul", *common(graph, x1, x2))


@operation("Einsum")
def _einsum(graph, op, *operands, **options):
    return graph.node("Einsum", *common(graph, *operands), equation=op.subscripts.replace(" ", ""))


@operation("OneHot")
def _one_hot(graph, op, x):
    """A place outside of 0 .. classes - 1 gives zeros; ONNX's node counts negative ones back."""
    if op.sparse:
        raise Unsupported("it makes sparse vectors")
    axis = op.axis % (x.rank + 1)
    classes = np.arange(op.num_classes, dtype=x.dtype)
    classes = classes.reshape(-1, *[1] * (x.rank - axis))
    return graph.cast(graph.node("Equal", graph.node("Unsqueeze", x, [axis]), classes), op.dtype)


@operation("Conv", "DepthwiseConv")
def _conv(graph, op, x, kernel):
    if type(op).__name__ == "DepthwiseConv":  # (..., features, multiplier): a group for each
        *window, F, multiplier = kernel.shape
        kernel = graph.node("Reshape", kernel, [*window, 1, F * multiplier])
    return convolution(graph, x, kernel, op.strides, op.dilation_rate, op.padding, op.data_format)


def convolution(graph, x, kernel, strides, dilations, padding, data_format, bias=None):
    """`Conv` has the features first, Keras's kernels (..., in a group, out) have them last."""
    dims = x.rank - 2
    x, back = _features_first(graph, x, data_format)
    x, kernel = common(graph, x, kernel)
    group = x.shape[1] // kernel.shape[-2]
    kernel = graph.node("Transpose", kernel, perm=[dims + 1, dims, *range(dims)])
    sizes = dict(strides=_each(strides, dims), dilations=_each(dilations, dims), group=group)
    sizes |= _padding(padding, kernel.shape[2:], sizes["strides"], sizes["dilations"])
    bias = None if bias is None else as_value(graph, bias)
    return back(graph.node("Conv", x, kernel, bias, **sizes))


def _padding(padding, window, strides, dilations):
    if padding == "valid":
        return {}
    if any(stride > 1 for stride in strides):
        return {"auto_pad": "SAME_UPPER"}
    # With a stride of 1 it does not depend on the size of what is read.
    total = [(size - 1) * apart for size, apart in zip(window, dilations, strict=True)]
    before = [size // 2 for size in total]
    return {"pads": before + [a - b for a, b in zip(total, before, strict=True)]}


def _each(size, dims):
    return [size] * dims if isinstance(size, int) else list(size)


def _features_first(graph, x, data_format):
    """`x` with its features on axis 1, and the way back."""
    if data_format == "channels_first":
        return x, lambda y: y
    last = x.rank - 1
    order, back = [0, last, *range(1, last)], [0, *range(2, x.rank), 1]
    return graph.node("Transpose", x, perm=order), lambda y: graph.node("Transpose", y, perm=back)


@operation("MaxPool", "AveragePool")
def _pool(graph, op, x):
    dims = x.rank - 2
    window = _each(op.pool_size, dims)
    strides = window if op.strides is None else _each(op.strides, dims)
    x, back = _features_first(graph, x, op.data_format)
    padding = {} if op.padding == "valid" else {"auto_pad": "SAME_UPPER"}
    kind = type(op).__name__
    return back(graph.node(kind, x, kernel_shape=window, strides=strides, **padding))


@operation("BatchNorm")
def _batch_norm(graph, op, x, mean, variance, offset=None, scale=None):
    F, axis = mean.shape[0], op.axis % x.rank
    offset = np.zeros(F, "float32") if offset is None else offset
    scale = np.ones(F, "float32") if scale is None else scale
    last = axis == x.rank - 1 and x.rank > 2
    if not last and axis != 1:
        raise Unsupported(f"it normalises axis {axis}, expected the last or 1")
    x, back = _features_first(graph, x, "channels_last" if last else "channels_first")
    return back(
        graph.node("BatchNormalization", x, scale, offset, mean, variance, epsilon=op.epsilon)
    )


@operation("LayerNorm")
def _layer_norm(graph, op, x, gamma=None, beta=None):
    axes = list(op.axis) if isinstance(op.axis, (list, tuple)) else [op.axis]
    axes = sorted(axis % x.rank for axis in axes)
    if axes != list(range(axes[0], x.rank)) or op.rms_scaling:
        raise Unsupported("it normalises other axes than the last ones")
    shape = x.shape[axes[0] :]
    gamma = np.ones(shape, "float32") if gamma is None else gamma
    epsilon = keras.config.epsilon() if op.epsilon is None else op.epsilon
    return graph.node("LayerNormalization", x, gamma, beta, axis=axes[0], epsilon=epsilon)


@operation("RMSNorm")
def _rms_norm(graph, op, x, scale=None):
    epsilon = keras.config.epsilon() if op.epsilon is None else op.epsilon
    axes = list(op.axis) if isinstance(op.axis, (list, tuple)) else [op.axis]
    square = graph.node("ReduceMean", graph.node("Mul", x, x), axes, keepdims=1)
    x = graph.node("Div", x, graph.node("Sqrt", graph.node("Add", square, epsilon)))
    return x if scale is None else graph.node("Mul", x, scale)


@operation("Normalize")
def _normalize(graph, op, x):
    """x / its length, which is at least epsilon."""
    if op.order != 2 or op.axis is None:
        raise Unsupported("it normalises by another norm than the length along an axis")
    axes = list(op.axis) if isinstance(op.axis, (list, tuple)) else [op.axis]
    length = graph.node("ReduceL2", floating(graph, x), axes, keepdims=1)
    least = keras.config.epsilon() if op.epsilon is None else op.epsilon
    return graph.node("Div", x, graph.node("Max", length, least))


@operation("DotProductAttention")
def _attention(graph, op, query, key, value, bias=None, mask=None, scale=None):
    """softmax(Q K^T scale + bias) V of each head: (B, T, heads, size) all three."""
    if op.is_causal or op.attn_logits_soft_cap is not None:
        raise Unsupported("its attention is causal or capped inside of the operation")
    scale = query.shape[-1] ** -0.5 if scale is None else scale
    query, key, value = (floating(graph, x) for x in (query, key, value))
    scores = graph.node("Einsum", query, key, equation="BTNH,BSNH->BNTS")
    scores = graph.node("Mul", scores, as_value(graph, scale, "float32"))
    scores = scores if bias is None else graph.node("Add", scores, bias)
    if mask is not None:
        scores = graph.node(
            "Where", graph.cast(mask, "bool"), scores, float(np.finfo("f").min) * 0.7
        )
    weights = graph.node("Softmax", scores, axis=-1)
    return graph.node("Einsum", weights, value, equation="BNTS,BSNH->BTNH")
