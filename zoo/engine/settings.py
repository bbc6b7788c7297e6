"""How generation chooses its tokens: the settings, checked, as what a compiled loop reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral

import numpy as np

from zoo.engine.checks import allowed_tokens, check_number, check_token, check_whole, room
from zoo.engine.draws import uniforms
from zoo.errors import InputError

# Not tokens. In a stop sequence the first fits whatever was written, the second nothing.
ANYTHING, NOTHING = -1, -2


@dataclass(frozen=True)
class Settings:
    """The settings of `generate`, with the same meaning. Raises `InputError` out of range."""

    temperature: float = 0.0
    top_k: int | None = None
    top_p: float | None = None
    repetition_penalty: float | None = None
    allowed: np.ndarray | None = None
    end: int | None = None
    stop: Sequence[Sequence[int]] | None = None
    seed: int | Sequence[int] = 0
    pad: int = 0

    def __post_init__(self):
        if _is_list(self.seed):
            for row, seed in enumerate(self.seed):
                check_whole(f"seed[{row}]", seed, least=0)
        else:
            check_whole("seed", self.seed, least=0)
        check_stop(self.stop)
        check_whole("pad", self.pad, least=0)
        check_number("temperature", self.temperature, "0 or more", lambda x: 0 <= x < np.inf)
        if self.top_k is not None:
            check_whole("top_k", self.top_k)
        if self.top_p is not None:
            check_number("top_p", self.top_p, "a share above 0 and up to 1", lambda x: 0 < x <= 1)
        if self.repetition_penalty is not None:
            check_number(
                "repetition_penalty",
                self.repetition_penalty,
                "more than 0",
                lambda x: 0 < x < np.inf,
            )

    def options(self, batch, steps, vocabulary):
        """What the loop reads, by name: only what is asked for has a key.

        These are tensors, so another temperature or end compiles nothing anew. `top_k` is not
        among them: it is a shape.
        """
        if _is_list(self.seed) and len(self.seed) != batch:
            raise InputError(
                f"seed has {len(self.seed)} numbers, expected {batch}: give one per row, or one "
                "for all"
            )
        options = {"steps": np.int32(steps), "pad": np.int32(self.pad)}
        if self.temperature > 0:
            options["temperature"] = np.float32(max(self.temperature, 1e-30))
            options["uniforms"] = uniforms(self.seed, batch, room(steps))
            if self.top_p is not None and self.top_p < 1:
                options["top_p"] = np.float32(self.top_p)
        if self.repetition_penalty is not None:
            options["repetition_penalty"] = np.float32(self.repetition_penalty)
        if self.allowed is not None:
            allowed = allowed_tokens(self.allowed, vocabulary)
            # Added to the logits, so that NaN stays NaN.
            options["bias"] = np.where(allowed, 0, -np.inf).astype("float32")
        if self.end is not None:
            check_token("end", self.end, vocabulary)
            options["end"] = np.int32(self.end)
        if self.stop is not None and len(self.stop) > 0:
            options["stop"] = stop_table(self.stop, vocabulary)
        return options


def check_stop(stop):
    """Raise `InputError` unless `stop` is None or a list of token lists, none empty."""
    if stop is None:
        return
    if not _is_list(stop) or not all(_is_list(sequence) for sequence in stop):
        raise InputError(
            f"stop is {_line(stop)}, expected a list of token lists: write [[5, 7]] for one"
        )
    for k, sequence in enumerate(stop):
        if len(sequence) == 0:
            raise InputError(f"stop[{k}] is empty, expected at least one token: leave it out")
        if not all(isinstance(token, Integral) for token in sequence):
            raise InputError(f"stop[{k}] is {_line(sequence)}, expected whole numbers: give tokens")


def stop_table(stop, vocabulary):
    """Token sequences as rows (S, N) int32, each ending in the last column.

    S and N are powers of two, so that sequences of other lengths share a compiled program: what
    stands before a short sequence fits anything, and a row too many fits nothing.
    """
    N, S = (_power_of_two(n) for n in (max(len(sequence) for sequence in stop), len(stop)))
    table = np.full((S, N), NOTHING, "int32")
    for k, sequence in enumerate(stop):
        for at, token in enumerate(sequence):
            check_token(f"stop[{k}][{at}]", token, vocabulary)
        table[k] = [ANYTHING] * (N - len(sequence)) + list(sequence)
    return table


def _power_of_two(n):
    return 1 << (n - 1).bit_length()


def _is_list(x):
    return isinstance(x, (list, tuple)) or (isinstance(x, np.ndarray) and x.ndim > 0)


def _line(x):
    return " ".join(repr(x).split())
