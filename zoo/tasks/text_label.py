"""A text in, one label out."""

import re

from tokenizers import Tokenizer

from zoo import metrics
from zoo.data import vocabulary
from zoo.errors import InputError
from zoo.tasks.batching import example_batches, in_batches
from zoo.tasks.classify import label_answers, label_ids, label_scores
from zoo.tasks.losses import cross_entropy as loss

__all__ = [
    "OWN_DATA",
    "answer",
    "bag_of_words",
    "bag_score",
    "batches",
    "evaluate",
    "loss",
    "read",
    "sizes",
    "specify",
]

OWN_DATA = "a CSV, TSV or JSONL file with text and label, or a folder with one for each split"


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
    logits = in_batches(model, model.predict_on_batch, tokens, lengths)
    return label_answers(logits, spec["labels"])


def evaluate(model, split, spec):
    """Accuracy; with two labels also F1 of the second one in `positive`, or by name."""
    texts, labels = split
    label_ids(labels, spec["labels"])  # an unknown label is an error, not a wrong answer
    positive = spec.get("positive") if len(spec["labels"]) == 2 else None
    return label_scores(answer(model, texts, spec), labels, positive)


def bag_of_words(data, spec):
    """The baseline: TF-IDF with logistic regression, as scikit-learn has them; F1 or accuracy.

    Of characters where no text has a word of scikit-learn's, which are two letters or longer.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    words = any(re.search(r"\w\w", text) for text in data["train"][0])
    vectors = TfidfVectorizer(analyzer="word" if words else "char")
    model = make_pipeline(vectors, LogisticRegression(max_iter=1000))
    return bag_score(model.fit(*data["train"]), data["test"], spec)


def bag_score(model, split, spec):
    """F1 of the positive label, accuracy where there is none, of a scikit-learn pipeline."""
    texts, truth = split
    if spec.get("positive") is None:
        return float(model.score(texts, truth))
    return metrics.f1(model.predict(texts), truth, spec["positive"])
