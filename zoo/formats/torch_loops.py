"""Recurrent layers as `torch.export` can write them down: with the number of steps left open.

    LSTM, GRU, simple RNN     one call of torch's own operator, real steps in front under a mask
    every other loop          torch's `scan`, any cell, any mask

torch's operators would be replaced by a Python loop while they are traced, which fixes the number
of steps; inside `open_in_time` they are written down as they are.
"""

import contextlib
import functools

import keras
import torch
from torch._decomp import decomposition_table
from torch._higher_order_ops.scan import scan_op

from zoo import backends
from zoo.backends.torch import at_steps
from zoo.backends.torch_fused import CALLS, weights_of_torch

OPERATORS = [
    getattr(torch.ops.aten, name).input for name in ("lstm", "gru", "rnn_tanh", "rnn_relu")
]
COMPOSED = torch._C.DispatchKey.CompositeImplicitAutograd
FAR = 1e4  # a gate that sees this is open or shut exactly, in float32 and in float64


@contextlib.contextmanager
def open_in_time():
    """Inside, Keras's loops over time and the zoo's trace into graphs for any number of steps."""
    own = {
        (backends, "recurrent"): recurrent,
        (backends, "unsupported"): unsupported,
        (backends, "recurrence"): recurrence,
        (backends, "gated_scan"): functools.partial(backends.gated_by_loop, recurrence),
        (keras.src.backend, "rnn"): rnn,
    }
    before = {(where, name): getattr(where, name) for where, name in own}
    kernels = [(op, decomposition_table[op], op.py_kernels[COMPOSED]) for op in OPERATORS]
    try:
        for (where, name), function in own.items():
            setattr(where, name, function)
        for operator in OPERATORS:
            _compose(operator, _shapes, _shapes)
        yield
    finally:
        for (where, name), function in before.items():
            setattr(where, name, function)
        for kernel in kernels:
            _compose(*kernel)


def _compose(operator, decomposition, kernel):
    decomposition_table[operator] = decomposition
    operator.py_kernels[COMPOSED] = kernel
    operator._dispatch_cache.clear()


def _shapes(x, state, *_):
    """What torch's operators return, for tensors that have shapes only."""
    states = state if isinstance(state, (list, tuple)) else [state]
    outputs = x.new_empty((*x.shape[:2], states[0].shape[-1]))
    return (outputs, *map(torch.empty_like, states))


def unsupported(kind, activation, recurrent_activation, dtype, x=None, mask=None):
    """Why `recurrent` cannot be used, or None."""
    if (kind, activation) not in CALLS:
        return f"cell {kind!r} with {activation!r}"
    if kind != "simple_rnn" and recurrent_activation != "sigmoid":
        return f"recurrent activation {recurrent_activation!r}"
    return None if dtype in (torch.float32, torch.float64) else f"type {dtype}"


def recurrent(
    kind, x, weights, state, mask=None, reverse=False, activation="tanh",
    recurrent_activation="sigmoid",
):  # fmt: skip
    """As `zoo.backends.recurrent`."""
    if reverse:
        x, mask = x.flip(1), None if mask is None else mask.flip(1)
    if mask is None:
        outputs, final = _call(kind, activation, x, weights, state)
    else:
        outputs, final = _masked(kind, activation, x, weights, state, mask.to(torch.bool))
    return outputs.flip(1) if reverse else outputs, final, "torch's operator"


def _call(kind, activation, x, weights, state):
    parts = weights_of_torch(kind, weights, flat=False)
    state = [s.unsqueeze(0) for s in state]
    y, *final = CALLS[kind, activation](
        x, state if kind == "lstm" else state[0],
        parts, len(parts) == 4, 1, 0.0, False, False, True,
    )  # fmt: skip
    return y, [s.squeeze(0) for s in final]


def _masked(kind, activation, x, weights, state, mask):
    """Real steps in front, in their order: what follows them is read no more.

    The operator gives h at every step, but c at the last one only: behind the real steps, one more
    input opens the forget gate and shuts the input gate, so that c stays as it is.
    """
    steps = torch.arange(mask.shape[1], device=mask.device)
    order = torch.argsort(torch.where(mask, steps, steps + mask.shape[1]), 1)
    x = torch.where(mask.unsqueeze(2), x, 0.0)  # what stands there must reach nothing, NaN or not
    x = at_steps(x, order)
    if kind == "lstm":
        behind = steps >= mask.sum(1, keepdim=True)
        x = torch.cat([x, behind.unsqueeze(2).to(x.dtype)], 2)
        weights = weights | {"kernel": torch.cat([weights["kernel"], _kept(weights["kernel"])])}
    y, final = _call(kind, activation, x, weights, state)
    y = torch.cat([state[0].unsqueeze(1), y], 1)
    # A masked step leaves the state alone: its output is that of the last real step before it.
    outputs = at_steps(y, mask.cumsum(1))
    return outputs, [outputs[:, -1], *final[1:]]


def _kept(kernel):
    """The row of a kernel (F, 4U) whose input leaves c alone; gate order i, f, g, o."""
    gate = kernel.new_ones((1, kernel.shape[1] // 4))
    return torch.cat([-FAR * gate, FAR * gate, 0 * gate, 0 * gate], 1)


class _Reading(keras.StatelessScope):
    """Notes which variables are read, and gives the values that they have outside."""

    def __init__(self):
        super().__init__()
        self.found = {}

    def get_current_value(self, variable):
        outside = self.original_scope
        value = outside.get_current_value(variable) if outside else None
        value = variable._value if value is None else value
        self.found[id(variable)] = (variable, value)
        return value


def recurrence(step, state, inputs, reverse=False):
    """As `zoo.backends.recurrence`."""
    inputs = [x.transpose(0, 1) for x in inputs]
    if reverse:
        inputs = [x.flip(0) for x in inputs]
    state, outputs = _scan(step, state, inputs)
    outputs = outputs[0].flip(0) if reverse else outputs[0]
    return outputs.transpose(0, 1), state


def _scan(step, state, inputs):
    """step(state, inputs at t) -> (state, output) over axis 0: the last state, [outputs].

    What a graph reads it has to be given, so the variables that the step reads come as inputs too.
    """
    with _Reading() as reading:
        step(list(state), [x[0] for x in inputs])
    variables, values = zip(*reading.found.values(), strict=True) if reading.found else ((), ())
    S, ends = len(state), len(state) + len(inputs)

    def combine(*flat):
        mapping = list(zip(variables, flat[ends:], strict=True))
        with keras.StatelessScope(state_mapping=mapping):
            after, output = step(list(flat[:S]), list(flat[S:ends]))
        # One tensor must not stand in two places of a graph's results.
        return [x.clone(memory_format=torch.contiguous_format) for x in (*after, output)]

    state = [s.contiguous() for s in state]
    found = scan_op(combine, state, [x.contiguous() for x in inputs], tuple(values))
    return list(found[:S]), list(found[S:])


def rnn(
    step_function,
    inputs,
    initial_states,
    go_backwards=False,
    mask=None,
    constants=None,
    unroll=False,
    input_length=None,
    time_major=False,
    zero_output_for_mask=False,
    return_all_outputs=True,
):
    """As Keras's own `rnn` of its torch backend: (last output, outputs, states)."""
    tree = keras.tree
    inputs = inputs if time_major else inputs.transpose(0, 1)
    if mask is not None:
        mask = mask if time_major else mask.transpose(0, 1)
        mask = mask.reshape(*mask.shape, *[1] * (inputs.ndim - 2))
    read = [inputs] if mask is None else [inputs, mask]
    if go_backwards:
        read = [x.flip(0) for x in read]
    constants = list(constants or [])

    def step(carry, at):
        states = tree.pack_sequence_as(initial_states, carry[1:])
        output, states = step_function(at[0], [*states, *constants])
        states = tree.flatten(states)
        if mask is None:
            return [output, *states], output
        real = at[1]
        before = torch.zeros_like(output) if zero_output_for_mask else carry[0]
        output = torch.where(real, output, before)
        pairs = zip(states, carry[1:], strict=True)
        return [output, *(torch.where(_like(real, s), s, b) for s, b in pairs)], output

    first, _ = step_function(read[0][0], [*initial_states, *constants])
    carry = [torch.zeros_like(first), *tree.flatten(initial_states)]
    (last, *states), (outputs,) = _scan(step, carry, read)
    outputs = outputs if time_major else outputs.transpose(0, 1)
    return last, outputs, tree.pack_sequence_as(initial_states, states)


def _like(real, state):
    return real.reshape(real.shape[0], *[1] * (state.ndim - 1))
