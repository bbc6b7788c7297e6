"""Token generation: one compiled loop, or one compiled step at a time."""

import numpy as np
from keras import ops

from zoo.engine.loop import (
    batch_state,
    check_whole,
    follow,
    output_size,
    room,
    start_tokens,
    write,
)
from zoo.engine.sampling import choose
from zoo.engine.settings import Settings


def generate(
    step,
    start,
    state,
    steps,
    *,
    temperature=0.0,
    top_k=None,
    top_p=None,
    repetition_penalty=None,
    allowed=None,
    end=None,
    seed=0,
    pad=0,
):
    """Write `steps` tokens per row, each chosen from the logits that follow the one before.

    step: a `Step` from tokens (B,) int32 to logits (B, V); start: the first token read (B,), not
    returned; state: any nesting of tensors with B rows; temperature: 0 takes the likeliest token,
    1 samples from the model, more flattens; top_k: only the k likeliest; top_p: only the likeliest
    that together hold this share (Holtzman et al. 2020); repetition_penalty: above 1 makes tokens
    that this call has written less likely (Keskar et al. 2019); allowed: (V,) bool, tokens that may
    be written; end: a row ends with this token, which is returned, and `pad` follows it.
    Returns tokens (B, steps) int32 as a NumPy array.

    One seed gives one sample, on every backend, whatever other rows are in the batch. The loop is
    compiled once for many lengths and settings, and stops when every row has ended.

    Raises `InputError` for settings out of range.

    >>> from zoo.models.step import Step
    >>> import numpy as np
    >>> from keras import ops
    >>> count = Step(lambda token, state: (ops.one_hot((token + 1) % 5, 5), state))
    >>> generate(count, np.array([1]), [], steps=4, end=3).tolist()
    [[2, 3, 0, 0]]
    """
    settings = Settings(temperature, top_k, top_p, repetition_penalty, allowed, end, seed, pad)
    carry, options = _prepare(step, start, state, steps, settings)
    run = step.compiled(("generate", top_k), _program(step, top_k))
    return ops.convert_to_numpy(run(carry, options))[:, :steps]


def stream(
    step,
    start,
    state,
    steps,
    *,
    temperature=0.0,
    top_k=None,
    top_p=None,
    repetition_penalty=None,
    allowed=None,
    end=None,
    seed=0,
    pad=0,
):
    """The columns of `generate`, (B,) int32 each, one by one as they are written.

    Arguments, tokens and errors are those of `generate`. Returns an iterator; the last column is
    the one that ends the last row.

    >>> from zoo.models.step import Step
    >>> import numpy as np
    >>> from keras import ops
    >>> count = Step(lambda token, state: (ops.one_hot((token + 1) % 5, 5), state))
    >>> [int(token[0]) for token in stream(count, np.array([1]), [], steps=9, end=4)]
    [2, 3, 4]
    """
    settings = Settings(temperature, top_k, top_p, repetition_penalty, allowed, end, seed, pad)
    carry, options = _prepare(step, start, state, steps, settings)
    return _columns(step, top_k, carry, options, steps)


def _columns(step, top_k, carry, options, steps):
    run = step.compiled(("stream", top_k), lambda carry, o: _advance(step, top_k, o, *carry))
    for _ in range(steps):
        carry = run(carry, options)
        yield ops.convert_to_numpy(carry[1])
        if ops.convert_to_numpy(carry[-1]).all():
            return


def _prepare(step, start, state, steps, settings):
    """The loop's first carry, as `_advance` takes it, and its options."""
    check_whole("steps", steps)
    start = start_tokens(start)
    B, L, state = len(start), room(steps), batch_state(state, len(start))
    V = output_size(step, start, state)
    tokens = np.full((B, L), settings.pad, "int32")
    seen = np.zeros((B, 0 if settings.repetition_penalty is None else V), bool)
    carry = (np.int32(0), start, state, tokens, seen, np.zeros(B, bool))
    return carry, settings.options(B, steps, V)


def _advance(step, top_k, options, t, token, state, tokens, seen, ended):
    """One token: (t, token (B,), state, tokens (B, L), seen (B, V), ended (B,)) -> the next."""
    logits, state = follow(step, token, state)
    token = choose(logits, seen, t, options, top_k)
    token = ops.where(ended, options["pad"], token)
    if "repetition_penalty" in options:
        seen = ops.logical_or(seen, ops.one_hot(token, logits.shape[-1], dtype="bool"))
    if "end" in options:
        ended = ops.logical_or(ended, ops.equal(token, options["end"]))
    return t + 1, token, state, write(tokens, token, t), seen, ended


def _program(step, top_k):
    def run(carry, options):
        def unfinished(t, token, state, tokens, seen, ended):
            return ops.logical_and(t < options["steps"], ops.any(ops.logical_not(ended)))

        def advance(*carry):
            return _advance(step, top_k, options, *carry)

        return ops.while_loop(unfinished, advance, carry)[3]

    return run
