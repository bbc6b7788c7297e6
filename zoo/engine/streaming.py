"""Streaming: a causal model one piece at a time, its state in the caller's hand."""

from functools import cached_property

import numpy as np
from keras import ops, tree

from zoo import backends
from zoo.engine.freeing import check_by_running, freed
from zoo.errors import InputError
from zoo.models.carry import carried_model, initial_state
from zoo.models.step import step_of


class Stream:
    """A model that is fed piece by piece and remembers where it was.

    Call it with the next piece of every row, (B, T) tokens or (B, T, F) values, T from one step
    up (a list of such arrays for a model with several inputs); it returns the model's output for
    that piece as a NumPy array, or a list of them. A model with one output in all gives the one
    that it would give if the rows ended there. Whole = step by step = in chunks.

    `model` is the Keras model behind it: [*inputs, *state] -> [*outputs, *new state]; `step` the
    same for the decoders, one step at a time.

    >>> import numpy as np
    >>> from zoo.registry import create_model
    >>> stream = streaming(create_model("sine_to_cosine"), batch_size=2)
    >>> stream(np.zeros((2, 1, 1), "float32")).shape
    (2, 1, 1)
    """

    def __init__(self, model, batch_size=1):
        if not isinstance(batch_size, (int, np.integer)) or batch_size < 1:
            raise InputError(f"batch_size is {batch_size!r}, expected a whole number of at least 1")
        free = freed(model)
        self.model, self.batch_size = carried_model(free), int(batch_size)
        self._source, self._count = free, len(free.outputs)
        variables = self.model.variables
        self._run = backends.compiled(backends.stepwise(self._piece, variables), variables)
        check_by_running(model, free, self._run, self.batch_size)
        self.reset()

    def _piece(self, inputs, state):
        inputs = [ops.convert_to_tensor(x) for x in inputs]
        results = self.model([*inputs, *state], training=False)
        return list(results[: self._count]), list(results[self._count :])

    @cached_property
    def step(self):
        """The `Step` (inputs (B,) or (B, F), state) -> (outputs, state) of a model with one input
        and one output: what `zoo.rollout`, `generate` and `beam_search` drive, from `zeros`."""
        if len(self._source.inputs) != 1 or self._count != 1:
            raise InputError(
                f"model {self._source.name!r} has {len(self._source.inputs)} inputs and "
                f"{self._count} outputs, expected one of each: drive its `model` yourself"
            )
        return step_of(self.model)

    def zeros(self, batch_size=None):
        """The state before the first piece: a list of (B, U)."""
        return initial_state(self._source, batch_size or self.batch_size)

    def reset(self):
        """Forget everything: the state is zero again."""
        self._state = self.zeros()

    @property
    def state(self):
        """The state now, a list of (B, U) as NumPy arrays."""
        return [np.array(ops.convert_to_numpy(s)) for s in self._state]

    def snapshot(self):
        """The state now, to come back to with `restore`; it may be saved as any arrays."""
        return self.state

    def restore(self, snapshot):
        """Go on from a `snapshot`, of this or another stream of the same model and batch size."""
        expected = [tuple(s.shape) for s in self._state]
        given = [np.shape(s) for s in snapshot]
        if given != expected:
            raise InputError(
                f"the snapshot has shapes {given}, expected {expected}: "
                "take it from a stream of the same model and batch size"
            )
        kinds = [s.dtype for s in self._state]
        pairs = zip(snapshot, kinds, strict=True)
        self._state = [ops.cast(ops.convert_to_tensor(np.array(s)), kind) for s, kind in pairs]

    def __call__(self, piece):
        pieces = self._checked(piece)
        outputs, self._state = self._run(pieces, self._state)
        outputs = [ops.convert_to_numpy(x) for x in outputs]
        return outputs[0] if self._count == 1 else outputs

    def _checked(self, piece):
        """The piece as a list of arrays, one for each input."""
        inputs = self._source.inputs
        pieces = [np.asarray(x) for x in (tree.flatten(piece) if len(inputs) > 1 else [piece])]
        if len(pieces) != len(inputs):
            raise InputError(f"the piece has {len(pieces)} arrays, expected {len(inputs)}")
        for x, tensor in zip(pieces, inputs, strict=True):
            fits = x.ndim == len(tensor.shape) and all(
                n in (None, size) for size, n in zip(x.shape, tensor.shape, strict=True)
            )
            if not fits or x.shape[0] != self.batch_size or 0 in x.shape:
                expected = (self.batch_size, "T", *tensor.shape[2:])[: len(tensor.shape)]
                raise InputError(
                    f"the piece has shape {x.shape}, expected "
                    f"({', '.join(map(str, expected))}): batch, steps of at least one, features"
                )
        return [x.astype(t.dtype) for x, t in zip(pieces, inputs, strict=True)]


def streaming(model, batch_size=1) -> Stream:
    """A `Stream` over any causal Keras model, functional or Sequential, its weights shared.

    model: built of `SimpleRNN`, `LSTM`, `GRU`, `RNN` over stock cells or cells of your own, causal
    `Conv1D`, and layers that treat each step by itself; stock recurrent layers run on the zoo's
    fast loops. Fixed numbers of steps, `stateful=True` and models inside models are fine. Where a
    layer is not known to treat each step by itself, whole and pieces are run on random numbers and
    compared before the stream is handed out. batch_size: B of every piece.

    Raises `InputError` that names the layer of a model that is not causal (a backward or
    bidirectional layer, attention, pooling over time), a layer used twice, or an initial state that
    the model computes.

    >>> import keras
    >>> lstm = keras.layers.LSTM(4, return_sequences=True)
    >>> model = keras.Sequential([keras.Input((10, 3)), lstm, keras.layers.Dense(1)])
    >>> stream = streaming(model)
    >>> x = np.ones((1, 10, 3), "float32")
    >>> parts = [stream(x[:, :4]), stream(x[:, 4:5]), stream(x[:, 5:])]
    >>> bool(np.allclose(np.concatenate(parts, 1), model.predict_on_batch(x), atol=1e-5))
    True
    """
    return Stream(model, batch_size)
