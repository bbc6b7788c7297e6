"""Native recurrences for torch: the fastest road that the machine has, masks and all.

    CPU, LSTM, float32   one call of oneDNN for a stretch of time (`torch_onednn.py`)
    CUDA                 cuDNN (`torch_cudnn.py`)
    everything else      a loop with its own gradient (`torch_loop.py`)

A mask costs nothing but the arrangement of the rows (`torch_layout.py`). Half precision is
computed in float32 on CPU, and the state kept in float32 by the loop. Second-order gradients are
right: they are taken through the plain steps of `torch_plain.py`.
"""

from dataclasses import dataclass

import torch

from zoo.backends import torch_fused, torch_layout, torch_loop, torch_onednn, torch_plain
from zoo.backends.torch_kernels import ACTIVATIONS, onednn_takes
from zoo.errors import InputError

FLOATS = (torch.float64, torch.float32, torch.bfloat16, torch.float16)


def unsupported(kind, activation, recurrent_activation, x=None):
    """Why `recurrent` cannot be used, or None. With x, also why not for this very tensor.

    >>> unsupported("lstm", "tanh", "sigmoid")
    >>> unsupported("lstm", "softsign", "sigmoid")
    'activation softsign'
    """
    if kind not in torch_loop.CELLS:
        return f"cell {kind}"
    if activation not in ACTIVATIONS:
        return f"activation {activation}"
    if kind != "simple_rnn" and recurrent_activation != "sigmoid":
        return f"recurrent activation {recurrent_activation}"
    return None if x is None else _not_plain(x)


def _not_plain(x):
    """Loops and layouts depend on sizes and on the mask's values, so a trace would freeze them."""
    if x.dtype not in FLOATS:
        return f"type {x.dtype}"
    if torch.compiler.is_compiling() or torch.jit.is_tracing():
        return "being compiled or exported"
    if type(x) not in (torch.Tensor, torch.nn.Parameter) or x.device.type == "meta":
        return "not a plain tensor"
    return None


@dataclass(frozen=True)
class Road:
    """One call: which engine, what cell, where the rows lie, and the weights that there are."""

    engine: object
    kind: str
    activation: str
    layout: torch_layout.Layout
    names: tuple
    mask: torch.Tensor | None

    def arguments(self, tensors):
        """Split the tensors of a call: x, then the states, then the weights by name."""
        x, *rest = tensors
        states = len(rest) - len(self.names)
        return x, rest[:states], dict(zip(self.names, rest[states:], strict=True))

    def run(self, tensors, keep):
        """Outputs (B, T, U), final states, and what the backward pass wants."""
        x, state, weights = self.arguments(tensors)
        layout = self.layout
        start, packed = layout.sort(state), layout.pack(x)
        y, final, kept = self.engine.forward(
            self.kind, self.activation, layout, packed, weights, start, keep
        )
        return layout.unpack(y, start[0]), layout.unsort(final), [packed, *start, *kept]

    def run_plain(self, tensors):
        """The same results in operations that autograd records."""
        x, state, weights = self.arguments(tensors)
        layout = _layout(self.mask, x, self.layout.reverse, torch_layout.step_by_step)
        start = layout.sort(state)
        y, final = torch_plain.forward(
            self.kind, self.activation, layout, layout.pack(x), weights, start
        )
        return [layout.unpack(y, start[0]), *layout.unsort(final)]


def _layout(mask, x, reverse, cut):
    if mask is None:
        return torch_layout.dense(x.shape[0], x.shape[1], reverse, cut)
    return torch_layout.masked(mask, reverse, cut)


class Recurrence(torch.autograd.Function):
    """A road with the gradient that its engine computes."""

    @staticmethod
    def forward(ctx, road, *tensors):
        outputs, final, kept = road.run(tensors, keep=True)
        ctx.road, ctx.inputs = road, len(tensors)
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(*tensors, *kept)
        return outputs, *final

    @staticmethod
    def backward(ctx, d_outputs, *d_final):
        tensors, kept = ctx.saved_tensors[: ctx.inputs], ctx.saved_tensors[ctx.inputs :]
        if torch.is_grad_enabled():  # a gradient of this gradient is wanted
            return None, *_twice(ctx.road, tensors, (d_outputs, *d_final))
        _, state, weights = ctx.road.arguments(tensors)
        layout, count = ctx.road.layout, len(state)
        packed, start, kept = kept[0], kept[1 : 1 + count], kept[1 + count :]
        d_start = None
        if d_outputs is not None:
            d_outputs, d_start = layout.unpack_gradient(d_outputs)
        d_final = layout.sort(
            [torch.zeros_like(s) if d is None else d for d, s in zip(d_final, state, strict=True)]
        )
        d_x, d_weights, d_state = ctx.road.engine.backward(
            ctx.road.kind, ctx.road.activation, layout, packed, weights, start, kept,
            d_outputs, d_final, ctx.needs_input_grad[1],
        )  # fmt: skip
        if d_start is not None:
            d_state[0] = d_state[0] + d_start
        d_x = None if d_x is None else layout.pack_gradient(d_x)
        return None, d_x, *layout.unsort(d_state), *(d_weights[name] for name in ctx.road.names)


def _twice(road, tensors, gradients):
    """The gradient as a differentiable function of everything that it depends on."""
    wanted = [t for t in tensors if t.requires_grad]
    results = road.run_plain(tensors)
    pairs = [(r, g) for r, g in zip(results, gradients, strict=True) if g is not None]
    results, gradients = zip(*pairs, strict=True)
    found = iter(
        torch.autograd.grad(results, wanted, gradients, create_graph=True, allow_unused=True)
    )
    return [next(found) if t.requires_grad else None for t in tensors]


def recurrent(
    kind,
    x,
    weights,
    state,
    mask=None,
    reverse=False,
    activation="tanh",
    recurrent_activation="sigmoid",
):
    """Run a recurrent cell over a batch of sequences.

    Args:
        kind: "simple_rnn", "lstm", "gru", "gru_reset_before", "peephole" or "coupled".
        x: inputs (B, T, F).
        weights: "kernel" (F, G*U), "recurrent_kernel" (U, G*U), "bias" (G*U,), (2, 3U) for "gru",
            or None; "peephole" (3, U) for that cell. Laid out as Keras has them.
        state: [h] or [h, c], each (B, U).
        mask: bool (B, T) of any pattern, True = a real step. At a masked step the state is carried
            and is the output; what x holds there is never read.
        reverse: process the steps T-1 .. 0; outputs stay in the input's time order.
        activation: "tanh", "relu", "sigmoid" or "linear"; recurrent_activation: "sigmoid".

    Returns:
        (outputs, state, path): (B, T, U), the final states, and which road was taken.

    Raises:
        InputError: what `unsupported` says.

    >>> w = {"kernel": torch.ones(1, 1), "recurrent_kernel": torch.ones(1, 1), "bias": None}
    >>> mask = torch.tensor([[True, False, True]])
    >>> start = [torch.zeros(1, 1)]
    >>> y, _, path = recurrent("simple_rnn", torch.ones(1, 3, 1), w, start, mask, False, "linear")
    >>> y.flatten().tolist(), path
    ([1.0, 1.0, 2.0], 'loop with its own gradient, real steps only')
    """
    reason = unsupported(kind, activation, recurrent_activation, x)
    if reason:
        raise InputError(f"no native recurrence for {reason}: use the layer's own loop")
    weights = {name: w for name, w in weights.items() if w is not None}
    if mask is not None and bool(mask.all()):
        mask = None
    asked = x.dtype
    if asked in (torch.bfloat16, torch.float16):
        x, state = x.float(), [s.float() for s in state]
        weights = {name: w.float() for name, w in weights.items()}
    outputs, final, path = _choose(kind, activation, x, weights, state, mask, reverse)
    if outputs.dtype != asked:
        outputs, final = outputs.to(asked), [s.to(asked) for s in final]
    return outputs, list(final), path


def _choose(kind, activation, x, weights, state, mask, reverse):
    """The fastest road for this call: outputs, final states, and its name."""
    tensors = (x, *state, *weights.values())
    recorded = torch.is_grad_enabled() and any(t.requires_grad for t in tensors)
    on_onednn = kind == "lstm" and activation == "tanh" and onednn_takes(x)
    if mask is None:
        B, T, _ = x.shape
        units = state[0].shape[1]
        if on_onednn and (not recorded or torch_onednn.fits_one_call(B, T, units)):
            return *torch_onednn.one_call(x, weights, state, reverse), "oneDNN lstm"
        if not on_onednn and torch_fused.suits(kind, activation, x, weights, recorded):
            return *torch_fused.dense(kind, activation, x, weights, state, reverse), "torch " + kind
    engine = torch_onednn if on_onednn else torch_loop
    cut = torch_onednn.cutter(state[0].shape[1]) if on_onednn else torch_layout.step_by_step
    layout = _layout(mask, x, reverse, cut)
    road = Road(engine, kind, activation, layout, tuple(weights), mask)
    if recorded:
        outputs, *final = Recurrence.apply(road, *tensors)
    else:
        outputs, final, _ = road.run(tensors, keep=False)
    return outputs, final, _path(on_onednn, mask, layout)


def _path(on_onednn, mask, layout):
    if not on_onednn:
        return "loop with its own gradient" + ("" if mask is None else ", real steps only")
    return f"oneDNN lstm, {len(layout.segments)} segments" + ("" if mask is None else " by length")
