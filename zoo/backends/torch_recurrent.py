"""Native recurrences for torch: the fastest road that the machine has, masks and all.

    CUDA                         cuDNN (`torch_fused.py`)
    CPU, LSTM, float32           oneDNN, one call for a stretch of time (`torch_onednn.py`)
    CPU, small, no gradient      torch's own loops (`torch_fused.py`)
    whatever is left             a loop with its own gradient (`torch_loop.py`)

A mask, of any pattern, is a matter of how the rows are arranged (`torch_layout.py`): masked steps
are not computed. On CPU, half precision is computed in float32: in bfloat16 the library's LSTM is
faster, but it keeps its memory in bfloat16 too, where small additions are lost.
Second-order gradients are right everywhere but on cuDNN, where torch refuses them.
"""

from contextlib import nullcontext

import torch
from torch.fx.experimental.proxy_tensor import get_proxy_mode

from zoo.backends import torch_arrange, torch_fused, torch_layout, torch_loop, torch_onednn
from zoo.backends.torch_gradient import Recurrence, Road, layout_by_step
from zoo.backends.torch_kernels import ACTIVATIONS, onednn_takes
from zoo.errors import InputError

HALF = (torch.bfloat16, torch.float16)
FLOATS = (torch.float64, torch.float32, *HALF)


def unsupported(kind, activation, recurrent_activation, dtype, x=None, mask=None):
    """Why `recurrent` cannot be used, or None. With x, also why not for these very tensors.

    >>> unsupported("lstm", "tanh", "sigmoid", torch.float32)
    >>> unsupported("lstm", "softsign", "sigmoid", torch.float32)
    "activation 'softsign'"
    """
    if kind not in torch_loop.CELLS:
        return f"cell {kind!r}"
    if activation not in ACTIVATIONS:
        return f"activation {activation!r}"
    if kind != "simple_rnn" and recurrent_activation != "sigmoid":
        return f"recurrent activation {recurrent_activation!r}"
    if dtype not in FLOATS:
        return f"type {dtype}"
    return None if x is None else _traced(x, mask)


def _traced(x, mask):
    """Loops and layouts depend on sizes and on the mask's values, so a trace would freeze them."""
    if mask is not None and get_proxy_mode() is not None:
        return "a mask whose values a program may not know"
    if torch.compiler.is_compiling() or torch.jit.is_tracing():
        return "being compiled or exported"
    if type(x) not in (torch.Tensor, torch.nn.Parameter) or x.device.type == "meta":
        return "a tensor without values"
    if torch._C._functorch.peek_interpreter_stack() is not None:
        return "a transform of torch.func"
    return None


def recurrent(
    kind,
    x,
    weights,
    state,
    mask=None,
    reverse=False,
    activation="tanh",
    recurrent_activation="sigmoid",
    memory=True,
):
    """Run a recurrent cell over a batch of sequences.

    Args:
        kind: "simple_rnn", "lstm", "gru", "gru_reset_before", "peephole" or "coupled".
        x: inputs (B, T, F), with the states and weights of one type and device.
        weights: "kernel" (F, G*U), "recurrent_kernel" (U, G*U), "bias" (G*U,), (2, 3U) for "gru",
            or None; "peephole" (3, U) for that cell. Laid out as Keras has them.
        state: [h] or [h, c], each (B, U).
        mask: bool (B, T) of any pattern, True = a real step. At a masked step the state is carried
            and is the output; what x holds there is never read.
        reverse: process the steps T-1 .. 0; outputs stay in the input's time order.
        activation: "tanh", "relu", "sigmoid" or "linear"; recurrent_activation: "sigmoid".
        memory: False if the final c of an LSTM is not wanted: it may then be None, and a mask
            costs less.

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
    reason = unsupported(kind, activation, recurrent_activation, x.dtype, x, mask)
    if reason:
        raise InputError(f"no native recurrence for {reason}: use the layer's own loop")
    weights = {name: w for name, w in weights.items() if w is not None}
    if x.shape[0] * x.shape[1] == 0:
        return x.new_zeros(*x.shape[:2], state[0].shape[1]), list(state), "nothing to do"
    if mask is not None:
        mask = mask.to("cpu", torch.bool)  # its values decide: on a GPU, the one thing waited for
        mask = None if bool(mask.all()) else mask
    some = mask is None or bool(mask.any())
    with _types_as_given(x):
        if some and torch_fused.on_gpu(kind, activation, x):
            return _on_gpu(kind, activation, x, weights, state, mask, reverse)
        asked = x.dtype
        if asked in HALF:
            x, state = x.float(), [s.float() for s in state]
            weights = {name: w.float() for name, w in weights.items()}
        outputs, final, path = _choose(kind, activation, x, weights, state, mask, reverse, memory)
    if asked in HALF:
        outputs, final = outputs.to(asked), [None if s is None else s.to(asked) for s in final]
    return outputs, list(final), path


def _types_as_given(x):
    """Types are chosen here, not by autocast."""
    device = x.device.type
    if torch.is_autocast_enabled(device):
        return torch.autocast(device, enabled=False)
    return nullcontext()


def _on_gpu(kind, activation, x, weights, state, mask, reverse):
    """cuDNN: outputs, final states, and the path's name."""
    if mask is None:
        outputs, final = torch_fused.dense(kind, activation, x, weights, state, reverse)
        return outputs, final, f"cuDNN {kind}"
    layout = layout_by_step(mask, x, reverse)
    start = layout.sort(state)
    y, final = torch_fused.packed(kind, activation, layout, layout.pack(x), weights, start)
    outputs = layout.shape(layout.unpack(y, start[0]))
    return outputs, layout.unsort(final), f"cuDNN {kind}, real steps only"


def _choose(kind, activation, x, weights, state, mask, reverse, memory):
    """The fastest road without cuDNN: outputs, final states, and its name."""
    tensors = (x, *state, *weights.values())
    recorded = torch.is_grad_enabled() and any(t.requires_grad for t in tensors)
    on_onednn = kind == "lstm" and activation == "tanh" and onednn_takes(x)
    if mask is None:
        B, T, _ = x.shape
        if on_onednn and (not recorded or torch_onednn.fits_one_call(B, T, state[0].shape[1])):
            return *torch_onednn.one_call(x, weights, state, reverse), "oneDNN lstm"
        if not on_onednn and torch_fused.suits(kind, activation, x, weights, recorded):
            return *torch_fused.dense(kind, activation, x, weights, state, reverse), f"torch {kind}"
    if on_onednn:
        engine, (layout, path) = torch_onednn, _segments(x, state, mask, reverse, memory)
    else:
        engine, layout = torch_loop, layout_by_step(mask, x, reverse)
        path = "loop with its own gradient" + ("" if mask is None else ", real steps only")
    road = Road(engine, kind, activation, layout, tuple(weights), mask)
    if recorded:
        rows, *final = Recurrence.apply(road, *tensors)
    else:
        rows, final, _ = road.run(tensors, keep=False)
    return layout.shape(rows), final, path


def _segments(x, state, mask, reverse, memory):
    """The layout for oneDNN, and the path's name."""
    units = state[0].shape[1]
    if mask is None:
        cut = torch_onednn.evenly(units)
        layout = torch_layout.dense(x.shape[0], x.shape[1], reverse, cut)
        return layout, f"oneDNN lstm, {len(layout.segments)} segments"
    if not memory and not any(s.requires_grad or s.any() for s in state):
        few = torch_onednn.FEW_STEPS if x.shape[1] >= 4 * torch_onednn.FEW_STEPS else 1
        arrange = torch_arrange.in_lanes(torch_onednn.evenly(units), few)
        layout = torch_layout.masked(mask, reverse, arrange, x.device, lanes=True)
        return layout, f"oneDNN lstm, rows share {layout.rows} lanes"
    arrange = torch_arrange.by_time(torch_onednn.by_length(units))
    layout = torch_layout.masked(mask, reverse, arrange, x.device)
    return layout, f"oneDNN lstm, {len(layout.segments)} segments by length"
