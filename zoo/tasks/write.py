"""A sequence out, written by an encoder-decoder: pronunciations, captions."""

from dataclasses import replace

import numpy as np
from tokenizers import Tokenizer

from zoo import metrics
from zoo.data import images, vocabulary
from zoo.data.vocabulary import BEGIN, END
from zoo.engine.checks import check_whole
from zoo.errors import InputError
from zoo.tasks.batching import example_batches, in_batches
from zoo.tasks.losses import cross_entropy as loss  # noqa: F401
from zoo.tasks.running import running

stepwise = True  # an export of it is its encoder and the step of its decoder

TOKENIZERS = {
    "characters": lambda texts, fit: vocabulary.characters(texts, fit.minimum_frequency),
    "symbols": lambda texts, fit: vocabulary.symbols(texts),
    "words": lambda texts, fit: vocabulary.words(texts, fit.minimum_frequency, fit.vocabulary),
    "subwords": lambda texts, fit: vocabulary.subwords(texts, fit.vocabulary),
}


def specify(data, fit):
    """Vocabularies of the kinds `fit.source` and `fit.target`; a source "image" has none."""
    sources, targets = zip(*data["train"], strict=True)
    texts = [t for target in targets for t in _all(target)]
    tokenizer = TOKENIZERS[fit.target](texts, fit)
    lengths = [len(t) for t in vocabulary.encode(tokenizer, texts, end=True)]
    spec = {"target": tokenizer.to_str(), "steps": int(max(lengths)) + 4}
    if fit.source == "image":
        return spec | {"image": list(np.shape(sources[0]))}
    tokenizer = TOKENIZERS[fit.source](sources, fit)
    longest = max(len(t) for t in vocabulary.encode(tokenizer, sources))
    return spec | {"source": tokenizer.to_str(), "longest": int(longest)}


def _all(target):
    return target if isinstance(target, (list, tuple)) else [target]


def sizes(spec):
    target = Tokenizer.from_str(spec["target"]).get_vocab_size()
    if "image" in spec:
        return {"image": tuple(spec["image"]), "vocabulary": target}
    source = Tokenizer.from_str(spec["source"]).get_vocab_size()
    return {"source_vocabulary": source, "target_vocabulary": target}


def _sources(sources, spec):
    """Pictures (N, H, W, C) in 0..1, or a list of token arrays; with their lengths or None."""
    if "image" in spec:
        return np.asarray(sources, "float32") / np.float32(255), None
    tokens = vocabulary.encode(Tokenizer.from_str(spec["source"]), sources, end=True)
    return tokens, [len(t) for t in tokens]


def batches(split, spec, fit, *, seed=0, epoch=0, shuffle=True):
    """One example for each accepted target; teacher forcing: targets behind a begin token.

    With `fit.shift` or `fit.zoom`, the pictures of shuffled batches (those of training) are moved
    and scaled, anew in each epoch.
    """
    pairs = [(i, t) for i, (_, target) in enumerate(split) for t in _all(target)]
    at = np.array([i for i, _ in pairs], int)
    source, lengths = _sources([s for s, _ in split], spec)
    source = source[at] if lengths is None else [source[i] for i in at]
    tokenizer = Tokenizer.from_str(spec["target"])
    texts = [t for _, t in pairs]
    target_in = vocabulary.encode(tokenizer, texts, begin=True)
    target_out = vocabulary.encode(tokenizer, texts, end=True)
    needs = [len(t) for t in target_out]
    if lengths is not None:
        needs = np.maximum(needs, np.array(lengths)[at])
    x = [source, target_in]
    made = example_batches(
        x, target_out, fit, lengths=needs, seed=seed, epoch=epoch, shuffle=shuffle, per_token=True
    )
    varied = "image" in spec and shuffle and (fit.shift or fit.zoom)
    return _jittered(made, fit, np.random.default_rng((seed, epoch, 1))) if varied else made


def _jittered(made, fit, random):
    def collate(item):
        (pictures, target_in), *rest = made.collate(item)
        return [images.jittered(pictures, random, fit.shift, fit.zoom), target_in], *rest

    return replace(made, collate=collate)


def read(raw, spec):
    """Paths of pictures, or words, in lower case where training had no upper case of theirs.

    Raises `InputError` for an empty word or an unknown character.
    """
    if "image" in spec:
        size, _, channels = spec["image"]
        return [images.read_image(path, size, channels) * 255 for path in raw]
    known = set(Tokenizer.from_str(spec["source"]).get_vocab())
    words = [word if known.issuperset(word) else word.lower() for word in raw]
    for word in words:
        if not word.strip():
            raise InputError(f"input {word!r} is empty, expected a word: give one")
        unknown = sorted(set(word) - known)
        if unknown:
            raise InputError(
                f"input {word!r} has {unknown[0]!r}, which was not in the training data: "
                "spell it without"
            )
    return words


def answer(model, inputs, spec, beam_width=5, length_penalty=1.0, alternatives=3, attention=False):
    """The best output of a beam search for each input, and the next best as `alternatives`.

    With `attention`, each answer says under that name where the model looked while it wrote its
    output: `weights`, a row for each symbol of `target` (what was written) and a column for each
    symbol of `source` (what was read), both with their end token "[EOS]", where models like to
    look; for an image a column for each place of a grid of `height` x `width`, row by row.

    Raises `InputError` for options out of range, and for `attention` of a model that has none.
    """
    check_whole("beam_width", beam_width)
    check_whole("alternatives", alternatives, least=0)
    model = running(model)
    if attention:
        model.check_attends()
    source, lengths = _sources(inputs, spec)
    tokenizer = Tokenizer.from_str(spec["target"])
    width = min(beam_width, tokenizer.get_vocab_size())

    def decode(batch):
        start = np.full(len(batch), BEGIN, "int32")
        beams = model.beam_search(
            start,
            model.encode(batch),
            beam_width=width,
            steps=spec["steps"],
            end=END,
            length_penalty=length_penalty,
        )
        looked = model.alignment(batch, beams.tokens[:, 0]) if attention else start
        return list(zip(beams.tokens, beams.scores, beams.lengths[:, 0], looked, strict=True))

    rows = in_batches(model, decode, source, lengths, batch_size=128)
    answers = []
    for read, (tokens, scores, length, looked) in zip(source, rows, strict=True):
        answers.append(_answer(tokenizer, tokens, scores, alternatives))
        if attention:
            written = tokens[0][:length]
            answers[-1]["attention"] = _attention(looked, read, written, tokenizer, model, spec)
    return answers


def _answer(tokenizer, tokens, scores, alternatives):
    texts = [vocabulary.decode(tokenizer, row) for row in tokens]
    ranked = [
        {"output": text, "score": round(float(score), 5)}
        for text, score in zip(texts, scores, strict=True)
        if np.isfinite(score)
    ]
    return ranked[0] | {"alternatives": ranked[1 : 1 + alternatives]}


def _attention(weights, source, tokens, tokenizer, model, spec):
    """The weights (T, M) of one answer with the names of their rows and columns."""
    if "image" in spec:
        columns = dict(zip(("height", "width"), model.grid(), strict=True))
    else:
        letters = Tokenizer.from_str(spec["source"])
        columns = {"source": [letters.id_to_token(int(token)) for token in source]}
        weights = weights[:, : len(source)]  # the batch was padded to its longest
    weights = weights[: len(tokens)]
    return {
        "weights": [[round(float(weight), 5) for weight in row] for row in weights],
        "target": [tokenizer.id_to_token(int(token)) for token in tokens],
    } | columns


def evaluate(model, split, spec, **options):
    """By any accepted answer: word and phoneme error rate, or exact match and BLEU of captions."""
    sources, truths = zip(*split, strict=True)
    outputs = [a["output"] for a in answer(model, list(sources), spec, **options)]
    if "image" in spec:
        return {
            "exact match": metrics.exact_match(outputs, truths),
            "BLEU": metrics.bleu(outputs, truths),
        }
    return {
        "word error rate": metrics.word_error_rate(outputs, truths),
        "phoneme error rate": metrics.symbol_error_rate(outputs, truths),
    }
