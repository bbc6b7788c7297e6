"""The LSTM of oneDNN, the CPU library that torch comes with: a whole segment of time in one call.

torch offers it for a batch without padding only, and lets its packed sequences run step by step.
Here one more input marks the steps of padding. In a row that has ended it closes the input gate
and opens the forget gate, so that the memory passes unchanged, to the bit. Between two rows in one
lane it closes all gates, so that the second starts from zero.

Long sequences are cut as well: the call keeps all gates for the backward pass, and an allocator
hands blocks of that size back to the system at every step, which costs more than the calls do.
"""

from functools import lru_cache

import torch

LSTM_MODE = 2
# A logistic of this is 0 or 1 exactly, whatever finite numbers the other inputs add.
SHUT = 1e9
# Bytes that a call keeps for the backward pass, at most, where there is more than one.
KEPT = 6 << 20
# Rows times steps of padding that cost as much as one more call.
PADDING = 64
# The library writes a program for each size that it meets, milliseconds and half a megabyte each.
# With masks every size comes up, so it is shown multiples of these.
FEW_STEPS, FEW_ROWS = 8, 4


def _most_steps(sizes, units):
    """How many steps one call takes at most."""
    kept_per_row = 6 * 4 * units  # four gates, h and c, in float32
    if sum(sizes) * kept_per_row <= 2 * KEPT:
        return len(sizes)
    most = KEPT // (sizes[0] * kept_per_row)
    return max(1, most // FEW_STEPS * FEW_STEPS or most)


@lru_cache(maxsize=64)
def evenly(units):
    """The function that cuts steps of as many rows each: from the rows of each step to segments."""

    def cut(sizes):
        T, n, most = len(sizes), sizes[0], _most_steps(sizes, units)
        return ((most, n),) * (T // most) + (((T % most, n),) if T % most else ())

    return cut


@lru_cache(maxsize=64)
def by_length(units):
    """The function that cuts steps of fewer and fewer rows, where a call more costs less than
    padding does: from the rows of each step and those of the batch to segments."""

    def cut(sizes, batch):
        segments, t, rows = [], 0, batch
        block = FEW_STEPS if len(sizes) >= 4 * FEW_STEPS else 2
        most = _most_steps(sizes, units)
        while t < len(sizes):
            rows = min(rows, -(-sizes[t] // FEW_ROWS) * FEW_ROWS)
            start, padding = t, 0
            while t < len(sizes) and t - start < most and padding <= PADDING:
                padding += rows * block - sum(sizes[t : t + block])
                t += block
            segments.append((t - start, rows))
        return tuple(segments)

    return cut


@lru_cache(maxsize=256)
def fits_one_call(batch, steps, units) -> bool:
    """Whether a batch without a mask is best taken in one call, backward pass included."""
    return len(evenly(units)([batch] * steps)) == 1


def one_call(x, weights, state, reverse):
    """Outputs (B, T, U) and [h, c] for x (B, T, F) without a mask; torch differentiates it."""
    ours, has_bias = _weights(weights)
    x, h, c = (t.contiguous() for t in (x.transpose(0, 1), *state))
    y, h, c, _ = _lstm(x, ours, h, c, has_bias, reverse)
    return y.transpose(0, 1), [h, c]


def _lstm(x, ours, h, c, has_bias, reverse=False):
    """The call, x (T, n, F) -> y (T, n, U), h, c, and with gradients on what they need."""
    return torch.ops.aten.mkldnn_rnn_layer.default(
        x, *ours, h, c, reverse, [], LSTM_MODE, h.shape[1], 1, has_bias, False, False,
        torch.is_grad_enabled(),
    )  # fmt: skip


def _weights(weights, layout=None):
    """The library's layout: (4U, F) and (4U, U), gates i, f, g, o, and two biases (if any)."""
    kernel, bias = weights["kernel"], weights.get("bias")
    if layout is not None and layout.padding is not None:
        shut = kernel.new_zeros(4, kernel.shape[1] // 4)  # gates i, f, g, o
        shut[0] = -SHUT
        shut[1] = -SHUT if layout.lanes else SHUT
        shut[3] = -SHUT if layout.lanes else 0
        kernel = torch.cat([kernel, shut.view(1, -1)])
    kernel, recurrent = kernel.t().contiguous(), weights["recurrent_kernel"].t().contiguous()
    zero = recurrent.new_zeros(len(recurrent))
    return (kernel, recurrent, zero if bias is None else bias, zero), bias is not None


def _segments(layout):
    """(first packed row, last packed row, steps, rows) of each segment."""
    row = 0
    for steps, n in layout.segments:
        yield row, row + steps * n, steps, n
        row += steps * n


def forward(kind, activation, layout, x, weights, state, keep):
    """Packed x (M, F) and [h, c], (B, U) in the layout's order, as in `torch_loop.forward`.

    The final c is None where rows share lanes: only h is there at every step.
    """
    if layout.padding is not None:
        x = torch.cat([x, layout.padding.to(x.dtype)], 1)
    ours, has_bias = _weights({name: w.detach() for name, w in weights.items()}, layout)
    h, c = (s.contiguous() for s in state)
    units = h.shape[1]
    if layout.lanes:
        h = c = x.new_zeros(layout.rows, units)
    outputs, ended, kept = [], [], [*ours, x]
    for first, last, steps, n in _segments(layout):
        ended.append(c[n:])
        start = h[:n], c[:n]
        # What the backward pass reads is made only where gradients are on.
        with torch.set_grad_enabled(keep):
            y, h, c, space = _lstm(x[first:last].view(steps, n, -1), ours, *start, has_bias)
        if keep:
            kept.extend((*start, y, h, c, space))
        outputs.append(y.view(steps * n, units))
    y = outputs[0] if len(outputs) == 1 else torch.cat([state[0][:0], *outputs])
    if layout.last is not None:
        (h,) = layout.at_the_end([y], state[:1])
        c = None if layout.lanes else torch.cat([c, *reversed(ended)])
    return y, [h, c], kept


def backward(kind, activation, layout, x, weights, state, kept, d_outputs, d_state, need_x):
    """The gradients of x, of each weight by name, and of the initial state."""
    ours, x, saved = kept[:4], kept[4], kept[5:]
    d_h, d_c = (d.clone() for d in d_state)
    units = d_h.shape[1]
    if layout.last is not None:  # rows end anywhere: their last h is one of the outputs
        d_outputs = x.new_zeros(len(x), units) if d_outputs is None else d_outputs
        d_outputs.index_add_(0, layout.last, d_h[: len(layout.last)])
        d_h.zero_()
    total, d_x = None, []
    for k, (first, last, steps, n) in reversed(list(enumerate(_segments(layout)))):
        h, c, y, h_end, c_end, space = saved[6 * k : 6 * k + 6]
        d_y = None if d_outputs is None else d_outputs[first:last].view(steps, n, units)
        found = torch.ops.aten.mkldnn_rnn_layer_backward.default(
            x[first:last].view(steps, n, -1), *ours, h, c, y, h_end, c_end,
            d_y, d_h[:n], d_c[:n], False, LSTM_MODE, units, 1, "bias" in weights, True, False,
            [], False, space,
        )  # fmt: skip
        d_x.append(found[0].view(steps * n, -1))
        d_weights = found[1:4]
        if total is not None:
            d_weights = [t.add_(d) for t, d in zip(total, d_weights, strict=True)]
        total = d_weights
        d_h[:n], d_c[:n] = found[5:]
    F = weights["kernel"].shape[0]
    if total is None:  # no row has a step
        total = {name: torch.zeros_like(w) for name, w in weights.items()}
    else:
        kernel, recurrent, bias = total
        total = {"kernel": kernel.t()[:F], "recurrent_kernel": recurrent.t(), "bias": bias}
    if layout.last is not None:  # a row without a step ends as it starts
        d_h[len(layout.last) :] = d_state[0][len(layout.last) :]
    d_x = d_x[0] if len(d_x) == 1 else torch.cat([x[:0], *reversed(d_x)])
    return d_x[:, :F], total, [d_h, d_c]
