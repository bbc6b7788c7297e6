"""The simple RNN, one step forward and one back (see the room's first page)."""

from zoo.backends.kernels.common import chosen, outer, product


def simple_rnn_step(w, act, projected, state, real=None):
    h = act.main(projected + product(state[0], w["recurrent_kernel"]))
    return [chosen(real, h, state[0])], ()


def simple_rnn_back(w, act, seen, d_state):
    da = d_state[0] * act.d_main(seen.after)
    return da, [product(da, w["transposed"])]


def simple_rnn_weights(w, act, seen, da):
    return {"recurrent_kernel": outer(seen.before, da)}
