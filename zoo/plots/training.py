"""What training did: the losses by epoch."""

from collections.abc import Mapping, Sequence

import numpy as np

from zoo.errors import InputError
from zoo.plots.style import (
    LIGHT,
    WIDTH,
    canvas,
    legend_above,
    number,
    style_axes,
)


def curves(history: Mapping):
    """Training curves with the best epoch marked.

    Args:
        history: {"name": str, "epochs": [{"epoch": 1, "loss": 0.5, "validation_loss": 0.6,
            "seconds": 1.2}, ...]}; "validation_loss" and "seconds" may be absent or None.

    Returns: a Figure. The best epoch is that of the lowest validation loss, or of the lowest
        training loss where nothing was validated. The loss axis is logarithmic where the losses
        span more than a factor of thirty.
    Raises: InputError where there is no epoch.

    >>> figure = curves({"name": "sine", "epochs": [{"epoch": 1, "loss": 0.5}]})
    >>> len(figure.axes[0].lines)
    2
    """
    epochs = history.get("epochs") or []
    if not epochs:
        raise InputError("a history without epochs has no curve: train for one epoch or more")
    figure = canvas(WIDTH, 3.2)
    axes = style_axes(figure.add_subplot(), _curves_title(history), "epoch", "loss")
    steps = np.array([row.get("epoch", i + 1) for i, row in enumerate(epochs)])
    train, valid = (_column(epochs, key) for key in ("loss", "validation_loss"))
    dot = {"marker": "o", "markersize": 3} if len(steps) < 12 else {}
    axes.plot(steps, train, color=LIGHT.muted, linestyle="--", label="training", **dot)
    if np.isfinite(valid).any():
        axes.plot(steps, valid, color=LIGHT.blue, linewidth=2, label="validation", **dot)
    _log_if_wide(axes, np.concatenate([train, valid]))
    _mark_best(axes, steps, valid if np.isfinite(valid).any() else train)
    axes.set_xlim(left=steps[0] - 0.5)
    axes.xaxis.get_major_locator().set_params(integer=True)
    legend_above(axes)
    return figure


def _curves_title(history: Mapping) -> str:
    seconds = [row["seconds"] for row in history["epochs"] if row.get("seconds") is not None]
    spent = f", trained in {number(float(sum(seconds)))} s" if seconds else ""
    return f"{history.get('name', 'training')}{spent}"


def _column(rows: Sequence[Mapping], key: str) -> np.ndarray:
    return np.array([np.nan if row.get(key) is None else row[key] for row in rows], float)


def _log_if_wide(axes, values: np.ndarray) -> None:
    values = values[np.isfinite(values)]
    if len(values) and values.min() > 0 and values.max() / values.min() > 30:
        axes.set_yscale("log")
        axes.set_ylabel("loss (log scale)")


def _mark_best(axes, steps: np.ndarray, values: np.ndarray) -> None:
    if not np.isfinite(values).any():
        return
    best = int(np.nanargmin(values))
    label = f"best: epoch {steps[best]}, {number(float(values[best]))}"
    axes.plot(
        steps[best],
        values[best],
        linestyle="none",
        marker="o",
        markersize=9,
        markerfacecolor="none",
        markeredgecolor=LIGHT.orange,
        markeredgewidth=2,
        label=label,
    )
