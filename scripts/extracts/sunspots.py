"""Yearly sunspot numbers, 1700 to 2008."""

import csv
from pathlib import Path


def make(folder: Path) -> bytes:
    """A CSV with the columns year and sunspots."""
    with (folder / "statsmodels/datasets/sunspots/sunspots.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    lines = [f"{row['YEAR']},{row['SUNACTIVITY']}" for row in rows]
    return "\n".join(["year,sunspots", *lines, ""]).encode()
