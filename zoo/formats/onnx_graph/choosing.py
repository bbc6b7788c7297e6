"""Operations of `keras.ops` that choose elements by place, by condition or by order."""

from itertools import pairwise

import numpy as np

from zoo.formats.onnx_graph.arrays import FAR
from zoo.formats.onnx_graph.elementwise import common
from zoo.formats.onnx_graph.graph import Value
from zoo.formats.onnx_graph.registry import Unsupported, as_value, operation


@operation("Split")
def _split(graph, op, x):
    parts, size = op.indices_or_sections, x.shape[op.axis]
    if isinstance(parts, int):
        if parts == 1:
            return [x]
        return graph.node("Split", x, outputs=parts, axis=op.axis, num_outputs=parts)
    if not isinstance(size, int):
        raise Unsupported("it splits an axis of open size at fixed places")
    ends = [0, *parts, size]
    return [graph.node("Slice", x, [a], [b], [op.axis]) for a, b in pairwise(ends)]


@operation("Unstack")
def _unstack(graph, op, x):
    size = op.num or x.shape[op.axis]
    if not isinstance(size, int):
        raise Unsupported("it takes an axis of open size apart")
    return [graph.node("Gather", x, np.int64(k), axis=op.axis) for k in range(size)]


@operation("GetItem")
def _getitem(graph, op, x, key):
    """x[key]: one `Slice` for all ranges and single places, then axes taken away and added."""
    key = list(key) if isinstance(key, (tuple, list)) else [key]
    wide = x.rank - sum(k is not None and k is not Ellipsis for k in key)
    at = next((k for k, part in enumerate(key) if part is Ellipsis), len(key))
    key[at : at + 1] = [slice(None)] * wide
    cuts, gone, new, axis, place = [], [], [], 0, 0
    for part in key:
        if part is None:
            new.append(place)
            place += 1
            continue
        if isinstance(part, slice):
            if part != slice(None):
                cuts.append((axis, *_ends(part)))
            place += 1
        elif isinstance(part, (int, np.integer)):
            cuts.append((axis, int(part), FAR if part == -1 else int(part) + 1, 1))
            gone.append(axis)
        else:
            raise Unsupported(f"it indexes with a {type(part).__name__}: use keras.ops.take")
        axis += 1
    if cuts:
        axes, starts, ends, steps = (list(column) for column in zip(*cuts, strict=True))
        x = graph.node("Slice", x, starts, ends, axes, steps)
    x = graph.node("Squeeze", x, gone) if gone else x
    return graph.node("Unsqueeze", x, new) if new else x


def _ends(part):
    """(start, end, step) of a slice as ONNX has them."""
    step = 1 if part.step is None else part.step
    first, last = (0, FAR) if step > 0 else (FAR, -FAR)
    start, end = (a if b is None else b for a, b in ((first, part.start), (last, part.stop)))
    if any(isinstance(x, Value) for x in (start, end, step)):
        raise Unsupported("it slices at places that are computed")
    return start, end, step


@operation("Slice")
def _slice(graph, op, x, starts):
    ends = [a + n for a, n in zip(starts, op.shape, strict=True)]
    return graph.node("Slice", x, list(starts), ends)


@operation("Take")
def _take(graph, op, x, indices):
    indices = as_value(graph, indices, "int64")
    if op.axis is None:
        x = graph.node("Reshape", x, [-1])
    return graph.node("Gather", x, _index(graph, indices), axis=op.axis or 0)


@operation("TakeAlongAxis")
def _take_along_axis(graph, op, x, indices):
    """ONNX's `GatherElements` broadcasts nothing, so the open ends are made equal before."""
    axis = op.axis % x.rank
    indices = _index(graph, indices)
    one = graph.node("Shape", graph.node("Gather", x, [0], axis=axis))
    indices = graph.node("Expand", indices, one)
    place = graph.node("Gather", indices, [0], axis=axis)
    whole = graph.size(x, axis)
    rest = [graph.size(place, k) if k != axis else whole for k in range(x.rank)]
    x = graph.node("Expand", x, graph.node("Concat", *rest, axis=0))
    return graph.node("GatherElements", x, indices, axis=axis)


def _index(graph, indices):
    return indices if indices.dtype in ("int32", "int64") else graph.cast(indices, "int64")


@operation("Where")
def _where(graph, op, condition, x1, x2):
    condition = graph.cast(as_value(graph, condition, "bool"), "bool")
    x1, x2 = common(graph, x1, x2)
    if x1.dtype != "bool":
        return graph.node("Where", condition, x1, x2)
    no = graph.node("And", graph.node("Not", condition), x2)
    return graph.node("Or", graph.node("And", condition, x1), no)


@operation("Sort", "Argsort")
def _sort(graph, op, x):
    axis = op.axis
    if axis is None:
        x, axis = graph.node("Reshape", x, [-1]), 0
    values, order = graph.node(
        "TopK", x, graph.size(x, axis % x.rank), outputs=2, axis=axis, largest=0
    )
    return values if type(op).__name__ == "Sort" else order


@operation("TopK")
def _top_k(graph, op, x):
    return graph.node("TopK", x, [op.k], outputs=2, axis=-1, sorted=int(op.sorted))
