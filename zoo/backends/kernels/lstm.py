"""The LSTM family, one step forward and one back (see the room's first page)."""

from keras import ops

from zoo.backends.kernels.common import chosen, over_steps, product
from zoo.backends.kernels.simple_rnn import simple_rnn_weights


def lstm_step(w, act, projected, state, real=None):
    h, c = state
    i, f, g, o = ops.split(projected + product(h, w["recurrent_kernel"]), 4, axis=-1)
    i, f, g, o = act.gate(i), act.gate(f), act.main(g), act.gate(o)
    new = chosen(real, f * c + i * g, c)
    return [chosen(real, o * act.main(new), h), new], (c, i, f, g, o)


def lstm_back(w, act, seen, d_state):
    c, i, f, g, o = seen.saved
    dh, dc = d_state
    y = act.main(f * c + i * g)
    dc = dc + dh * o * act.d_main(y)
    gates = [
        dc * g * act.d_gate(i),
        dc * c * act.d_gate(f),
        dc * i * act.d_main(g),
        dh * y * act.d_gate(o),
    ]
    da = ops.concatenate(gates, axis=-1)
    return da, [product(da, w["transposed"]), dc * f]


def peephole_step(w, act, projected, state, real=None):
    h, c = state
    p_i, p_f, p_o = w["peephole"][0], w["peephole"][1], w["peephole"][2]
    i, f, g, o = ops.split(projected + product(h, w["recurrent_kernel"]), 4, axis=-1)
    i, f, g = act.gate(i + p_i * c), act.gate(f + p_f * c), act.main(g)
    new = chosen(real, f * c + i * g, c)
    o = act.gate(o + p_o * new)
    return [chosen(real, o * act.main(new), h), new], (c, i, f, g, o)


def peephole_back(w, act, seen, d_state):
    c, i, f, g, o = seen.saved
    p_i, p_f, p_o = w["peephole"][0], w["peephole"][1], w["peephole"][2]
    dh, dc = d_state
    y = act.main(f * c + i * g)
    da_o = dh * y * act.d_gate(o)
    # The memory reaches h in two ways: as what is let out, and through the gate that lets it out.
    dc = dc + dh * o * act.d_main(y) + da_o * p_o
    da_i, da_f, da_g = dc * g * act.d_gate(i), dc * c * act.d_gate(f), dc * i * act.d_main(g)
    da = ops.concatenate([da_i, da_f, da_g, da_o], axis=-1)
    return da, [product(da, w["transposed"]), dc * f + da_i * p_i + da_f * p_f]


def peephole_weights(w, act, seen, da):
    c, i, f, g, _ = seen.saved
    da_i, da_f, _, da_o = ops.split(ops.cast(da, c.dtype), 4, axis=-1)
    vectors = [over_steps(da_i * c), over_steps(da_f * c), over_steps(da_o * (f * c + i * g))]
    return simple_rnn_weights(w, act, seen, da) | {"peephole": ops.stack(vectors)}


def coupled_step(w, act, projected, state, real=None):
    h, c = state
    i, g, o = ops.split(projected + product(h, w["recurrent_kernel"]), 3, axis=-1)
    i, g, o = act.gate(i), act.main(g), act.gate(o)
    new = chosen(real, (1 - i) * c + i * g, c)
    return [chosen(real, o * act.main(new), h), new], (c, i, g, o)


def coupled_back(w, act, seen, d_state):
    c, i, g, o = seen.saved
    dh, dc = d_state
    y = act.main((1 - i) * c + i * g)
    dc = dc + dh * o * act.d_main(y)
    gates = [dc * (g - c) * act.d_gate(i), dc * i * act.d_main(g), dh * y * act.d_gate(o)]
    da = ops.concatenate(gates, axis=-1)
    return da, [product(da, w["transposed"]), dc * (1 - i)]
