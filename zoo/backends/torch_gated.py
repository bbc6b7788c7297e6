"""Cells whose gates see the input alone, on torch: chunk by chunk on CPU, elsewhere all at once.

On CPU what an operation costs is the memory that it fills: gates, a and b of all steps are many
times the input. So a chunk's are made where they are read, near the processor. The backward pass
needs the products again: those of the last steps, which it takes first, are kept up to a size
beyond which new memory costs more than a product. Large products go to the faster of two libraries
(`torch_kernels.py`).
"""

import torch

from zoo.backends import torch_scan
from zoo.backends.kernels.gate_products import back_products, prepared, products
from zoo.backends.kernels.parallel import CELLS, chunk_length, held, masked, real_only, wide_of
from zoo.backends.torch_kernels import add_outer, multiply
from zoo.backends.torch_recurrent import _traced

WIDES = {"float32": torch.float32, "float64": torch.float64}
CHUNK = 4096  # rows of x that a chunk has, those of all its steps
KEPT = 32 * 2**20  # bytes


def gated_scan(kind, weights, x, h0, mask=None, reverse=False):
    """Run a cell over all steps: see `zoo.backends`."""
    start = h0.to(WIDES[wide_of(x)])
    if x.device.type != "cpu" or _traced(x, mask) or x.shape[1] <= chunk_length(len(x), CHUNK):
        outputs, final = at_once(kind, reverse, weights, x, start, mask)
    else:
        weights = prepared(weights)
        outputs, final = Chunks.apply(kind, reverse, tuple(weights), mask, x, start,
                                      *weights.values())  # fmt: skip
    return outputs, final.to(h0.dtype)


def at_once(kind, reverse, weights, x, h0, mask):
    """All steps: outputs (B, T, U) and the final state."""
    h = torch_scan.linear_scan(*masked(kind, weights, x, mask), h0, reverse)
    last = h[:, :1] if reverse else h[:, -1:]
    return h.to(x.dtype), torch.cat([h0[:, None], last], 1)[:, -1]


class Chunks(torch.autograd.Function):
    """`at_once`, a chunk after the other."""

    @staticmethod
    def forward(ctx, kind, reverse, names, mask, x, h0, *values):
        weights, h = dict(zip(names, values, strict=True)), h0
        outputs = x.new_empty(*x.shape[:2], h0.shape[-1])
        kept = []
        for at in _chunks(x, reverse):
            real = None if mask is None else mask[:, at]
            made = products(weights, real_only(x[:, at], real), _multiply)
            a, b = held(CELLS[kind].pair(CELLS[kind].opened(weights, made)), real)
            found = torch_scan.run(a, b, h, reverse, False)
            outputs[:, at], h = found, found[:, 0 if reverse else -1]
            if any(ctx.needs_input_grad):
                kept = [*kept, made][-_number_kept(made) :]
        ctx.save_for_backward(x, h0, outputs, *values, *(v for made in kept for v in made))
        ctx.how = kind, reverse, names, mask
        return outputs, h.clone()

    @staticmethod
    def backward(ctx, d_outputs, d_final):
        n = len(ctx.how[2])
        x, h0, outputs, *saved = ctx.saved_tensors
        values, kept = saved[:n], saved[n:]
        if torch.is_grad_enabled():
            found = _back_plain(ctx.how, x, h0, values, d_outputs, d_final)
        else:
            made = 3 if "gates" in ctx.how[2] else 1
            kept = [kept[k : k + made] for k in range(0, len(kept), made)]
            kept, need_x = reversed(kept), ctx.needs_input_grad[4]
            found = _back(ctx.how, x, h0, outputs, values, kept, d_outputs, d_final, need_x)
        return None, None, None, None, *found


def _number_kept(made):
    """Of how many chunks what was made is kept."""
    return max(KEPT // sum(v.numel() * v.element_size() for v in made), 1)


def _multiply(x, kernel):
    return multiply(x.reshape(-1, x.shape[-1]), kernel).unflatten(0, x.shape[:-1])


def _outer(x, d):
    x, d = x.reshape(-1, x.shape[-1]), d.reshape(-1, d.shape[-1])
    total = d.new_zeros(x.shape[1], d.shape[1])
    add_outer(total, x, d)
    return total


def _back(how, x, h0, outputs, values, kept, d_outputs, d_final, need_x):
    """Gradients of x, h0 and the values; kept: what was made of the last chunks, last first."""
    kind, reverse, names, mask = how
    weights, cell = dict(zip(names, values, strict=True)), CELLS[kind]
    sums = {name: torch.zeros_like(w, dtype=h0.dtype) for name, w in weights.items()}
    d_x, d_h = torch.empty_like(x) if need_x else None, d_final.to(h0.dtype)
    for at in _chunks(x, reverse)[::-1]:
        real = None if mask is None else mask[:, at]
        x_k = real_only(x[:, at], real)
        made = next(kept, None) or products(weights, x_k, _multiply)
        gates = cell.opened(weights, made)
        a, _ = held(cell.pair(gates), real)
        d_k, h = (v[:, at].to(h0.dtype) for v in (d_outputs, outputs))
        g = torch_scan.run(a, d_k, d_h, not reverse, True)
        outside = at.stop if reverse else at.start - 1
        start = outputs[:, outside].to(h0.dtype) if 0 <= outside < x.shape[1] else h0
        before = torch.cat(
            [h[:, 1:], start[:, None]] if reverse else [start[:, None], h[:, :-1]], 1
        )
        d_made, parts = cell.back(weights, gates, real_only(g, real), before)
        d_made = [d.to(x.dtype) for d in d_made]
        d_x_k, of_products = back_products(weights, x_k, made, d_made, need_x, _multiply, _outer)
        for name, part in (parts | of_products).items():
            sums[name] += part
        if need_x:
            d_x[:, at] = real_only(d_x_k, real)
        first = -1 if reverse else 0
        d_h = a[:, first] * g[:, first]
    return d_x, d_h, *(sums[name].to(w.dtype) for name, w in weights.items())


def _back_plain(how, x, h0, values, d_outputs, d_final):
    """The results of `_back` as differentiable functions of all that they depend on."""
    kind, reverse, names, mask = how
    found = at_once(kind, reverse, dict(zip(names, values, strict=True)), x, h0, mask)
    given = [x, h0, *values]
    wanted = [t for t in given if t.requires_grad]
    parts = iter(
        torch.autograd.grad(found, wanted, (d_outputs, d_final.to(h0.dtype)), create_graph=True)
    )
    return tuple(next(parts) if t.requires_grad else None for t in given)


def _chunks(x, reverse):
    """The steps of each chunk in the order in which they are taken."""
    T, length = x.shape[1], chunk_length(len(x), CHUNK)
    chunks = [slice(at, min(at + length, T)) for at in range(0, T, length)]
    return chunks[::-1] if reverse else chunks
