"""Parts of speech: the Brown Corpus with the 12 universal tags, BiLSTM and CRF.

    zoo train pos_brown --backend jax               about 6 minutes of one core
    zoo train pos_brown --data corpus.conllu        on your own sentences
    zoo predict pos_brown "The cat sat on the mat."

A word is read by its entry in the vocabulary and, through a small convolution, by its characters
(Ma and Hovy 2016); `pos_brown_fine` is the same with the 92 simple tags. Test accuracy with
--seed 0: 0.981, of words that training never had 0.889; the most frequent tag of each word gives
0.941. `python scripts/tagging_heads.py pos_brown softmax` trains it without the CRF.
"""

from zoo.data import conll, tagged
from zoo.models.many_to_many_aligned import many_to_many_aligned
from zoo.registry import Fit, Recipe, register
from zoo.tasks import tag

OPTIONS = dict(
    cell="lstm",
    units=128,
    direction="bidirectional",
    embedding=100,
    character_embedding=32,
    character_units=64,
    dropout=0.3,
    hidden=0.02,
    crf=True,
)
FIT = Fit(
    epochs=6,
    batch_size=32,
    learning_rate=2e-3,
    schedule="cosine",
    keep="last",
    boundaries=(12, 20, 28, 40, 60),
    minimum_frequency=4,
)


def load(path=None, *, column=None):
    return tagged.brown() if path is None else conll.read_tagged(path, column)


RECIPE = register(
    Recipe(
        name="pos_brown",
        architecture="many_to_many_aligned",
        summary="part of speech of every word, 12 universal tags",
        task=tag,
        builder=many_to_many_aligned,
        load=load,
        options=OPTIONS,
        sizes=dict(vocabulary=14481, character_vocabulary=87, word_length=18, classes=12),
        fit=FIT,
        metric="accuracy",
        baseline=tag.most_frequent,
        baseline_name="most frequent tag of each word",
        data_name="brown",
        own_data="sentences with tags: CoNLL-U, or a word and its tag a line and a blank line "
        "between sentences; or a folder of them with train, dev and test in their names",
    )
)
