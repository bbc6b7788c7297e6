"""Rows of `zoo bench` as tables: for the terminal and for a page, from the rows alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from zoo.reports import bench_lengths

NOTE = (
    "/x: the time over that of x in the same rounds, below 1 is faster (keras, gru, lstm: the "
    "faster of its ways; keras: its loop over the same cell, where it has no such layer; torch: "
    "torch.nn; matmul: the layer's matrix products alone, padded steps too); us a step: of each of "
    "the T; spread: (p75 - p25) / median; n: rounds; first: the first call, which compiles; gap: "
    "largest difference to keras."
)


@dataclass(frozen=True)
class Group:
    """One table: backend, layer and shape above it, what else is to say below it."""

    title: str
    head: list[str]
    lines: list[list[str]]
    notes: list[str]


def number(value: float | None, digits: int = 3) -> str:
    """A number in three figures, "-" for none.

    >>> number(0.01234), number(5.0), number(1234.5), number(None)
    ('0.0123', '5.00', '1,234', '-')
    """
    if value is None:
        return "-"
    if abs(value) >= 10 ** (digits - 1):
        return f"{value:,.0f}"
    if 0 < abs(value) < 0.001:
        return f"{value:.0e}"
    return f"{value:#.{digits}g}"


def _spread(row):
    if row["median_ms"] is None or row["rounds"] < 2:
        return "-"
    return f"{100 * (row['p75_ms'] - row['p25_ms']) / row['median_ms']:.0f}%"


def _gap(value):
    return "-" if value is None else f"{value:.0e}" if value else "0"


def _value(key):
    return lambda row: number(row.get(key))


def _where_together(value):
    """What stands above the table, unless layers or lengths are measured together."""
    return lambda row: value(row) if row.get("together") else "-"


# heading -> the cell of a row; a column without a value in any row of its table is left out
COLUMNS = {
    "T": _where_together(lambda row: f"{row['shape']['T']:,}"),
    "layer": _where_together(lambda row: row["layer"]),
    "pass": lambda row: row["pass"],
    "mask": lambda row: row["mask"] or "-",
    "contender": lambda row: row["contender"] or "-",
    "ms": _value("median_ms"),
    "spread": _spread,
    "n": lambda row: str(row["rounds"]) if row["rounds"] else "-",
    "/keras": _value("vs_keras"),
    "/torch": _value("vs_torch_nn"),
    "/matmul": _value("vs_matmul"),
    "/no mask": _value("vs_unmasked"),
    "/gru": _value("vs_gru"),
    "/lstm": _value("vs_lstm"),
    "us a step": _value("step_us"),
    "first ms": lambda row: "-" if row.get("together") else number(row["first_call_ms"]),
    "gap": lambda row: _gap(row["max_difference"]),
    "peak MB": _value("peak_mb"),
}
RIGHT = COLUMNS.keys() - {"layer", "pass", "mask", "contender"}


def groups(rows: list[dict]) -> Iterator[Group]:
    """The rows in tables of one backend, layer and shape each, in the order of the rows."""
    for _, backend in groupby(rows, lambda row: row["backend"]):
        backend = list(backend)
        reasons = {row["reason"] for row in backend}
        if None not in reasons and len(reasons) == 1:  # all of it failed in the same way
            yield Group(backend[0]["backend"], [], [], [reasons.pop()])
            continue
        for title, found in groupby(backend, _title):
            yield _group(title, list(found))


def _title(row):
    shape, together = row["shape"], row.get("together")
    size = " ".join(f"{x}={shape[x]}" for x in ("BFU" if together else "BTFU"))
    named = "" if "x" in row["shape_name"] or together else f"{row['shape_name']} "
    way = "" if row["direction"] == "forward" else f" {row['direction']}"
    where = f"{row['backend']}, {row['device'] or 'no device'}, {row['precision']}"
    what = "layers over lengths" if together else row["layer"]
    return f"{where}: {what}{way}, {named}{size}"


def _group(title, rows):
    rows.sort(key=lambda row: row["pass"])  # stable: contenders stay in their order
    worked = [row for row in rows if row["ok"]]
    cells = {name: [cell(row) for row in worked] for name, cell in COLUMNS.items()}
    cells = {name: column for name, column in cells.items() if set(column) - {"-"}}
    lines = [list(line) for line in zip(*cells.values(), strict=True)]
    return Group(title, list(cells), lines, _failures(rows) + _paths(rows))


def _failures(rows):
    failed = [row for row in rows if not row["ok"]]
    return [f"failed: {_which(row)}: {row['reason']}" for row in failed]


def _which(row):
    parts = [row["pass"], row["mask"], row["contender"]]
    if row.get("together"):
        parts = [row["layer"], f"T={row['shape']['T']:,}", *parts]
    return " ".join(filter(None, parts))


def _paths(rows):
    """The paths that this project's layers took, each with where it did."""
    found = {}
    for row in rows:
        if row["path"]:
            where = row["layer"] if row.get("together") else f"{row['pass']} {row['mask']}"
            found.setdefault((row["contender"], row["path"]), {})[where] = True
    return [f"{name} took: {path} ({', '.join(at)})" for (name, path), at in found.items()]


def growth(rows: list[dict]) -> list[dict]:
    """How time grows along a sweep: the exponent of the one size that differs between shapes.

    Fitted to the larger half of the sizes, where fixed costs no longer hide it: 1 is linear, 2
    quadratic. Rows whose shapes differ in more than one size, or are fewer than three, give none.

    >>> rows = [{"shape": {"B": 1, "T": t}, "median_ms": 2.0 * t, "contender": "zoo"}
    ...         for t in (50, 100, 200)]
    >>> [(found["size"], found["exponent"]) for found in growth(rows)]
    [('T', 1.0)]
    """
    series = {}
    keys = ("backend", "layer", "direction", "precision", "pass", "mask", "contender")
    for row in rows:
        if row.get("median_ms"):
            series.setdefault(tuple(row.get(key) for key in keys), []).append(row)
    found = []
    for key, same in series.items():
        sizes = {name: [row["shape"][name] for row in same] for name in same[0]["shape"]}
        varied = [name for name, values in sizes.items() if len(set(values)) > 2]
        if len(varied) == 1 and all(len(set(sizes[n])) == 1 for n in sizes if n != varied[0]):
            pairs = sorted(zip(sizes[varied[0]], (r["median_ms"] for r in same), strict=True))
            x, y = np.log(pairs[len(pairs) // 2 - (len(pairs) == 3) :]).T
            slope = float(np.round(np.polyfit(x, y, 1)[0], 3))
            found.append(dict(zip(keys, key, strict=True)) | {"size": varied[0], "exponent": slope})
    return found


def growth_lines(rows: list[dict]) -> list[list[str]]:
    """`growth` as a table with its heading; empty where no row is part of a sweep."""
    found = growth(rows)
    head = ["backend", "layer", "pass", "mask", "contender", "time grows with"]
    lines = [
        [*(str(row[key]) for key in head[:5]), f"{row['size']}^{row['exponent']:.2f}"]
        for row in found
    ]
    return [head, *lines] if lines else []


def markdown(document: dict) -> str:
    """The whole document as a page: where it ran, then a table for each group."""
    facts = document["environment"]
    parts = [
        "# Recurrent layers, measured side by side",
        f"```\n{facts['command']}\n```",
        _where(document),
        NOTE,
    ]
    if document["stopped"]:
        parts.append("Stopped before the end: what follows was measured by then.")
    for group in groups(document["rows"]):
        parts.append(f"## {group.title}")
        if group.lines:
            parts.append(_table([group.head, *group.lines]))
        parts += [note for note in group.notes if note]
    if lines := growth_lines(document["rows"]):
        parts += ["## How time grows", _table(lines)]
    if lines := bench_lengths.sentences(document["rows"]):
        parts += ["## From which length on", "\n".join(f"- {line}" for line in lines)]
    return "\n\n".join(parts) + "\n"


def _where(document):
    facts = document["environment"]
    known = {name: facts["versions"].get(name) for name in ("keras", *document["backends"])}
    versions = ", ".join(f"{name} {version}" for name, version in known.items() if version)
    where = f"{facts['processor']}, {facts['threads']} of {facts['cores']} cores"
    return f"{where}; Python {facts['python']}, {versions}; commit {facts['commit'] or 'unknown'}."


def _table(lines):
    head, *body = lines
    rule = ["---:" if name in RIGHT else "---" for name in head]
    return "\n".join(f"| {' | '.join(line)} |" for line in [head, rule, *body])
