"""Linear-chain models: the likelihood of a tag path and the best path, over any mask.

Everything here starts by moving the real steps of each row to the front (`_real_first`). After
that padding on the left, on the right and between are one case, and a masked step is one that
passes the state through.
"""

from typing import Any, NamedTuple

from keras import ops

from zoo.backends import recurrence


class Potentials(NamedTuple):
    """Tensors: transitions (V, V) [from, to], start (V,), end (V,)."""

    transitions: Any
    start: Any
    end: Any


def log_likelihood(potentials, emissions, tags, real):
    """log p(tags | emissions) of each row.

    Args:
        potentials: the chain's `Potentials`.
        emissions: (B, T, V), in the potentials' dtype.
        tags: int32 (B, T), in 0 .. V-1 at real steps.
        real: bool (B, T), True = a real step.

    Returns:
        (B,), 0 for a row without a real step.
    """
    order = _real_first(real)
    emissions, real = _reorder(emissions, real, order)
    tags = ops.where(real, ops.take_along_axis(tags, order, axis=1), 0)
    likelihood = _score(potentials, emissions, tags, real) - _log_z(potentials, emissions, real)
    return ops.where(ops.any(real, axis=1), likelihood, 0.0)


def viterbi(potentials, emissions, real):
    """The best path of each row (Viterbi 1967); arguments as for `log_likelihood`.

    Returns:
        (tags, score): int32 (B, T), 0 at masked steps, and (B,), the path's unnormalised score, 0
        for a row without a real step. No gradient flows through either.
    """
    potentials = Potentials(*(ops.stop_gradient(p) for p in potentials))
    order = _real_first(real)
    emissions, real = _reorder(ops.stop_gradient(emissions), real, order)
    best, final = _forward(potentials, emissions, real, lambda scores: ops.max(scores, axis=1))
    tags = ops.take_along_axis(_trace_back(potentials, best, real), ops.argsort(order), axis=1)
    score = ops.max(final + potentials.end, axis=-1)
    return tags, ops.where(ops.any(real, axis=1), score, 0.0)


def _real_first(real):
    """The order of steps (B, T) that brings the real ones to the front and keeps their order."""
    T = ops.shape(real)[1]
    masked = ops.cast(ops.logical_not(real), "int32")
    return ops.argsort(ops.arange(T, dtype="int32")[None, :] + T * masked, axis=1)


def _reorder(emissions, real, order):
    """Emissions, 0 at masked steps, and mask, both in `order`."""
    real = ops.take_along_axis(real, order, axis=1)
    emissions = ops.take_along_axis(emissions, order[:, :, None], axis=1)
    return ops.where(real[:, :, None], emissions, 0.0), real


def _score(potentials, emissions, tags, real):
    """The score of one path (B, T) -> (B,), real steps first.

    start[y_1] + sum_t e_t[y_t] + sum_t transitions[y_(t-1), y_t] + end[y_T].
    """
    weight = ops.cast(real, emissions.dtype)
    emitted = ops.take_along_axis(emissions, tags[:, :, None], axis=2)[:, :, 0]
    pairs = tags[:, :-1] * emissions.shape[-1] + tags[:, 1:]
    moved = ops.take(ops.reshape(potentials.transitions, (-1,)), pairs, axis=0)
    length = ops.sum(ops.cast(real, "int32"), axis=1, keepdims=True)
    last = ops.take_along_axis(tags, ops.maximum(length - 1, 0), axis=1)[:, 0]
    ends = ops.take(potentials.start, tags[:, 0], axis=0) + ops.take(potentials.end, last, axis=0)
    return ends + ops.sum(emitted * weight, axis=1) + ops.sum(moved * weight[:, 1:], axis=1)


def _log_z(potentials, emissions, real):
    """The log of the sum of exp(score) over all paths (B,), by the forward algorithm."""
    _, alpha = _forward(potentials, emissions, real, lambda scores: ops.logsumexp(scores, axis=1))
    return ops.logsumexp(alpha + potentials.end, axis=-1)


def _forward(potentials, emissions, real, reduce):
    """alpha_t[to] = reduce over `from` of (alpha_(t-1)[from] + transitions[from, to]) + e_t[to].

    Returns alpha at every step (B, T, V) and the last one (B, V).
    """
    steps = ops.arange(ops.shape(real)[1], dtype="int32")
    first = ops.logical_and(real, ops.equal(steps, 0)[None, :])

    def step(state, inputs):
        (alpha,), (emitted, real_t, first_t) = state, inputs
        moved = reduce(alpha[:, :, None] + potentials.transitions[None])  # (B, from, to)
        new = ops.where(first_t, potentials.start[None], moved) + emitted
        alpha = ops.where(real_t, new, alpha)
        return [alpha], alpha

    inputs = [emissions, real[:, :, None], first[:, :, None]]
    alphas, (alpha,) = recurrence(step, [ops.zeros_like(emissions[:, 0])], inputs)
    return alphas, alpha


def _trace_back(potentials, best, real):
    """From the best scores (B, T, V) of paths up to each step to the tags (B, T).

    The step before is chosen again from the same sums, so no back pointers need be kept.
    """
    to_tag = ops.transpose(potentials.transitions)  # [to, from]
    following = ops.concatenate([real[:, 1:], ops.zeros_like(real[:, :1])], axis=1)
    last = ops.logical_and(real, ops.logical_not(following))

    def step(state, inputs):
        (tag,), (best_t, real_t, last_t) = state, inputs  # tag (B, 1) of the step after
        onward = ops.where(last_t, potentials.end[None], ops.take(to_tag, tag[:, 0], axis=0))
        chosen = ops.cast(ops.argmax(best_t + onward, axis=-1, keepdims=True), "int32")
        tag = ops.where(real_t, chosen, tag)
        return [tag], tag

    inputs = [best, real[:, :, None], last[:, :, None]]
    first_tag = ops.zeros_like(best[:, 0, :1], dtype="int32")
    tags, _ = recurrence(step, [first_tag], inputs, reverse=True)
    return ops.where(real, tags[:, :, 0], 0)
