"""The GRU with its reset gate after or before the product (see the room's first page)."""

from keras import ops

from zoo.backends.kernels.common import chosen, outer, over_steps, product, widened


def gru_step(w, act, projected, state, real=None):
    (h,) = state
    x_z, x_r, x_h = ops.split(projected, 3, axis=-1)
    inner = product(h, w["recurrent_kernel"])
    if "recurrent_bias" in w:
        inner = inner + w["recurrent_bias"]
    h_z, h_r, h_h = ops.split(inner, 3, axis=-1)
    z, r = act.gate(x_z + h_z), act.gate(x_r + h_r)
    candidate = act.main(x_h + r * h_h)
    return [chosen(real, z * h + (1 - z) * candidate, h)], (z, r, candidate, h_h)


def gru_back(w, act, seen, d_state):
    z, r, candidate, h_h = seen.saved
    (dh,) = d_state
    da_z = dh * (seen.before - candidate) * act.d_gate(z)
    da_h = dh * (1 - z) * act.d_main(candidate)
    da_r = da_h * h_h * act.d_gate(r)
    inner = ops.concatenate([da_z, da_r, da_h * r], axis=-1)
    projected = ops.concatenate([da_z, da_r, da_h], axis=-1)
    return projected, [dh * z + product(inner, w["transposed"])]


def gru_weights(w, act, seen, da):
    _, r, _, _ = seen.saved
    da_z, da_r, da_h = ops.split(da, 3, axis=-1)
    # At the candidate the two parts part ways: only the recurrent one went through the reset gate.
    inner = ops.concatenate([da_z, da_r, da_h * ops.cast(r, da.dtype)], axis=-1)
    gradients = {"recurrent_kernel": outer(seen.before, inner)}
    if "recurrent_bias" in w:
        gradients["recurrent_bias"] = over_steps(inner)
    return gradients


def gru_reset_before_step(w, act, projected, state, real=None):
    (h,) = state
    U = h.shape[-1]
    x_z, x_r, x_h = ops.split(projected, 3, axis=-1)
    h_z, h_r = ops.split(product(h, w["recurrent_kernel"][:, : 2 * U]), 2, axis=-1)
    z, r = act.gate(x_z + h_z), act.gate(x_r + h_r)
    candidate = act.main(x_h + product(r * h, w["recurrent_kernel"][:, 2 * U :]))
    return [chosen(real, z * h + (1 - z) * candidate, h)], (z, r, candidate)


def gru_reset_before_back(w, act, seen, d_state):
    z, r, candidate = seen.saved
    (dh,), h, U = d_state, seen.before, seen.before.shape[-1]
    da_z = dh * (h - candidate) * act.d_gate(z)
    da_h = dh * (1 - z) * act.d_main(candidate)
    d_reset = product(da_h, w["transposed"][2 * U :])
    da_r = d_reset * h * act.d_gate(r)
    gates = ops.concatenate([da_z, da_r], axis=-1)
    before = dh * z + d_reset * r + product(gates, w["transposed"][: 2 * U])
    return ops.concatenate([gates, da_h], axis=-1), [before]


def gru_reset_before_weights(w, act, seen, da):
    _, r, _ = seen.saved
    U = seen.before.shape[-1]
    reset = widened(r) * widened(seen.before)
    parts = [outer(seen.before, da[..., : 2 * U]), outer(reset, da[..., 2 * U :])]
    return {"recurrent_kernel": ops.concatenate(parts, axis=-1)}
