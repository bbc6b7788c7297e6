"""A recurrence as one operation of autograd, with the gradient that its engine computes.

An engine is a module with the functions `forward` and `backward` over packed rows: `torch_loop.py`
or `torch_onednn.py`. Gradients of the gradient are taken through the steps of `torch_plain.py`.
"""

from dataclasses import dataclass

import torch

from zoo.backends import torch_arrange, torch_layout, torch_plain


def layout_by_step(mask, x, reverse):
    """The layout of the loop for x (B, T, F); mask None or (B, T) bool."""
    if mask is None:
        return torch_layout.dense(x.shape[0], x.shape[1], reverse)
    return torch_layout.masked(mask, reverse, torch_arrange.by_step, x.device)


@dataclass(frozen=True)
class Road:
    """One call: which engine and cell, where the rows lie, and the names of the weights."""

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
        """Outputs as rows (see `Layout.shape`), final states, what the backward pass wants."""
        x, state, weights = self.arguments(tensors)
        layout = self.layout
        start, packed = layout.sort(state), layout.pack(x)
        y, final, kept = self.engine.forward(
            self.kind, self.activation, layout, packed, weights, start, keep
        )
        return layout.unpack(y, start[0]), layout.unsort(final), [packed, *start, *kept]

    def back(self, tensors, kept, d_rows, d_final, need_x):
        """The gradient of every tensor of the call; a given gradient may be None."""
        _, state, weights = self.arguments(tensors)
        layout, count = self.layout, len(state)
        packed, start, kept = kept[0], kept[1 : 1 + count], kept[1 + count :]
        d_outputs, d_start = (None, None) if d_rows is None else layout.unpack_gradient(d_rows)
        d_final = layout.sort(
            [torch.zeros_like(s) if d is None else d for d, s in zip(d_final, state, strict=True)]
        )
        d_x, d_weights, d_state = self.engine.backward(
            self.kind, self.activation, layout, packed, weights, start, kept, d_outputs, d_final,
            need_x,
        )  # fmt: skip
        if d_start is not None:
            d_state[0] = d_state[0] + d_start
        d_x = layout.pack_gradient(d_x) if need_x else None
        return d_x, *layout.unsort(d_state), *(d_weights[name] for name in self.names)

    def run_plain(self, tensors):
        """The results of `run` in operations that autograd records, for whatever layout."""
        x, state, weights = self.arguments(tensors)
        layout = layout_by_step(self.mask, x, self.layout.reverse)
        start, packed = layout.sort(state), layout.pack(x)
        y, final = torch_plain.forward(self.kind, self.activation, layout, packed, weights, start)
        return layout.unpack(y, start[0]), *layout.unsort(final)

    def back_plain(self, tensors, d_rows, d_final):
        """The results of `back` as differentiable functions of all that they depend on."""
        wanted = [t for t in tensors if t.requires_grad]
        pairs = zip(self.run_plain(tensors), (d_rows, *d_final), strict=True)
        results, gradients = zip(*(p for p in pairs if p[1] is not None), strict=True)
        found = iter(
            torch.autograd.grad(results, wanted, gradients, create_graph=True, allow_unused=True)
        )
        return tuple(next(found) if t.requires_grad else None for t in tensors)


class Recurrence(torch.autograd.Function):
    """`Road.run` for autograd: apply(road, x, *states, *weights) -> rows, final states."""

    @staticmethod
    def forward(ctx, road, *tensors):
        rows, final, kept = road.run(tensors, keep=True)
        ctx.road, ctx.count = road, len(tensors)
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(*tensors, *kept)
        return rows, *final

    @staticmethod
    def backward(ctx, d_rows, *d_final):
        tensors, kept = ctx.saved_tensors[: ctx.count], ctx.saved_tensors[ctx.count :]
        if torch.is_grad_enabled():
            return None, *ctx.road.back_plain(tensors, d_rows, d_final)
        return None, *ctx.road.back(tensors, kept, d_rows, d_final, ctx.needs_input_grad[1])
