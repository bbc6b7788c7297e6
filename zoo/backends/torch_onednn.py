"""The LSTM of oneDNN, the CPU library that torch comes with: a whole segment of time in one call.

torch offers it for a batch without padding only, and lets its packed sequences run step by step.
Here rows that end within a segment go through it to its end, with one more input that closes the
input gate and opens the forget gate, so that the memory passes unchanged, to the bit.

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


@lru_cache(maxsize=64)
def cutter(units):
    """The function that cuts the steps of a batch into segments, one call each."""
    kept_per_row = 6 * 4 * units  # four gates, h and c, in float32

    def cut(sizes):
        segments, t = [], 0
        whole = sum(sizes) * kept_per_row <= 2 * KEPT
        while t < len(sizes):
            n, end, padding = sizes[t], t, 0
            most = len(sizes) if whole else max(1, KEPT // (n * kept_per_row))
            while end < len(sizes) and end - t < most and padding <= PADDING:
                padding += n - sizes[end]
                end += 1
            segments.append((end - t, n))
            t = end
        return tuple(segments)

    return cut


@lru_cache(maxsize=256)
def fits_one_call(batch, steps, units) -> bool:
    """Whether a batch without a mask is best taken in one call, backward pass included."""
    return len(cutter(units)([batch] * steps)) == 1


def one_call(x, weights, state, reverse):
    """Outputs (B, T, U) and [h, c] for x (B, T, F) without a mask; torch differentiates it."""
    ours, units, has_bias = _weights(weights)
    h, c = state
    y, h, c, _ = torch.ops.aten.mkldnn_rnn_layer.default(
        x.transpose(0, 1).contiguous(), *ours, h.contiguous(), c.contiguous(),
        reverse, [], LSTM_MODE, units, 1, has_bias, False, False, torch.is_grad_enabled(),
    )  # fmt: skip
    return y.transpose(0, 1), [h, c]


def _weights(weights, padded=False):
    """The library's layout: (4U, F) and (4U, U), gates i, f, g, o, and two biases."""
    kernel, bias = weights["kernel"], weights.get("bias")
    if padded:
        units = kernel.shape[1] // 4
        shut = kernel.new_zeros(1, kernel.shape[1])
        shut[:, :units], shut[:, units : 2 * units] = -SHUT, SHUT
        kernel = torch.cat([kernel, shut])
    kernel, recurrent = kernel.t().contiguous(), weights["recurrent_kernel"].t().contiguous()
    zeros = kernel.new_zeros(kernel.shape[0])
    biases = (zeros if bias is None else bias, zeros)
    return (kernel, recurrent, *biases), recurrent.shape[1], bias is not None


def _segments(layout):
    """(first packed row, last packed row, steps, rows) of each segment."""
    row = 0
    for steps, n in layout.segments:
        yield row, row + steps * n, steps, n
        row += steps * n


def forward(kind, activation, layout, x, weights, state, keep):
    """Packed x (M, F) and [h, c], (B, U) in the layout's order, as in `torch_loop.forward`."""
    if layout.padding is not None:
        x = torch.cat([x, layout.padding.to(x.dtype)], 1)
    weights = {name: w.detach() for name, w in weights.items()}
    ours, units, has_bias = _weights(weights, layout.padding is not None)
    h, c = (s.contiguous() for s in state)
    outputs, ended, kept = [], [], [*ours, x]
    for first, last, steps, n in _segments(layout):
        ended.append(c[n:])
        h, c = h[:n], c[:n]
        # What the backward pass reads is made only where gradients are on.
        with torch.set_grad_enabled(keep):
            y, h_end, c_end, space = torch.ops.aten.mkldnn_rnn_layer.default(
                x[first:last].view(steps, n, -1),
                *ours, h, c, False, [], LSTM_MODE, units, 1, has_bias, False, False, keep,
            )  # fmt: skip
        if keep:
            kept.extend((h, c, y, h_end, c_end, space))
        outputs.append(y.view(steps * n, units))
        h, c = h_end, c_end
    y = outputs[0] if len(outputs) == 1 else torch.cat([state[0][:0], *outputs])
    if layout.last is not None:
        (h,) = layout.at_the_end([y], state[:1])
        c = torch.cat([c, *reversed(ended)])
    return y, [h, c], kept


def backward(kind, activation, layout, x, weights, state, kept, d_outputs, d_state, need_x):
    """The gradients of x, of each weight by name, and of the initial state."""
    ours, x, saved = kept[:4], kept[4], kept[5:]
    units, has_bias = ours[1].shape[1], "bias" in weights
    d_h, d_c = (d.clone() for d in d_state)
    if layout.last is not None:  # rows end anywhere: their last h is one of the outputs
        real = layout.last.shape[0]
        d_outputs = x.new_zeros(len(x), units) if d_outputs is None else d_outputs
        d_outputs.index_add_(0, layout.last, d_h[:real])
        d_h[:real] = 0
    total, d_x = None, []
    for k, (first, last, steps, n) in reversed(list(enumerate(_segments(layout)))):
        h, c, y, h_end, c_end, space = saved[6 * k : 6 * k + 6]
        d_y = None if d_outputs is None else d_outputs[first:last].view(steps, n, units)
        backward = torch.ops.aten.mkldnn_rnn_layer_backward.default
        d_inputs, *d_weights, _, d_h[:n], d_c[:n] = backward(
            x[first:last].view(steps, n, -1),
            *ours, h, c, y, h_end, c_end, d_y, d_h[:n], d_c[:n], False, LSTM_MODE, units, 1,
            has_bias, True, False, [], False, space,
        )  # fmt: skip
        d_x.append(d_inputs.view(steps * n, -1))
        if total is None:
            total = d_weights
        else:
            for sum_, d in zip(total, d_weights, strict=True):
                sum_.add_(d)
    F = weights["kernel"].shape[0]
    if total is None:  # no row has a step
        return x[:, :F], {name: torch.zeros_like(w) for name, w in weights.items()}, [d_h, d_c]
    kernel, recurrent, bias = total
    total = {"kernel": kernel.t()[:F], "recurrent_kernel": recurrent.t(), "bias": bias}
    d_x = d_x[0] if len(d_x) == 1 else torch.cat(d_x[::-1])
    return d_x[:, :F], total, [d_h, d_c]
