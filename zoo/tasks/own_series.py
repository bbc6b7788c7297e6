"""The data of a recipe that forecasts: those that come with it, or the user's own series."""

from zoo.data import forecast, forecast_csv


def loader(shipped, fit):
    """The `load` of a recipe. shipped: gives {split: series}; fit: decides how a CSV is cut."""

    def load(
        path=None,
        *,
        target=None,
        time=None,
        exogenous=None,
        series=None,
        frequency=None,
        season=None,
    ):
        if path is None:
            return {split: [part] for split, part in shipped().items()}
        layout = forecast_csv.layout_from(target, time, exogenous, series, frequency, season)
        found = forecast_csv.read_series(path, layout)
        season = found[0].layout.season if fit.difference else None
        return forecast.own_splits(found, fit.window + (season or 0), fit.horizon)

    return load
