"""A character language model: the next character at every step, and texts continued.

    zoo train char_lm --backend torch       about 27 minutes on half a core
    zoo train char_lm --data novel.txt      on your own text

The state is carried from batch to batch and the gradient cut there. The text is public-domain
English scripture.
"""

from zoo.data import text
from zoo.models.many_to_many_aligned import many_to_many_aligned
from zoo.registry import Fit, Recipe, register
from zoo.tasks import continue_text


def load(path=None):
    return text.english() if path is None else text.read_text(path)


def baseline(data, spec):
    """Bits per character of an interpolated 5-gram on the same characters."""
    return continue_text.ngram_score(data, spec, order=5)["bits per character"]


char_lm = register(
    Recipe(
        name="char_lm",
        architecture="many_to_many_aligned",
        summary="next character of English text; continues a prefix",
        task=continue_text,
        builder=many_to_many_aligned,
        load=load,
        options=dict(cell="lstm", units=384, embedding="one_hot"),
        sizes=dict(vocabulary=71, classes=71),
        fit=Fit(
            epochs=3,
            batch_size=32,
            steps=50,
            learning_rate=3e-3,
            schedule="cosine",
            minimum_frequency=5,
            source="characters",
        ),
        metric="bits per character",
        baseline=baseline,
        baseline_name="interpolated 5-gram",
        data_name="english",
        own_data="a UTF-8 text",
    )
)
