"""Series beside the truth: the free-running rollout, and segments as they are learned."""

from collections.abc import Mapping, Sequence

import numpy as np

from zoo.errors import InputError
from zoo.plots.style import (
    LIGHT,
    SMALL,
    TEXT,
    WIDTH,
    canvas,
    legend_above,
    number,
    pi_ticks,
    plain,
    style_axes,
)


def rollout(time, truth, prediction, window: int, rmse: float, radians: bool = True):
    """A free-running forecast beside the truth, and its error below.

    Args:
        time: (T,) radians, or steps with radians=False.
        truth: (T,) the true series.
        prediction: (T,) or (T - window,): the first `window` values are given, not predicted.
        window: how many true values the model saw before it ran on its own outputs.
        rmse: root mean square error over the predicted part.

    Returns: a Figure with two Axes, series and error; the given window is shaded.
    Raises: InputError where the lengths do not fit.

    >>> t = np.arange(0, 31.4, 0.1)
    >>> figure = rollout(t, np.sin(t), np.sin(t), window=20, rmse=0.0)
    >>> len(figure.axes)
    2
    """
    time, truth, prediction = (np.asarray(a, float).ravel() for a in (time, truth, prediction))
    _check_rollout(time, truth, prediction, window)
    prediction = prediction[-(len(time) - window) :]
    figure = canvas(WIDTH, 3.6)
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    style_axes(top, f"rollout, RMSE {number(float(rmse))}", y="value")
    style_axes(bottom, x="time (radians)" if radians else "time (steps)", y="error")
    for axes in (top, bottom):
        axes.axvspan(time[0], time[window], color=LIGHT.line, alpha=0.6, linewidth=0)
    top.plot(time, truth, color=LIGHT.grey, linewidth=3.5, label="truth")
    top.plot(time[window:], prediction, color=LIGHT.blue, linewidth=1.6, label="prediction")
    top.plot([], [], color=LIGHT.line, linewidth=8, label=f"given ({window} values)")
    bottom.plot(time[window:], prediction - truth[window:], color=LIGHT.orange, linewidth=1.3)
    bottom.axhline(0, color=LIGHT.muted, linewidth=0.8)
    bottom.yaxis.get_major_locator().set_params(nbins=3)
    bottom.set_xlim(time[0], time[-1])
    if radians:
        pi_ticks(bottom, time[0], time[-1])
    legend_above(top, columns=3)
    figure.align_ylabels()
    return figure


def _check_rollout(time, truth, prediction, window: int) -> None:
    steps = len(time)
    if len(truth) != steps or len(prediction) not in (steps, steps - window):
        raise InputError(
            f"{steps} times, {len(truth)} true values and {len(prediction)} predictions: "
            f"give as many of each, or {steps - window} predictions"
        )
    if not 0 < window < steps:
        raise InputError(f"window {window} of {steps} steps: choose one from 1 to {steps - 1}")


def segments(snapshots: Sequence[Mapping]):
    """Target and prediction of single segments, side by side, as the model learns.

    Args:
        snapshots: [{"segment": 1, "time": (T,), "target": (T,), "prediction": (T,)}, ...];
            time in radians.

    Returns: a Figure with one Axes a segment, all on the same scale, each with its RMSE.
    Raises: InputError where there is no segment.

    >>> t = np.linspace(0, np.pi, 10)
    >>> one = {"segment": 1, "time": t, "target": np.cos(t), "prediction": 0 * t}
    >>> figure = segments([one, {**one, "segment": 100, "prediction": np.cos(t)}])
    >>> len([axes for axes in figure.axes if axes.lines])
    2
    """
    if not snapshots:
        raise InputError("no segments to draw: keep at least one snapshot while training")
    columns = min(2, len(snapshots))
    rows = -(-len(snapshots) // columns)
    figure = canvas(WIDTH, 1.45 * rows + 0.75)
    grid = figure.subplots(rows, columns, sharey=True, squeeze=False)
    for axes, snapshot in zip(grid.flat, snapshots, strict=False):
        _segment(axes, snapshot)
    for axes in grid.flat[len(snapshots) :]:
        axes.set_axis_off()
    figure.supxlabel("time (radians)", fontsize=TEXT, color=LIGHT.muted)
    figure.supylabel("value", fontsize=TEXT, color=LIGHT.muted)
    handles, labels = grid.flat[0].get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="outside upper left", ncols=2, frameon=False, fontsize=SMALL,
        labelcolor=LIGHT.ink,
    )  # fmt: skip
    return figure


def _segment(axes, snapshot: Mapping) -> None:
    time, target, prediction = (
        np.asarray(snapshot[key], float).ravel() for key in ("time", "target", "prediction")
    )
    rmse = float(np.sqrt(np.mean((target - prediction) ** 2)))
    style_axes(axes)
    title = f"segment {snapshot['segment']}, RMSE {number(rmse)}"
    axes.set_title(plain(title), loc="left", fontsize=SMALL, color=LIGHT.ink)
    axes.plot(time, target, color=LIGHT.grey, linewidth=3.5, label="target")
    axes.plot(time, prediction, color=LIGHT.blue, linewidth=1.6, label="prediction")
    pi_ticks(axes, time[0], time[-1], intervals=2)
    axes.margins(x=0.02)
