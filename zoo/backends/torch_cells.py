"""The recurrent cells of the torch loop: one step forward and one step back, by hand.

A cell works on a stretch of time whose steps lie packed one after the other, N rows in all (see
`torch_loop.py`). What does not depend on the step before is computed for the stretch at once:

    project(x)                    what the inputs give the gates, (N, G*U), for all gates
    begin(a, trail)               a: that, overwritten by the gates' values; trail: where the states
                                  of each step go, (N, U) each. Returns the tensors that `step`
                                  wants, and those to save
    step(state, *views)           one step; the views are that step's rows of those tensors
    begin_back(saved, trail, before)  the factors by which the gradient d of a new state becomes
                                  that of the gates; before: the states of each step's predecessor
    step_back(d, base, *views)    one step back, to the gradient of the states before; base is the
                                  gradient that the step before receives as an output
    finish(total, work, before)   adds to the weights' gradients, returns that of a

The gates' gradients are products of d with factors known beforehand, so a step back is two to
five operations. The equations are those of `zoo/reference`, gate for gate.
"""

import torch

from zoo.backends.torch_kernels import ACTIVATIONS, StepProduct, add_outer, multiply, sigmoid_back


class Cell:
    """What all cells have: units, activation, and the recurrent product in both directions."""

    states = 1

    def __init__(self, weights, activation, rows, back=False):
        self.weights, self.rows = weights, rows
        self.units = weights["recurrent_kernel"].shape[0]
        self.activate, self.activate_back, _ = ACTIVATIONS[activation]
        self.prepare(weights["recurrent_kernel"], rows, back)

    def prepare(self, matrix, rows, back):
        if back:
            self.product_back = StepProduct(matrix.t(), rows)
        else:
            self.product = StepProduct(matrix, rows)

    def project(self, x):
        """What the inputs x (N, F) give the gates, (N, G*U)."""
        return multiply(x, self.weights["kernel"], self.weights.get("bias"))

    def gates(self, a, first, last):
        """The columns of the gates `first` to `last`, without the last."""
        return a[:, first * self.units : last * self.units]

    def add_bias(self, total, da):
        if "bias" in total:
            total["bias"].add_(da.sum(0))


class SimpleRNN(Cell):
    """h = act(a + h' U)."""

    def begin(self, a, trail):
        return (a, trail[0]), ()

    def step(self, state, a, h):
        self.product.add_to(a, state[0])
        self.activate(a, h)
        return [h]

    def begin_back(self, saved, trail, before):
        return torch.empty_like(trail[0]), trail[0]

    def step_back(self, d, base, da, h):
        self.activate_back(d[0], h, da)
        return [self.product_back.plus(base, da)]

    def finish(self, total, work, before):
        add_outer(total["recurrent_kernel"], before[0], work[0])
        self.add_bias(total, work[0])
        return work[0]


class GRU(Cell):
    """Reset after the product; gates z, r, h: h = z h' + (1 - z) act(a_h + r (h' U_h + b_h))."""

    def project(self, x):
        """Two tensors: z, r and the recurrent bias of the candidate; its input part."""
        bias, U = self.weights.get("bias"), self.units
        inputs = multiply(x, self.weights["kernel"], None if bias is None else bias[0])
        g = inputs[:, 2 * U :].clone()
        if bias is None:
            inputs[:, 2 * U :] = 0
        else:
            inputs[:, : 2 * U] += bias[1, : 2 * U]
            inputs[:, 2 * U :] = bias[1, 2 * U :]
        return inputs, g

    def begin(self, a, trail):
        recurrent, g = a
        gates = [self.gates(recurrent, *at) for at in ((0, 2), (0, 1), (1, 2), (2, 3))]
        return (recurrent, *gates, g, trail[0]), a

    def step(self, state, recurrent, zr, z, r, inner, g, h):
        self.product.add_to(recurrent, state[0])
        zr.sigmoid_()
        self.activate(g.addcmul_(r, inner), g)
        return [torch.lerp(g, state[0], z, out=h)]

    def begin_back(self, saved, trail, before):
        recurrent, g = saved
        z, r, inner = recurrent.split(self.units, 1)
        da = torch.empty_like(recurrent)
        d_z, d_r, d_h = da.split(self.units, 1)
        self.d_g = torch.empty_like(trail[0])  # of the candidate's input part
        self.activate_back(1 - z, g, self.d_g)
        sigmoid_back(before[0] - g, z, d_z)
        sigmoid_back(inner * self.d_g, r, d_r)
        torch.mul(r, self.d_g, out=d_h)
        self.passed = []
        return da, da.view(-1, 3, self.units), z

    def step_back(self, d, base, da, da_by_gate, z):
        (d_h,) = d
        self.passed.append(d_h)
        torch.mul(da_by_gate, d_h.unsqueeze(1), out=da_by_gate)
        return [self.product_back.plus(torch.addcmul(base, d_h, z), da)]

    def finish(self, total, work, before):
        da, candidate = work[0], self.gates(work[0], 2, 3)
        add_outer(total["recurrent_kernel"], before[0], da)
        both = da.sum(0)
        # Only the recurrent part of the candidate went through the reset gate.
        torch.mul(self.d_g, torch.cat(self.passed[::-1]), out=candidate)
        if "bias" in total:
            total["bias"][1].add_(both)
            both[2 * self.units :] = candidate.sum(0)
            total["bias"][0].add_(both)
        return da


class GRUResetBefore(Cell):
    """Reset before the product; gates z, r, h: h = z h' + (1 - z) act(a_h + (r h') U_h)."""

    def prepare(self, matrix, rows, back):
        gates, candidate = (m.contiguous() for m in matrix.split((2 * self.units, self.units), 1))
        if back:
            self.gates_back = StepProduct(gates.t(), rows)
            self.candidate_back = StepProduct(candidate.t(), rows)
        else:
            self.gates_product = StepProduct(gates, rows)
            self.candidate_product = StepProduct(candidate, rows)

    def begin(self, a, trail):
        spans = ((0, 2), (0, 1), (1, 2), (2, 3))
        return (*(self.gates(a, *at) for at in spans), trail[0]), (a,)

    def step(self, state, zr, z, r, g, h):
        torch.sigmoid(self.gates_product.plus(zr, state[0]), out=zr)
        self.activate(self.candidate_product.plus(g, r * state[0]), g)
        return [torch.lerp(g, state[0], z, out=h)]

    def begin_back(self, saved, trail, before):
        z, r, g = saved[0].split(self.units, 1)
        d_zr, d_g = saved[0].new_empty(len(z), 2 * self.units), torch.empty_like(trail[0])
        d_z, d_r = d_zr.split(self.units, 1)
        sigmoid_back(before[0] - g, z, d_z)
        sigmoid_back(before[0], r, d_r)
        self.activate_back(1 - z, g, d_g)
        self.reset = r * before[0]
        self.zero = d_g.new_zeros(self.rows, self.units)
        return d_zr, d_z, d_r, d_g, z, r

    def step_back(self, d, base, d_zr, d_z, d_r, d_g, z, r):
        (d_h,) = d
        d_g.mul_(d_h)
        d_z.mul_(d_h)
        d_reset = self.candidate_back.plus(self.zero[: len(d_h)], d_g)  # of r h'
        d_r.mul_(d_reset)
        base = torch.addcmul(base, d_h, z).addcmul_(d_reset, r)
        return [self.gates_back.plus(base, d_zr)]

    def finish(self, total, work, before):
        d_zr, d_g = work[0], work[3]
        gates, candidate = total["recurrent_kernel"].split((2 * self.units, self.units), 1)
        add_outer(gates, before[0], d_zr)
        add_outer(candidate, self.reset, d_g)
        da = torch.cat([d_zr, d_g], 1)
        self.add_bias(total, da)
        return da
