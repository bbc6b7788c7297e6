"""Streaming: a causal model one piece at a time, its state in the caller's hand."""

import numpy as np

from zoo.models.step import carried_model, zero_state


class Stream:
    """A model that is fed piece by piece and remembers where it was.

    Call it with the next piece of every row, (B, T) tokens or (B, T, F) values, T from one step
    up; it returns the model's output for that piece. Whole = step by step = in chunks, exactly.

    >>> import numpy as np
    >>> from zoo.registry import create_model
    >>> stream = streaming(create_model("sine_to_cosine"), batch_size=2)
    >>> stream(np.zeros((2, 1, 1), "float32")).shape
    (2, 1, 1)
    """

    def __init__(self, model, batch_size=1):
        self.model, self.batch_size = carried_model(model), batch_size
        self._zeros = zero_state(model, batch_size)
        self.reset()

    def reset(self):
        """Forget everything: the state is zero again."""
        self.state = [np.copy(s) for s in self._zeros]

    def snapshot(self):
        """The state now, a list of (B, U), to come back to with `restore`."""
        return [np.copy(s) for s in self.state]

    def restore(self, snapshot):
        """Go on from a `snapshot`."""
        self.state = [np.copy(s) for s in snapshot]

    def __call__(self, piece):
        output, *state = self.model.predict_on_batch([piece, *self.state])
        self.state = [np.asarray(s) for s in state]
        return np.asarray(output)


def streaming(model, batch_size=1) -> Stream:
    """A `Stream` over `model`, weights shared. `InputError` names a layer that is not causal."""
    return Stream(model, batch_size)
