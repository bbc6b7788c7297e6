"""Operations of `keras.ops` that make one number of many, or run along an axis."""

from zoo.formats.onnx_graph.elementwise import common, floating
from zoo.formats.onnx_graph.registry import OPERATIONS, operation

REDUCTIONS = {
    "Amax": "ReduceMax",
    "Amin": "ReduceMin",
    "Logsumexp": "ReduceLogSumExp",
    "Max": "ReduceMax",
    "Mean": "ReduceMean",
    "Min": "ReduceMin",
    "Prod": "ReduceProd",
    "Sum": "ReduceSum",
}


def _axes(op, x):
    """The axes to reduce as a list."""
    if op.axis is None:
        return list(range(x.rank))
    return list(op.axis) if isinstance(op.axis, (list, tuple)) else [op.axis]


def _reduction(kind):
    def convert(graph, op, x):
        if kind in ("ReduceMean", "ReduceLogSumExp"):
            x = floating(graph, x)
        if x.dtype == "bool":
            x = graph.cast(x, "int32")
        found = graph.node(kind, x, _axes(op, x), keepdims=int(op.keepdims))
        first = getattr(op, "initial", None)
        if first is None:
            return found
        return graph.node(kind.replace("Reduce", ""), *common(graph, found, first))

    return convert


OPERATIONS.update({name: _reduction(kind) for name, kind in REDUCTIONS.items()})


@operation("All", "Any")
def _all_or_any(graph, op, x):
    kind = {"All": "ReduceMin", "Any": "ReduceMax"}[type(op).__name__]
    x = graph.cast(graph.cast(x, "bool"), "int32")
    return graph.cast(graph.node(kind, x, _axes(op, x), keepdims=int(op.keepdims)), "bool")


@operation("CountNonzero")
def _count(graph, op, x):
    x = graph.cast(graph.cast(x, "bool"), "int32")
    return graph.node("ReduceSum", x, _axes(op, x), keepdims=0)


@operation("Var", "Std")
def _variance(graph, op, x):
    x, axes = floating(graph, x), _axes(op, x)
    apart = graph.node("Sub", x, graph.node("ReduceMean", x, axes, keepdims=1))
    found = graph.node(
        "ReduceMean", graph.node("Mul", apart, apart), axes, keepdims=int(op.keepdims)
    )
    return found if type(op).__name__ == "Var" else graph.node("Sqrt", found)


@operation("Argmax", "Argmin")
def _argmax(graph, op, x):
    kind, axis = {"Argmax": "ArgMax", "Argmin": "ArgMin"}[type(op).__name__], op.axis
    if axis is None:
        x, axis = graph.node("Reshape", x, [-1]), 0
    return graph.node(kind, x, axis=axis, keepdims=int(op.keepdims))


@operation("Cumsum")
def _cumsum(graph, op, x):
    axis = op.axis
    if axis is None:
        x, axis = graph.node("Reshape", x, [-1]), 0
    return graph.node("CumSum", graph.cast(x, "int32") if x.dtype == "bool" else x, axis)
