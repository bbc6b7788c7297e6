"""A graph of ONNX nodes, built one node after the other with types and shapes known throughout."""

from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
from onnx import defs, helper, numpy_helper, shape_inference

OPSET, IR_VERSION = 20, 10  # what ONNX Runtime 1.18 and later read
SMALL = 64  # up to so many numbers a constant may decide a shape


@dataclass(frozen=True, eq=False)
class Value:
    """A tensor of the graph: its name, shape and type, and where Keras knows of one, its mask.

    shape: a number, the name of an axis that is open, or None for each axis; dtype: as Keras names
    it; mask: () -> the `Value` of the mask that goes with it, or None.
    """

    name: str
    shape: tuple
    dtype: str
    mask: Any = None

    @property
    def rank(self):
        """The number of axes."""
        return len(self.shape)


class Graph:
    """Nodes, constants and inputs of one ONNX graph, each with a name of its own.

    plain: whether recurrent nodes have one direction each, and no lengths or coupled gates.

    >>> graph = Graph("example")
    >>> x = graph.input("x", ("batch", 3), "float32")
    >>> y = graph.node("MatMul", x, np.ones((3, 2), "float32"))
    >>> y.name, y.shape, y.dtype
    ('MatMul', ('batch', 2), 'float32')
    """

    def __init__(self, name, plain=False):
        self.name, self.plain, self.memo = name, plain, {}
        self._nodes, self._inputs, self._data, self._types = [], [], {}, {}
        self._used, self._scope = Counter(), []

    @contextmanager
    def scope(self, name):
        """Everything that is made inside is named below `name`."""
        self._scope.append(name)
        try:
            yield
        finally:
            self._scope.pop()

    def _unique(self, name):
        self._used[name] += 1
        return name if self._used[name] == 1 else self._unique(f"{name}_{self._used[name] - 1}")

    def path(self, name):
        """`name` below the scopes that are open."""
        return "/".join([*self._scope, name])

    def input(self, name, shape, dtype):
        """A tensor that the caller gives."""
        value = self._typed(self._unique(name), helper.make_tensor_type_proto(_code(dtype), shape))
        self._inputs.append(value)
        return value

    def constant(self, array, dtype=None, name="constant"):
        """A tensor of known numbers; equal ones are kept once."""
        array = np.asarray(array, dtype, order="C")
        key = (array.dtype.str, array.shape, sha256(array.tobytes()).digest())
        if key not in self.memo:
            name = self._unique(name)
            self._data[name] = numpy_helper.from_array(array, name)
            kind = helper.make_tensor_type_proto(_code(array.dtype.name), array.shape)
            self.memo[key] = self._typed(name, kind)
        return self.memo[key]

    def node(self, kind, *inputs, outputs=1, **attributes):
        """The output of a new node, or a list of them where `outputs` is more than one.

        inputs: `Value`s, None for one that is left out, or what `constant` takes: whole numbers
        become int64, others float32.
        """
        values = [None if x is None else self.value(x) for x in inputs]
        name = self._unique(self.path(kind))
        names = [name] if outputs == 1 else [self._unique(f"{name}:{k}") for k in range(outputs)]
        while values[-1] is None:
            values.pop()  # ONNX Runtime crashes on an empty name at the end
        read = ["" if value is None else value.name for value in values]
        node = helper.make_node(kind, read, names, name=name, **attributes)
        self._nodes.append(node)
        made = self._infer(node, [value for value in values if value is not None])
        return made[0] if outputs == 1 else made

    def value(self, x):
        """`x` as a `Value`: a constant unless it is one."""
        if isinstance(x, Value):
            return x
        array = np.asarray(x)
        if not isinstance(x, (np.ndarray, np.generic)) and array.dtype.kind in "if":
            array = array.astype("int64" if array.dtype.kind == "i" else "float32")
        return self.constant(array)

    def data(self, value):
        """The numbers of a constant, None for any other tensor."""
        tensor = self._data.get(value.name)
        return None if tensor is None else numpy_helper.to_array(tensor)

    def known(self, value, shape):
        """`value` with the axes of `shape` that are numbers, where inference found none."""
        found = value.shape if len(value.shape) == len(shape) else (None,) * len(shape)
        pairs = zip(found, shape, strict=True)
        merged = tuple(a if isinstance(a, int) or b is None else b for a, b in pairs)
        kind = helper.make_tensor_type_proto(_code(value.dtype), merged)
        return self._typed(value.name, kind, value.mask)

    def _infer(self, node, values):
        schema = defs.get_schema(node.op_type, OPSET)
        types = {value.name: self._types[value.name] for value in values}
        small = {name: self._data[name] for name in types if name in self._data}
        small = {name: data for name, data in small.items() if np.prod(data.dims) <= SMALL}
        opsets = [helper.make_opsetid("", OPSET)]
        found = shape_inference.infer_node_outputs(schema, node, types, small, None, opsets)
        return [self._typed(name, found[name]) for name in node.output]

    def _typed(self, name, kind, mask=None):
        self._types[name] = kind
        tensor = kind.tensor_type
        shape = tuple(
            d.dim_value if d.HasField("dim_value") else d.dim_param or None
            for d in tensor.shape.dim
        )
        dtype = helper.tensor_dtype_to_np_dtype(tensor.elem_type).name
        return Value(name, shape, dtype, mask)

    def cast(self, x, dtype):
        """`x` in another type."""
        x = self.value(x)
        return x if x.dtype == dtype else self.node("Cast", x, to=_code(dtype))

    def size(self, x, *axes):
        """The sizes of some axes of `x` as an int64 vector, also of open ones."""
        return self.node("Gather", self.node("Shape", x), list(axes))

    def model(self, outputs):
        """The `ModelProto`; outputs: (name, `Value`) pairs. What no output needs is left out."""
        values = [self._named(name, value) for name, value in outputs]
        needed, nodes = {value.name for value in values}, []
        for node in reversed(self._nodes):
            if needed & set(node.output):
                needed |= set(node.input)
                nodes.append(node)
        graph = helper.make_graph(
            nodes[::-1],
            self.name,
            [helper.make_value_info(value.name, self._types[value.name]) for value in self._inputs],
            [helper.make_value_info(value.name, self._types[value.name]) for value in values],
            [data for name, data in self._data.items() if name in needed],
        )
        opsets = [helper.make_opsetid("", OPSET)]
        return helper.make_model(
            graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="rnn-zoo"
        )

    def _named(self, name, value):
        """`value` under a name that the caller chose."""
        name = self._unique(name)
        node = helper.make_node("Identity", [value.name], [name], name=name)
        self._nodes.append(node)
        return self._infer(node, [value])[0]


def _code(dtype):
    return helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
