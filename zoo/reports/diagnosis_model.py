"""The gradient flow through the recurrent layers of a whole model, on what they really read."""

import contextlib
from pathlib import Path

import keras
import numpy as np
from keras import ops

import zoo.models.step  # noqa: F401  registers every class that a file may name
from zoo import predictor
from zoo.errors import InputError
from zoo.reports.diagnosis import LEAST_STEPS, ROWS, new_weights, row


def model_rows(name, steps=100, seeds=3):
    """Rows (`diagnosis.row`) for each recurrent layer of a model, as initialised and as trained.

    name: a shipped model, a run folder, or a `.keras` file; T = at most `steps`.

    The layers of a trained recipe read what they read on the longest sequences of the test split:
    its real steps only, and from the state that the model gives them. T is then the length that
    `ROWS` sequences reach, or all where there are fewer. A `.keras` file brings no data: its
    layers read random numbers from the normal distribution. Each layer by itself, each direction
    too. Yields the rows, the initial weights of all layers first.

    Raises `InputError` where there is no such model, or no recurrent layer in it, or nothing that
    is `LEAST_STEPS` long.
    """
    if Path(name).suffix == ".keras":
        return _file_rows(Path(name), steps, seeds)
    return _recipe_rows(predictor.load(name), steps, seeds)


def recurrent_layers(model):
    """The recurrent layers inside `model`, at any depth, in order; `InputError` for none."""
    inside = model._flatten_layers(include_self=False)
    found = [layer for layer in dict.fromkeys(inside) if isinstance(layer, keras.layers.RNN)]
    if not found:
        raise InputError(
            f"model {model.name!r} has no recurrent layer, expected one through which a gradient "
            "flows over time: choose another model"
        )
    return found


def _recipe_rows(loaded, steps, seeds):
    recurrent_layers(loaded.model)  # before any data are read
    recipe, spec = loaded.recipe, loaded.spec
    inputs, weights = _longest(recipe.task, loaded.data()["test"], spec, recipe.fit, steps)

    def initial(seed):
        with new_weights(seed):
            return recipe.build(**recipe.task.sizes(spec))

    def subjects(models):
        return [list(_subjects(model, inputs, weights, steps)) for model in models]

    kinds = {"initial": map(initial, range(seeds)), "trained": [loaded.model]}
    for kind, models in kinds.items():
        for layers in zip(*subjects(models), strict=True):
            yield row(layers, **_said(layers[0][0], kind, loaded.name))


def _said(layer, weights, model):
    return {
        "name": layer.path.removeprefix(f"{model}/"),
        "cell": getattr(layer, "kind", None) or type(layer).__name__,
        "weights": weights,
        "model": model,
    }


def _longest(task, split, spec, fit, steps):
    """(inputs, weights) of the batch with the longest sequences.

    Of a model that carries its state, batches go on in time, and enough of them are joined.
    """
    batches = list(task.batches(split, spec, fit, shuffle=False))
    if not getattr(task, "carried", False):
        length = [
            (np.shape(w)[1:] or np.shape(_last(x))[1:2], (w > 0).sum()) for x, _, w in batches
        ]
        inputs, _, weights = batches[max(range(len(batches)), key=length.__getitem__)]
        return inputs, weights
    enough = batches[: -(-steps // np.shape(batches[0][0])[1])]
    inputs, weights = ([batch[k] for batch in enough] for k in (0, 2))
    return np.concatenate(inputs, axis=1), np.concatenate(weights, axis=1)


def _last(inputs):
    return inputs[-1] if isinstance(inputs, list) else inputs


def _subjects(model, inputs, weights, steps):
    """(layer, x, initial state) for each recurrent layer that `model` calls on `inputs`."""
    with _watched(recurrent_layers(model)) as calls:
        model(inputs, training=False)
    for layer, (x, state, mask) in calls.items():
        x = ops.convert_to_numpy(x)
        state = None if state is None else [ops.convert_to_numpy(s) for s in state]
        if mask is not None:
            real = ops.convert_to_numpy(mask)
        else:  # weights by step say what is real; others stand for whole rows
            real = np.ones(x.shape[:2], bool)
            real &= weights > 0 if weights.shape == real.shape else _column(weights) > 0
        yield (layer, *_real_steps(layer, x, state, real, steps))


def _column(weights):
    return weights.reshape(len(weights), -1).max(axis=1, keepdims=True)


@contextlib.contextmanager
def _watched(layers):
    """{layer: (x, initial state, mask)} of the first call of each layer inside.

    The layers themselves are asked, since a tensor inside a model that is inside another has no
    public name. Past Keras's tracking of attributes, and undone at the end.
    """
    calls = {}

    def watch(layer):
        call = layer.call

        def watching(sequences, initial_state=None, mask=None, **options):
            calls.setdefault(layer, (sequences, initial_state, mask))
            return call(sequences, initial_state=initial_state, mask=mask, **options)

        vars(layer)["call"] = watching

    try:
        for layer in layers:
            watch(layer)
        yield calls
    finally:
        for layer in layers:
            vars(layer).pop("call", None)


def _real_steps(layer, x, state, real, steps):
    """The first T real steps that the layer processes, of up to `ROWS` rows, and their state.

    A masked step hands the state on as it is, and the gradient with it, so it is no step at all.
    """
    lengths = real.sum(axis=1)
    rows = np.argsort(-lengths, kind="stable")[:ROWS]
    rows = rows[lengths[rows] >= LEAST_STEPS]
    if not len(rows):
        raise InputError(
            f"layer {layer.name!r} reads {lengths.max()} steps at most, expected {LEAST_STEPS} or "
            "more: choose another model"
        )
    T = min(steps, int(lengths[rows].min()))
    part = slice(-T, None) if layer.go_backwards else slice(T)
    x = np.stack([x[k][real[k]][part] for k in rows])
    return x, None if state is None else [s[rows] for s in state]


def _file_rows(path, steps, seeds):
    model = _read(path)
    for kind in ("initial", "trained"):
        for layer in recurrent_layers(model):
            found = [_random(layer, kind, steps, seed) for seed in range(seeds)]
            yield row(found, **_said(layer, kind, model.name))


def _read(path):
    if not path.exists():
        raise InputError(f"no file {str(path)!r}, expected a saved Keras model: check the path")
    try:
        return keras.models.load_model(path, compile=False)
    except Exception as error:  # a damaged archive, a class of the user's own, a newer Keras
        first = str(error).strip().split("\n")[0]
        raise InputError(
            f"{str(path)!r} is not loaded ({type(error).__name__}: {first}), expected a whole "
            ".keras file of layers that are registered: save it again"
        ) from error


def _random(layer, kind, steps, seed):
    """(layer, x, None), the layer itself or a new one like it, and random numbers for it."""
    shape = layer.get_build_config() or {}
    if "shapes_dict" in shape:
        shape = {"input_shape": shape["shapes_dict"]["sequences_shape"]}
    if kind == "initial":
        with new_weights(seed):
            layer = type(layer).from_config(layer.get_config())
            layer.build(shape["input_shape"])
    features = shape["input_shape"][-1]
    x = np.random.default_rng(seed).normal(size=(ROWS, steps, features)).astype("float32")
    return layer, x, None
