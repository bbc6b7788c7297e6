"""Many-to-one: 20 values of a sine in, the next one out.   python scripts/many_to_one.py   (20 s)

    h_t = LSTM(x_t, h_{t-1}),  y = tanh(V h_T + b)

Then the rollout: the model goes on from its own outputs over [0, 10 pi), in one compiled loop.
"""

import argparse

import keras
import numpy as np

import zoo
from zoo import plots
from zoo.data import series
from zoo.models.step import window_step

WINDOW = 20


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=25)
    parser.add_argument("--out", default="sine_rollout.png")
    arguments = parser.parse_args()
    keras.utils.set_random_seed(0)

    x, y = series.windows(series.sine(), WINDOW)  # (N, 20, 1), (N, 1)
    model = zoo.many_to_one(features=1, outputs=1, cell="lstm", units=32, output_activation="tanh")
    steps = arguments.epochs * -(-len(x) // 32)
    rate = keras.optimizers.schedules.CosineDecay(4e-3, steps)
    model.compile(keras.optimizers.Adam(rate), "mse")
    model.fit(x, y, batch_size=32, epochs=arguments.epochs, verbose=2)

    truth = series.sine(0, 31.35)  # 314 values on [0, 10 pi)
    seed = truth[None, :WINDOW, None]  # B W F
    # The step takes the last value and the window before it, and gives the next value.
    before = np.concatenate([seed[:, :1], seed[:, :-1]], axis=1)
    forecast = zoo.rollout(window_step(model), seed[:, -1], before, len(truth) - WINDOW)[0, :, 0]
    rmse = float(np.sqrt(np.mean((forecast - truth[WINDOW:]) ** 2)))
    print(f"rollout of {len(forecast)} steps, RMSE {rmse:.4f}")
    figure = plots.rollout(np.arange(len(truth)) * 0.1, truth, forecast, WINDOW, rmse)
    print("plot:", plots.save(figure, arguments.out))


if __name__ == "__main__":
    main()
