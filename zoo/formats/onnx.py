"""ONNX, from whichever backend is running: native recurrent nodes, open batch and time."""

from pathlib import Path

from zoo.environment import threads
from zoo.errors import InputError, missing, one_line
from zoo.formats.fitting import fitting

TYPES = {  # ONNX's names of the types that a model may be asked for, and NumPy's
    "tensor(float)": "float32",
    "tensor(int32)": "int32",
    "tensor(int64)": "int64",
    "tensor(bool)": "bool",
}

SUFFIX = ".onnx"
INT8 = True


def write(model, path, names=(None, None), int8=False):
    """Write one `.onnx` file. Raises `InputError` before that, naming the layer in the way.

    names: of the inputs and of the outputs, where they are not to be Keras's; int8: matrices in
    8 bits, a quarter of the size (`zoo.formats.onnx_int8` says which).
    """
    _runtime()
    try:
        from zoo.formats.onnx_graph import convert
        from zoo.formats.onnx_int8 import smaller
    except ImportError as error:
        raise missing(error.name or "onnx", "onnx") from error

    proto = convert(model, *names)
    proto = smaller(proto) if int8 else proto
    Path(path).write_bytes(proto.SerializeToString(deterministic=True))


def outputs(path, inputs):
    """The outputs of the file by ONNX Runtime on the CPU, a list of arrays."""
    return opened(path)(inputs)


def opened(path):
    """Load the file once; a function from the list of inputs to the list of outputs, NumPy all.

    Raises `InputError` for a file that is none; the function for inputs that do not fit.
    """
    session = open_session(path)
    given = session.get_inputs()
    names = [tensor.name for tensor in given]
    found = [tensor.name for tensor in session.get_outputs()]
    sizes = [[n if isinstance(n, int) else None for n in tensor.shape] for tensor in given]
    kinds = [TYPES.get(tensor.type, "float32") for tensor in given]
    fit, run = fitting(path, list(zip(names, kinds, sizes, strict=True))), session.run

    def outputs_of(inputs):
        return run(found, dict(zip(names, fit(inputs), strict=True)))

    return outputs_of


def open_session(path):
    """An `onnxruntime.InferenceSession`. Raises `InputError` for a file that is none."""
    runtime = _runtime()
    options = runtime.SessionOptions()
    # A thread for each core that this process may use; none of them spins while it waits.
    options.intra_op_num_threads = threads()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Matrices in 8 bits become float32 when they are loaded, and not again at each call.
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    try:
        return runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime has a dozen of its own, with no parent in common
        raise InputError(
            f"{str(path)!r} cannot be read as ONNX: {one_line(error)}: export it again"
        ) from error


def version() -> str:
    """The version of the runtime, which is imported with it. Raises `InputError` without one."""
    return _runtime().__version__


def _runtime():
    try:
        import onnxruntime
    except ImportError as error:
        raise missing(error.name or "onnxruntime", "onnx") from error
    return onnxruntime
