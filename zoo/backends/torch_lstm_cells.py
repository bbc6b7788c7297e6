"""The LSTM family of the torch loop (see `torch_cells.py` for what each method does).

All of them have a memory c and the output h = o act(c), so they share the step back: only the
factors differ.
"""

import torch

from zoo.backends.torch_cells import Cell
from zoo.backends.torch_kernels import add_outer, sigmoid_back


class LSTM(Cell):
    """Gates i, f, g, o: c = f c' + i act(g); h = o act(c)."""

    states = 2
    count = 4

    def begin(self, a, trail):
        seen = torch.empty_like(trail[1])  # act(c)
        return (a, self.together(a), *a.split(self.units, 1), *trail, seen), (a, seen)

    def together(self, a):
        """The gates i and f, (N, 2, U)."""
        return self.gates(a, 0, 2).unflatten(1, (2, self.units))

    def step(self, state, a, both, i, f, g, o, h, c, seen):
        self.product.add_to(a, state[0])
        both.sigmoid_()
        self.activate(g, g)
        torch.addcmul(i * g, f, state[1], out=c)
        self.activate(c, seen)
        return [torch.mul(o.sigmoid_(), seen, out=h), c]

    def begin_back(self, saved, trail, before):
        i, f, g, o = saved[0].split(self.units, 1)
        da, (d_i, d_f, d_g, d_o), to_c = self._factors(saved, o)
        sigmoid_back(g, i, d_i)
        sigmoid_back(before[1], f, d_f)
        self.activate_back(i, g, d_g)
        return self._views(da, d_o, to_c, f)

    def _factors(self, saved, o):
        """Room for the gates' gradients, by gate too, and how d_h reaches c."""
        a, seen = saved
        da, to_c = torch.empty_like(a), torch.empty_like(seen)
        by_gate = da.split(self.units, 1)
        sigmoid_back(seen, o, by_gate[-1])
        self.activate_back(o, seen, to_c)
        return da, by_gate, to_c

    def _views(self, da, d_o, to_c, keep):
        """The tensors of a step back; d_c reaches all gates but the last."""
        inner = self.gates(da, 0, self.count - 1).unflatten(1, (-1, self.units))
        return da, inner, d_o, to_c, keep

    def step_back(self, d, base, da, inner, d_o, to_c, keep):
        d_h, d_c = d
        d_c = torch.addcmul(d_c, d_h, to_c)
        d_o.mul_(d_h)
        torch.mul(inner, d_c.unsqueeze(1), out=inner)
        return [self.product_back.plus(base, da), d_c * keep]

    def finish(self, total, work, before):
        add_outer(total["recurrent_kernel"], before[0], work[0])
        self.add_bias(total, work[0])
        return work[0]


class Peephole(LSTM):
    """Gates i, f, g, o, of which i and f also see c', and o the new c."""

    def prepare(self, matrix, rows, back):
        super().prepare(matrix, rows, back)
        self.p_i, self.p_f, self.p_o = self.weights["peephole"]
        self.p_both = self.weights["peephole"][:2]

    def step(self, state, a, both, i, f, g, o, h, c, seen):
        self.product.add_to(a, state[0])
        both.addcmul_(state[1].unsqueeze(1), self.p_both).sigmoid_()
        self.activate(g, g)
        torch.addcmul(i * g, f, state[1], out=c)
        self.activate(c, seen)
        return [torch.mul(o.addcmul_(c, self.p_o).sigmoid_(), seen, out=h), c]

    def begin_back(self, saved, trail, before):
        da, inner, d_o, to_c, keep = super().begin_back(saved, trail, before)
        self.c = trail[1]
        to_c.addcmul_(d_o, self.p_o)
        keep = torch.addcmul(keep, inner[:, 0], self.p_i).addcmul_(inner[:, 1], self.p_f)
        return da, inner, d_o, to_c, keep

    def finish(self, total, work, before):
        da = super().finish(total, work, before)
        i, f, _, o = da.split(self.units, 1)
        seen = ((i, before[1]), (f, before[1]), (o, self.c))
        total["peephole"].add_(torch.stack([(d * c).sum(0) for d, c in seen]))
        return da


class Coupled(LSTM):
    """Gates i, g, o: c = (1 - i) c' + i act(g); h = o act(c)."""

    count = 3

    def step(self, state, a, both, i, g, o, h, c, seen):
        self.product.add_to(a, state[0])
        i.sigmoid_()
        self.activate(g, g)
        torch.lerp(state[1], g, i, out=c)
        self.activate(c, seen)
        return [torch.mul(o.sigmoid_(), seen, out=h), c]

    def begin_back(self, saved, trail, before):
        i, g, o = saved[0].split(self.units, 1)
        da, (d_i, d_g, d_o), to_c = self._factors(saved, o)
        sigmoid_back(g - before[1], i, d_i)
        self.activate_back(i, g, d_g)
        return self._views(da, d_o, to_c, 1 - i)
