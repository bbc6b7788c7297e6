"""Which value went with this key? Pairs in, then keys, an answer for each.

    zoo train associative_recall                    about half a minute on one core (JAX)
    zoo predict runs/associative_recall-0 "c5a3e0a?"

A probe of a memory that is looked up by content. Ba et al. 2016 ("Using fast weights to attend to
the recent past", table 1; 4 pairs, one query): an LSTM fails with 20 units and succeeds with 50.
Arora et al. 2023 ("Zoology"): a state of fixed size must grow with the pairs that it keeps, and
only mixing that depends on the input does it well. What each cell does here: docs/probes.md.
"""

from zoo.data import probes
from zoo.metrics import accuracy
from zoo.models.many_to_many_aligned import many_to_many_aligned
from zoo.registry import Fit, Recipe, register
from zoo.tasks import symbols


def load(path=None):
    return probes.associative_recall()


def baseline(data, spec):
    """Accuracy of the value of the last pair, whatever the key."""
    last = [text[text.index(probes.ASK) - 2] * len(answer) for text, answer in data["test"]]
    return accuracy("".join(last), "".join(answer for _, answer in data["test"]))


register(
    Recipe(
        name="associative_recall",
        architecture="many_to_many_aligned",
        summary="the value that went with a key",
        task=symbols,
        builder=many_to_many_aligned,
        load=load,
        options=dict(cell="lstm", units=32, layers_=2, embedding=16),
        sizes=dict(vocabulary=13, classes=6),
        fit=Fit(
            epochs=120,
            epoch_batches=50,
            batch_size=64,
            learning_rate=1e-2,
            boundaries=(8,),
            goal=0.99,
        ),
        metric="accuracy",
        baseline=baseline,
        baseline_name="the last value",
        data_name="associative recall",
    )
)
