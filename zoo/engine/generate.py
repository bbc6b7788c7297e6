"""Token generation: one compiled loop, or one compiled step at a time."""

import numpy as np
from keras import ops

from zoo.engine.checks import check_sound, check_whole, room, start_tokens
from zoo.engine.loop import batch_state, follow, output_size, write
from zoo.engine.sampling import choose
from zoo.engine.settings import ANYTHING, NOTHING, Settings


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
    stop=None,
    seed=0,
    pad=0,
):
    """Write `steps` tokens per row, each chosen from the logits that follow the one before.

    step: a `Step` from tokens (B,) int32 to logits (B, V); start: the first token read (B,), not
    returned; state: any nesting of tensors with B rows; temperature: 0 takes the likeliest token,
    1 samples from the model, more flattens; top_k: only the k likeliest; top_p: only the likeliest
    that together hold this share (Holtzman et al. 2020); repetition_penalty: above 1 makes tokens
    that this call has written less likely (Keskar et al. 2019); allowed: (V,) bool, tokens that may
    be written; end: a row ends with this token, which is returned, and `pad` follows it; stop: a
    list of lists of tokens: a row ends likewise once what it has written ends with one of them;
    seed: a whole number, from which each row draws by its place, or one per row (B,): such a row
    draws as if it were alone, wherever it sits.
    Returns tokens (B, steps) int32 as a NumPy array.

    One seed gives one sample, on every backend, whatever other rows are in the batch. The loop is
    compiled once for many lengths and settings, and stops when every row has ended.

    Raises `InputError` for settings out of range, and for logits that are NaN or infinite (-inf
    may forbid some tokens, not all).

    >>> from zoo.models.step import Step
    >>> import numpy as np
    >>> from keras import ops
    >>> count = Step(lambda token, state: (ops.one_hot((token + 1) % 5, 5), state))
    >>> generate(count, np.array([1]), [], steps=4, end=3).tolist()
    [[2, 3, 0, 0]]
    >>> generate(count, np.array([1]), [], steps=6, stop=[[3, 4], [2, 4]]).tolist()
    [[2, 3, 4, 0, 0, 0]]
    """
    settings = Settings(
        temperature, top_k, top_p, repetition_penalty, allowed, end, stop, seed, pad
    )
    carry, options = _prepare(step, start, state, steps, settings)
    run = step.compiled(("generate", top_k), program(step, top_k))
    rows = run(carry, options)
    _check_rows(rows)
    return ops.convert_to_numpy(rows["tokens"])[:, :steps]


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
    stop=None,
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
    settings = Settings(
        temperature, top_k, top_p, repetition_penalty, allowed, end, stop, seed, pad
    )
    carry, options = _prepare(step, start, state, steps, settings)
    return _columns(step, top_k, carry, options, steps)


def _columns(step, top_k, carry, options, steps):
    run = step.compiled(("stream", top_k), lambda carry, o: _advance(step, top_k, o, *carry))
    for _ in range(steps):
        carry = run(carry, options)
        _check_rows(carry[-1])
        yield ops.convert_to_numpy(carry[1])
        if ops.convert_to_numpy(carry[-1]["ended"]).all():
            return


def _check_rows(rows):
    check_sound(not ops.convert_to_numpy(rows["lost"]).any())


def _prepare(step, start, state, steps, settings):
    """The loop's first carry, as `_advance` takes it, and its options."""
    check_whole("steps", steps)
    start = start_tokens(ops.convert_to_numpy(start))
    B, L, state = len(start), room(steps), batch_state(state, len(start))
    V = output_size(step, start, state)
    options = settings.options(B, steps, V)
    rows = first_rows(B, L, settings.pad)
    if "repetition_penalty" in options:
        rows["seen"] = np.zeros((B, V), bool)
    if "stop" in options:
        rows["recent"] = np.full((B, options["stop"].shape[1]), NOTHING, "int32")
    return (np.int32(0), start, state, rows), options


def first_rows(B, L, pad):
    """What is kept of each row before its first token, in room for L of them, by name."""
    return {
        "tokens": np.full((B, L), pad, "int32"),
        "ended": np.zeros(B, bool),
        "lost": np.zeros(B, bool),
    }


def _advance(step, top_k, options, t, token, state, rows):
    """One token: t, token (B,), state and rows -> the next.

    rows, by name: tokens (B, L); ended (B,); lost (B,), rows whose logits were not sound; and,
    where the options ask for it, seen (B, V), the tokens written, and recent (B, N), the last N.
    """
    logits, state = follow(step, token, state)
    token, sound = choose(logits, rows.get("seen"), t, options, top_k)
    token = ops.where(rows["ended"], options["pad"], token)
    lost = ops.logical_not(ops.logical_or(rows["ended"], sound))
    ended = ops.logical_or(rows["ended"], lost)
    new = {
        "tokens": write(rows["tokens"], token, t),
        "lost": ops.logical_or(rows["lost"], lost),
    }
    if "seen" in rows:
        written = ops.one_hot(token, logits.shape[-1], dtype="bool")
        new["seen"] = ops.logical_or(rows["seen"], written)
    if "end" in options:
        ended = ops.logical_or(ended, ops.equal(token, options["end"]))
    if "recent" in rows:
        new["recent"] = ops.concatenate([rows["recent"][:, 1:], token[:, None]], axis=1)
        ended = ops.logical_or(ended, _ends_with(new["recent"], options["stop"]))
    return t + 1, token, state, new | {"ended": ended}


def _ends_with(recent, stop):
    """Which rows of `recent` (B, N) end with a sequence of `stop` (S, N): (B,) bool."""
    same = ops.logical_or(ops.equal(recent[:, None], stop), ops.equal(stop, ANYTHING))
    return ops.any(ops.all(same, axis=-1), axis=-1)


def program(step, top_k):
    """All of `generate` as (carry, options) -> rows, to be compiled.

    carry: (0, start (B,), state, first_rows(B, L, pad)); options: those of `Settings`, by name.
    """

    def run(carry, options):
        def unfinished(t, token, state, rows):
            running = ops.logical_not(rows["ended"])
            return ops.logical_and(t < options["steps"], ops.any(running))

        def advance(*carry):
            return _advance(step, top_k, options, *carry)

        return ops.while_loop(unfinished, advance, carry)[3]

    return run
