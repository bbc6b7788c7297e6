"""A text in, its words out: each character is tagged as the begin, middle or end of a word, or as
a word by itself (Xue 2003), and a CRF allows no other order of tags than one that makes words."""

import unicodedata
from collections import Counter
from dataclasses import replace

import numpy as np
from tokenizers import Tokenizer

from zoo import metrics
from zoo.data import segmented, vocabulary
from zoo.errors import InputError
from zoo.tasks.batching import example_batches, in_batches
from zoo.tasks.examples import LOOKED_AT, right_and_wrong
from zoo.tasks.running import running

TAGS = "BMES"
BEGIN, MIDDLE, END, SINGLE = range(len(TAGS))
MARKS = str.maketrans("。、「」『』“”‘’—", '.,""""""\'\'-')
# What stands for an alphabetic run or a number that training saw too seldom.
RUN, NUMBER = "[RUN]", "[NUMBER]"


def specify(data, fit):
    """The symbols seen `fit.minimum_frequency` times or more, and the words of training, by which
    evaluation tells which test words are new."""
    counts = Counter(symbol for text, _ in data["train"] for symbol in _symbols(text))
    frequent = [symbol for symbol, n in counts.items() if n >= fit.minimum_frequency]
    known = vocabulary.symbols([" ".join([RUN, NUMBER, *frequent])])
    words = {word for _, words in data["train"] for word in words}
    return {"vocabulary": known.to_str(), "words": sorted(words)}


def sizes(spec):
    return {
        "vocabulary": Tokenizer.from_str(spec["vocabulary"]).get_vocab_size(),
        "classes": len(TAGS),
    }


def _symbols(text):
    """What a model reads for each unit: without case, and marks alike in any width."""
    return [_symbol(unit.group()) for unit in segmented.units(text)]


def _symbol(unit):
    plain = unicodedata.normalize("NFKC", unit).translate(MARKS).lower()
    return unit if any(c.isspace() for c in plain) else plain


def _tokens(texts, spec):
    tokenizer = Tokenizer.from_str(spec["vocabulary"])
    known = tokenizer.get_vocab()
    lines = [" ".join(_known(symbol, known) for symbol in _symbols(text)) for text in texts]
    return vocabulary.encode(tokenizer, lines)


def _known(symbol, known):
    if symbol in known or not segmented.RUN.fullmatch(symbol):
        return symbol
    return NUMBER if symbol.isdigit() else RUN


def tags(words):
    """The tag of each unit of a text that is made of `words`: (T,) ids of "BMES".

    >>> "".join(TAGS[tag] for tag in tags(["去", "卡啦OK"]))
    'SBME'
    """
    found = []
    for word in words:
        count = len(segmented.units(word))
        found += [SINGLE] if count == 1 else [BEGIN, *[MIDDLE] * (count - 2), END]
    return np.array(found, "int32")


def loss(model):
    """The negative log-likelihood of the whole row of tags."""
    return model.get_layer("crf").loss


def batches(split, spec, fit, *, seed=0, epoch=0, shuffle=True):
    """Batches whose targets are tags (B, T), -1 where there is none, with a weight for each row."""
    x = _tokens([text for text, _ in split], spec)
    y = [tags(words) + 1 for _, words in split]  # padded with 0, then lowered with the rest
    lengths = [len(row) for row in x]
    made = example_batches([x], y, fit, lengths=lengths, seed=seed, epoch=epoch, shuffle=shuffle)

    def collate(item):
        inputs, target, weights = made.collate(item)
        return inputs, target - 1, weights

    return replace(made, collate=collate)


def read(raw, spec):
    """Texts as they are; `InputError` for one without a character to see."""
    for text in raw:
        if not text.strip():
            raise InputError(f"text {text!r} is empty, expected a character or more: give one")
    return list(raw)


def answer(model, inputs, spec):
    """The words of each text: [{"output": [word, ...]}, ...].

    Together the words have all characters of the text but its white space, which no word spans.
    """
    tokens = _tokens(read(inputs, spec), spec)
    tagger = running(model)
    rows = in_batches(tagger, tagger.best_tags, tokens, [len(row) for row in tokens])
    return [{"output": _words(text, row)} for text, row in zip(inputs, rows, strict=True)]


def _words(text, row):
    """The text cut before each begin or single, and at white space."""
    words, end = [], None
    for unit, tag in zip(segmented.units(text), row, strict=False):
        if tag in (BEGIN, SINGLE) or unit.start() != end:
            words.append("")
        words[-1] += unit.group()
        end = unit.end()
    return words


def examples(model, split, spec):
    """Right and wrong sentences among the first of a split, for the card."""
    rows = split[:LOOKED_AT]
    answers = answer(model, [text for text, _ in rows], spec)
    found = [
        {
            "input": text,
            "output": " ".join(found["output"]),
            "truth": " ".join(words),
            "right": tuple(found["output"]) == tuple(words),
        }
        for (text, words), found in zip(rows, answers, strict=True)
    ]
    return right_and_wrong(found)


def evaluate(model, split, spec):
    """Precision, recall and F1 of words, and the recall of words that training never showed."""
    texts, truths = zip(*split, strict=True)
    outputs = [a["output"] for a in answer(model, list(texts), spec)]
    return metrics.word_spans(outputs, truths, spec["words"])
