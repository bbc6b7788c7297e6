"""A character language model: the next character at every step, and texts continued.

    zoo train char_lm                       about 6 minutes on two cores
    zoo train char_lm --data time.txt       on your own text
    zoo train char_lm --cell lstm

As specified: one-hot characters, a simple RNN with 256 units, batch 32, 35 steps, the state carried
from batch to batch, the gradient cut there. The text is public-domain English scripture.
"""

import itertools
from collections import Counter

import numpy as np

from zoo.data import text
from zoo.models.many_to_many_aligned import many_to_many_aligned
from zoo.registry import Fit, Recipe, register
from zoo.tasks import continue_text


def load(path=None):
    return text.english() if path is None else text.read_text(path)


def baseline(data, spec):
    """Bits per character of a bigram table: P(next | last), one added to each count."""
    train, test = data["train"], data["test"]
    pairs, firsts = Counter(itertools.pairwise(train)), Counter(train)
    known = len(firsts) + 1
    bits = [-np.log2((pairs[a, b] + 1) / (firsts[a] + known)) for a, b in itertools.pairwise(test)]
    return float(np.mean(bits))


register(
    Recipe(
        name="char_lm",
        architecture="many_to_many_aligned",
        summary="next character of English text; continues a prefix",
        task=continue_text,
        builder=many_to_many_aligned,
        load=load,
        options=dict(cell="simple_rnn", units=256, embedding="one_hot"),
        sizes=dict(vocabulary=76, classes=76),
        fit=Fit(
            epochs=4,
            batch_size=32,
            steps=35,
            learning_rate=2e-3,
            schedule="cosine",
            minimum_frequency=5,
        ),
        metric="bits per character",
        baseline=baseline,
        baseline_name="character bigrams",
        data_name="english",
        own_data="a UTF-8 text",
    )
)
