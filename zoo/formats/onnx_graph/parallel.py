"""Cells whose gates see the input alone, in ONNX: all gates at once, and a `Scan` over the steps.

ONNX has no node for h = a h' + b. Its body is two operations, so the loop costs little beside the
gates; and unlike a scan by doubling, a file with it has open sizes and reads every number once.
"""

import numpy as np
from keras import ops
from onnx import TensorProto, helper

from zoo.formats.onnx_graph.registry import as_value
from zoo.layers.parallel import DECAY_POWER


def run(graph, layer, x, mask, start):
    """(outputs (B, T, U) in the order of time, [final state]) of a layer; start: [h] or None."""
    a, b = COEFFICIENTS[layer.kind](graph, layer.cell, x)
    if mask is not None:  # what stands at a masked step is not chosen, NaN or not
        real = graph.node("Unsqueeze", mask, [2])
        a, b = graph.node("Where", real, a, 1.0), graph.node("Where", real, b, 0.0)
    h0 = _zeros(graph, b) if start is None else start[0]
    if h0.shape[0] == 1:  # a caller's may have batch size 1
        h0 = graph.node("Add", h0, _zeros(graph, b))
    final, outputs = _scan(graph, a, b, h0, layer.go_backwards)
    return graph.known(outputs, (*x.shape[:2], layer.units)), [final]


def _zeros(graph, b):
    """(B, U) of zeros for b (B, T, U)."""
    sizes = graph.size(b, 0, 2)
    return graph.node("Expand", 0.0, sizes)


def _scan(graph, a, b, h0, backward):
    """The final state (B, U), and that after every step, (B, T, U)."""
    U = b.shape[-1]
    kinds = {
        name: helper.make_tensor_value_info(name, TensorProto.FLOAT, (None, U))
        for name in ("h", "a", "b", "after", "output")
    }
    body = helper.make_graph(
        [
            helper.make_node("Mul", ["a", "h"], ["kept"]),
            helper.make_node("Add", ["kept", "b"], ["after"]),
            helper.make_node("Identity", ["after"], ["output"]),
        ],
        "step",
        [kinds[name] for name in ("h", "a", "b")],
        [kinds[name] for name in ("after", "output")],
    )
    way = int(backward)
    return graph.node(
        "Scan", h0, a, b, outputs=2, body=body, num_scan_inputs=2, scan_input_axes=[1, 1],
        scan_output_axes=[1], scan_input_directions=[way, way], scan_output_directions=[way],
    )  # fmt: skip


def _affine(graph, x, kernel, bias):
    y = graph.node("MatMul", x, as_value(graph, kernel))
    return y if bias is None else graph.node("Add", y, as_value(graph, bias))


def _gates(graph, cell, x):
    """What the gates are made of, each (B, T, U)."""
    y = _affine(graph, x, cell.kernel, cell.bias)
    return graph.node("Split", y, outputs=cell.gates, axis=-1, num_outputs=cell.gates)


def _positive(graph, v):
    above = graph.node("Relu", v)
    return graph.node("Add", above, graph.node("Sigmoid", graph.node("Sub", v, above)))


def _min_gru(graph, cell, x):
    z, v = _gates(graph, cell, x)
    z = graph.node("Sigmoid", z)
    return graph.node("Sub", 1.0, z), graph.node("Mul", z, _positive(graph, v))


def _min_lstm(graph, cell, x):
    f, i, v = _gates(graph, cell, x)
    # s(log i - log f), the logarithms by the runtime's own softplus, which does not overflow.
    shut = [graph.node("Softplus", graph.node("Neg", gate)) for gate in (f, i)]
    keep, take = (graph.node("Sigmoid", graph.node("Sub", *pair)) for pair in (shut[::-1], shut))
    return keep, graph.node("Mul", take, _positive(graph, v))


def _rg_lru(graph, cell, x):
    u = _affine(graph, x, cell.kernel, cell.bias) if cell.projection else x
    r, i = (graph.node("Sigmoid", _block_gate(graph, cell, k, u)) for k in range(2))
    softplus = np.logaddexp(0, _numbers(cell.decay))
    log_a = graph.node("Mul", r, (-DECAY_POWER * softplus).astype("float32"))
    a = graph.node("Exp", log_a)
    # 1 - a^2 = (1 - a)(1 + a), and 1 - a by tanh: ONNX has no expm1, and 1 - exp cancels.
    t = graph.node("Tanh", graph.node("Mul", log_a, -0.5))
    less = graph.node("Mul", t, graph.node("Add", a, 1.0))
    square = graph.node("Mul", less, graph.node("Add", a, 1.0))
    scale = graph.node("Sqrt", graph.node("Max", square, 1e-12))
    return a, graph.node("Mul", graph.node("Mul", scale, i), u)


def _block_gate(graph, cell, k, u):
    """Gate k before its sigmoid; the blocks stand on the diagonal of one matrix."""
    blocks, units = _numbers(cell.gate_kernel)[k], cell.units
    n, kernel = units // cell.blocks, np.zeros((units, units), "float32")
    for at, block in enumerate(blocks):
        kernel[at * n : (at + 1) * n, at * n : (at + 1) * n] = block
    bias = None if cell.gate_bias is None else _numbers(cell.gate_bias)[k]
    return _affine(graph, u, kernel, bias)


def _numbers(weight):

    return np.asarray(ops.convert_to_numpy(weight), "float32")


COEFFICIENTS = {"min_gru": _min_gru, "min_lstm": _min_lstm, "rg_lru": _rg_lru}
