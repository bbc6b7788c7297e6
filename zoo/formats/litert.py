"""LiteRT: a `.tflite` file with builtin operators alone, from whichever backend is running."""

from collections import OrderedDict
from pathlib import Path

from zoo.errors import InputError, missing, one_line
from zoo.formats.child import write_by
from zoo.formats.fitting import fitting
from zoo.formats.limits import refuse

SUFFIX = ".tflite"
INT8 = True
KEPT = 8  # so many sets of shapes are kept ready; each has memory of its own


def write(model, path, names=(None, None), int8=False):
    """Write the file; on another backend a child process on TensorFlow does the work.

    names: of the inputs and of the outputs, where they are not to be Keras's; int8: matrices in
    8 bits, a quarter of the size (`zoo.formats.litert_graph` says which).

    Raises `InputError` for a model that TensorFlow's converter refuses, with its reason.
    """
    from zoo import backends

    if any(getattr(layer, "stateful", False) for layer in model._flatten_layers()):
        raise refuse("litert", "state", model.name)
    if backends.name() != "tensorflow":
        write_by("tensorflow", "export", __name__, model, path, names=names, int8=int8)
        return
    from zoo.formats.litert_graph import convert

    Path(path).write_bytes(convert(model, *names, int8=int8))


def outputs(path, inputs):
    """The outputs of the file by LiteRT on the CPU, a list of arrays."""
    return opened(path)(inputs)


def opened(path):
    """Load the file once; a function from the list of inputs to the list of outputs, NumPy all.

    LiteRT plans its memory for the shapes of the inputs: the plans of the last few are kept.

    Raises `InputError` for a file that is none; the function for inputs that do not fit.
    """
    runtime, content = _runtime(), _content(path)
    if not content:
        raise _unreadable(path, "it is empty")
    try:
        first = runtime.Interpreter(model_content=content)
        given, made = first.get_input_details(), first.get_output_details()
    except (ValueError, RuntimeError) as error:
        raise _unreadable(path, one_line(error)) from error
    fit = fitting(path, [_wanted(tensor) for tensor in given])
    places, found = [d["index"] for d in given], [d["index"] for d in made]
    spare, ready = [first], OrderedDict()

    def planned(shapes):
        if len(ready) == KEPT:
            ready.popitem(last=False)
        interpreter = spare.pop() if spare else runtime.Interpreter(model_content=content)
        for place, shape in zip(places, shapes, strict=True):
            interpreter.resize_tensor_input(place, shape)
        interpreter.allocate_tensors()
        ready[shapes] = interpreter
        return interpreter

    def outputs_of(inputs):
        arrays = fit(inputs)
        shapes = tuple([array.shape for array in arrays])
        if shapes in ready:
            interpreter = ready[shapes]
            ready.move_to_end(shapes)
        else:
            interpreter = planned(shapes)
        for place, array in zip(places, arrays, strict=True):
            interpreter.set_tensor(place, array)
        interpreter.invoke()
        return [interpreter.get_tensor(place) for place in found]

    return outputs_of


def _wanted(tensor):
    name = tensor["name"].removeprefix("serving_default_").partition(":")[0]
    sizes = tensor["shape_signature"]
    return name, tensor["dtype"], [None if size < 0 else int(size) for size in sizes]


def _content(path):
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise _unreadable(path, error.strerror) from error


def _unreadable(path, reason):
    return InputError(f"{str(path)!r} cannot be read as LiteRT: {reason}: export it again")


def _runtime():
    try:
        from ai_edge_litert import interpreter
    except ImportError as error:
        raise missing("ai-edge-litert", "litert") from error
    return interpreter
