"""Whether an export gives what its model gives: at several batch sizes and lengths, padded rows
included, and on the golden inputs of a shipped model."""

import keras
import numpy as np

SHAPES = ((1, 7), (3, 20), (2, 1))  # (batch, time) to verify at


def verify(model, outputs, cases=None) -> float:
    """The largest difference between a model and `outputs(inputs)`.

    outputs: gives one array, or for a model with several outputs all of them in its order; cases:
    lists of inputs, by default `example_inputs` at every one of `SHAPES`.
    """
    if cases is None:
        cases = [example_inputs(model, batch, time) for batch, time in SHAPES]
    worst = 0.0
    for inputs in cases:
        expected = keras.tree.flatten(as_called(model, inputs))
        worst = float(np.maximum(worst, difference(outputs(inputs), expected)))  # NaN stays NaN
    return worst


def difference(found, expected) -> float:
    """The largest absolute difference of two lists of arrays; infinite for other shapes."""
    found = [np.asarray(x) for x in keras.tree.flatten(found)]
    if [x.shape for x in found] != [np.shape(x) for x in expected]:
        return float("inf")
    worst = 0.0
    for x, y in zip(found, expected, strict=True):
        each = np.abs(x.astype("float64") - np.asarray(y, "float64"))
        worst = float(np.maximum(worst, each.max(initial=0.0)))
    return worst


def as_called(model, inputs):
    """The outputs of the model, by Keras, for a flat list of inputs."""
    if len(inputs) == 1:
        return model.predict_on_batch(inputs[0])
    return model.predict_on_batch(keras.tree.pack_sequence_as(model.input, inputs))


def example_inputs(model, batch, time, seed=0):
    """Random inputs of a model: token ids with padding behind them, lengths, masks, real values."""
    random = np.random.default_rng(seed)
    inputs = []
    for tensor in model.inputs:
        shape = [batch, *(time if size is None else size for size in tensor.shape[1:])]
        if tensor.name == "lengths":
            inputs.append(np.maximum(time - np.arange(batch), 1).astype("int32"))
        elif str(tensor.dtype) == "bool":
            inputs.append(random.random(shape) < 0.7)
        elif "int" in str(tensor.dtype):
            tokens = random.integers(1, _vocabulary(model), shape).astype("int32")
            if len(shape) > 1 and batch > 1 and time > 2:
                tokens[-1, time // 2 :] = 0
            inputs.append(tokens)
        else:
            inputs.append(random.random(shape).astype("float32"))
    return inputs


def _vocabulary(model):
    """How many tokens every embedding of the model knows, 20 at most."""
    sizes = [
        getattr(layer, name, None)
        for layer in model._flatten_layers()
        for name in ("input_dim", "vocabulary")
    ]
    return max(2, min([20, *(size for size in sizes if isinstance(size, int))]))


def golden_cases(model, inputs):
    """Golden inputs at several batch sizes and lengths, padded rows included.

    All rows; the first alone; all in reverse order twice; each at half of its length, and with
    three steps of padding behind.
    """
    cases = [inputs, [x[:1] for x in inputs], [np.concatenate([x[::-1], x]) for x in inputs]]
    if not any(len(t.shape) > 1 and t.shape[1] is None for t in model.inputs):
        return cases
    half = [_timed(model, k, x, _halved) for k, x in enumerate(inputs)]
    more = [_timed(model, k, x, _padded) for k, x in enumerate(inputs)]
    longest = min((x.shape[1] for x in half if x.ndim > 1), default=1)
    for k, tensor in enumerate(model.inputs):
        if tensor.name == "lengths":
            half[k] = np.minimum(half[k], longest)
    return [*cases, half, more]


def _timed(model, k, x, change):
    shape = model.inputs[k].shape
    return change(x) if len(shape) > 1 and shape[1] is None else x


def _halved(x):
    return x[:, : -(-x.shape[1] // 2)]


def _padded(x):
    return np.pad(x, [(0, 0), (0, 3), *[(0, 0)] * (x.ndim - 2)])
