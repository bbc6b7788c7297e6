"""How a model with thousands of tokens begins: it knows how frequent each of them is.

A bias moves by about one learning rate a step, so a model that begins with none learns the
frequencies through all its layers first, and drives their states into saturation on the way:
`translate_en_es` then stays at the loss of the bare frequencies for hundreds of steps.
"""

import numpy as np

LEAST = 0.1  # a token that training never shows counts as a tenth of one


def logits_bias(model):
    """The bias (V,) of the layer that gives a model's logits: `logits`, or a tied `embedding`."""
    names = {layer.name: layer for layer in model.layers}
    return names.get("logits", names.get("embedding")).bias


def know_frequencies(bias, tokens):
    """Set the variable `bias` (V,) of logits to the log of how frequent each of `tokens` (N,) is.

    >>> import keras
    >>> bias = keras.Variable(np.zeros(3))
    >>> know_frequencies(bias, np.array([0, 0, 2]))
    >>> [round(float(share), 2) for share in np.exp(keras.ops.convert_to_numpy(bias))]
    [0.64, 0.03, 0.33]
    """
    counts = np.bincount(tokens, minlength=bias.shape[0]) + LEAST
    bias.assign(np.log(counts / counts.sum()))
