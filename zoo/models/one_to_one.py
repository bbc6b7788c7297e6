"""One input, one output: y = f(x). The architecture without time, where the zoo begins."""

import keras
from keras import layers

from zoo.models.parts import choose_one, convolutions, head


def one_to_one(
    *,
    image=None,
    features=None,
    classes=None,
    outputs=None,
    units=64,
    hidden=1,
    filters=(16, 32),
    dropout=0.0,
    activation="relu",
    output_activation=None,
    name="one_to_one",
):
    """A model from one image or vector to one label or vector.

    image: (H, W, C) of the input, or features: F of a vector; classes: how many labels, or
    outputs: how many real values, through `output_activation`. An image goes through one
    convolution block for each number in `filters`; then `hidden` dense layers of `units`.

    Input (B, H, W, C) or (B, F); output logits (B, classes) or values (B, outputs). Raises
    `InputError` unless exactly one kind of input and of output is named.

    >>> one_to_one(image=(8, 8, 1), classes=10).output_shape
    (None, 10)
    """
    if choose_one(image=image, features=features) == "image":
        inputs = x = keras.Input(image, name="image")
        for layer in convolutions(filters, dropout):
            x = layer(x)
        x = layers.Flatten(name="flatten")(x)
    else:
        inputs = x = keras.Input((features,), name="vector")
    for k in range(hidden):
        x = layers.Dense(units, activation=activation, name=f"hidden{k}")(x)
        x = layers.Dropout(dropout, name=f"dropout{k}")(x)
    return keras.Model(inputs, head(x, classes, outputs, output_activation), name=name)
