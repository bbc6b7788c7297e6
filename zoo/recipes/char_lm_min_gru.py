"""`char_lm` by minGRU in its paper's block, two layers with as many parameters as its LSTM.

    zoo train char_lm_min_gru                    more than twice as long as char_lm on a CPU
    zoo train char_lm_min_gru --data novel.txt   on your own text

In one pass over the text it learns more than LSTM and GRU do (docs/parallel.md, where the other
cells stand too). Data, baseline, and how it is trained are those of `char_lm`. Feng et al. 2024
("Were RNNs all we needed?") train a character model of this kind.
"""

from dataclasses import replace

from zoo.recipes.char_lm import char_lm
from zoo.registry import register

register(
    replace(
        char_lm,
        name="char_lm_min_gru",
        summary="next character of English text, by minGRU in its paper's block",
        options=dict(cell="min_gru", block="minimal", units=158, layers_=2, embedding="one_hot"),
    )
)
