"""Cantonese cut into words: characters in, for each one its place in a word out.

    zoo train segment_cantonese                       about a minute on one core
    zoo train segment_cantonese --data cut.txt        on your own sentences, words between spaces
    zoo predict segment_cantonese 佢琴日去咗Hong Kong睇戲

The data are the Hong Kong Cantonese Corpus, conversations and radio programmes of 1997-98. An
utterance that is said often is kept once; whole recordings are held out.

A character's vector stands beside those of the pairs that it makes with its neighbours, which do
most (Ma, Ganchev and Weiss 2018): F1 on the validation split is 0.933 without and 0.947 with them.
With pairs three epochs are best, since they are soon known by heart.
"""

from zoo.data import segmented
from zoo.layers import bmes_transitions
from zoo.metrics import word_spans
from zoo.models.many_to_many_aligned import many_to_many_aligned
from zoo.registry import Fit, Recipe, register
from zoo.tasks import segment


def load(path=None):
    return segmented.cantonese() if path is None else segmented.read_segmented(path)


def baseline(data, spec):
    """F1 of longest match: at each place the longest word of training that fits."""
    words = {word for _, words in data["train"] for word in words}
    longest = max(map(len, words))
    cut = [_longest_match(text, words, longest) for text, _ in data["test"]]
    return word_spans(cut, [truth for _, truth in data["test"]])["word F1"]


def _longest_match(text, words, longest):
    found = []
    for run in text.split():
        start = 0
        while start < len(run):
            first = segmented.units(run[start:])[0].end()  # a word that nobody knows is one unit
            sizes = range(min(longest, len(run) - start), first, -1)
            size = next((n for n in sizes if run[start : start + n] in words), first)
            found.append(run[start : start + size])
            start += size
    return found


register(
    Recipe(
        name="segment_cantonese",
        architecture="many_to_many_aligned",
        summary="words of a Cantonese text, which is written without spaces",
        task=segment,
        builder=many_to_many_aligned,
        load=load,
        options=dict(
            cell="lstm",
            units=128,
            embedding=64,
            direction="bidirectional",
            dropout=0.5,
            pairs=(30_000, 32),
            crf=True,
            allowed=tuple(rule.tolist() for rule in bmes_transitions(segment.TAGS)),
        ),
        sizes=dict(vocabulary=1_700, classes=4),
        fit=Fit(
            epochs=3,
            batch_size=32,
            learning_rate=2e-3,
            schedule="cosine",
            keep="last",
            minimum_frequency=2,
            boundaries=(12, 24, 48, 140),
        ),
        metric="word F1",
        baseline=baseline,
        baseline_name="longest match",
        data_name="cantonese",
        own_data="a UTF-8 text of one sentence a line, with a space between two words",
        limits="Cuts words as its corpus does: Hong Kong conversations of 1997-98",
    )
)
