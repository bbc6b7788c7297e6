"""Beam search with length normalisation, one compiled loop."""

import numpy as np
from keras import ops, tree

from zoo.engine.beams import Beams, no_beams
from zoo.engine.checks import (
    allowed_tokens,
    check_beams,
    check_sound,
    check_token,
    check_width,
    room,
    start_tokens,
)
from zoo.engine.loop import batch_state, follow, output_size, write


def beam_search(
    step,
    start,
    state,
    *,
    beam_width,
    steps,
    end,
    length_penalty=0.0,
    pad=0,
    allowed=None,
):
    """The `beam_width` best sequences of each row that a beam of that width finds.

    step: a `Step` from tokens (B,) int32 to logits (B, V); start: the first token read (B,), not
    returned; state: any nesting of tensors with B rows; steps: the longest sequence; end: the token
    that ends one (None: all have `steps` tokens); length_penalty: alpha in
    score = log p / ((5 + length) / 6) ** alpha (Wu et al. 2016, eq. 14 without coverage), where the
    length counts the end token; allowed: (V,) bool, tokens that may be written (log p stays the
    model's own). A sequence cut at `steps` competes like one that ended.
    Returns `Beams`.

    K unfinished sequences are followed whatever has finished; the K best finished ones are kept
    apart, and an end counts only when it is among the K best continuations. The search of a
    row stops when no unfinished sequence can still reach the K best: log p only falls, so its score
    is at most log p now / ((5 + steps) / 6) ** alpha. Width 1 without a length penalty is greedy.

    Raises `InputError` for settings out of range or a beam wider than the vocabulary.

    >>> from zoo.models.step import Step
    >>> import numpy as np
    >>> from keras import ops
    >>> count = Step(lambda token, state: (9.0 * ops.one_hot((token + 1) % 5, 5), state))
    >>> beams = beam_search(count, np.array([1]), [], beam_width=2, steps=5, end=4)
    >>> beams.tokens[0, 0].tolist(), int(beams.lengths[0, 0])
    ([2, 3, 4, 0, 0], 3)
    """
    check_beams(beam_width, steps, pad, length_penalty)
    start = start_tokens(ops.convert_to_numpy(start))
    V = output_size(step, start, batch_state(state, len(start)))
    check_width(beam_width, V)
    return search(step, start, state, beam_width, steps, end, length_penalty, pad, allowed)


def search(step, start, state, width, steps, end, length_penalty=0.0, pad=0, allowed=None):
    """`beam_search` for any width, also one wider than the vocabulary: then it enumerates."""
    start = start_tokens(ops.convert_to_numpy(start))
    state = batch_state(state, len(start))
    V = output_size(step, start, state)
    if end is not None:
        check_token("end", end, V)
    options = {
        "steps": np.int32(steps),
        "end": np.int32(-1 if end is None else end),
        "alpha": np.float32(length_penalty),
        "pad": np.int32(pad),
    }
    if allowed is not None:
        options["allowed"] = allowed_tokens(allowed, V)
    run = step.compiled(("beam_search", width), program(step, width))
    carry = (np.int32(0), start, state, *no_beams(len(start), width, room(steps), pad))
    found = [ops.convert_to_numpy(x) for x in run(carry, options)]
    check_sound(np.isfinite(found[1][:, 0]).all())
    return Beams(found[0][:, :, :steps], *found[1:])


def program(step, K):
    """The whole search as (carry, options) -> the fields of `Beams`, to be compiled.

    carry: (0, start (B,), state, *no_beams(B, K, L, pad)); options, by name: steps, end (-1 for
    none), alpha, pad, and where only some tokens may be written allowed (V,).
    """

    def run(carry, options):
        def unfinished(t, last, state, tokens, alive, finished):
            return ops.logical_and(t < options["steps"], ops.any(alive > -np.inf))

        def advance(*carry):
            return _advance(step, K, options, *carry)

        t, start, state, *rest = carry
        start, state = tree.map_structure(lambda x: ops.repeat(x, K, axis=0), (start, state))
        carry = ops.while_loop(unfinished, advance, (t, start, state, *rest))
        t, _, _, tokens, alive, finished = carry
        return _blank(_merge(finished, tokens, alive, t, options), options["pad"])

    return run


def _advance(step, K, options, t, last, state, tokens, alive, finished):
    """One token for every beam.

    last (B*K,) the tokens to read, tokens (B, K, L), alive (B, K) log probabilities, finished as
    in `Beams`.
    """
    logits, state = follow(step, last, state)  # (B*K, V)
    tokens, log_p, parents, written = _continuations(logits, tokens, alive, t, K, options)
    ends = ops.equal(written, options["end"])
    counts = ops.logical_and(ends, ops.arange(ops.shape(ends)[1]) < K)
    finished = _merge(finished, tokens, ops.where(counts, log_p, -np.inf), t + 1, options)
    # Of 2K continuations at most K end, one for each beam, so K others are left to follow.
    alive, chosen = ops.top_k(ops.where(ends, -np.inf, log_p), K)
    tokens, parents, last = _pick(tokens, chosen), _pick(parents, chosen), _pick(written, chosen)
    best = alive / _length(options["steps"], options["alpha"])
    alive = ops.where(best > finished[1][:, -1:], alive, -np.inf)
    rows = ops.arange(ops.shape(parents)[0], dtype="int32")[:, None] * K + parents
    rows = ops.reshape(rows, (-1,))
    state = tree.map_structure(lambda x: ops.take(x, rows, axis=0), state)
    return t + 1, ops.reshape(last, (-1,)), state, tokens, alive, finished


def _continuations(logits, tokens, alive, t, K, options):
    """The 2K likeliest: tokens (B, 2K, L), log p, parent and last token (B, 2K), best first."""
    V = logits.shape[-1]
    log_p = ops.log_softmax(ops.cast(logits, "float32"), axis=-1)
    if "allowed" in options:
        log_p = ops.where(options["allowed"], log_p, -np.inf)
    log_p = ops.reshape(log_p, (-1, K, V)) + alive[:, :, None]
    log_p, index = ops.top_k(ops.reshape(log_p, (-1, K * V)), min(2 * K, K * V))
    index = ops.cast(index, "int32")
    parents, written = index // V, index % V
    return write(_pick(tokens, parents), written, t), log_p, parents, written


def _merge(finished, tokens, log_p, length, options):
    """The K best of the finished sequences and the candidates (tokens (B, C, L), log_p (B, C))."""
    scores = log_p / _length(length, options["alpha"])
    lengths = ops.zeros_like(log_p, dtype="int32") + length
    pairs = zip(finished, (tokens, scores, log_p, lengths), strict=True)
    together = [ops.concatenate(pair, axis=1) for pair in pairs]
    _, best = ops.top_k(together[1], finished[1].shape[1])
    return tuple(_pick(x, best) for x in together)


def _blank(finished, pad):
    """Where there is no sequence, no tokens and no length either."""
    tokens, scores, log_p, lengths = finished
    real = scores > -np.inf
    lengths = ops.where(real, lengths, ops.zeros_like(lengths))
    return ops.where(real[:, :, None], tokens, pad), scores, log_p, lengths


def _length(length, alpha):
    return ((5.0 + ops.cast(length, "float32")) / 6.0) ** alpha


def _pick(x, index):
    """x (B, M, ...) at index (B, N) of axis 1 -> (B, N, ...)."""
    if len(x.shape) == 3:
        index = index[:, :, None]
    return ops.take_along_axis(x, index, axis=1)
