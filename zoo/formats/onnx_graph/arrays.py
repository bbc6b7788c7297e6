"""Operations of `keras.ops` that arrange, join and repeat elements."""

from zoo.formats.onnx_graph.elementwise import common
from zoo.formats.onnx_graph.registry import Unsupported, as_value, operation

FAR = 2**63 - 1  # behind the end of any axis


@operation("Copy", "StopGradient")
def _same(graph, op, x):
    return x


@operation("Cast", "ConvertToTensor", "Array")
def _cast(graph, op, x):
    return graph.cast(x, op.dtype) if op.dtype else x


@operation("Reshape")
def _reshape(graph, op, x):
    return graph.node("Reshape", x, list(op.newshape))


@operation("Ravel")
def _ravel(graph, op, x):
    return graph.node("Reshape", x, [-1])


@operation("Transpose")
def _transpose(graph, op, x):
    return graph.node("Transpose", x, perm=list(op.axes or range(x.rank)[::-1]))


@operation("Swapaxes")
def _swapaxes(graph, op, x):
    order = list(range(x.rank))
    order[op.axis1], order[op.axis2] = order[op.axis2], order[op.axis1]
    return graph.node("Transpose", x, perm=order)


@operation("Moveaxis")
def _moveaxis(graph, op, x):
    moved = {to % x.rank: at % x.rank for at, to in zip(op.source, op.destination, strict=True)}
    rest = iter([k for k in range(x.rank) if k not in moved.values()])
    return graph.node(
        "Transpose", x, perm=[moved.get(k, -1) if k in moved else next(rest) for k in range(x.rank)]
    )


@operation("ExpandDims")
def _expand_dims(graph, op, x):
    axes = op.axis if isinstance(op.axis, (list, tuple)) else [op.axis]
    return graph.node("Unsqueeze", x, list(axes))


@operation("Squeeze")
def _squeeze(graph, op, x):
    if op.axis is None:
        return graph.node("Squeeze", x, [k for k, size in enumerate(x.shape) if size == 1])
    axes = op.axis if isinstance(op.axis, (list, tuple)) else [op.axis]
    return graph.node("Squeeze", x, list(axes))


@operation("Concatenate")
def _concatenate(graph, op, xs):
    return graph.node("Concat", *common(graph, *xs), axis=-1 if op.axis is None else op.axis)


@operation("Stack")
def _stack(graph, op, xs):
    xs = common(graph, *xs)
    axis = op.axis if op.axis >= 0 else op.axis + xs[0].rank + 1
    return graph.node("Concat", *(graph.node("Unsqueeze", x, [axis]) for x in xs), axis=axis)


@operation("ZerosLike", "OnesLike", "FullLike")
def _full_like(graph, op, x, value=None):
    name = type(op).__name__
    value = {"ZerosLike": 0, "OnesLike": 1}.get(name, value)
    filled = graph.cast(as_value(graph, value, op.dtype or x.dtype), op.dtype or x.dtype)
    return graph.known(graph.node("Expand", filled, graph.node("Shape", x)), x.shape)


@operation("BroadcastTo")
def _broadcast_to(graph, op, x):
    return graph.node("Expand", x, list(op.shape))


@operation("Pad")
def _pad(graph, op, x, constant_values=None):
    width = list(op.pad_width) * (x.rank if len(op.pad_width) == 1 else 1)
    pads = [before for before, _ in width] + [after for _, after in width]
    mode = {"constant": "constant", "reflect": "reflect", "edge": "edge"}.get(op.mode)
    if mode is None:
        raise Unsupported(f"it pads by {op.mode!r}")
    filled = as_value(graph, constant_values or 0, x.dtype) if mode == "constant" else None
    return graph.node("Pad", x, pads, filled, mode=mode)


@operation("Flip")
def _flip(graph, op, x):
    axes = list(range(x.rank)) if op.axis is None else op.axis
    axes = list(axes) if isinstance(axes, (list, tuple)) else [axes]
    n = len(axes)
    return graph.node("Slice", x, [FAR] * n, [-FAR] * n, axes, [-1] * n)


@operation("Tile")
def _tile(graph, op, x):
    repeats = [op.repeats] if isinstance(op.repeats, int) else list(op.repeats)
    extra = len(repeats) - x.rank
    x = graph.node("Unsqueeze", x, list(range(extra))) if extra > 0 else x
    return graph.node("Tile", x, [1] * -min(extra, 0) + repeats)


@operation("Repeat")
def _repeat(graph, op, x):
    """Each element so many times, one behind the other."""
    if not isinstance(op.repeats, int):
        raise Unsupported("it repeats elements different numbers of times")
    if op.axis is None:
        x = graph.node("Reshape", x, [-1])
    axis = (op.axis or 0) % x.rank
    spread = graph.node("Unsqueeze", x, [axis + 1])
    spread = graph.node(
        "Tile", spread, [op.repeats if k == axis + 1 else 1 for k in range(x.rank + 1)]
    )
    sizes = [graph.size(x, k) if k != axis else [-1] for k in range(x.rank)]
    return graph.node("Reshape", spread, graph.node("Concat", *sizes, axis=0))


@operation("Roll")
def _roll(graph, op, x):
    if not isinstance(op.shift, int) or not isinstance(op.axis, int):
        raise Unsupported("it rolls more than one axis")
    cut, axis = -op.shift, op.axis
    parts = (([cut], [FAR]), ([0], [cut]))
    return graph.node(
        "Concat", *(graph.node("Slice", x, a, b, [axis]) for a, b in parts), axis=axis
    )
