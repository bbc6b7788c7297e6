"""The two recipes that train in seconds reach what they promise, whatever the seed."""

import keras
import numpy as np
import pytest

from zoo import registry, training
from zoo.data import series
from zoo.tasks import forecast

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("seed", range(5))
def test_sine_to_cosine_has_learned_by_its_last_ten_segments(seed):
    run = training.fit(registry.recipe("sine_to_cosine"), seed=seed, bar=False)
    assert len(run.history["batches"]) == 100
    assert np.mean(run.history["batches"][-10:]) < 0.01


def test_sine_rolls_out_for_294_steps_without_predict(monkeypatch):
    run = training.fit(registry.recipe("sine"), seed=0, bar=False)
    for name in ("predict", "predict_on_batch", "predict_step"):
        monkeypatch.setattr(keras.Model, name, None)
    split = run.data["test"]
    assert len(split) == 20 + 294
    assert forecast.evaluate(run.model, split, run.spec)["rollout RMSE"] <= 0.02
    np.testing.assert_array_equal(split, series.sine(0, 31.35))
