"""The user's own series, cut for a recipe that forecasts."""

from zoo.data import forecast, forecast_csv


def splits(path, fit, *options):
    """The splits of a CSV; options: those of `forecast_csv.layout_from`, in its order."""
    layout = forecast_csv.layout_from(*options)
    found = forecast_csv.read_series(path, layout)
    season = found[0].layout.season if fit.difference else None
    return forecast.own_splits(found, fit.window + (season or 0), fit.horizon)
