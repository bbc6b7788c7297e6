"""One token from logits: greedy, or by inverse CDF from a uniform number drawn outside.

The uniform numbers come from NumPy, so one seed gives one sample on every backend.
"""

import numpy as np
from keras import ops


def uniforms(seed, batch, steps):
    """Numbers in [0, 1) for each row and step, (B, steps) float32, each row from (seed, row).

    A row's numbers depend neither on the batch that it sits in nor on the number of steps.
    """
    rows = [np.random.default_rng([seed, row]).random(steps) for row in range(batch)]
    # A few units below 1, so that no rounding of u * total reaches the total.
    return np.minimum(np.array(rows), 1 - 2.0**-22).astype("float32")


def penalise(logits, seen, penalty):
    """Make tokens already written less likely (Keskar et al. 2019, "CTRL", section 4.1).

    logits (B, V), seen (B, V) bool. The paper divides by the penalty, which would raise a negative
    logit; that one is multiplied instead.
    """
    return ops.where(seen, ops.where(logits > 0, logits / penalty, logits * penalty), logits)


def keep_top_k(probabilities, k):
    """Zero but for the k largest of each row (B, V); ties at the edge all stay."""
    k = min(k, probabilities.shape[-1])
    edge = ops.top_k(probabilities, k)[0][:, -1:]
    return ops.where(probabilities >= edge, probabilities, ops.zeros_like(probabilities))


def keep_top_p(probabilities, p):
    """Zero but for the fewest tokens that hold a share p (Holtzman et al. 2020, section 3.1).

    probabilities (B, V), not necessarily normalised; ties at the edge all stay.
    """
    ordered = ops.flip(ops.sort(probabilities, axis=-1), axis=-1)
    before = ops.cumsum(ordered, axis=-1) - ordered
    inside = before < p * ops.sum(ordered, axis=-1, keepdims=True)
    edge = ops.min(ops.where(inside, ordered, np.inf), axis=-1, keepdims=True)
    return ops.where(probabilities >= edge, probabilities, ops.zeros_like(probabilities))


def draw(probabilities, uniform):
    """The token where the cumulative probability passes `uniform`: (B, V), (B,) -> (B,) int32.

    A token of probability zero is never drawn. Parallel cumulative sums need not rise monotonically
    in floating point, so both the total and the hit are looked for among the possible tokens only.
    """
    possible = probabilities > 0
    cumulative = ops.cumsum(probabilities, axis=-1)
    total = ops.max(ops.where(possible, cumulative, 0.0), axis=-1, keepdims=True)
    hit = ops.logical_and(possible, cumulative > uniform[:, None] * total)
    return ops.cast(ops.argmax(ops.cast(hit, "int32"), axis=-1), "int32")


def choose(logits, seen, position, options, top_k):
    """The next token (B,) int32 from logits (B, V). `options` without a temperature is greedy."""
    logits = ops.cast(logits, "float32")
    if "allowed" in options:
        logits = ops.where(options["allowed"], logits, -np.inf)
    if "repetition_penalty" in options:
        logits = penalise(logits, seen, options["repetition_penalty"])
    if "temperature" not in options:
        return ops.cast(ops.argmax(logits, axis=-1), "int32")
    # The largest goes to zero first, so that a tiny temperature cannot overflow.
    logits = logits - ops.max(logits, axis=-1, keepdims=True)
    probabilities = ops.softmax(logits / options["temperature"], axis=-1)
    if top_k is not None:
        probabilities = keep_top_k(probabilities, top_k)
    if "top_p" in options:
        probabilities = keep_top_p(probabilities, options["top_p"])
    return draw(probabilities, ops.take(options["uniforms"], position, axis=1))
