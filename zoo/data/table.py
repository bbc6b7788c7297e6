"""Rows of the user's own tables: CSV, or TSV, which knows no quotes."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from zoo.data.text import SPLITS, read_utf8
from zoo.errors import InputError

TABS = (".tsv", ".tab")
LARGEST = float(np.finfo("float32").max)  # what a model can read


def finite(cell: str) -> float | None:
    """The number in a cell; None for any other text, for NaN, and for what float32 cannot hold.

    >>> finite(" -2.5 "), finite("1e39"), finite("nan"), finite("1_000")
    (-2.5, None, None, None)
    """
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if abs(value) <= LARGEST and "_" not in cell else None


def _has_tabs(path: str | Path) -> bool:
    return Path(path).suffix.lower() in TABS


def csv_rows(path: str | Path, expected: str) -> list[tuple[int, list[str]]]:
    """[(line, cells)] of a file, lines without a cell left out; a row's line is its last one.

    Raises `InputError` for a file that is no CSV, and for one without rows: what was `expected`.
    """
    style = {"delimiter": "\t", "quoting": csv.QUOTE_NONE} if _has_tabs(path) else {}
    reader = csv.reader(io.StringIO(read_utf8(path), newline=""), **style)
    begin = 1
    rows = []
    try:
        for row in reader:
            begin = reader.line_num + 1
            if row:
                rows.append((reader.line_num, row))
    except csv.Error as error:
        raise InputError(
            f"{str(path)!r} line {begin} is not CSV ({error}); check its quotes"
        ) from None
    if not rows:
        raise InputError(f"{str(path)!r} is empty; expected {expected}")
    return rows


def named_rows(path: str | Path, columns: dict[str, str]) -> Iterator[tuple[str, dict[str, str]]]:
    """(where, {column: cell}) for each row below the header, `where` with the file and the line.

    columns: those that must be there, and what to do where one is not; "split" is also returned
    where it is. Raises `InputError` for a column that is missing or there twice, no row below the
    header, and a row with more cells than the header. Cells are as they stand: see `filled`.
    """
    wanted = " and ".join(repr(name) for name in columns)
    (_, header), *rows = csv_rows(path, f"a header with {wanted}")
    for name, fix in columns.items():
        if name not in header:
            raise InputError(
                f"{str(path)!r} has no column {name!r}; its columns are: {', '.join(header)}; {fix}"
            )
    names = [name for name in dict.fromkeys([*columns, "split"]) if name in header]
    for name in names:
        if header.count(name) > 1:
            raise InputError(f"{str(path)!r} has {header.count(name)} columns {name!r}; keep one")
    if not rows:
        raise InputError(f"{str(path)!r} has a header only; expected rows below it")
    for line, cells in rows:
        where = f"{str(path)!r} line {line}"
        if len(cells) > len(header):
            quotes = 'put quotes (") round a text with a comma'
            raise InputError(
                f"{where}: {len(cells)} cells, expected {len(header)} as in the header; "
                + ("remove the extra tabs" if _has_tabs(path) else quotes)
            )
        found = dict(zip(header, cells, strict=False))
        yield where, {name: found.get(name, "") for name in names}


def filled(where: str, row: dict[str, str]) -> dict[str, str]:
    """The row without white space around its cells; `InputError` for an empty one, and for a
    "split" that is none of the three.

    >>> filled("line 2", {"text": " a cat ", "split": "test"})
    {'text': 'a cat', 'split': 'test'}
    """
    row = {name: value.strip() for name, value in row.items()}
    for name, value in row.items():
        if not value:
            raise InputError(f"{where}: empty {name}; fill it or remove the row")
    if row.get("split", "train") not in SPLITS:
        raise InputError(f"{where}: split {row['split']!r}; expected {', '.join(SPLITS)}")
    return row
