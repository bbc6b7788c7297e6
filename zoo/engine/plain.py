"""The decoders over a step of NumPy arrays: what exports run, and an oracle for the compiled ones.

Same arguments, same answers as `zoo.engine.decoding`, but a step is a plain function
`step(inputs, state) -> (outputs, new state)` of NumPy arrays, and rows that have ended leave the
batch. A state is a dictionary or a list of arrays with the rows on axis 0; what a step hands back
unchanged (a memory) is never copied.
"""

import numpy as np

from zoo.engine.checks import check_sound, check_whole, start_tokens, without_head
from zoo.engine.draws import path_uniforms
from zoo.engine.plain_beam import beam_search, mapped
from zoo.engine.settings import ANYTHING, NOTHING, Settings

__all__ = ["beam_search", "generate", "rollout", "stream"]


def generate(step, start, state, steps, **settings):
    """Tokens (B, steps) int32: see `zoo.engine.generate.generate`, whose arguments these are.

    >>> def count(token, state):
    ...     return np.eye(5, dtype="float32")[(token + 1) % 5], state
    >>> generate(count, np.array([1]), [], steps=4, end=3).tolist()
    [[2, 3, 0, 0]]
    """
    columns = list(stream(step, start, state, steps, **settings))
    tokens = np.full((len(columns[0]), steps), settings.get("pad", 0), "int32")
    tokens[:, : len(columns)] = np.stack(columns, axis=1)
    return tokens


def stream(step, start, state, steps, **settings):
    """The columns of `generate`, (B,) int32 each, one by one as they are written."""
    settings = Settings(**settings)
    check_whole("steps", steps)
    return _columns(step, start_tokens(start), state, steps, settings)


def _columns(step, token, state, steps, settings):
    ended, options = np.zeros(len(token), bool), None
    for t in range(steps):
        logits, state = step(token, state)
        if options is None:
            B, V = logits.shape
            options = settings.options(B, steps, V)
            seen = np.zeros((B, V), bool) if "repetition_penalty" in options else None
            recent = np.full((B, options["stop"].shape[1]), NOTHING) if "stop" in options else None
        token, sound = _choose(logits, seen, t, options, settings.top_k)
        token = np.where(ended, options["pad"], token).astype("int32")
        check_sound((ended | sound).all())
        if seen is not None:
            seen[np.arange(B), token] = True
        if "end" in options:
            ended |= token == options["end"]
        if recent is not None:
            recent = np.concatenate([recent[:, 1:], token[:, None]], axis=1)
            ended |= _ends_with(recent, options["stop"])
        yield token
        if ended.all():
            return


def _choose(logits, seen, t, options, top_k):
    """The next token (B,) from logits (B, V), and where they were sound (B,)."""
    logits = logits.astype("float32", copy=False)
    if "bias" in options:
        logits = logits + options["bias"]
    if seen is not None:
        penalty = options["repetition_penalty"]
        less = np.where(logits > 0, logits / penalty, logits * penalty)
        logits = np.where(seen, less, logits)
    largest = logits.max(axis=-1, keepdims=True)
    sound = (largest[:, 0] > -np.inf) & (logits.sum(axis=-1) < np.inf)
    if "temperature" not in options:
        return logits.argmax(axis=-1), sound
    with np.errstate(invalid="ignore"):  # of rows that are not sound
        p = np.exp((logits - largest) / options["temperature"])
    p /= p.sum(axis=-1, keepdims=True)
    if top_k is not None:
        edge = np.sort(p, axis=-1)[:, -min(top_k, p.shape[-1])][:, None]
        p = np.where(p >= edge, p, 0)
    if "top_p" in options:
        p = _keep_top_p(p, options["top_p"])
    cumulative = p.cumsum(axis=-1)
    hit = (p > 0) & (cumulative > options["uniforms"][:, t, None] * cumulative[:, -1:])
    return hit.argmax(axis=-1), sound


def _keep_top_p(p, share):
    ordered = np.sort(p, axis=-1)[:, ::-1]
    before = ordered.cumsum(axis=-1) - ordered
    inside = before < share * ordered.sum(axis=-1, keepdims=True)
    edge = np.where(inside, ordered, np.inf).min(axis=-1, keepdims=True)
    return np.where(p >= edge, p, 0)


def _ends_with(recent, stop):
    same = (recent[:, None] == stop) | (stop == ANYTHING)
    return same.all(axis=-1).any(axis=-1)


def rollout(step, first, state, steps, exogenous=None, *, head=None, paths=None, seed=0):
    """Values (B, [paths,] steps, F): see `zoo.engine.rollout.rollout`, whose arguments these are.

    >>> rollout(lambda x, s: (2 * x, s), np.ones((1, 1), "float32"), [], 3)[0, :, 0].tolist()
    [2.0, 4.0, 8.0]
    """
    check_whole("steps", steps)
    value = np.asarray(first, "float32")
    B, F = value.shape
    outside = np.zeros((B, steps, 0)) if exogenous is None else np.asarray(exogenous)
    outside, uniform = outside.astype("float32"), None
    if paths is not None:
        check_whole("paths", paths)
        if head is None:
            raise without_head(paths)
        uniform = path_uniforms(seed, B, paths, steps, F * head.draws)
        value, outside = (np.repeat(x, paths, axis=0) for x in (value, outside))
        state = mapped(lambda x: np.repeat(x, paths, axis=0), state)
    values = np.empty((len(value), steps, F), "float32")
    for t in range(steps):
        read = np.concatenate([value, outside[:, t]], axis=-1) if outside.shape[-1] else value
        value, state = step(read, state)
        if uniform is not None:
            value = head.sample(value, uniform[:, t])
        elif head is not None:
            value = head.mean(value)
        values[:, t] = value
    return values if paths is None else values.reshape(B, paths, steps, F)
