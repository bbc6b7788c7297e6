"""`spam` by minGRU: no gate sees the state, so all words of a mail are read at once, two layers
deep, so that the upper gates know what came before.

    zoo train spam_min_gru

Data, baseline, readout and how it is trained are those of `spam`, and so is the number of
parameters; beside LSTM, GRU and the other cells: docs/parallel.md.
"""

from dataclasses import replace

from zoo.recipes.spam import spam
from zoo.registry import register

register(
    replace(
        spam,
        name="spam_min_gru",
        summary="spam or not, by a recurrence whose gates see the words alone",
        options={**spam.options, "cell": "min_gru", "units": 58, "layers_": 2},
        limits="",
    )
)
