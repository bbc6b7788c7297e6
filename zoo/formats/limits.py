"""What a format cannot hold, and whose limit that is: one table for messages, tests and docs."""

from zoo.errors import InputError

LIMITS = {  # (format, what) -> the reason
    ("litert", "loops"): (
        "TensorFlow's converter reads a TensorArray only where the batch is fixed (its "
        "TensorListReserve needs a static element shape), and Keras makes its loop of one for a "
        "cell that is none of the zoo's, for ConvLSTM and for TimeDistributed, which "
        "zoo.layers.EachFrame can replace"
    ),
    ("litert", "operators"): "TensorFlow Lite has no builtin operator for one that it calls",
    (
        "litert",
        "state",
    ): "a stateful layer keeps its state in variables, and a file remembers nothing",
    ("openvino", "activations"): (
        "OpenVINO's recurrent cells know the activations sigmoid, tanh and relu alone"
    ),
    ("openvino", "peepholes"): (
        "OpenVINO's LSTMSequence has no input for peepholes, and its ONNX frontend drops them"
    ),
}


def refuse(format, what, model, named="") -> InputError:
    """The error for a model that `format` cannot hold because of `what`; named: what in it."""
    reason = LIMITS[format, what] + (named and f": {named}")
    return InputError(f"{model} cannot be written as {format}: {reason}; use another format")
