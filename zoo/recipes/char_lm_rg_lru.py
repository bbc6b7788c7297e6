"""`char_lm` by a linear recurrence: two Griffin blocks with as many parameters as its LSTM.

    zoo train char_lm_rg_lru                    about as long as char_lm
    zoo train char_lm_rg_lru --data novel.txt   on your own text

De et al. 2024 ("Griffin", section 2) stack these blocks for language models. Data, baseline, and
how it is trained are those of `char_lm`; beside LSTM, GRU and the other cells: docs/parallel.md.
"""

from dataclasses import replace

from zoo.recipes.char_lm import char_lm
from zoo.registry import register

register(
    replace(
        char_lm,
        name="char_lm_rg_lru",
        summary="next character of English text, by a linear recurrence in Griffin's block",
        options=dict(cell="rg_lru", block="griffin", units=144, layers_=2, embedding="one_hot"),
    )
)
