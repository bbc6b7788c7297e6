"""What a model that generates gives a file besides its outputs: parts, and whole compiled loops.

The loops are those of `zoo.engine`, with sizes that are open: batch, time and steps.
"""

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from zoo.engine import beam, generate, rollout
from zoo.engine.beams import no_beams
from zoo.engine.checks import check_width
from zoo.errors import InputError
from zoo.formats.names import encoder_and_decoder, input_names, output_names, parts, unique
from zoo.formats.saved_model import SIGNATURES
from zoo.heads import head_from
from zoo.models.carry import as_inputs, carried_model, initial_state
from zoo.models.step import carried_step, decoder_step, encode_step, kept, window_step

STEPS = {"steps": ((), "int32")}


@dataclass(frozen=True)
class Program:
    """`function`, from tensors by name to tensors by name, and {name: (shape, dtype)} it reads."""

    inputs: dict
    function: Callable
    variables: list


def whole(model, names=None) -> Program:
    """The model itself. names: of its inputs and of its outputs, by default Keras's."""
    reads, gives = map(unique, names or (input_names(model), output_names(model)))

    def function(tensors):
        outputs = model(as_inputs(model, [tensors[name] for name in reads]), training=False)
        return dict(zip(gives, keras.tree.flatten(outputs), strict=True))

    return Program(_specs(model, reads), function, model.variables)


def _specs(model, names):
    pairs = zip(names, model.inputs, strict=True)
    return {name: (tuple(tensor.shape), str(tensor.dtype)) for name, tensor in pairs}


def programs(model, decoding) -> dict:
    """{name: Program} of an encoder-decoder, a language model or a forecaster.

    `encode` and `decode`, or `step`: its parts (`zoo.formats.names.parts`), alone where `decoding`
    is None; `generate` and `beam_search`, or `rollout`: its whole decoding; `sample`: the same with
    uniform numbers between 0 and 1 that the caller draws.

    Raises `InputError` for a model that generates nothing, and for a beam wider than a vocabulary.
    """
    made = {SIGNATURES[name]: whole(part, names) for name, part, names in parts(model)}
    if decoding is None:
        return made
    if encoder_and_decoder(model):
        return made | _written(model, decoding)
    _check_one(model)
    if "int" in str(model.inputs[0].dtype):
        return made | _continued(model, decoding)
    return made | _forecast(model, decoding)


def _check_one(model):
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise InputError(
            f"model {model.name!r} has {len(model.inputs)} inputs and {len(model.outputs)} "
            "outputs, expected one of each to decode it: write it without decoding"
        )


def _written(model, decoding):
    """The loops of an encoder-decoder: source, steps -> tokens."""
    encode, step, width = kept(model, encode_step), kept(model, decoder_step), decoding.beam_width
    encoder, _ = encoder_and_decoder(model)
    (source,) = input_names(encoder)
    vocabulary = model.output_shape[-1]
    check_width(width, vocabulary)

    def begun(tensors):
        B = ops.shape(tensors[source])[0]
        return B, ops.full((B,), decoding.begin, "int32"), encode(tensors[source])

    def greedy(tensors):
        _, start, state = begun(tensors)
        return {"tokens": _generated(step, start, state, tensors["steps"], decoding, {})}

    def search(tensors):
        B, start, state = begun(tensors)
        carry = _opened(no_beams(1, width, 1, decoding.pad), (B, width, tensors["steps"]))
        options = {
            "steps": tensors["steps"],
            "end": np.int32(-1 if decoding.end is None else decoding.end),
            "alpha": np.float32(decoding.length_penalty),
            "pad": np.int32(decoding.pad),
        }
        found = beam.program(step, width)((np.int32(0), start, state, *carry), options)
        tokens, scores, _, lengths = found
        return {"tokens": tokens, "scores": scores, "lengths": lengths}

    inputs, variables = _specs(encoder, [source]) | STEPS, model.variables
    return {
        "generate": Program(inputs, greedy, variables),
        "beam_search": Program(inputs, search, variables),
    }


def _opened(carry, sizes):
    """A loop's first carry, made for one row and one step, at sizes that are tensors."""
    return keras.tree.map_structure(lambda x: ops.broadcast_to(x, sizes[: x.ndim]), carry)


def _generated(step, start, state, steps, decoding, options):
    options = options | {"steps": steps, "pad": np.int32(decoding.pad)}
    if decoding.end is not None:
        options["end"] = np.int32(decoding.end)
    if decoding.allowed is not None:
        options["bias"] = np.where(decoding.allowed, 0, -np.inf).astype("float32")
    rows = _opened(generate.first_rows(1, 1, decoding.pad), (ops.shape(start)[0], steps))
    return generate.program(step, None)((np.int32(0), start, state, rows), options)["tokens"]


def _continued(model, decoding):
    """The loops of a language model: prefixes (B, T), padded behind, steps -> tokens."""
    stepwise, step = kept(model, carried_model), kept(model, carried_step)
    (name,) = input_names(model)

    def begun(tokens):
        """The last token of each prefix, and the state before it."""
        real = ops.cast(ops.not_equal(tokens, decoding.pad), "int32")
        last = ops.maximum(ops.sum(real, axis=1, keepdims=True) - 1, 0)
        earlier = ops.arange(ops.shape(tokens)[1], dtype="int32") < last
        before = ops.where(earlier, tokens, decoding.pad)
        _, *state = stepwise([before, *initial_state(model, ops.shape(tokens)[0])], training=False)
        return ops.take_along_axis(tokens, last, axis=1)[:, 0], state

    def greedy(tensors):
        steps = tensors["steps"]
        return {"tokens": _generated(step, *begun(tensors[name]), steps, decoding, {})}

    def sample(tensors):
        uniform = tensors["uniform"]
        drawn = {
            # A temperature of zero takes the likeliest, as `generate` does.
            "temperature": ops.maximum(tensors["temperature"], 1e-30),
            "uniforms": ops.minimum(uniform, 1 - 2.0**-22),
        }
        steps = ops.shape(uniform)[1]
        return {"tokens": _generated(step, *begun(tensors[name]), steps, decoding, drawn)}

    prefix, drawn = _specs(model, [name]), {"uniform": ((None, None), "float32")}
    temperature = {"temperature": ((), "float32")}
    return {
        "generate": Program(prefix | STEPS, greedy, stepwise.variables),
        "sample": Program(prefix | drawn | temperature, sample, stepwise.variables),
    }


def _forecast(model, decoding):
    """The loops of a forecaster: a window (B, W, F + E) and what is known of later steps.

    The last row's own value, and the later ones' E values beside theirs, are what the first step
    and those behind it read.
    """
    (name,), head = input_names(model), decoding.head and head_from(decoding.head)
    width, size = model.inputs[0].shape[-1], model.output_shape[-1]
    F = size // head.size(1) if head else size
    if width < F or (head and size != head.size(F)):
        raise InputError(
            f"model {model.name!r} reads {width} values and outputs {size}, expected outputs that "
            f"are {F} of those values: only a model that forecasts its own input can be rolled out"
        )
    begun, step = _window(model) if decoding.window else _carried(model)

    def roll(tensors):
        first, state = begun(tensors[name])
        return {"values": rollout.program(step, head)(first[:, :F], state, [_beside(tensors)])}

    def _beside(tensors):
        if "exogenous" in tensors:
            return tensors["exogenous"]
        return ops.zeros((ops.shape(tensors[name])[0], tensors["steps"], 0))

    def sample(tensors):
        uniform = tensors["uniform"]
        B, paths, steps, count = ops.shape(uniform)
        beside = _beside(tensors | {"steps": steps})
        rows = [*begun(tensors[name]), beside]
        first, state, beside = keras.tree.map_structure(lambda x: ops.repeat(x, paths, 0), rows)
        uniform = ops.reshape(uniform, (B * paths, steps, count))
        values = rollout.program(step, head)(first[:, :F], state, [beside, uniform])
        return {"values": ops.reshape(values, (B, paths, steps, F))}

    window = {name: ((None, decoding.window, width), "float32")}
    beside = {"exogenous": ((None, None, width - F), "float32")} if width > F else {}
    made = {"rollout": Program(window | (beside or STEPS), roll, model.variables)}
    if head:
        uniform = {"uniform": ((None, None, None, F * head.draws), "float32")}
        made["sample"] = Program(window | beside | uniform, sample, model.variables)
    return made


def _window(model):
    """(window -> first input and state, step) of a model that reads a window anew each time."""

    def begun(x):
        return x[:, -1], ops.concatenate([x[:, :1], x[:, :-1]], axis=1)

    return begun, kept(model, window_step)


def _carried(model):
    """(window -> first input and state, step) of a model whose state is carried."""
    stepwise = kept(model, carried_model)

    def begun(x):
        _, *state = stepwise([x[:, :-1], *initial_state(model, ops.shape(x)[0])], training=False)
        return x[:, -1], state

    return begun, kept(model, carried_step)
