"""A text in, one label out."""

from tokenizers import Tokenizer

from zoo.data import vocabulary
from zoo.errors import InputError
from zoo.tasks.batching import example_batches, in_batches
from zoo.tasks.classify import label_answers, label_ids, label_scores
from zoo.tasks.losses import cross_entropy as loss

__all__ = ["answer", "batches", "evaluate", "loss", "read", "sizes", "specify"]


def specify(data, fit):
    texts, labels = data["train"]
    tokenizer = vocabulary.words(texts, fit.minimum_frequency, fit.vocabulary, fit.lowercase)
    return {
        "labels": sorted(set(labels)),
        "vocabulary": tokenizer.to_str(),
        "maximum": max(fit.boundaries),
    }


def sizes(spec):
    tokenizer = Tokenizer.from_str(spec["vocabulary"])
    return {"vocabulary": tokenizer.get_vocab_size(), "classes": len(spec["labels"])}


def _tokens(texts, spec):
    tokenizer = Tokenizer.from_str(spec["vocabulary"])
    return vocabulary.encode(tokenizer, texts, maximum=spec["maximum"])


def batches(split, spec, fit, *, seed=0, epoch=0, shuffle=True):
    texts, labels = split
    tokens = _tokens(texts, spec)
    y = label_ids(labels, spec["labels"])
    lengths = [len(t) for t in tokens]
    return example_batches(
        [tokens], y, fit, lengths=lengths, seed=seed, epoch=epoch, shuffle=shuffle
    )


def read(raw, spec):
    """Texts as they are; `InputError` for one without a word."""
    for text, tokens in zip(raw, _tokens(raw, spec), strict=True):
        if not len(tokens):
            raise InputError(f"text {text[:40]!r} has no word, expected at least one: give a text")
    return list(raw)


def answer(model, inputs, spec):
    tokens = _tokens(inputs, spec)
    lengths = [len(t) for t in tokens]
    logits = in_batches(model.predict_on_batch, tokens, lengths)
    return label_answers(logits, spec["labels"])


def evaluate(model, split, spec):
    """Accuracy; with two labels also F1 of the second one in `positive`, or by name."""
    texts, labels = split
    label_ids(labels, spec["labels"])  # an unknown label is an error, not a wrong answer
    positive = spec.get("positive") if len(spec["labels"]) == 2 else None
    return label_scores(answer(model, texts, spec), labels, positive)
