"""An ONNX graph with its matrices in 8 bits, about a quarter of the size.

Weights alone are rounded, one scale for each row: a node `DequantizeLinear` gives the float32
matrix back when the file is loaded, and all arithmetic is as before. ONNX Runtime has integer
kernels for MatMul and LSTM, which round the activations of every step too, and none for GRU and
RNN; this way every cell loses the same, and the recurrent nodes stay what the standard knows.

Float stay biases, peepholes, normalisation, matrices of fewer than `SMALLEST` numbers, for which
the scales would cost what is saved, and what another node than these reads: an Einsum.
"""

import numpy as np
from onnx import TensorProto, helper, numpy_helper

SMALLEST = 256
# (node, which of its inputs) -> the axis that has a scale for each place; None: all but the last
AXES = {
    ("Conv", 1): 0,
    ("GRU", 1): None,
    ("GRU", 2): None,
    ("Gather", 0): 0,
    ("LSTM", 1): None,
    ("LSTM", 2): None,
    ("MatMul", 1): -1,
    ("RNN", 1): None,
    ("RNN", 2): None,
    ("Transpose", 0): 0,
}


def smaller(proto):
    """The `ModelProto` with its matrices in int8, in place; returns it.

    >>> from onnx import helper, numpy_helper
    >>> x, y = (helper.make_tensor_value_info(n, 1, [1, 64]) for n in "xy")
    >>> weight = numpy_helper.from_array(np.eye(64, dtype="float32"), "w")
    >>> node = helper.make_node("MatMul", ["x", "w"], ["y"])
    >>> proto = helper.make_model(helper.make_graph([node], "g", [x], [y], [weight]))
    >>> [node.op_type for node in smaller(proto).graph.node]
    ['DequantizeLinear', 'MatMul']
    """
    graph = proto.graph
    readers = {name: (node.op_type, k) for node in graph.node for k, name in enumerate(node.input)}
    nodes = []
    for tensor in list(graph.initializer):
        reader = readers.get(tensor.name)
        if tensor.data_type == TensorProto.FLOAT and reader in AXES:
            array = numpy_helper.to_array(tensor)
            if array.ndim > 1 and array.size >= SMALLEST:
                made, tensors = _rounded(tensor.name, array, AXES[reader])
                graph.initializer.remove(tensor)
                graph.initializer.extend(tensors)
                nodes += made
    whole = [*nodes, *graph.node]
    del graph.node[:]
    graph.node.extend(whole)
    return proto


def _rounded(name, array, axis):
    """(nodes, tensors) that give `array` under its name, rounded to 8 bits."""
    flat = array.reshape(-1, array.shape[-1]) if axis is None else array
    axis = 0 if axis is None else axis % array.ndim
    others = tuple(k for k in range(flat.ndim) if k != axis)
    scale = np.abs(flat).max(axis=others) / 127
    scale = np.where(scale > 0, scale, 1).astype("float32")
    whole = np.rint(flat / np.expand_dims(scale, others)).astype("int8")
    tensors = [numpy_helper.from_array(whole, f"{name}:int8")]
    tensors.append(numpy_helper.from_array(scale, f"{name}:scale"))
    flat_name = name if flat.shape == array.shape else f"{name}:flat"
    names = [tensor.name for tensor in tensors]
    nodes = [helper.make_node("DequantizeLinear", names, [flat_name], axis=axis)]
    if flat_name != name:
        shape = numpy_helper.from_array(np.array(array.shape, "int64"), f"{name}:shape")
        tensors.append(shape)
        nodes.append(helper.make_node("Reshape", [flat_name, shape.name], [name]))
    return nodes, tensors
