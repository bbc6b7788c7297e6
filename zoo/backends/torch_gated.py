"""Cells whose gates see the input alone, on torch: chunk by chunk on CPU, elsewhere all at once.

On CPU what an operation costs is the memory that it fills: gates, a and b of all steps are many
times the input. So a chunk's are made where they are read, near the processor, and made again in
the backward pass; only x and h of all steps are ever kept. Large products go to the faster of two
libraries (`torch_kernels.py`), so the projection's gradient is taken here, the gates' by autograd.
"""

import torch

from zoo.backends import torch_scan
from zoo.backends.kernels.parallel import GATES, held, masked, real_only, wide_of
from zoo.backends.torch_kernels import add_outer, multiply
from zoo.backends.torch_recurrent import _traced

WIDES = {"float32": torch.float32, "float64": torch.float64}
LENGTH = 128  # steps of a chunk
PROJECTION = ("kernel", "bias")


def gated_scan(kind, weights, x, h0, mask=None, reverse=False):
    """Run a cell over all steps: see `zoo.backends`."""
    start = h0.to(WIDES[wide_of(x)])
    if x.device.type != "cpu" or x.shape[1] <= LENGTH or _traced(x, mask):
        outputs, final = at_once(kind, reverse, weights, x, start, mask)
    else:
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
        for at in _chunks(x.shape[1], reverse):
            real = None if mask is None else mask[:, at]
            projected = _project(weights, real_only(x[:, at], real))
            a, b = held(GATES[kind](weights, projected), real)
            found = torch_scan.run(a, b, h, reverse, False)
            outputs[:, at], h = found, found[:, 0 if reverse else -1]
        ctx.save_for_backward(x, h0, outputs, *values)
        ctx.how = kind, reverse, names, mask
        return outputs, h.clone()

    @staticmethod
    def backward(ctx, d_outputs, d_final):
        (x, h0, outputs, *values), how = ctx.saved_tensors, ctx.how
        back = _back_plain if torch.is_grad_enabled() else _back
        return (
            None,
            None,
            None,
            None,
            *back(how, x, h0, outputs, values, d_outputs, d_final, ctx.needs_input_grad[4]),
        )


def _project(weights, x):
    if "kernel" not in weights:
        return x
    y = multiply(x.reshape(-1, x.shape[2]), weights["kernel"], weights.get("bias"))
    return y.unflatten(0, x.shape[:2])


def _back(how, x, h0, outputs, values, d_outputs, d_final, need_x):
    kind, reverse, names, mask = how
    weights = dict(zip(names, values, strict=True))
    sums = {name: torch.zeros_like(w, dtype=h0.dtype) for name, w in weights.items()}
    d_x, d_h = torch.empty_like(x) if need_x else None, d_final.to(h0.dtype)
    for at in _chunks(x.shape[1], not reverse):
        real = None if mask is None else mask[:, at]
        x_k = real_only(x[:, at], real)
        outside = at.stop if reverse else at.start - 1
        start = outputs[:, outside].to(d_h.dtype) if 0 <= outside < x.shape[1] else h0
        given = start, outputs[:, at].to(d_h.dtype), d_outputs[:, at].to(d_h.dtype), d_h
        d_projected, d_h = _back_gates(kind, reverse, weights, sums, x_k, real, given)
        d_x_k = _back_projection(weights, sums, x_k, d_projected, need_x)
        if need_x:
            d_x[:, at] = real_only(d_x_k, real)
    return d_x, d_h, *(sums[name].to(w.dtype) for name, w in weights.items())


def _back_gates(kind, reverse, weights, sums, x, real, given):
    """Of one chunk: adds to the gates' weights; what is projected and the state before get."""
    start, h, d_outputs, d_h = given
    leaves = {n: w.detach().requires_grad_() for n, w in weights.items() if n not in PROJECTION}
    projected = _project(weights, x).detach().requires_grad_()
    with torch.enable_grad():
        a, b = held(GATES[kind](leaves, projected), real)
    factor = a.detach()
    g = torch_scan.run(factor, d_outputs, d_h, not reverse, True)
    d_a = torch_scan.times_shifted(g, h, start, reverse)
    d_projected, *parts = torch.autograd.grad((a, b), (projected, *leaves.values()), (d_a, g))
    for name, part in zip(leaves, parts, strict=True):
        sums[name] += part
    first = -1 if reverse else 0
    return d_projected, factor[:, first] * g[:, first]


def _back_projection(weights, sums, x, d, need_x):
    """Of one chunk: adds to kernel and bias; the gradient of x, or None."""
    if "kernel" not in weights:
        return d
    d = d.flatten(0, 1)
    # A sum over the steps of a chunk in the products' type, over the chunks in the state's.
    if d.dtype == sums["kernel"].dtype:
        add_outer(sums["kernel"], x.reshape(len(d), -1), d)
    else:
        sums["kernel"] += x.reshape(len(d), -1).t() @ d
    if "bias" in sums:
        sums["bias"] += d.sum(0)
    return multiply(d, weights["kernel"].t()).unflatten(0, x.shape[:2]) if need_x else None


def _back_plain(how, x, h0, outputs, values, d_outputs, d_final, need_x):
    """The results of `_back` as differentiable functions of all that they depend on."""
    kind, reverse, names, mask = how
    found = at_once(kind, reverse, dict(zip(names, values, strict=True)), x, h0, mask)
    given = [x, h0, *values]
    wanted = [t for t in given if t.requires_grad]
    parts = iter(
        torch.autograd.grad(found, wanted, (d_outputs, d_final.to(h0.dtype)), create_graph=True)
    )
    return tuple(next(parts) if t.requires_grad else None for t in given)


def _chunks(T, reverse):
    """The steps of each chunk in the order in which they are taken."""
    chunks = [slice(at, min(at + LENGTH, T)) for at in range(0, T, LENGTH)]
    return chunks[::-1] if reverse else chunks
