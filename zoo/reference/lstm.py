"""The LSTM family, one step forward and one step backward, gate by gate (see `cells.py`)."""

from zoo.reference.gates import affine, affine_backward_all, d_sigmoid, sigmoid


def lstm_step(w, act, x, states):
    """Hochreiter and Schmidhuber 1997 with the forget gate of Gers et al. 2000; gates i, f, g, o.

    c = f * c' + i * g and h = o * act(c).
    """
    h0, c0 = states
    i = sigmoid(affine(w, 0, x, h0))
    f = sigmoid(affine(w, 1, x, h0))
    g = act[0](affine(w, 2, x, h0))
    o = sigmoid(affine(w, 3, x, h0))
    c = f * c0 + i * g
    y = act[0](c)
    return [o * y, c], (x, h0, c0, i, f, g, o, y)


def lstm_step_backward(w, act, gradients, cache, d_states):
    x, h0, c0, i, f, g, o, y = cache
    dh, dc = d_states
    da_o = dh * y * d_sigmoid(o)
    dc = dc + dh * o * act[1](y)
    da_i = dc * g * d_sigmoid(i)
    da_f = dc * c0 * d_sigmoid(f)
    da_g = dc * i * act[1](g)
    dx, dh0 = affine_backward_all(w, gradients, x, h0, [da_i, da_f, da_g, da_o])
    return dx, [dh0, dc * f]


def peephole_step(w, act, x, states):
    """Gers, Schraudolph and Schmidhuber 2002: the gates see the cell state through vectors p.

    i and f see the previous c', o sees the new c. w["peephole"] (3, U) has the rows i, f, o.
    """
    h0, c0 = states
    p_i, p_f, p_o = w["peephole"]
    i = sigmoid(affine(w, 0, x, h0) + p_i * c0)
    f = sigmoid(affine(w, 1, x, h0) + p_f * c0)
    g = act[0](affine(w, 2, x, h0))
    c = f * c0 + i * g
    o = sigmoid(affine(w, 3, x, h0) + p_o * c)
    y = act[0](c)
    return [o * y, c], (x, h0, c0, i, f, g, o, y, c)


def peephole_step_backward(w, act, gradients, cache, d_states):
    x, h0, c0, i, f, g, o, y, c = cache
    p_i, p_f, p_o = w["peephole"]
    dh, dc = d_states
    da_o = dh * y * d_sigmoid(o)
    # c reaches h in two ways: as what is let out, and through the gate that lets it out.
    dc = dc + dh * o * act[1](y) + da_o * p_o
    da_i = dc * g * d_sigmoid(i)
    da_f = dc * c0 * d_sigmoid(f)
    da_g = dc * i * act[1](g)
    for row, (da, seen) in enumerate([(da_i, c0), (da_f, c0), (da_o, c)]):
        gradients["peephole"][row] += (da * seen).sum(axis=0)
    dx, dh0 = affine_backward_all(w, gradients, x, h0, [da_i, da_f, da_g, da_o])
    return dx, [dh0, dc * f + da_i * p_i + da_f * p_f]


def coupled_step(w, act, x, states):
    """An LSTM that forgets as much as it writes, f = 1 - i (Greff et al. 2017, "CIFG").

    Gates i, g, o.
    """
    h0, c0 = states
    i = sigmoid(affine(w, 0, x, h0))
    g = act[0](affine(w, 1, x, h0))
    o = sigmoid(affine(w, 2, x, h0))
    c = (1 - i) * c0 + i * g
    y = act[0](c)
    return [o * y, c], (x, h0, c0, i, g, o, y)


def coupled_step_backward(w, act, gradients, cache, d_states):
    x, h0, c0, i, g, o, y = cache
    dh, dc = d_states
    da_o = dh * y * d_sigmoid(o)
    dc = dc + dh * o * act[1](y)
    da_i = dc * (g - c0) * d_sigmoid(i)
    da_g = dc * i * act[1](g)
    dx, dh0 = affine_backward_all(w, gradients, x, h0, [da_i, da_g, da_o])
    return dx, [dh0, dc * (1 - i)]
