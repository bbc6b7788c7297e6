"""Many-to-many, aligned: sine in, cosine out, an output at every step.

    python scripts/many_to_many_aligned.py   (about 10 s)

    h_t = tanh(W x_t + U h_{t-1} + b),  y_t = V h_t + c

Truncated backpropagation through time: the state is carried from one segment to the next, the
gradient is cut there. `carried_model` is the model with its state as further inputs and outputs.
"""

import argparse

import keras
import numpy as np

import zoo
from zoo.data import series
from zoo.models.carry import carried_model


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--segments", type=int, default=100)
    arguments = parser.parse_args()
    keras.utils.set_random_seed(0)

    x, y = series.sine_cosine_segments(arguments.segments)  # (segments, 10, 1) each
    model = zoo.many_to_many_aligned(features=1, outputs=1, cell="simple_rnn", units=32)
    stepwise = carried_model(model)  # [x, h] -> [y, h]
    rate = keras.optimizers.schedules.CosineDecay(0.02, arguments.segments)
    stepwise.compile(keras.optimizers.Adam(rate, global_clipnorm=0.1), ["mse", None])

    state = np.zeros((1, 32), "float32")
    errors = []
    for k in range(arguments.segments):
        segment, target = x[k][None], y[k][None]  # B T F
        output, next_state = stepwise.predict_on_batch([segment, state])
        stepwise.train_on_batch([segment, state], [target, None])
        errors.append(float(np.mean((np.asarray(output) - target) ** 2)))
        state = np.asarray(next_state)
        if k % 10 == 9:
            print(f"segment {k + 1}: MSE {errors[-1]:.5f}")
    print(f"mean MSE of the last ten segments {np.mean(errors[-10:]):.5f}")


if __name__ == "__main__":
    main()
