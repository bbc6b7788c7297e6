"""Beam search over a step of NumPy arrays: see `zoo.engine.plain`."""

import numpy as np

from zoo.engine.beams import Beams, no_beams
from zoo.engine.checks import (
    allowed_tokens,
    check_beams,
    check_sound,
    check_token,
    check_width,
    start_tokens,
)

FEWER = 0.75  # once no more than this share of the rows goes on, the others leave the batch


def beam_search(
    step, start, state, *, beam_width, steps, end, length_penalty=0.0, pad=0, allowed=None
):
    """`Beams`: see `zoo.engine.beam.beam_search`, whose arguments and errors these are.

    >>> def count(token, state):
    ...     return 9.0 * np.eye(5, dtype="float32")[(token + 1) % 5], state
    >>> beams = beam_search(count, np.array([1]), [], beam_width=2, steps=5, end=4)
    >>> beams.tokens[0, 0].tolist(), int(beams.lengths[0, 0])
    ([2, 3, 4, 0, 0], 3)
    """
    check_beams(beam_width, steps, pad, length_penalty)
    start = start_tokens(start)
    B, K, rows = len(start), beam_width, np.arange(len(start))
    tokens, alive, finished = no_beams(B, K, steps, pad)
    found = [x.copy() for x in finished]
    last, state = np.repeat(start, K), mapped(lambda x: np.repeat(x, K, axis=0), state)
    for t in range(steps):
        logits, after = step(last, state)
        if not t:
            allowed = _check(logits, beam_width, end, allowed)
        log_p, tokens, parents, written = _continuations(logits, tokens, alive, t, allowed)
        ends = written == (-1 if end is None else end)
        counts = ends & (np.arange(ends.shape[1]) < K)
        ended = np.where(counts, log_p, -np.inf)
        finished = _merge(finished, tokens, ended, t + 1, length_penalty)
        # Of 2K continuations at most K end, one for each beam, so K others are left to follow.
        alive, chosen = _top(np.where(ends, -np.inf, log_p), K)
        tokens, parents, last = (_pick(x, chosen) for x in (tokens, parents, written))
        best = alive / _length(steps, length_penalty)
        alive = np.where(best > finished[1][:, -1:], alive, -np.inf)
        going = (alive > -np.inf).any(axis=1)
        if not going.any():
            break
        if going.mean() <= FEWER:
            for kept, now in zip(found, finished, strict=True):
                kept[rows[~going]] = now[~going]
            before = len(going)
            rows, tokens, alive, parents, last = (
                x[going] for x in (rows, tokens, alive, parents, last)
            )
            finished = [x[going] for x in finished]
        else:
            before, going = len(going), np.ones(len(going), bool)
        order = (np.flatnonzero(going)[:, None] * K + parents).ravel()
        same = len(rows) == before and K == 1
        state = after if same else _reordered(after, state, order, len(rows) == before)
        last = last.ravel()
    finished = _merge(finished, tokens, alive, min(t + 1, steps), length_penalty)
    for kept, now in zip(found, finished, strict=True):
        kept[rows] = now
    tokens, scores, log_p, lengths = found
    check_sound(np.isfinite(scores[:, 0]).all())
    real = scores > -np.inf
    tokens = np.where(real[:, :, None], tokens, pad)
    return Beams(tokens, scores, log_p, np.where(real, lengths, 0))


def _check(logits, beam_width, end, allowed):
    V = logits.shape[-1]
    check_width(beam_width, V)
    if end is not None:
        check_token("end", end, V)
    return None if allowed is None else allowed_tokens(allowed, V)


def _continuations(logits, tokens, alive, t, allowed):
    """The 2K likeliest: log p, tokens (B, 2K, steps), parents and last tokens (B, 2K)."""
    (B, K), V = alive.shape, logits.shape[-1]
    log_p = _log_softmax(logits)
    if allowed is not None:
        log_p = np.where(allowed, log_p, -np.inf)
    log_p = log_p.reshape(B, K, V) + alive[:, :, None]
    log_p, index = _top(log_p.reshape(B, K * V), min(2 * K, K * V))
    parents, written = np.divmod(index, V)
    tokens = _pick(tokens, parents)
    tokens[:, :, t] = written
    return log_p, tokens, parents, written.astype("int32")


def _log_softmax(logits):
    logits = logits.astype("float32", copy=False)
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def _top(x, count):
    """The largest of each row, largest first, and their places; of equal ones the first."""
    if count == 1:
        index = x.argmax(axis=-1)[:, None]
    elif x.shape[-1] > 8 * count:
        index = np.sort(np.argpartition(x, -count, axis=-1)[:, -count:], axis=-1)
        order = np.argsort(-np.take_along_axis(x, index, -1), axis=-1, kind="stable")
        index = np.take_along_axis(index, order, -1)
    else:
        index = np.argsort(-x, axis=-1, kind="stable")[:, :count]
    return np.take_along_axis(x, index, -1), index


def _merge(finished, tokens, log_p, length, alpha):
    """The K best of the finished sequences and the candidates (tokens (B, C, L), log_p (B, C))."""
    if not (log_p > -np.inf).any():
        return finished
    scores, lengths = log_p / _length(length, alpha), np.full(log_p.shape, length, "int32")
    pairs = zip(finished, (tokens, scores, log_p, lengths), strict=True)
    together = [np.concatenate(pair, axis=1) for pair in pairs]
    _, best = _top(together[1], finished[1].shape[1])
    return [_pick(x, best) for x in together]


def _length(length, alpha):
    return np.float32(((5.0 + length) / 6.0) ** alpha)


def _pick(x, index):
    return x[np.arange(len(x))[:, None], index]


def _reordered(after, state, order, same_rows):
    """The state of the beams `order`. What the step left as it was, all beams of a row share."""

    def reordered(new, old):
        return new if new is old and same_rows else new[order]

    return mapped(reordered, after, state)


def mapped(function, state, *others):
    """`function` of each array of a state, which is a dictionary, a list, or both."""
    if isinstance(state, dict):
        return {key: mapped(function, x, *(o[key] for o in others)) for key, x in state.items()}
    if isinstance(state, (list, tuple)):
        rows = zip(state, *others, strict=True)
        return [mapped(function, *row) for row in rows]
    return function(state, *others)
