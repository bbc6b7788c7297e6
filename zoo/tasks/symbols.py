"""A row of symbols in, a symbol out for each step that asks for one.

Symbols are single characters. Where training has steps of the symbol "?", these ask; else every
step does. A split is a list of (sequence, answer), the answer one symbol for each step that asks.
"""

from dataclasses import replace

import numpy as np

from zoo import metrics
from zoo.data.probes import ASK
from zoo.errors import InputError
from zoo.tasks.batching import example_batches, in_batches
from zoo.tasks.examples import LOOKED_AT, right_and_wrong
from zoo.tasks.losses import cross_entropy as loss  # noqa: F401


def specify(data, fit):
    """The symbols of the sequences, those of the answers, and whether "?" asks or every step."""
    texts, answers = zip(*data["train"], strict=True)
    symbols = sorted(set().union(*texts))
    return {"symbols": symbols, "labels": sorted(set().union(*answers)), "asks": ASK in symbols}


def sizes(spec):
    return {"vocabulary": 1 + len(spec["symbols"]), "classes": len(spec["labels"])}


def _tokens(texts, spec):
    index = {symbol: k for k, symbol in enumerate(spec["symbols"], 1)}
    return [np.array([index[symbol] for symbol in text], "int32") for text in texts]


def _asking(text, spec):
    """The steps that ask."""
    return [t for t, symbol in enumerate(text) if symbol == ASK or not spec["asks"]]


def batches(split, spec, fit, *, seed=0, epoch=0, shuffle=True):
    """Batches of (tokens (B, T), labels (B, T), weights (B, T)), which are 1 where a step asks."""
    texts = read([text for text, _ in split], spec)
    x, lengths = _tokens(texts, spec), [len(text) for text in texts]
    y = [_targets(text, answer, spec) for text, answer in split]
    options = dict(lengths=lengths, seed=seed, epoch=epoch, shuffle=shuffle, per_token=True)
    made = example_batches([x], y, fit, **options)

    def collate(item):
        tokens, target, weights = made.collate(item)
        return tokens, np.maximum(target - 1, 0), weights.astype("float32")

    return replace(made, collate=collate)


def _targets(text, answer, spec):
    """(T,): from 1 on the label of each step that asks, 0 elsewhere."""
    index = {label: k for k, label in enumerate(spec["labels"], 1)}
    steps, target = _asking(text, spec), np.zeros(len(text), "int32")
    if len(steps) != len(answer) or not set(answer) <= set(index):
        raise InputError(
            f"{text!r} has the answer {answer!r}, expected {len(steps)} symbols of "
            f"{''.join(spec['labels'])!r}: correct it"
        )
    target[steps] = [index[label] for label in answer]
    return target


def read(raw, spec):
    """Sequences as they are; `InputError` for an empty one, a symbol that training never had, and
    one that asks for nothing."""
    known = set(spec["symbols"])
    for text in raw:
        if unknown := sorted(set(text) - known):
            raise InputError(
                f"{text!r} has the symbol {unknown[0]!r}, expected {''.join(spec['symbols'])!r}: "
                "leave it out"
            )
        if not _asking(text, spec):
            asked = f"a {ASK!r} where a symbol is asked for" if spec["asks"] else "a symbol or more"
            raise InputError(f"{text!r} asks for nothing, expected {asked}: give one")
    return list(raw)


def answer(model, inputs, spec):
    """The symbols of the steps that ask: [{"output": "9"}, ...] for sequences such as "c9k8c?"."""
    texts = read(inputs, spec)
    tokens = _tokens(texts, spec)
    lengths = [len(row) for row in tokens]
    logits = in_batches(model, model.predict_on_batch, tokens, lengths, edges=())
    labels = np.array(spec["labels"])
    return [
        {"output": "".join(labels[np.asarray(row)[_asking(text, spec)].argmax(-1)])}
        for text, row in zip(texts, logits, strict=True)
    ]


def evaluate(model, split, spec):
    """Accuracy of the steps that ask, and the share of sequences with all of them right."""
    texts, truths = zip(*split, strict=True)
    outputs = [found["output"] for found in answer(model, texts, spec)]
    return {
        "accuracy": metrics.accuracy("".join(outputs), "".join(truths)),
        "exact match": metrics.exact_match(outputs, list(truths)),
    }


def most_frequent(data, spec):
    """Accuracy on `data["test"]` of the answer that is the most frequent one of training."""
    train, test = ("".join(answer for _, answer in data[split]) for split in ("train", "test"))
    return test.count(max(spec["labels"], key=train.count)) / len(test)


def examples(model, split, spec):
    """Right and wrong answers among the first of a split, for the card."""
    rows = split[:LOOKED_AT]
    outputs = [found["output"] for found in answer(model, [text for text, _ in rows], spec)]
    found = [
        {"input": text, "output": output, "truth": truth, "right": output == truth}
        for (text, truth), output in zip(rows, outputs, strict=True)
    ]
    return right_and_wrong(found)
