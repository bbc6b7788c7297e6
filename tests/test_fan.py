"""Fan charts: history, bands, median and truth, where they belong."""

import numpy as np
import pytest

from zoo import plots
from zoo.errors import InputError

pytestmark = pytest.mark.neutral

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)


def row(steps=6, **changes):
    history = np.sin(np.arange(20.0))
    quantiles = {str(p): list(np.arange(steps) * (p - 0.5) + history[-1]) for p in LEVELS}
    return {"name": "mine", "history": history, "quantiles": quantiles} | changes


def test_bands_start_at_the_last_known_value_and_hold_the_median():
    figure = plots.fan([row(truth=np.zeros(4))], "sales")
    (axes,) = figure.axes
    past, median, truth, _ = axes.lines
    assert median.get_xydata()[0].tolist() == past.get_xydata()[-1].tolist() == [0, np.sin(19)]
    assert truth.get_xdata().tolist() == [0, 1, 2, 3, 4]
    inner, outer = (band.get_paths()[0].get_extents() for band in axes.collections)
    assert outer.y0 < inner.y0 < inner.y1 < outer.y1
    assert axes.get_legend().get_title().get_text() == "sales"


def test_times_are_dates_and_several_series_stand_below_each_other(tmp_path):
    times = np.datetime64("2010-01-01", "s") + np.arange(26) * np.timedelta64(1, "D")
    figure = plots.fan([row(times=times), *[row(times=times, name="b $ c")] * 5])
    assert len(figure.axes) == 4
    assert figure.axes[1].get_ylabel() == r"b \$ c"
    assert figure.axes[0].get_xlim()[0] == 14610  # days from 1970 to 2010
    assert plots.save(figure, tmp_path / "fan.png").stat().st_size > 10_000


def test_what_cannot_be_drawn_is_said():
    with pytest.raises(InputError, match="no forecast"):
        plots.fan([])
    with pytest.raises(InputError, match="3 times for 20 values of the past and 6"):
        plots.fan([row(times=np.arange(3))])
