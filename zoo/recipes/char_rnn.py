"""The character model that books begin with: a simple RNN over one-hot characters.

    zoo train char_rnn                      about 11 minutes on two cores
    zoo train char_rnn --data time.txt      on your own text, a "time traveller"

As specified: 256 units, batch 32, 35 steps, the state carried from batch to batch, the gradient cut
there. Data and baseline are those of `char_lm`.
"""

from dataclasses import replace

from zoo.recipes.char_lm import char_lm
from zoo.registry import register

register(
    replace(
        char_lm,
        name="char_rnn",
        summary="next character of English text, by a simple RNN",
        options=dict(cell="simple_rnn", units=256, embedding="one_hot"),
        fit=replace(char_lm.fit, epochs=4, steps=35, learning_rate=2e-3),
    )
)
