"""The GRU with its reset gate after or before, one step forward and backward (see `cells.py`)."""

from zoo.reference.gates import (
    add_bias,
    affine,
    affine_backward,
    affine_backward_all,
    columns,
    d_sigmoid,
    sigmoid,
)


def gru_step(w, act, x, states):
    """GRU with the reset gate after the matrix product, as cuDNN has it; gates z, r, h.

    h = z * h' + (1 - z) * hh. w["bias"] (2, 3U): row 0 goes with x, row 1 with h'.
    """
    (h0,) = states
    input_part, recurrent_part = _gru_parts(w, x, h0)
    z = sigmoid(input_part[0] + recurrent_part[0])
    r = sigmoid(input_part[1] + recurrent_part[1])
    hh = act[0](input_part[2] + r * recurrent_part[2])
    return [z * h0 + (1 - z) * hh], (x, h0, z, r, hh, recurrent_part[2])


def _gru_parts(w, x, h0):
    """x W_k + b_k and h' U_k + b'_k for the gates z, r, h: two lists of (B, U)."""
    units = h0.shape[1]
    bias, recurrent_bias = (None, None) if w.get("bias") is None else w["bias"]
    gates = [(k, columns(k, units)) for k in range(3)]
    input_part = [add_bias(x @ w["kernel"][:, g], bias, k, units) for k, g in gates]
    recurrent_part = [
        add_bias(h0 @ w["recurrent_kernel"][:, g], recurrent_bias, k, units) for k, g in gates
    ]
    return input_part, recurrent_part


def gru_step_backward(w, act, gradients, cache, d_states):
    x, h0, z, r, hh, recurrent_h = cache
    (dh,) = d_states
    da_z = dh * (h0 - hh) * d_sigmoid(z)
    da_h = dh * (1 - z) * act[1](hh)
    da_r = da_h * recurrent_h * d_sigmoid(r)
    dx, dh0 = 0, dh * z
    # At the candidate the two parts part ways: only the recurrent one went through the reset gate.
    shares = [(da_z, da_z), (da_r, da_r), (da_h, da_h * r)]
    for k, (d_input, d_recurrent) in enumerate(shares):
        gate = columns(k, h0.shape[1])
        gradients["kernel"][:, gate] += x.T @ d_input
        gradients["recurrent_kernel"][:, gate] += h0.T @ d_recurrent
        if w.get("bias") is not None:
            gradients["bias"][0, gate] += d_input.sum(axis=0)
            gradients["bias"][1, gate] += d_recurrent.sum(axis=0)
        dx = dx + d_input @ w["kernel"][:, gate].T
        dh0 = dh0 + d_recurrent @ w["recurrent_kernel"][:, gate].T
    return dx, [dh0]


def gru_reset_before_step(w, act, x, states):
    """Cho et al. 2014: the reset gate comes before the matrix product; w["bias"] (3U,)."""
    (h0,) = states
    z = sigmoid(affine(w, 0, x, h0))
    r = sigmoid(affine(w, 1, x, h0))
    hh = act[0](affine(w, 2, x, r * h0))
    return [z * h0 + (1 - z) * hh], (x, h0, z, r, hh)


def gru_reset_before_step_backward(w, act, gradients, cache, d_states):
    x, h0, z, r, hh = cache
    (dh,) = d_states
    da_z = dh * (h0 - hh) * d_sigmoid(z)
    da_h = dh * (1 - z) * act[1](hh)
    dx_h, d_reset = affine_backward(w, gradients, 2, x, r * h0, da_h)
    da_r = d_reset * h0 * d_sigmoid(r)
    dx, dh0 = affine_backward_all(w, gradients, x, h0, [da_z, da_r])
    return dx + dx_h, [dh0 + dh * z + d_reset * r]
