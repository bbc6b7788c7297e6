"""The recurrences step by step in operations that autograd records: slow, and differentiable twice.

`torch_recurrent.py` takes it for second-order gradients only.
"""

import torch

from zoo.backends.torch_kernels import ACTIVATIONS


def simple_rnn(w, act, a, state):
    """a (n, U): what the input gives; state [h]. Returns the new state."""
    return [act(a + state[0] @ w["recurrent_kernel"])]


def lstm(w, act, a, state):
    """a (n, 4U), gates i, f, g, o; state [h, c]."""
    h, c = state
    i, f, g, o = (a + h @ w["recurrent_kernel"]).chunk(4, 1)
    c = f.sigmoid() * c + i.sigmoid() * act(g)
    return [o.sigmoid() * act(c), c]


def peephole(w, act, a, state):
    """a (n, 4U), gates i, f, g, o; i and f see c', o sees the new c."""
    h, c = state
    p_i, p_f, p_o = w["peephole"]
    i, f, g, o = (a + h @ w["recurrent_kernel"]).chunk(4, 1)
    c = (f + p_f * c).sigmoid() * c + (i + p_i * c).sigmoid() * act(g)
    return [(o + p_o * c).sigmoid() * act(c), c]


def coupled(w, act, a, state):
    """a (n, 3U), gates i, g, o."""
    h, c = state
    i, g, o = (a + h @ w["recurrent_kernel"]).chunk(3, 1)
    c = torch.lerp(c, act(g), i.sigmoid())
    return [o.sigmoid() * act(c), c]


def gru(w, act, a, state):
    """a (n, 3U), gates z, r, h; the reset gate comes after the product."""
    (h,) = state
    inner = h @ w["recurrent_kernel"]
    if "bias" in w:
        inner = inner + w["bias"][1]
    (a_z, a_r, a_h), (h_z, h_r, h_h) = a.chunk(3, 1), inner.chunk(3, 1)
    candidate = act(a_h + (a_r + h_r).sigmoid() * h_h)
    return [torch.lerp(candidate, h, (a_z + h_z).sigmoid())]


def gru_reset_before(w, act, a, state):
    """a (n, 3U), gates z, r, h; the reset gate comes before the product."""
    (h,) = state
    U = h.shape[1]
    a_z, a_r, a_h = a.chunk(3, 1)
    h_z, h_r = (h @ w["recurrent_kernel"][:, : 2 * U]).chunk(2, 1)
    reset = (a_r + h_r).sigmoid() * h
    candidate = act(a_h + reset @ w["recurrent_kernel"][:, 2 * U :])
    return [torch.lerp(candidate, h, (a_z + h_z).sigmoid())]


STEPS = {
    "simple_rnn": simple_rnn,
    "lstm": lstm,
    "peephole": peephole,
    "coupled": coupled,
    "gru": gru,
    "gru_reset_before": gru_reset_before,
}


def forward(kind, activation, layout, x, weights, state):
    """Packed x (N, F) -> packed outputs (N, U) and the final states, as in `torch_loop.forward`."""
    step, act, sizes = STEPS[kind], ACTIVATIONS[activation][2], layout.sizes
    a = x @ weights["kernel"]
    if "bias" in weights:
        a = a + (weights["bias"][0] if kind == "gru" else weights["bias"])
    outputs, ended = [], []
    for inputs in a.split(sizes):
        n = inputs.shape[0]
        ended.append([s[n:] for s in state])
        state = step(weights, act, inputs, [s[:n] for s in state])
        outputs.append(state[0])
    final = [torch.cat([s, *(e[k] for e in reversed(ended))]) for k, s in enumerate(state)]
    return torch.cat([state[0][:0], *outputs]), final
