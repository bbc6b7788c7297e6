"""What one backend can do here, as one line of JSON: run as a process of its own by the doctor."""

import json

import keras

from zoo import backends


def probe():
    """Devices and precision, once a small recurrent layer has run."""
    output = keras.layers.LSTM(4)(keras.ops.ones((2, 3, 5)))
    if tuple(output.shape) != (2, 4):
        raise RuntimeError(f"an LSTM gave shape {tuple(output.shape)}, expected (2, 4)")
    return {"devices": backends.devices(), "precision": keras.config.dtype_policy().name}


if __name__ == "__main__":
    print(json.dumps(probe()))
