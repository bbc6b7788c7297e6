"""`spam` by an RG-LRU: no gate sees the state, so all words of a mail are read at once.

    zoo train spam_rg_lru

Two layers deep, so that the upper gates know what came before. Data, baseline, readout and how it
is trained are those of `spam`, and so is the number of parameters. Of the cells without a
sequential wall it is the one that does well here (docs/parallel.md): the states of a minGRU and a
minLSTM stay positive, and dropout before the head makes noise of it.
"""

from dataclasses import replace

from zoo.recipes.spam import spam
from zoo.registry import register

register(
    replace(
        spam,
        name="spam_rg_lru",
        summary="spam or not, by a recurrence whose gates see the words alone",
        options={**spam.options, "cell": "rg_lru", "units": 54, "layers_": 2},
        limits="",
    )
)
