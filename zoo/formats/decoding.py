"""How a model that generates is to be decoded where Keras is not: settings for a file's signatures.

Nothing here needs Keras, so the settings can be read and handed on anywhere.
"""

from dataclasses import dataclass
from inspect import signature

import numpy as np

from zoo.data.vocabulary import BEGIN, END, PAD


@dataclass(frozen=True)
class Decoding:
    """What the loops in a file know beforehand; their inputs say the rest.

    Of an encoder-decoder: `begin`, the token read first; `end`, the token that ends a row;
    `beam_width` and `length_penalty` of its beam search. Of a language model: `end`, or None where
    a row never ends; `allowed`, for each token whether it may be written, or None for all of them.
    Of a model of real values: `window`, the rows that a forecast reads anew at each step, or None
    where the state is carried; `head`, the config of the distribution that it outputs, or None.
    `pad` fills rows of tokens, those that are read and those that are written.

    >>> Decoding(beam_width=3).end
    3
    """

    begin: int = BEGIN
    end: int | None = END
    pad: int = PAD
    beam_width: int = 5
    length_penalty: float = 1.0
    allowed: tuple[bool, ...] | None = None
    window: int | None = None
    head: dict | None = None


def decoding_of(task, spec):
    """The `Decoding` of a recipe's task with a model's spec, None for one that does not generate.

    The defaults are those of the task's `answer`, so that a file decodes as `zoo.load` does.

    >>> from zoo.tasks import forecast
    >>> decoding_of(forecast, {"window": 20}).window
    20
    """
    make = MAKERS.get(task.__name__.rpartition(".")[2])
    return make(task, spec) if make else None


def _write(task, spec):
    defaults = signature(task.answer).parameters
    width = min(defaults["beam_width"].default, _size(spec["target"]))
    return Decoding(beam_width=width, length_penalty=defaults["length_penalty"].default)


def _continue_text(task, spec):
    allowed = np.arange(_size(spec["vocabulary"])) > END  # special tokens are no text
    return Decoding(end=None, allowed=tuple(allowed.tolist()))


def _size(vocabulary):
    from tokenizers import Tokenizer

    return Tokenizer.from_str(vocabulary).get_vocab_size()


def _forecast(task, spec):
    return Decoding(end=None, window=spec["window"])


def _forecast_intervals(task, spec):
    return Decoding(end=None, head=spec["head"])


MAKERS = {
    "write": _write,
    "translate": _write,
    "continue_text": _continue_text,
    "forecast": _forecast,
    "forecast_intervals": _forecast_intervals,
}
