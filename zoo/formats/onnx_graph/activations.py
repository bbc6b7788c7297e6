"""Activation functions: as operations, and as the names that ONNX's recurrent nodes know."""

import keras

from zoo.formats.onnx_graph.elementwise import floating
from zoo.formats.onnx_graph.registry import OPERATIONS, Unsupported, operation
from zoo.formats.onnx_graph.walk import traced

# Keras's function -> (name, alpha, beta) inside a recurrent node; None: the node has no such number
INSIDE = {
    keras.activations.tanh: ("Tanh", None, None),
    keras.activations.sigmoid: ("Sigmoid", None, None),
    keras.activations.relu: ("Relu", None, None),
    keras.activations.linear: ("Affine", 1.0, 0.0),
    keras.activations.hard_sigmoid: ("HardSigmoid", 1 / 6, 0.5),
    keras.activations.elu: ("Elu", 1.0, None),
    keras.activations.leaky_relu: ("LeakyRelu", 0.2, None),
    keras.activations.softsign: ("Softsign", None, None),
    keras.activations.softplus: ("Softplus", None, None),
}


def inside(activation):
    """(name, alpha, beta) of an activation inside a recurrent node."""
    if activation not in INSIDE:
        name = getattr(activation, "__name__", type(activation).__name__)
        known = ", ".join(function.__name__ for function in INSIDE)
        raise Unsupported(f"its activation {name!r} is not one of {known}")
    return INSIDE[activation]


def activated(graph, activation, x):
    """`activation` of `x`."""
    return traced(graph, activation, x)


# name of the class in Keras -> the ONNX node and its attributes, from those of the operation
NODES = {
    "Celu": ("Celu", lambda op: {"alpha": op.alpha}),
    "Elu": ("Elu", lambda op: {"alpha": op.alpha}),
    "Gelu": ("Gelu", lambda op: {"approximate": "tanh" if op.approximate else "none"}),
    "HardSigmoid": ("HardSigmoid", lambda op: {"alpha": 1 / 6, "beta": 0.5}),
    "LeakyRelu": ("LeakyRelu", lambda op: {"alpha": op.negative_slope}),
    "LogSoftmax": ("LogSoftmax", lambda op: {"axis": op.axis}),
    "Softmax": ("Softmax", lambda op: {"axis": op.axis}),
}


def _node(kind, attributes):
    return lambda graph, op, x: graph.node(kind, floating(graph, x), **attributes(op))


OPERATIONS.update({name: _node(*node) for name, node in NODES.items()})


@operation("Relu6")
def _relu6(graph, op, x):
    return graph.node("Clip", x, 0.0, 6.0)


@operation("HardTanh")
def _hard_tanh(graph, op, x):
    return graph.node("Clip", x, -1.0, 1.0)


@operation("Silu")
def _silu(graph, op, x):
    return graph.node("Mul", x, graph.node("Sigmoid", x))


@operation("LogSigmoid")
def _log_sigmoid(graph, op, x):
    return graph.node("Neg", graph.node("Softplus", graph.node("Neg", x)))


@operation("TanhShrink")
def _tanh_shrink(graph, op, x):
    return graph.node("Sub", x, graph.node("Tanh", x))


@operation("Mish")
def _mish(graph, op, x):
    return graph.node("Mish", x)


@operation("ReLU")
def _relu(graph, op, x):
    """max(x, 0) for x above a threshold, a slope below it, and a largest value."""
    above = graph.node("Greater", x, float(op.threshold)) if op.threshold else None
    below = graph.node("Mul", graph.node("Sub", x, float(op.threshold)), float(op.negative_slope))
    if above is not None:
        x = graph.node("Where", above, x, below)
    else:
        x = graph.node("Where", graph.node("Greater", x, 0.0), x, below)
    return x if op.max_value is None else graph.node("Min", x, float(op.max_value))
