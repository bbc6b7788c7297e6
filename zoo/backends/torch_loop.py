"""The torch loop with its own gradient: for whatever no library has in one call.

Steps lie packed: `sizes` says how many rows are active at each step (never more than at the step
before), and their rows follow each other, N in all. So the cost follows the real steps. Nothing
is recorded for autograd: memory is one stretch of buffers after another, small enough for the
cache and for an allocator that keeps them, and a weight's gradient is one product for a stretch.
"""

import torch

from zoo.backends import torch_cells, torch_lstm_cells
from zoo.backends.torch_kernels import add_outer, multiply

CELLS = {
    "simple_rnn": torch_cells.SimpleRNN,
    "gru": torch_cells.GRU,
    "gru_reset_before": torch_cells.GRUResetBefore,
    "lstm": torch_lstm_cells.LSTM,
    "peephole": torch_lstm_cells.Peephole,
    "coupled": torch_lstm_cells.Coupled,
}

# Bytes of a stretch's gates: more do not stay in the cache, fewer cost more calls.
STRETCH = 1 << 20


def stretches(sizes, row_bytes):
    """Cut the steps into stretches: a list of (first step, last step, first row, last row)."""
    cuts, first, row, rows = [], 0, 0, 0
    for step, n in enumerate(sizes):
        if rows and (rows + n) * row_bytes > STRETCH:
            cuts.append((first, step, row, row + rows))
            first, row, rows = step, row + rows, 0
        rows += n
    return [*cuts, (first, len(sizes), row, row + rows)] if rows else cuts


def per_step(tensors, sizes):
    """For each step a tuple of its rows of every tensor."""
    return zip(*(t.split(sizes) for t in tensors), strict=True)


def forward(kind, activation, layout, x, weights, state, keep):
    """Run the cell over packed x (N, F). state: [h] or [h, c], (B, U), rows as in the layout.

    Returns the packed outputs (N, U), the final states, and what `backward` needs (if `keep`).
    """
    sizes = layout.sizes
    cell = CELLS[kind](weights, activation, layout.rows)
    trail = [x.new_empty(x.shape[0], cell.units) for _ in state]
    saved, now, kernel = [], state, weights["kernel"]
    for first, last, a, b in stretches(sizes, kernel.shape[1] * x.element_size()):
        tensors, to_save = cell.begin(cell.project(x[a:b]), [t[a:b] for t in trail])
        for n, views in zip(sizes[first:last], per_step(tensors, sizes[first:last]), strict=True):
            if n < now[0].shape[0]:
                now = [s[:n] for s in now]
            now = cell.step(now, *views)
        if keep:
            saved.extend(to_save)
    return trail[0], layout.at_the_end(trail, state), [*trail, *saved]


def backward(kind, activation, layout, x, weights, state, kept, d_outputs, d_state, need_x):
    """The gradients of x (or None), of each weight by name, and of the initial state."""
    sizes = layout.sizes
    cell = CELLS[kind](weights, activation, layout.rows, back=True)
    trail, saved = kept[: cell.states], kept[cell.states :]
    kernel = weights["kernel"]
    total = {name: torch.zeros_like(w) for name, w in weights.items()}
    d_x = torch.empty_like(x) if need_x else None
    d_out, bases = _output_gradients(d_outputs, sizes, state[0])
    befores = [
        [s[:n] for s, n in zip([start, *t.split(sizes)], sizes, strict=False)]
        for t, start in zip(trail, state, strict=True)
    ]
    cuts = stretches(sizes, kernel.shape[1] * x.element_size())
    per_stretch = len(saved) // max(1, len(cuts))
    now = [d[:0] for d in d_state]
    for k in reversed(range(len(cuts))):
        first, last, a, b = cuts[k]
        n = sizes[last - 1]
        if first and n == sizes[first - 1]:  # as many rows all the way, one step up
            before = [t[a - n : b - n] for t in trail]
        else:
            before = [torch.cat(steps[first:last]) for steps in befores]
        mine = saved[k * per_stretch : (k + 1) * per_stretch]
        work = cell.begin_back(mine, [t[a:b] for t in trail], before)
        views = list(per_step(work, sizes[first:last]))
        for t in reversed(range(first, last)):
            if sizes[t] > now[0].shape[0]:
                now = _joined(now, d_state, d_out[t], sizes[t])
            now = cell.step_back(now, bases[t], *views[t - first])
        d_gates = cell.finish(total, work, before)
        add_outer(total["kernel"], x[a:b], d_gates)
        if need_x:
            d_x[a:b] = multiply(d_gates, kernel.t())
    ended = now[0].shape[0]
    return d_x, total, [torch.cat([d, e[ended:]]) for d, e in zip(now, d_state, strict=True)]


def _output_gradients(d_outputs, sizes, like):
    """The gradient of each step's output, and of the step before's (as many rows)."""
    zero = torch.zeros_like(like)
    d_out = [zero[:n] for n in sizes] if d_outputs is None else d_outputs.split(sizes)
    return d_out, [d[:n] for d, n in zip([zero, *d_out], sizes, strict=False)]


def _joined(now, d_state, d_out, n):
    """Going back, rows that end at this step join: theirs is the final state's gradient."""
    rows = now[0].shape[0]
    d_h, *d_c = (torch.cat([d, e[rows:n]]) for d, e in zip(now, d_state, strict=True))
    d_h[rows:] += d_out[rows:]
    return [d_h, *d_c]
