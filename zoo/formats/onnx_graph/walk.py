"""From layer to layer of a Keras graph, and into those layers that have no converter of their own.

A layer without a converter is called on symbolic tensors, which makes a graph of `keras.ops`, and
that is converted: most layers, also a user's own, need nothing more.
"""

from contextlib import contextmanager
from functools import cache
from inspect import signature

import keras
import numpy as np
from keras import ops

from zoo.errors import InputError, one_line
from zoo.formats.onnx_graph.graph import Value
from zoo.formats.onnx_graph.registry import Unsupported, as_value, converter_of, refusal

OPERATORS = ("add", "floordiv", "matmul", "mod", "mul", "pow", "sub", "truediv")


def start(graph, tensors, values):
    """{the id of a symbolic tensor: its value} of where a graph begins."""
    pairs = zip(tensors, values, strict=True)
    return {id(t): graph.cast(v, t.dtype) for t, v in pairs if v is not None}


def walk(graph, tensors, known):
    """The `Value`s of `tensors` of a Keras graph; known: those where it begins, by id."""
    for node in _order(tensors, known):
        args, kwargs = node.arguments.fill_in(known)
        found = keras.tree.flatten(apply(graph, node.operation, args, kwargs))
        for tensor, value in zip(node.outputs, found, strict=True):
            value = graph.cast(as_value(graph, value), tensor.dtype)
            known[id(tensor)] = graph.known(value, tensor.shape)
    return [known[id(tensor)] for tensor in tensors]


def _order(tensors, known):
    """The nodes that make `tensors`, each behind those that it reads."""
    order, seen, stack = [], set(), [(tensor, False) for tensor in tensors]
    while stack:
        tensor, ready = stack.pop()
        if id(tensor) in known:
            continue
        source, index, _ = getattr(tensor, "_keras_history", (None, 0, 0))
        if source is None or isinstance(source, keras.layers.InputLayer):
            raise Unsupported(f"{tensor.name!r} does not come from its inputs")
        node = source._inbound_nodes[index]
        if ready:
            order.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            stack += [(tensor, True), *((t, False) for t in node.input_tensors)]
    return order


def apply(graph, operation, args, kwargs):
    """What a layer or an operation gives for these arguments, in the structure that Keras has."""
    if isinstance(operation, keras.layers.Layer):
        try:
            with graph.scope(operation.name):
                return _call(graph, operation, args, kwargs)
        except InputError:
            raise
        except Exception as error:  # whatever a user's layer may raise on symbolic tensors
            raise refusal("layer", operation, one_line(error)) from error
    converter = converter_of(operation)
    if converter is None:
        raise Unsupported(f"the operation {type(operation).__name__} is not in the table")
    args, kwargs = keras.tree.map_structure(lambda x: _constant(graph, x), (args, kwargs))
    return converter(graph, operation, *args, **kwargs)


def _constant(graph, x):
    """Tensors and variables as constants of the graph; all else as it is."""
    known = isinstance(x, (keras.Variable, np.ndarray, np.generic)) or ops.is_tensor(x)
    return as_value(graph, x) if known else x


def _call(graph, layer, args, kwargs):
    """One call of a layer: its mask found as Keras finds it, the work, and the mask handed on."""
    parameters = signature(layer.call).parameters
    bound = signature(layer.call).bind_partial(*args, **kwargs).arguments
    if bound.get("training"):
        raise Unsupported("it is called with training=True")
    tensors = {k: v for k, v in bound.items() if _holds_values(v)}
    for name, value in tensors.items():
        mask = "mask" if len(tensors) == 1 else f"{name}_mask"
        if mask in parameters and bound.get(mask) is None:
            kwargs = kwargs | {mask: keras.tree.map_structure(mask_of, value)}
    kwargs = {k: v for k, v in kwargs.items() if v is not None and k != "training"}
    first = next(iter(bound.values()), None)
    previous = kwargs.get("mask")
    if previous is None:
        previous = keras.tree.map_structure(mask_of, first)
    found = _run(graph, layer, args, kwargs)
    return _masked(graph, layer, first, previous, found)


def _holds_values(x):
    return any(isinstance(leaf, Value) for leaf in keras.tree.flatten(x))


def mask_of(x):
    """The mask that goes with a `Value`, or None."""
    return x.mask() if isinstance(x, Value) and x.mask else None


def _run(graph, layer, args, kwargs):
    converter = converter_of(layer)
    if converter:
        return converter(graph, layer, *args, **kwargs)
    inner = getattr(layer, "_functional", layer)
    if isinstance(inner, keras.Function):
        return _nested(graph, inner, args[0] if args else kwargs["inputs"])
    if "training" in signature(layer.call).parameters:
        kwargs = kwargs | {"training": False}
    return traced(graph, layer.call, *args, **kwargs)


def _masked(graph, layer, first, previous, found):
    """The outputs of a layer with their masks, which are made only if they are asked for."""

    @cache
    def masks():
        made = traced(graph, layer.compute_mask, first, previous)
        return keras.tree.flatten(made) if made is not None else [None] * len(flat)

    flat = [as_value(graph, x) for x in keras.tree.flatten(found)]
    handed = layer.supports_masking
    values = [
        Value(x.name, x.shape, x.dtype, (lambda k=k: masks()[k]) if handed else None)
        for k, x in enumerate(flat)
    ]
    return keras.tree.pack_sequence_as(found, values)


def _nested(graph, model, inputs):
    """A model inside a model."""
    given = keras.tree.flatten(_like(model.input, inputs))
    values = walk(graph, model.outputs, start(graph, model.inputs, given))
    return keras.tree.pack_sequence_as(model.output, values)


def _like(structure, given):
    """`given` without the entries of a dictionary that `structure` does not have."""
    if isinstance(structure, dict) and isinstance(given, dict):
        return {key: _like(structure[key], given[key]) for key in structure}
    return given


@contextmanager
def _variables_give_way():
    """`variable * symbol` is left to the symbol; Keras's variable would compute, and fail."""
    names = [f"__{name}__" for name in OPERATORS]
    before = {name: getattr(keras.Variable, name) for name in names}

    def giving_way(own):
        def method(self, other):
            return NotImplemented if isinstance(other, keras.KerasTensor) else own(self, other)

        return method

    for name, own in before.items():
        setattr(keras.Variable, name, giving_way(own))
    try:
        yield
    finally:
        for name, own in before.items():
            setattr(keras.Variable, name, own)


def traced(graph, function, *args, **kwargs):
    """`function` of `Value`s, where it can only be called with symbolic tensors."""
    known, held = {}, []

    def symbol(x):
        if not isinstance(x, Value):
            return x
        sizes = [size if isinstance(size, int) else None for size in x.shape]
        held.append(keras.KerasTensor(sizes, x.dtype))
        known[id(held[-1])] = x
        return held[-1]

    args, kwargs = keras.tree.map_structure(symbol, (args, kwargs))
    with _variables_give_way():
        outputs = function(*args, **kwargs)
    flat = [x for x in keras.tree.flatten(outputs) if isinstance(x, keras.KerasTensor)]
    nodes = _order(flat, known)
    try:
        walk(graph, flat, known)
    finally:
        for node in nodes:  # a layer should not remember that it was looked at
            node.operation._inbound_nodes.remove(node)
    return keras.tree.map_structure(lambda x: known.get(id(x), x), outputs)
