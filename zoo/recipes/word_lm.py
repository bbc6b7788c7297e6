"""A word language model: the next word at every step, and texts continued.

zoo train word_lm --backend tensorflow
zoo train word_lm --data novel.txt      on your own text
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
            dropout=0.1,
            weight_drop=0.2,
            word_dropout=0.05,
        ),
        sizes=dict(vocabulary=6160),
        fit=Fit(
            epochs=3,
            batch_size=20,
            steps=35,
            learning_rate=3e-3,
            schedule="cosine",
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
