"""What the tensors of a model are called in a file, and the parts that a decoder drives."""

import keras

from zoo.engine.streaming import streaming
from zoo.errors import InputError
from zoo.models.step import projected, projecting


def check_graph(model):
    """Raise `InputError` unless a model is functional or Sequential, and knows its inputs."""
    if not isinstance(model, keras.Function) and not getattr(model, "_functional", None):
        raise InputError(
            f"model {getattr(model, 'name', model)!r} is a {type(model).__name__} without a graph "
            "of its own, expected a functional or Sequential model that begins with keras.Input: "
            "build it as one"
        )


def input_names(model):
    """The names of the inputs as the layers that make them have them."""
    return [tensor._keras_history.operation.name for tensor in model.inputs]


def output_names(model):
    """The keys of outputs in dictionaries, numbered in lists; else the layers that make them."""
    graph = getattr(model, "_functional", model)
    paths = keras.tree.flatten_with_path(graph.output)
    return [_name(path, tensor) for path, tensor in paths]


def _name(path, tensor):
    if any(isinstance(part, str) for part in path):
        return "".join(map(str, path))
    source, _, index = tensor._keras_history
    inner = getattr(source, "_functional", source)
    return output_names(inner)[index] if isinstance(inner, keras.Function) else source.name


def unique(names):
    """Names in their order, with a number behind each that was there before.

    >>> unique(["lstm", "lstm", "dense"])
    ['lstm', 'lstm_1', 'dense']
    """
    found = []
    for name in names:
        k, new = 0, name
        while new in found:
            k += 1
            new = f"{name}_{k}"
        found.append(new)
    return found


def encoder_and_decoder(model):
    """The two parts of an encoder-decoder, or None for any other model."""
    layers = {layer.name: layer for layer in model.layers}
    if not {"encoder", "decoder"} <= set(layers):
        return None
    return layers["encoder"], layers["decoder"]


def parts(model):
    """What a decoder drives: (name, model, (names of inputs, of outputs)) of each part.

    model: an encoder-decoder, whose parts are its `encoder` (which projects the memory, once) and
    its `decoder`, or any causal model, whose part is its `step`. The state is `state_in0`, ... and
    `state_out0`, ... in each.

    Raises `InputError` for a model that is neither.
    """
    if both := encoder_and_decoder(model):
        ready = projecting(model), projected(both[1])
        return [(part.name, part, _coder_names(part)) for part in ready]
    stepwise = streaming(model).model
    return [("step", stepwise, _carried_names(model, stepwise))]


def _coder_names(part):
    inputs, outputs = input_names(part), output_names(part)
    return [_state(name, "state_in") for name in inputs], [_state(n, "state_out") for n in outputs]


def _state(name, new):
    """The name `state0` or `state0_in` of an encoder or decoder as `new`, with its number."""
    number = name.removeprefix("state").removesuffix("_in")
    return f"{new}{number}" if name.startswith("state") and number.isdigit() else name


def _carried_names(model, stepwise):
    return [
        [*own, *(f"{new}{k}" for k in range(len(tensors) - len(own)))]
        for own, new, tensors in zip(
            (input_names(model), output_names(model)),
            ("state_in", "state_out"),
            (stepwise.inputs, stepwise.outputs),
            strict=True,
        )
    ]
