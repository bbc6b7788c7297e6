"""OpenVINO's IR, a folder of `model.xml` and `model.bin`, from whichever backend is running.

The graph is that of the ONNX format in its plain form, since OpenVINO reads less of a recurrent
node than ONNX says: no peepholes, no coupled gates, on the CPU no lengths.
"""

import sys
from contextlib import contextmanager
from pathlib import Path

from zoo.errors import InputError, missing, one_line
from zoo.formats.fitting import fitting
from zoo.formats.limits import refuse

SUFFIX = ""  # a folder
XML = "model.xml"
ACTIVATIONS = {"Sigmoid", "Tanh", "Relu"}  # those that a recurrent node may have
# The numbers that were trained: by itself the plugin may compute in half precision.
EXACT = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}


def write(model, path, names=(None, None)):
    """Write the folder. Raises `InputError` before that for a layer that cannot be converted.

    names: of the inputs and of the outputs, where they are not to be Keras's.
    """
    openvino = _runtime()
    try:
        from zoo.formats.onnx_graph import convert
    except ImportError as error:
        raise missing(error.name or "onnx", "openvino") from error

    proto = convert(model, *names, plain=True)
    for node in proto.graph.node:
        _check(model, node)
    # Not by `openvino.convert_model`, which reports its use over the network.
    graph = openvino.Core().read_model(proto.SerializeToString())
    Path(path).mkdir(parents=True, exist_ok=True)
    openvino.save_model(graph, str(Path(path) / XML), compress_to_fp16=False)


def _check(model, node):
    """Refuse what OpenVINO would leave out of a node in silence, or fail at when it loads it."""
    chosen = next((a.strings for a in node.attribute if a.name == "activations"), [])
    unknown = {name.decode() for name in chosen} - ACTIVATIONS
    if node.op_type == "LSTM" and len(node.input) == 8:
        raise refuse("openvino", "peepholes", model.name)
    if unknown:
        raise refuse("openvino", "activations", model.name, ", ".join(sorted(unknown)))


def outputs(path, inputs):
    """The outputs of the folder by OpenVINO on the CPU, a list of arrays."""
    return opened(path)(inputs)


def opened(path):
    """Load the folder once; a function from the list of inputs to the list of outputs.

    Raises `InputError` for a folder that is none; the function for inputs that do not fit.
    """
    openvino, path = _runtime(), Path(path)
    try:
        compiled = openvino.Core().compile_model(str(path / XML), "CPU", EXACT)
    except Exception as error:  # of C++, each a RuntimeError with the place in its source above
        said = str(error).strip().splitlines() or [repr(error)]
        raise InputError(
            f"{str(path)!r} cannot be read as OpenVINO IR: {one_line(said[-1])}: export it again"
        ) from error
    fit = fitting(path, [_wanted(tensor) for tensor in compiled.inputs])
    request, places = compiled.create_infer_request(), range(len(compiled.outputs))

    def outputs_of(inputs):
        # Not by `infer`, which takes longer to look at the inputs than a step takes to run.
        arrays = fit(inputs)  # held until it has run: OpenVINO reads their memory, and owns none
        for k, array in enumerate(arrays):
            shared = array.flags.writeable  # OpenVINO takes no other array as it is
            request.set_input_tensor(k, openvino.Tensor(array, shared_memory=shared))
        request.start_async()
        request.wait()
        return [request.get_output_tensor(k).data.copy() for k in places]

    return outputs_of


def _wanted(tensor):
    sizes = [None if size.is_dynamic else size.get_length() for size in tensor.partial_shape]
    return tensor.any_name, tensor.element_type.to_dtype(), sizes


def _runtime():
    try:
        with _unreported():
            import openvino
    except ImportError as error:
        raise missing(error.name or "openvino", "openvino") from error
    return openvino


@contextmanager
def _unreported():
    """Without the package by which OpenVINO reports over the network that it was imported."""
    name = "openvino_telemetry"
    if name in sys.modules:  # somebody else has loaded it
        yield
        return
    sys.modules[name] = None  # found missing, it is done without
    try:
        yield
    finally:
        del sys.modules[name]
