"""One token from logits: greedy, or by inverse CDF from a uniform number drawn outside.

The uniform numbers come from NumPy, so one seed gives one sample on every backend.
"""

import numpy as np
from keras import ops


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
    """The next token (B,) int32 from logits (B, V), and where they were sound (B,) bool.

    `options` without a temperature is greedy. Sound: none NaN or +inf, and one above -inf;
    the token of a row that is not sound means nothing.
    """
    logits = ops.cast(logits, "float32")
    if "bias" in options:
        logits = logits + options["bias"]
    if "repetition_penalty" in options:
        logits = penalise(logits, seen, options["repetition_penalty"])
    largest = ops.max(logits, axis=-1, keepdims=True)
    # The sum finds NaN and +inf. The largest alone would not: XLA's maximum may pass over NaN.
    sound = ops.logical_and(largest[:, 0] > -np.inf, ops.sum(logits, axis=-1) < np.inf)
    if "temperature" not in options:
        return ops.cast(ops.argmax(logits, axis=-1), "int32"), sound
    # The largest goes to zero first, so that a tiny temperature cannot overflow.
    probabilities = ops.softmax((logits - largest) / options["temperature"], axis=-1)
    if top_k is not None:
        probabilities = keep_top_k(probabilities, top_k)
    if "top_p" in options:
        probabilities = keep_top_p(probabilities, options["top_p"])
    return draw(probabilities, ops.take(options["uniforms"], position, axis=1)), sound
