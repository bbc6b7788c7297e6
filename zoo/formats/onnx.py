"""ONNX, from whichever backend is running: native recurrent nodes, open batch and time."""

from pathlib import Path

from zoo.errors import InputError, missing, one_line

SUFFIX = ".onnx"


def write(model, path, names=(None, None)):
    """Write one `.onnx` file. Raises `InputError` before that, naming the layer in the way.

    names: of the inputs and of the outputs, where they are not to be Keras's.
    """
    _runtime()
    from zoo.formats.onnx_graph import convert

    Path(path).write_bytes(convert(model, *names).SerializeToString(deterministic=True))


def outputs(path, inputs):
    """The outputs of the file by ONNX Runtime on the CPU, a list of arrays."""
    return opened(path)(inputs)


def opened(path):
    """The file as a function from a list of arrays to a list of arrays."""
    session = open_session(path)
    names = [tensor.name for tensor in session.get_inputs()]
    return lambda inputs: session.run(None, dict(zip(names, inputs, strict=True)))


def open_session(path):
    """An `onnxruntime.InferenceSession`. Raises `InputError` for a file that is none."""
    runtime = _runtime()
    try:
        return runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime has a dozen of its own, with no parent in common
        raise InputError(
            f"{str(path)!r} cannot be read as ONNX: {one_line(error)}: export it again"
        ) from error


def _runtime():
    try:
        import onnx  # noqa: F401
        import onnxruntime
    except ImportError as error:
        raise missing(error.name or "onnx", "onnx") from error
    return onnxruntime
