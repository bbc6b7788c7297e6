"""Two runs of `zoo compare` beside each other: what became slower or wrong, beyond the noise."""

import os
from collections.abc import Mapping

import numpy as np

from zoo import files
from zoo.errors import InputError
from zoo.reports.compare import ways
from zoo.reports.compare.cases import VERSION
from zoo.reports.compare.ways import PLACE, YARDSTICK, finite, identity, spread

LEAST_NOISE = 0.05
# What a row must not become. "failed": it gave a measurement then and gives none now.
REGRESSIONS = ("slower", "worse", "failed")
_NEW = {"old_ms": None, "ratio": None, "noise": None, "verdict": None}


def read(path: str | os.PathLike) -> dict:
    """The document of an earlier run. Raises `InputError` for a file that is none."""
    return checked(files.read_json(path), path)


def checked(document: object, path: str | os.PathLike = "") -> dict:
    """`document` if it is one of `zoo compare` in this version, else `InputError`.

    >>> checked({"kind": "compare", "version": 1, "rows": [], "models": []})["version"]
    1
    """
    named = repr(str(path)) if path else "the document"
    kind = document.get("kind") if isinstance(document, Mapping) else type(document).__name__
    if kind != "compare" or not isinstance(document.get("rows"), list):
        raise InputError(
            f"{named} is {kind or 'JSON'!r}, expected the compare.json of an earlier run: "
            "write one with zoo compare --out FOLDER"
        )
    if document.get("version") != VERSION:
        raise InputError(
            f"{named} is of version {document.get('version')}, expected {VERSION}: "
            "measure it again with this version of zoo"
        )
    return document


def compared(document: Mapping, old: Mapping, path: str | os.PathLike = "") -> dict:
    """`document` with each row beside the same row of an earlier run.

    Args:
        document: that of `zoo compare`. old: that of an earlier run. path: where it lay.

    Returns: a new document. A timed row gets "old_ms", "ratio" (its time over the old one, over
        what a fixed matrix product took then and now: the machine's own drift), "noise" (both
        spreads and the matrix product's together, at least 0.05) and "verdict": "slower" or
        "faster" beyond the noise, else "same"; "new" and "gone" for what one run alone has;
        "failed" for what gave a measurement then and a reason now. A row of parity is "worse"
        where it left its bar, "better" where it came back. "against" tells path, commit, drift
        (above 1: the machine is slower now) and how many rows are regressions.
    Raises: InputError where `old` is no such document.

    >>> row = {"model": "sine", "measure": "speed", "use": "train", "ok": True,
    ...        "median_ms": 10.0, "spread": 0.02}
    >>> old = {"kind": "compare", "version": 1, "rows": [row]}
    >>> new = {**old, "rows": [{**row, "median_ms": 13.0}]}
    >>> [(row["verdict"], round(row["ratio"], 2)) for row in compared(new, old)["rows"]]
    [('slower', 1.3)]
    """
    checked(old, path)
    before = {identity(row): row for row in old["rows"]}
    drift, unsure = machine_drift(document["rows"], old["rows"])
    rows = [row | _beside(row, before.get(identity(row)), drift, unsure)
            for row in document["rows"]]  # fmt: skip
    rows += _gone(rows, before.values())
    against = {
        "path": str(path) or None,
        "commit": (old.get("environment") or {}).get("commit"),
        "drift": drift,
        "regressions": sum(row["verdict"] in REGRESSIONS for row in rows),
    }
    return {**document, "rows": rows, "against": against}


def machine_drift(rows: list[Mapping], old: list[Mapping]) -> tuple[float, float]:
    """How many times the old time the yardstick takes now, and how unsure that is.

    1 and 0 where one of the runs has no yardstick.
    """
    new, before = (_yardsticks(found) for found in (rows, old))
    pairs = [(new[key], before[key]) for key in new if key in before]
    if not pairs and new and before:
        pairs = [(one, other) for one in new.values() for other in before.values()]
    if not pairs:
        return 1.0, 0.0
    ratios = [one["median_ms"] / other["median_ms"] for one, other in pairs]
    drift = float(np.median(ratios))
    apart = max(abs(ratio / drift - 1) for ratio in ratios)
    return drift, max(apart, *(spread(row) for pair in pairs for row in pair))


def _yardsticks(rows):
    found = ways.find(rows, model=YARDSTICK, measure="speed")
    return {identity(row): row for row in found if finite(row["median_ms"])}


def _beside(row, old, drift, unsure):
    if row.get("model") == YARDSTICK:
        return _NEW
    if old is None or not old["ok"]:
        return _NEW | {"verdict": "new" if row["ok"] else None}
    if not row["ok"]:
        return _NEW | {"old_ms": old.get("median_ms"), "verdict": "failed"}
    if row["measure"] == "parity":
        return _NEW | {"verdict": _parity(old.get("within"), row.get("within"))}
    if not finite(row.get("median_ms")) or not finite(old.get("median_ms")):
        return _NEW
    ratio = row["median_ms"] / old["median_ms"] / drift
    noise = max(LEAST_NOISE, spread(row) + spread(old) + unsure)
    verdict = "slower" if ratio > 1 + noise else "faster" if ratio < 1 / (1 + noise) else "same"
    return {"old_ms": old["median_ms"], "ratio": ratio, "noise": noise, "verdict": verdict}


def _parity(old, new):
    if old == new or None in (old, new):
        return "same"
    return "better" if new else "worse"


def _gone(rows, before):
    """Rows of the old run that this one should have: the same model, in the same place."""
    there = {identity(row) for row in rows}
    kept = {(row["model"], row.get("measure"), _where(row)) for row in rows}
    return [
        {**row, **_NEW, "old_ms": row.get("median_ms"), "verdict": "gone", "median_ms": None,
         "ok": False, "reason": "measured in the earlier run, not in this one"}
        for row in before
        if row["ok"] and identity(row) not in there
        and (row["model"], row.get("measure"), _where(row)) in kept
    ]  # fmt: skip


def _where(row):
    return tuple(row.get(key) for key in ("backend", *PLACE))


def regressions(document: Mapping) -> list[Mapping]:
    """The rows that became slower, wrong or impossible, the worst first."""
    found = [row for row in document["rows"] if row.get("verdict") in REGRESSIONS]
    return sorted(found, key=lambda row: (REGRESSIONS[::-1].index(row["verdict"]), _excess(row)))


def _excess(row):
    return -(row["ratio"] or 0) / (1 + (row["noise"] or 0))
