"""From a Keras model to a `.tflite` file, by TensorFlow's converter and on its backend alone.

The converter reads the usual loops over time only where the batch is fixed: a `TensorArray`
becomes a list of tensors whose size it must know. Here a loop is made of plain tensors, with any
batch and any length.
"""

import re
from contextlib import contextmanager

import keras
import tensorflow as tf
from tensorflow.compiler.tf2xla.python import xla
from tensorflow.lite.tools import flatbuffer_utils
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from zoo import backends
from zoo.errors import InputError, one_line
from zoo.formats.limits import refuse
from zoo.formats.names import input_names, output_names, unique
from zoo.formats.ready import on_fast_layers


def convert(model, inputs=None, outputs=None, int8=False) -> bytes:
    """The bytes of the file: inputs and outputs in the model's order, by name in its signature.

    inputs, outputs: names, one for each of the model's, where they are not to be Keras's. int8:
    matrices of 1,024 numbers and more are stored in 8 bits, a scale for each row, and what they are
    multiplied with is rounded to 8 bits in each call (the converter's dynamic range quantisation).
    Biases and smaller matrices stay float, and a tied embedding is stored for each of its two uses.
    """
    inputs = _valid(inputs or input_names(model))
    outputs = _valid(outputs or output_names(model))
    try:
        graph = _function(model, inputs)
        converter = tf.lite.TFLiteConverter.from_concrete_functions([graph], tf.Module())
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        if int8:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        content = converter.convert()
    except Exception as error:  # of the layers, or the converter's own: pages of MLIR
        raise _refusal(model, error) from error
    return _in_order(content, inputs, outputs)


def _valid(names):
    """`names` as TensorFlow takes them, each one once."""
    return unique([re.sub(r"[^\w.]", "_", name).lstrip("_") or "x" for name in names])


def _function(model, inputs):
    """The model as one graph with its weights as constants."""
    model = on_fast_layers(model)
    structure = getattr(model, "_functional", model).input

    def call(*tensors):
        given = keras.tree.pack_sequence_as(structure, list(tensors))
        found = keras.tree.flatten(model(given, training=False))
        return [tf.identity(x) for x in found]

    specs = [
        tf.TensorSpec(tensor.shape, tensor.dtype, name)
        for tensor, name in zip(model.inputs, inputs, strict=True)
    ]
    with backends.looping(recurrence), _new_axes_apart():
        graph = tf.function(call, input_signature=specs, autograph=False).get_concrete_function()
    return convert_variables_to_constants_v2(graph)


@contextmanager
def _new_axes_apart():
    """`x[:, None]` by `expand_dims`: a slice that adds axes the converter often cannot read."""
    sliced = tf.Tensor.__getitem__

    def getitem(x, key):
        key = key if isinstance(key, tuple) else (key,)
        if not any(part is None for part in key):
            return sliced(x, key)
        taken = tuple(part for part in key if part is not None)
        wide, place, new = x.shape.rank - sum(part is not Ellipsis for part in taken), 0, []
        for part in key:
            if part is None:
                new.append(place)
            place += wide if part is Ellipsis else part is None or isinstance(part, slice)
        if any(part is not Ellipsis and part != slice(None) for part in taken):
            x = sliced(x, taken)
        for axis in new:
            x = tf.expand_dims(x, axis)
        return x

    tf.Tensor.__getitem__ = getitem
    try:
        yield
    finally:
        tf.Tensor.__getitem__ = sliced


def recurrence(step, state, inputs, reverse=False):
    """Run `step(state, inputs_t) -> (state, output_t)` over time: see `zoo.backends`."""
    by_time = [tf.transpose(x, [1, 0, *range(2, len(x.shape))]) for x in inputs]
    length, batch = tf.unstack(tf.shape(by_time[0])[:2])
    state = [_wide(tf.convert_to_tensor(s), batch) for s in state]
    outputs = tf.zeros([length, batch, state[0].shape[-1]], state[0].dtype)

    def body(k, outputs, *state):
        t = length - 1 - k if reverse else k
        new, output = step(list(state), [tf.gather(x, t) for x in by_time])
        for one, old in zip(new, state, strict=True):
            one.set_shape(old.shape)
        return k + 1, xla.dynamic_update_slice(outputs, output[None], tf.stack([t, 0, 0])), *new

    start = (tf.constant(0), outputs, *state)
    _, outputs, *state = tf.while_loop(lambda k, *_: k < length, body, start)
    return tf.transpose(outputs, [1, 0, 2]), state


def _wide(state, batch):
    """A state for every row; a caller's may have batch size 1."""
    return tf.broadcast_to(state, [batch, state.shape[-1]]) if state.shape[0] == 1 else state


def _in_order(content, inputs, outputs):
    """The file with its inputs and outputs in the order of the model, not of the alphabet."""
    model = flatbuffer_utils.read_model_from_bytearray(bytearray(content))
    (signature,), graph = model.signatureDefs, model.subgraphs[0]
    given = {part.name.decode(): part.tensorIndex for part in signature.inputs}
    made = {part.name.decode(): part for part in signature.outputs}
    made = [made[f"output_{k}"] for k in range(len(outputs))]
    graph.inputs = [given[name] for name in inputs]
    graph.outputs = [part.tensorIndex for part in made]
    for part, name in zip(made, outputs, strict=True):
        part.name = name.encode()
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def _refusal(model, error):
    """One line of the pages that the converter writes."""
    text = str(error)
    if "TensorList" in text:
        return refuse("litert", "loops", model.name)
    unknown = set(re.findall(r"'tf\.(\w+)' op is neither a custom op nor a flex op", text))
    if unknown:
        return refuse("litert", "operators", model.name, ", ".join(sorted(unknown)))
    said = re.search(r"error: (.*)", text)
    reason = said.group(1) if said else one_line(error)
    return InputError(f"{model.name} cannot be written as litert: {reason}; use another format")
