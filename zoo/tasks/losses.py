"""The two losses of the tasks, each a mean over what is weighted.

Keras divides by the sum of the weights as they are given, so weights have the loss's full shape.
"""

import keras


def cross_entropy(model):
    """Of logits against class or token ids."""
    return keras.losses.SparseCategoricalCrossentropy(
        from_logits=True, reduction="mean_with_sample_weight"
    )


def squared_error(model):
    """Of real values."""
    return keras.losses.MeanSquaredError(reduction="mean_with_sample_weight")
