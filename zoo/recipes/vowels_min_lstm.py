"""`vowels` by minLSTM, two layers deep, so that the upper gates know what came before.

    zoo train vowels_min_lstm
    zoo train vowels_min_lstm --data gestures.ts     on your own series

Data, baseline, readout, noise and how it is trained are those of `vowels`, and so is the number of
parameters; beside LSTM, GRU and the other cells: docs/parallel.md.
"""

from dataclasses import replace

from zoo.recipes.vowels import vowels
from zoo.registry import register

register(
    replace(
        vowels,
        name="vowels_min_lstm",
        summary="speaker of two Japanese vowels, by a recurrence whose gates see the input alone",
        options={**vowels.options, "cell": "min_lstm", "units": 92, "layers_": 2},
    )
)
