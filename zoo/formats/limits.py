"""What a format cannot hold, and whose limit that is: one table for messages, tests and docs."""

from zoo.errors import InputError

LIMITS = {  # (format, what) -> the reason
    ("litert", "loops"): (
        "TensorFlow's converter reads a TensorArray, the loop of a recurrent layer that the zoo "
        "has none for, only where the batch is fixed (TensorListReserve needs a static element "
        "shape)"
    ),
    ("openvino", "peepholes"): (
        "OpenVINO's LSTMSequence has no input for peepholes, and its ONNX frontend drops them"
    ),
    ("openvino", "activations"): (
        "OpenVINO's recurrent cells know the activations sigmoid, tanh and relu alone"
    ),
}


def refuse(format, what, model) -> InputError:
    """The error for a model that `format` cannot hold because of `what`."""
    return InputError(
        f"{model} cannot be written as {format}: {LIMITS[format, what]}; use another format"
    )
