"""Is the number of ones so far odd? Bits in, at every step the answer.

    zoo train parity                                about half a minute on one core (JAX)
    zoo predict runs/parity-0 0110100

The smallest probe of state: one bit, which each 1 turns over. Trained on 3 to 40 bits; the split
"longer" has 256. Cells whose gates see the state can do it at any length. A state that is only
scaled by factors of 0 to 1 cannot, in finite precision, with any number of layers: Merrill, Petty
and Sabharwal 2024 ("The illusion of state in state-space models"), Sarrof, Veitsman and Hahn 2024,
Grazzi et al. 2025 ("Unlocking state-tracking in linear RNNs through negative eigenvalues"), as
Beck et al. 2024 ("xLSTM") measure. What each cell does here: docs/probes.md.
"""

from zoo.data import probes
from zoo.models.many_to_many_aligned import many_to_many_aligned
from zoo.registry import Fit, Recipe, register
from zoo.tasks import symbols


def load(path=None):
    return probes.parity()


register(
    Recipe(
        name="parity",
        architecture="many_to_many_aligned",
        summary="whether the ones so far are odd in number",
        task=symbols,
        builder=many_to_many_aligned,
        load=load,
        options=dict(cell="lstm", units=32, layers_=2, embedding=16),
        sizes=dict(vocabulary=3, classes=2),
        fit=Fit(
            epochs=40,
            epoch_batches=50,
            batch_size=64,
            learning_rate=2e-3,
            boundaries=(40,),
            goal=0.99,
        ),
        metric="accuracy",
        baseline=symbols.most_frequent,
        baseline_name="the more frequent answer",
        data_name="parity",
    )
)
