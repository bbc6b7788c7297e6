"""A forecast with its uncertainty: history, median, two bands, and the truth where it is known."""

from collections.abc import Mapping, Sequence

import numpy as np

from zoo.errors import InputError
from zoo.plots.style import LIGHT, TEXT, WIDTH, canvas, legend_above, plain, style_axes

BANDS = (("0.25", "0.75", 0.34, "50%"), ("0.05", "0.95", 0.16, "90%"))
MOST = 4  # panels


def fan(rows: Sequence[Mapping], title: str = "forecast"):
    """Fan charts of forecasts, one below the other (the first four).

    Args:
        rows: [{"name": str, "history": (T,), "quantiles": {"0.05": (H,), "0.25", "0.5", "0.75",
            "0.95"}, "truth": (H or less,), "times": (T + H,) datetime64}, ...]; "name", "truth" and
            "times" may be absent or None. Values are joined to the last one of the history.
        title: of the picture.

    Returns: a Figure with one Axes a forecast.
    Raises: InputError where there is no forecast, or its lengths do not fit.

    >>> ahead = {level: [1.0, 2.0] for level in ("0.05", "0.25", "0.5", "0.75", "0.95")}
    >>> len(fan([{"history": [0.0, 1.0], "quantiles": ahead, "truth": [1.5]}]).axes)
    1
    """
    if not rows:
        raise InputError("no forecast to draw: make at least one")
    shown = list(rows)[:MOST]
    figure = canvas(WIDTH, 2.7 if len(shown) == 1 else 0.9 + 1.5 * len(shown))
    every = figure.subplots(len(shown), squeeze=False)[:, 0]
    for k, (axes, row) in enumerate(zip(every, shown, strict=True)):
        dated = row.get("times") is not None
        style_axes(axes, title if k == 0 else "", x="" if dated else "steps from now", y="value")
        _panel(axes, row)
        if k == 0:
            legend_above(axes, columns=5, tight=True)
        if len(shown) > 1:
            axes.set_ylabel(plain(row.get("name") or "value"), fontsize=TEXT)
            if k < len(shown) - 1:
                axes.set_xlabel("")
    return figure


def _panel(axes, row):
    history = np.asarray(row["history"], float)
    ahead = {level: np.r_[history[-1], values] for level, values in row["quantiles"].items()}
    steps = len(ahead["0.5"]) - 1
    x = _positions(row, len(history), steps)
    now = len(history) - 1
    axes.plot(x[: now + 1], history, color=LIGHT.muted, linewidth=1.4, label="past")
    axes.plot(x[now:], ahead["0.5"], color=LIGHT.blue, linewidth=1.8, label="median")
    truth = np.asarray([] if row.get("truth") is None else row["truth"], float)[:steps]
    if len(truth):
        style = {"color": LIGHT.orange, "linewidth": 1.6, "linestyle": (0, (3, 1.2)), "zorder": 3}
        axes.plot(x[now : now + 1 + len(truth)], np.r_[history[-1], truth], label="truth", **style)
    for low, high, alpha, label in BANDS:
        axes.fill_between(
            x[now:], ahead[low], ahead[high], color=LIGHT.blue, alpha=alpha, linewidth=0,
            label=label,
        )  # fmt: skip
    axes.axvline(x[now], color=LIGHT.line, linewidth=1)
    axes.set_xlim(x[0], x[-1])
    if row.get("times") is not None:
        _date_ticks(axes)


def _positions(row, past, steps):
    times = row.get("times")
    if times is None:
        return np.arange(1 - past, steps + 1)
    if len(times) != past + steps:
        raise InputError(
            f"{len(times)} times for {past} values of the past and {steps} to come: give "
            f"{past + steps}"
        )
    return np.asarray(times, "M8[s]").astype(object)


def _date_ticks(axes):
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(minticks=3, maxticks=6)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    axes.xaxis.get_offset_text().set(size=TEXT - 1, color=LIGHT.muted)
