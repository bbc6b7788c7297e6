"""From the end of a series on: the distribution of one step, or sampled paths of several."""

import numpy as np

from zoo.heads import head_from
from zoo.tasks.batching import fill, in_batches
from zoo.tasks.forecast_windows import last_window, restored
from zoo.tasks.running import running

ROWS = 4096  # paths that are rolled out together
SPREAD = 50  # quantiles behind the mean of one step, where values are roots


def forecast(model, inputs, spec, steps, levels, paths=200, seed=0):
    """Means (N, steps) and quantiles (N, steps, K) at `levels` of what follows N series.

    One step is read off the head; several are sampled.
    """
    head = head_from(spec["head"])
    windows, outside = zip(*(last_window(series, spec, steps) for series in inputs), strict=True)
    windows, outside = np.stack(windows), np.stack(outside)
    if steps > 1:
        scaled = _paths(model, windows, outside, head, steps, paths, seed)
        values = np.stack([restored(z, s, spec) for z, s in zip(scaled, inputs, strict=True)])
        return values.mean(1), np.moveaxis(np.quantile(values, levels, axis=1), 0, -1)
    outputs = np.stack(in_batches(model, model.predict_on_batch, windows, batch_size=256))
    # A root's mean is not the mean's root: it is taken behind it, over evenly spread quantiles.
    spread = [(k + 0.5) / SPREAD for k in range(SPREAD)] if spec["root"] else []
    by_level = [head.quantile(outputs, p) for p in (*levels, *spread)]
    scaled = np.concatenate([head.mean(outputs), *by_level], -1)[..., None]
    values = np.stack([restored(z, s, spec) for z, s in zip(scaled, inputs, strict=True)])
    count = len(levels)
    mean = values[:, 1 + count :].mean(1) if spread else values[:, 0]
    return mean, values[:, 1 : 1 + count].swapaxes(1, 2)


def _paths(model, windows, outside, head, steps, paths, seed):
    """Samples of the scaled values, (N, paths, steps), in pieces of one size."""
    model = running(model)
    count = min(len(windows), max(1, ROWS // paths))
    found = []
    for start in range(0, len(windows), count):
        indices, _ = fill(np.arange(start, min(start + count, len(windows))), count)
        x, features = windows[indices], outside[indices]
        state = model.carry(x[:, :-1], model.zero_state(count))[1:]
        drawn = model.rollout(
            x[:, -1, :1], state, steps, features, head=head, paths=paths, seed=[seed] * count
        )
        found.append(drawn[..., 0])
    return np.concatenate(found)[: len(windows)]
