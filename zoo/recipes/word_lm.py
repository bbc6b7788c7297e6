"""A word language model: the next word at every step, and texts continued.

zoo train word_lm --backend tensorflow
zoo train word_lm --data novel.txt      on your own text

A fiftieth of the rows forgets its state before each batch (Melis et al. 2018). Without, training
begins from zeros 20 times an epoch only, and a text that begins in the middle of a sentence could
lead the state where it had never been: one row of 20 stayed there, 24 nats a word, and the model
whose other rows had a perplexity of 40 came to 105.
"""

from zoo.data import text
from zoo.models.language_model import language_model
from zoo.registry import Fit, Recipe, register
from zoo.tasks import continue_text


def load(path=None):
    return text.english() if path is None else text.read_text(path)


def baseline(data, spec):
    """Perplexity of an interpolated trigram on the same words."""
    return continue_text.ngram_score(data, spec, order=3)["perplexity"]


register(
    Recipe(
        name="word_lm",
        architecture="many_to_many_aligned",
        summary="next word of English text; continues a prefix",
        task=continue_text,
        builder=language_model,
        load=load,
        options=dict(
            cell="lstm",
            units=384,
            embedding=192,
            dropout=0.15,
            weight_drop=0.25,
            word_dropout=0.05,
        ),
        sizes=dict(vocabulary=6160),
        fit=Fit(
            epochs=6,
            batch_size=20,
            steps=35,
            learning_rate=2e-3,
            schedule="cosine",
            forget=0.02,
            minimum_frequency=4,
            source="words",
            lowercase=False,
        ),
        metric="perplexity",
        baseline=baseline,
        baseline_name="interpolated trigram",
        data_name="english",
        own_data="a UTF-8 text",
    )
)
