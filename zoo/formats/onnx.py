"""ONNX, from whichever backend is running: native recurrent nodes, open batch and time."""

from pathlib import Path

from zoo.errors import InputError, missing, one_line


def write(model, path, names=(None, None)):
    """Write one `.onnx` file. Raises `InputError` before that, naming the layer in the way.

    names: of the inputs and of the outputs, where they are not to be Keras's.
    """
    _runtime()
    from zoo.formats.onnx_graph import convert

    Path(path).write_bytes(convert(model, *names).SerializeToString(deterministic=True))


def outputs(path, inputs):
    """The outputs of the file by ONNX Runtime on the CPU: one array, or a list of them."""
    session = open_session(path)
    names = [tensor.name for tensor in session.get_inputs()]
    found = session.run(None, dict(zip(names, inputs, strict=True)))
    return found[0] if len(found) == 1 else found


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
