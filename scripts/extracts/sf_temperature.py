"""Hourly temperatures of San Francisco over the year 2010."""

import csv
from datetime import datetime, timedelta
from pathlib import Path

HOUR = timedelta(hours=1)


def make(folder: Path) -> bytes:
    """A CSV with the columns time and temperature (degrees Fahrenheit), one row an hour.

    The source lacks one hour, 03:00 on 14 March; it becomes the mean of its neighbours.
    """
    with (folder / "vega_datasets/_data/sf-temps.csv").open(encoding="utf-8") as file:
        rows = [
            (datetime.strptime(row["date"], "%Y/%m/%d %H:%M:%S"), float(row["temp"]))
            for row in csv.DictReader(file)
        ]
    filled = rows[:1]
    for time, value in rows[1:]:
        before, last = filled[-1]
        if time - before == 2 * HOUR:
            filled.append((before + HOUR, (last + value) / 2))
        filled.append((time, value))
    lines = [f"{time:%Y-%m-%dT%H:%M},{value:.4g}" for time, value in filled]
    return "\n".join(["time,temperature", *lines, ""]).encode()
