"""Which symbols, in which order? A few among blanks, to be written when they are asked for.

    zoo train selective_copying --cell min_gru      about half a minute on one core (JAX)
    zoo predict runs/selective_copying-0 "..c....a......b........d..e........?????"

A probe of memory whose content decides what is kept: the places are random, so no fixed filter
over time can copy. Feng et al. 2024 ("Were RNNs all we needed?", table 1; 4,096 steps): minLSTM and
minGRU fail with one layer and come near with two and three; Gu and Dao 2023 ("Mamba", table 1):
gates that see the input are what it takes. What each cell does here: docs/probes.md.
"""

from zoo.data import probes
from zoo.models.many_to_many_aligned import many_to_many_aligned
from zoo.registry import Fit, Recipe, register
from zoo.tasks import symbols


def load(path=None):
    return probes.selective_copying()


register(
    Recipe(
        name="selective_copying",
        architecture="many_to_many_aligned",
        summary="symbols among blanks, copied in their order",
        task=symbols,
        builder=many_to_many_aligned,
        load=load,
        options=dict(cell="lstm", units=32, layers_=2, embedding=16),
        sizes=dict(vocabulary=11, classes=8),
        fit=Fit(
            epochs=80,
            epoch_batches=50,
            batch_size=64,
            learning_rate=5e-3,
            boundaries=(40,),
            goal=0.99,
        ),
        metric="accuracy",
        baseline=symbols.most_frequent,
        baseline_name="the most frequent symbol",
        data_name="selective copying",
    )
)
