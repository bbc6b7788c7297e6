"""A model that remembers its state from batch to batch: what truncated backpropagation trains."""

import keras
import numpy as np
from keras import ops

from zoo.layers.recurrent import register
from zoo.models.carry import Carry, as_inputs, carriers, check_causal, like, state_types


@register
class Remember(Carry):
    """A model called from the state that its last call ended with; zeros to begin with.

    model: a causal model; rows: B, the same in every batch. The state is no part of what is
    learned: the gradient is cut between two calls (Williams & Peng 1990, truncated
    backpropagation through time).
    """

    def __init__(self, model, rows, **kwargs):
        super().__init__(model, **kwargs)
        self.rows = rows

    def build(self, input_shape):
        shapes = [s for layer in carriers(self.model) for s in layer.state_shapes]
        self.state = [
            self.add_weight((self.rows, *s[1:]), "zeros", trainable=False, name=f"state{k}")
            for k, s in enumerate(shapes)
        ]
        self.built = True

    def call(self, inputs, training=None):
        # A copy, since the variable changes before the backward pass reads where it began.
        kinds = state_types(self.model)
        start = [ops.copy(ops.cast(s, k)) for s, k in zip(self.state, kinds, strict=True)]
        outputs, final = super().call(inputs, start, training=training)
        for variable, value in zip(self.state, final, strict=True):
            variable.assign(ops.stop_gradient(ops.cast(value, variable.dtype)))
        return outputs

    def compute_output_spec(self, inputs, training=None):
        return self.model(inputs)

    def get_config(self):
        return super().get_config() | {"rows": self.rows}

    @classmethod
    def from_config(cls, config):
        model = keras.saving.deserialize_keras_object(config.pop("model"))
        return cls(model, config.pop("rows"), **config)


class Remembering:
    """`model` for training in the order of a long sequence, B = `rows` pieces side by side.

    `trained` is a `keras.Model` with the same inputs, outputs and weights, to be compiled and
    called on batch after batch; `forget` starts again from zeros. Raises `InputError` as
    `carried_model` does.

    >>> import numpy as np
    >>> from zoo.models.many_to_many_aligned import many_to_many_aligned
    >>> model = many_to_many_aligned(features=1, outputs=1, cell="gru", units=4)
    >>> again, x = Remembering(model, rows=2), np.ones((2, 3, 1), "float32")
    >>> first, second = (again.trained.predict_on_batch(x) for _ in range(2))
    >>> again.forget()
    >>> bool((first != second).any()), bool((again.trained.predict_on_batch(x) == first).all())
    (True, True)
    """

    def __init__(self, model, rows):
        check_causal(model)
        inputs = as_inputs(model, like(model.inputs))
        self.layer = Remember(model, rows, name="remember")
        self.trained = keras.Model(inputs, self.layer(inputs), name=f"{model.name}_remembering")

    def forget(self, rows=None):
        """Zeros again: everywhere, or in the rows where `rows` (B,) is True."""
        state = self.kept()
        for tensor in state:
            tensor[slice(None) if rows is None else rows] = 0
        self.restore(state)

    def kept(self):
        """The state as NumPy arrays, for `restore`."""
        return [np.array(ops.convert_to_numpy(s)) for s in self.layer.state]

    def restore(self, state):
        """Go back to a state that was `kept`."""
        for variable, value in zip(self.layer.state, state, strict=True):
            variable.assign(value)
