"""How exact the mean of many float32 numbers is on the running backend (docs/compare.md).

KERAS_BACKEND=tensorflow python scripts/batch_mean.py
"""

import keras
import numpy as np

SHAPE = (192, 32, 32, 8)  # the frames of a batch of clips, 8 channels


def main():
    x = np.random.default_rng(0).random(SHAPE).astype("float32") + 0.5
    x[..., 0] = 0.7
    exact = x.astype("float64").mean((0, 1, 2))
    mean, _ = keras.ops.moments(keras.ops.convert_to_tensor(x), axes=[0, 1, 2])
    off = np.abs(keras.ops.convert_to_numpy(mean) / exact - 1).max()
    count = np.prod(SHAPE[:-1])
    print(f"{keras.backend.backend()}: the mean of {count:,} numbers is off by {off:.1e}")


if __name__ == "__main__":
    main()
