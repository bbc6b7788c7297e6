"""What running text is made of, characters or words: read into tokens, written back piece by piece.

A unit has the same functions: `vocabulary(texts, fit)`; `sizes(count)`, the builder arguments that
follow besides; `check(kind, texts, tokenizer)`; `write(tokenizer, before, tokens)`, the text of
tokens that stand behind the text `before`; `score(nats)`, the metric of a mean of -log p.
"""

import math
from types import SimpleNamespace

from zoo.data import vocabulary
from zoo.errors import InputError


def _check_characters(kind, texts, tokenizer):
    known = tokenizer.get_vocab()
    for text in texts:
        _check_text(kind, text, "character")
        unknown = [c for c in text if c not in known]
        if unknown:
            raise InputError(
                f"{kind} {text!r} has {unknown[0]!r}, which was not in the training text: "
                "leave it out"
            )


def _check_words(kind, texts, tokenizer):
    """A prefix may have words that were never seen; what can never be written stops nothing."""
    for text in texts:
        _check_text(kind, text, "word")
        tokens = vocabulary.encode(tokenizer, [text])[0]
        if not len(tokens):
            raise InputError(f"{kind} {text!r} has no word, expected at least one: write it out")
        if kind != "prefix" and (tokens == vocabulary.UNKNOWN).any():
            raise InputError(
                f"{kind} {text!r} has a word that the model does not know, so it is never "
                "written: leave it out"
            )


def _check_text(kind, text, least):
    if not isinstance(text, str):
        raise InputError(f"{kind} {text!r} is not a text, expected a string: give one")
    if not text:
        raise InputError(f"{kind} '' is empty, expected at least one {least}: give a {kind}")


def _write_characters(tokenizer, before, tokens):
    for token in tokens:
        yield vocabulary.decode(tokenizer, [token])


def _write_words(tokenizer, before, tokens):
    """Each word with the space before it, none where punctuation closes up."""
    # A word that is not known looks like a word to what follows it.
    last = vocabulary.encode(tokenizer, [before])[0][-1:]
    words = (token for word, token in tokenizer.get_vocab().items() if word.isalnum())
    stand_in = max(words, default=vocabulary.END + 1)  # of punctuation alone any will do
    written = [stand_in if t <= vocabulary.END else int(t) for t in last]
    text = vocabulary.decode(tokenizer, written)
    glued = before[-1:].isspace()
    for token in tokens:
        written.append(int(token))
        longer = vocabulary.decode(tokenizer, written)
        piece = longer[len(text) :]
        yield piece.lstrip(" ") if glued else piece
        text, glued = longer, False


UNITS = {
    "characters": SimpleNamespace(
        vocabulary=lambda texts, fit: vocabulary.characters(texts, fit.minimum_frequency),
        sizes=lambda count: {"classes": count},
        check=_check_characters,
        write=_write_characters,
        score=lambda nats: {"bits per character": nats / math.log(2)},
    ),
    "words": SimpleNamespace(
        vocabulary=lambda texts, fit: vocabulary.words(
            texts, fit.minimum_frequency, lowercase=fit.lowercase
        ),
        sizes=lambda count: {},
        check=_check_words,
        write=_write_words,
        score=lambda nats: {"perplexity": math.exp(nats)},
    ),
}


def unit(spec):
    """The unit of a model, by its spec."""
    return UNITS[spec.get("unit", "characters")]


def before_stop(tokens, stops):
    """The tokens before the first stop, a list of tokens, held back while they may begin one.

    >>> list(before_stop([1, 2, 3, 4, 5], [[3, 5], [4, 5]]))
    [1, 2, 3]
    """
    held = []
    for token in tokens:
        held.append(token)
        # Several may end here: nothing of the longest is text.
        whole = max((len(s) for s in stops if held[-len(s) :] == s), default=0)
        if whole:
            yield from held[:-whole]
            return
        begun = max((_begun(held, s) for s in stops), default=0)
        yield from held[: len(held) - begun]
        held = held[len(held) - begun :]
    yield from held


def _begun(tokens, stop):
    """How many tokens at the end of `tokens` are the beginning of `stop`."""
    sizes = range(min(len(tokens), len(stop) - 1), 0, -1)
    return next((n for n in sizes if tokens[-n:] == stop[:n]), 0)
