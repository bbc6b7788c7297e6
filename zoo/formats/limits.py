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
    ("torch", "a stateful layer"): (
        "an exported program is a function: what a layer keeps between calls is no output of it. "
        "keras.layers.LSTM(4, stateful=True); its step, with the state in and out, is exported"
    ),
    ("torch", "a layer that asks Python for the number of steps"): (
        "torch.export fixes a size that the code turns into a number (torch 2.13): "
        "x[:, : int(x.shape[1]) // 2]"
    ),
    ("torch", "no step at all"): (
        "torch's own recurrent operators and its scan refuse sequences of length 0 (torch 2.13): "
        "torch.nn.LSTM(1, 1)(torch.zeros(0, 1, 1))"
    ),
    ("torch", "a class of the user's own, from another backend"): (
        "the child process on torch loads a .keras file, and Keras cannot load a class that is "
        "defined elsewhere: run with KERAS_BACKEND=torch"
    ),
    ("saved_model", "a class of the user's own, from another backend"): (
        "the child process on TensorFlow loads a .keras file, and Keras cannot load a class that "
        "is defined elsewhere: run with KERAS_BACKEND=tensorflow"
    ),
    ("saved_model", "keras.layers.TimeDistributed, checked on TensorFlow"): (
        "the file is right for any number of steps, but Keras 3.15 on TensorFlow is not: the model "
        "itself fails once it has run for another number, so there is nothing to compare with. "
        "zoo.layers.EachFrame takes its place"
    ),
}


def refuse(format, what, model, named="") -> InputError:
    """The error for a model that `format` cannot hold because of `what`; named: what in it."""
    reason = LIMITS[format, what] + (named and f": {named}")
    return InputError(f"{model} cannot be written as {format}: {reason}; use another format")
