"""Tiny variants of the recipes with little data: trained in a second or two."""

import io
from dataclasses import replace

import numpy as np
import samples

from zoo import cards, registry, store, training
from zoo.data import (
    fashion,
    forecast,
    images,
    labelled_series,
    labelled_text,
    pairs,
    probes,
    series,
    text,
)

OPTIONS = {
    "digits": dict(units=8, filters=(4,)),
    "sine": dict(units=4),
    "sine_to_cosine": dict(units=8),
    "fashion_mnist": dict(units=8, filters=(4,)),
    "movie_sentiment": dict(units=4, embedding=4),
    "spam": dict(units=4, embedding=4),
    "vowels": dict(units=4),
    "adding": dict(units=4),
    "associative_recall": dict(units=4, embedding=4),
    "parity": dict(units=4, embedding=4),
    "sunspots": dict(units=4),
    "laser": dict(units=4),
    "sf_temperature": dict(units=4),
    "char_lm": dict(units=8),
    "word_lm": dict(units=8, embedding=6),
    "g2p": dict(units=8, embedding=8),
    "translate_en_es": dict(units=8, embedding=6),
}
FIT = {
    "digits": dict(batch_size=16),
    "sine_to_cosine": dict(snapshots=(), forget=0.3),
    "fashion_mnist": dict(batch_size=16),
    "movie_sentiment": dict(batch_size=8, boundaries=(16,), minimum_frequency=1),
    "spam": dict(batch_size=8, boundaries=(8, 16), minimum_frequency=1),
    "vowels": dict(batch_size=16),
    "adding": dict(batch_size=16, boundaries=(8,), epoch_batches=2),
    "associative_recall": dict(batch_size=16, epoch_batches=2),
    "parity": dict(batch_size=16, boundaries=(12,), epoch_batches=3),
    "sunspots": dict(batch_size=16, window=12),
    "laser": dict(batch_size=16, window=12),
    "sf_temperature": dict(batch_size=16, window=12),
    "char_lm": dict(batch_size=4, steps=10, minimum_frequency=1),
    "word_lm": dict(batch_size=4, steps=5, minimum_frequency=1),
    "g2p": dict(batch_size=16, boundaries=(16,)),
    "translate_en_es": dict(batch_size=16, boundaries=(40,), vocabulary=80),
}
HAM = ["the meeting is on monday", "please review my patch", "lunch with the team today"]
SPAM = ["win money now", "free prize claim it now", "cheap pills buy today"]


def recipe(name, epochs=2, **fit):
    """The recipe with few units and epochs; `fit` replaces more of its settings."""
    found = registry.recipe(name).override(**OPTIONS[name])
    return replace(found, fit=replace(found.fit, **{**FIT.get(name, {}), "epochs": epochs, **fit}))


def data(name):
    return globals()[f"_{name}"]()


def _parts(rows, sizes=(64, 16, 16)):
    ends = np.cumsum(sizes)
    cuts = zip(("train", "validation", "test"), ends - sizes, ends, strict=True)
    return {split: rows[a:b] for split, a, b in cuts}


def _digits():
    x, y = images.digits()["train"]
    x, y = _parts(x), _parts(y)
    return {split: (x[split], y[split]) for split in x}


def _sine():
    return _parts(series.sine(), (120, 60, 60))


def _sine_to_cosine():
    x, y = series.sine_cosine_segments(40)
    x, y = _parts(x, (24, 6, 10)), _parts(y, (24, 6, 10))
    return {split: (x[split], y[split]) for split in x}


def _spam():
    texts = [f"{t} {n}" for n in ("one", "two", "three", "four") for t in HAM + SPAM]
    labels = (["ham"] * 3 + ["spam"] * 3) * 4
    texts, labels = _parts(texts, (12, 6, 6)), _parts(labels, (12, 6, 6))
    return {split: (texts[split], labels[split]) for split in texts}


def _movie_sentiment():
    return labelled_text.read_snippets(io.BytesIO(samples.snippets_archive(samples.rated(60))))


def _fashion_mnist():
    parts = (*samples.clothes(80), *samples.clothes(20, seed=1))
    x, y, test, truth = (fashion.read_idx(io.BytesIO(samples.idx(part))) for part in parts)
    return fashion.splits(x, y, test, truth, validation=16)


def _vowels():
    series, labels = labelled_series.vowels()["train"]
    rows = np.random.default_rng(0).permutation(len(labels))[:96]
    series, labels = _parts([series[k] for k in rows]), _parts([labels[k] for k in rows])
    return {split: (series[split], labels[split]) for split in series}


def _adding():
    return probes.adding(length=8, sizes=(64, 16, 16))


def _associative_recall():
    return probes.associative_recall(queries=2, sizes=(64, 16, 16))


def _parity():
    return probes.parity(longest=12, sizes=(64, 16, 16))


def _cut_series(data, ends):
    return {split: [part] for split, part in forecast.cut(data["train"], *ends).items()}


def _sunspots():
    return _cut_series(forecast.sunspots(), (90, 110, 130))


def _laser():
    return _cut_series(forecast.laser(), (90, 110, 130))


def _sf_temperature():
    return _cut_series(forecast.sf_temperature(), (120, 170, 220))


def _char_lm():
    return _parts(text.english()["train"], (1000, 200, 200))


def _translate_en_es():
    return _parts([item for item in pairs.verses()["train"][:900] if len(item[0]) < 60], (32, 8, 8))


def _word_lm():
    return _parts(text.english()["train"], (3000, 400, 400))


def _g2p():
    words = [item for item in pairs.g2p()["train"][:400] if len(item[0]) < 9]
    return _parts(words, (48, 16, 16))


def train(name, folder):
    """Train one epoch into `folder` and write the card, as `zoo train` does."""
    run = training.fit(recipe(name, epochs=1), data=data(name), out=folder, bar=False)
    card = cards.make(recipe(name), run.model, run.spec, run.data, run.history, 0)
    store.write_card(folder, card)
    return folder
