"""The converters: one for each class of layer, and one for each operation of `keras.ops`."""

import keras
from keras import ops

from zoo.errors import InputError
from zoo.formats.onnx_graph.graph import Value

CONVERTERS = {}  # class -> converter
OPERATIONS = {}  # the name of an operation of `keras.ops` -> converter


def converts(*classes):
    """A decorator: the function under it converts these classes and those that inherit from them.

    It is called with the `Graph`, the layer, and the arguments of the layer's call (tensors as
    `Value`s; `mask` where there is one, `training` never), and returns what the layer would.

    >>> from zoo.formats.onnx_graph import convert
    >>> class Double(keras.layers.Layer):
    ...     def call(self, x):
    ...         return 2 * x
    >>> @converts(Double)
    ... def double(graph, layer, x):
    ...     return graph.node("Mul", x, 2.0)
    >>> model = keras.Sequential([keras.Input((3,)), Double()])
    >>> [node.op_type for node in convert(model).graph.node]
    ['Mul', 'Identity']
    """

    def register(function):
        CONVERTERS.update(dict.fromkeys(classes, function))
        return function

    return register


def operation(*names):
    """A decorator: the function under it converts the `keras.ops` whose classes have these names.

    It is called with the `Graph`, the operation and its arguments: `Value`s, Python's own numbers,
    or None.
    """

    def register(function):
        OPERATIONS.update(dict.fromkeys(names, function))
        return function

    return register


class Unsupported(Exception):
    """What ONNX, or this package, has no way to say; the caller names the layer."""


def converter_of(operation):
    """The converter of a layer or an operation, or None."""
    found = next((CONVERTERS[c] for c in type(operation).__mro__ if c in CONVERTERS), None)
    if found or isinstance(operation, keras.layers.Layer):
        return found
    return OPERATIONS.get(type(operation).__name__)


def refusal(kind, operation, reason):
    """The `InputError` for what cannot be converted: its name, its class, why, and the fix."""
    return InputError(
        f"{kind} {operation.name!r} ({type(operation).__name__}) cannot be written as ONNX: "
        f"{reason}; register a converter with zoo.formats.onnx_graph.converts, or use another "
        "format"
    )


def as_value(graph, x, dtype=None):
    """`x` as a `Value`: a variable, a tensor, an array, or a number, which gets type `dtype`."""
    if isinstance(x, Value):
        return x
    if isinstance(x, keras.Variable):
        return graph.constant(ops.convert_to_numpy(x), name=x.path)
    return graph.constant(ops.convert_to_numpy(x) if ops.is_tensor(x) else x, dtype)
