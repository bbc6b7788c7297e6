"""Words in, a tag for each word out: parts of speech, names, chunks.

A word is read twice: as an entry of the vocabulary without its case, and by its characters. Tags
of the BIO scheme are known by their names; where all data follow it, a CRF allows no other order.
"""

import itertools
from collections import Counter
from dataclasses import replace

import numpy as np
from tokenizers import Tokenizer

from zoo import metrics
from zoo.data import spelled, vocabulary
from zoo.data.sentences import words_of
from zoo.errors import InputError
from zoo.tasks.batching import example_batches, in_batches
from zoo.tasks.examples import LOOKED_AT, right_and_wrong
from zoo.tasks.running import running

FEW_WORDS = 100_000  # with fewer words of training, every one of them gets a vector
UNSEEN = 0.01  # the share of words from which on tags never seen mean another set of tags


def specify(data, fit):
    """Tags, words seen `fit.minimum_frequency` times or more, rarer ones, and characters."""
    sentences = data["train"]
    words = [word for words, _ in sentences for word in words]
    minimum = fit.minimum_frequency if len(words) >= FEW_WORDS else 1
    return {
        "labels": sorted({tag for _, tags in sentences for tag in tags}),
        "words": spelled.known_words(words, minimum).to_str(),
        "characters": vocabulary.characters(words).to_str(),
        "word_length": spelled.LONGEST,
        "rare": spelled.rare_words(words, minimum),
        "constrained": _follow_bio([tags for split in data.values() for _, tags in split]),
    }


def _follow_bio(rows):
    """Whether all tags of all sentences stand where the BIO scheme allows them."""
    if not _is_bio({tag for tags in rows for tag in tags}):
        return False
    steps = {step for tags in rows for step in itertools.pairwise(["O", *tags])}
    return all(
        not after.startswith("I") or (before != "O" and before[2:] == after[2:])
        for before, after in steps
    )


def _is_bio(labels):
    return "O" in labels and all(tag == "O" or tag.startswith(("B-", "I-")) for tag in labels)


def sizes(spec):
    words, characters = _tokenizers(spec)
    found = {
        "vocabulary": words.get_vocab_size(),
        "character_vocabulary": characters.get_vocab_size(),
        "word_length": spec["word_length"],
        "classes": len(spec["labels"]),
    }
    if not spec["constrained"]:
        return found
    from zoo.layers.tag_schemes import bio_transitions

    return found | {"allowed": bio_transitions(spec["labels"])}


def _tokenizers(spec):
    return Tokenizer.from_str(spec["words"]), Tokenizer.from_str(spec["characters"])


def _spelled(sentences, spec):
    return spelled.spell(sentences, *_tokenizers(spec), spec["word_length"])


def loss(model):
    from zoo.layers.losses import TagLoss
    from zoo.models.tagger import crf_of

    return TagLoss(crf_of(model))


def batches(split, spec, fit, *, seed=0, epoch=0, shuffle=True):
    """Batches of ([words (B, T), characters (B, T, C)], tags (B, T), weights (B,)).

    A tag is -1 at padding, and where training never saw it.
    """
    found = _spelled([words for words, _ in split], spec)
    known = {tag: k for k, tag in enumerate(spec["labels"], 1)}
    y = [np.array([known.get(tag, 0) for tag in tags], "int32") for _, tags in split]
    lengths = [len(row) for row in found.rows]
    made = example_batches(
        [found.rows], y, fit, lengths=lengths, seed=seed, epoch=epoch, shuffle=shuffle
    )

    def collate(item):
        numbers, tags, weights = made.collate(item)
        weights = weights * (tags > 0).sum(1).astype("float32")
        return found.inputs(numbers), tags - 1, weights

    return replace(made, collate=collate)


def read(raw, spec):
    """Sentences as lists of words, cut as `zoo.data.sentences.words_of` says."""
    known = Tokenizer.from_str(spec["words"]).get_vocab()
    return [_checked(words_of(text, known), text) for text in raw]


def _checked(words, given):
    if isinstance(words, str) or not len(words) or not all(isinstance(w, str) for w in words):
        raise InputError(f"sentence {given!r} has no words, expected one or more: give a sentence")
    if not all(word.strip() for word in words):
        raise InputError(f"sentence {given!r} has an empty word: leave it out")
    return list(words)


def answer(model, inputs, spec):
    """The tag of each word: [{"output": [[word, tag], ...], "text": "word/TAG ..."}, ...].

    inputs: sentences, each a list of words; or a string, which is cut into words first.
    """
    sentences = [
        read([item], spec)[0] if isinstance(item, str) else _checked(item, item) for item in inputs
    ]
    return [
        {
            "output": [list(pair) for pair in zip(words, tags, strict=True)],
            "text": _text(words, tags),
        }
        for words, tags in zip(sentences, _tags(model, sentences, spec), strict=True)
    ]


def _tags(model, sentences, spec):
    found = _spelled(sentences, spec)
    tagger = running(model)
    rows = in_batches(
        tagger,
        lambda numbers: tagger.best_tags(found.inputs(numbers)),
        found.rows,
        [len(row) for row in found.rows],
    )
    labels = spec["labels"]
    return [
        [labels[tag] for tag in row[: len(words)]]
        for words, row in zip(sentences, rows, strict=True)
    ]


def _text(words, tags):
    return " ".join(f"{word}/{tag}" for word, tag in zip(words, tags, strict=True))


def evaluate(model, split, spec):
    """Accuracy by word, also of words that training never had; with BIO tags the F1 of spans.

    A tag that training never had counts as missed; `InputError` when they are on more than 1% of
    the words, since the data then have another set of tags than the model.
    """
    sentences, truths = (list(column) for column in zip(*split, strict=True))
    check_tags(truths, spec)
    answers = _tags(model, sentences, spec)
    found, gold, words = (_flat(part) for part in (answers, truths, sentences))
    scores = {"accuracy": metrics.accuracy(found, gold)}
    known = set(Tokenizer.from_str(spec["words"]).get_vocab()) | set(spec["rare"])
    if new := [k for k, word in enumerate(words) if word.lower() not in known]:
        right = metrics.accuracy([found[k] for k in new], [gold[k] for k in new])
        scores["accuracy on unknown words"] = right
    whole = metrics.accuracy(map(list, answers), map(list, truths))
    scores["sentences all right"] = whole
    return scores | (metrics.span_scores(answers, truths) if _is_bio(spec["labels"]) else {})


def _flat(rows):
    return [item for row in rows for item in row]


def check_tags(truths, spec):
    """Raise `InputError` when more than 1% of the tags are none of the model's."""
    known, tags = set(spec["labels"]), _flat(truths)
    unseen = [tag for tag in tags if tag not in known]
    if len(unseen) > UNSEEN * len(tags):
        raise InputError(
            f"tag {unseen[0]!r} was not in the training data, nor were those of {len(unseen)} of "
            f"{len(tags)} words; expected {', '.join(spec['labels'][:20])}: choose the column with "
            "these tags, or train again"
        )


def most_frequent(data, spec):
    """Accuracy on `data["test"]` of the tag that each word has most often in training, and for
    other words the most frequent tag of all: what a recipe's baseline is."""
    counts, total = {}, Counter()
    for words, tags in data["train"]:
        total.update(tags)
        for word, tag in zip(words, tags, strict=True):
            counts.setdefault(word, Counter())[tag] += 1
    best = {word: found.most_common(1)[0][0] for word, found in counts.items()}
    other = total.most_common(1)[0][0]
    pairs = [pair for words, tags in data["test"] for pair in zip(words, tags, strict=True)]
    return metrics.accuracy([best.get(word, other) for word, _ in pairs], [t for _, t in pairs])


def examples(model, split, spec):
    """Right and wrong sentences among the first of a split, for the card."""
    rows = split[:LOOKED_AT]
    sentences = [list(words) for words, _ in rows]
    answers = [found["text"] for found in answer(model, sentences, spec)]
    truths = [_text(words, tags) for words, tags in rows]
    found = [
        {"input": " ".join(words), "output": given, "truth": truth, "right": given == truth}
        for words, given, truth in zip(sentences, answers, truths, strict=True)
    ]
    return right_and_wrong(found)
