"""Every figure of a `zoo compare` report, drawn once: the page shows them, PNG files keep them."""

import re
from collections.abc import Mapping
from pathlib import Path

from zoo.reports.blocks import Picture
from zoo.reports.compare import curves as curves
from zoo.reports.compare import pictures as pictures
from zoo.reports.compare import ways
from zoo.reports.compare.ways import USES

_PARTS = (
    "Grey: the reference. A ring marks the first step whose loss is more than a thousandth away."
)
_FASTEST = "Of each backend the fastest way with this project's layers, or the exported model."


def gallery(document: Mapping) -> dict[tuple, Picture]:
    """The pictures that the document has numbers for.

    Keys: ("overview",) where there are several models, ("parity",), ("memory",), and for each
    model ("speed", model) and ("curves", model).
    """
    models = ways.names(document)
    timed = [m for m in models if any(ways.speeds(document, m, use) for use in USES)]
    found = {}
    if len(models) > 1 and timed:
        alt = pictures.overview_alt(document)
        found["overview",] = Picture(pictures.overview(document), alt, _FASTEST)
    for model in models:
        found |= _of_model(document, model, model in timed)
    if any(curves.worst(document, kind) for kind in curves.KINDS):
        found["parity",] = Picture(curves.parity(document), curves.parity_alt(document))
    if any(ways.finite(r["peak_mb"]) for r in ways.find(document["rows"], measure="memory")):
        found["memory",] = Picture(curves.memory(document), curves.memory_alt(document))
    for picture in found.values():
        _settle(picture.figure)
    return found


def _of_model(document, model, timed):
    found = {}
    if timed:
        alt = pictures.speed_alt(document, model)
        found["speed", model] = Picture(pictures.speed(document, model), alt)
    rows = ways.find(document["rows"], measure="curve", model=model)
    if any(row["losses"] for row in rows):
        alt = curves.curves_alt(document, model)
        found["curves", model] = Picture(curves.curves(document, model), alt, f"{alt} {_PARTS}")
    return found


def _settle(figure):
    """Lay a figure out once: it is drawn as SVG and as PNG, and the layout is half of the work."""
    figure.get_layout_engine().execute(figure)
    figure.set_layout_engine("none")


def file_names(keys) -> dict[tuple, str]:
    """A name without ending for each picture, no two alike whatever the models are called.

    >>> list(file_names([("parity",), ("speed", "a/b.keras"), ("speed", "c/b.keras")]).values())
    ['parity', 'speed_b.keras', 'speed_b.keras_2']
    """
    names, seen = {}, {}
    for key in keys:
        stem = Path(str(key[-1])).name if len(key) > 1 else ""
        safe = re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-.")
        name = "_".join([key[0], *([safe or "model"] if len(key) > 1 else [])])
        seen[name] = seen.get(name, 0) + 1
        names[key] = name if seen[name] == 1 else f"{name}_{seen[name]}"
    return names
