"""Tables of a report page: what stands in them, and what they are sorted by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from zoo.plots import number
from zoo.reports.sorting import SORT


@dataclass(frozen=True)
class Shown:
    """A number in a table with a text of its own; `mark` sets it off: "right" or "wrong".

    >>> str(Shown(0.04, "±4%"))
    '±4%'
    """

    value: float | None
    text: str
    mark: str = ""

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Table:
    """Rows as dicts; `columns` maps each key to its heading, in order.

    The first column heads its row. A column that holds only numbers (or None) is right-aligned
    and rounded to three significant digits; `Shown` gives a number another text. sortable: where
    scripts run, a heading sorts the rows, by the numbers themselves and what is missing last.
    """

    rows: Sequence[Mapping]
    columns: Mapping[str, str]
    caption: str = ""
    sortable: bool = False

    @property
    def script(self) -> str:
        """What the page must run for this block; "" for nothing."""
        return SORT if self.sortable else ""

    def html(self, name: str) -> str:
        looks = {key: _look([row.get(key) for row in self.rows]) for key in self.columns}
        heads = "".join(
            f'<th scope="col"{looks[key]}>{escape(heading)}</th>'
            for key, heading in self.columns.items()
        )
        body = "".join(f"<tr>{self._cells(row, looks)}</tr>\n" for row in self.rows)
        caption = f"<caption>{escape(self.caption)}</caption>" if self.caption else ""
        label = escape(self.caption or "table")
        sortable = ' class="sortable"' if self.sortable else ""
        return (
            f'<div class="scroll" role="region" tabindex="0" aria-label="{label}">'
            f"<table{sortable}>{caption}"
            f"<thead><tr>{heads}</tr></thead>\n<tbody>\n{body}</tbody></table></div>"
        )

    def _cells(self, row: Mapping, looks: Mapping[str, str]) -> str:
        cells = []
        for i, key in enumerate(self.columns):
            tag, scope = ("td", "") if i else ("th", ' scope="row"')
            value, text = row.get(key), escape(shown(row.get(key)))
            if isinstance(value, Shown) and value.mark:
                text = f'<span class="{value.mark}">{text}</span>'
            data = _data(value) if self.sortable else ""
            cells.append(f"<{tag}{scope}{looks[key]}{data}>{text}</{tag}>")
        return "".join(cells)


def _data(value: object) -> str:
    """The number that a cell is sorted by, empty for a missing one; a text is its own."""
    value = value.value if isinstance(value, Shown) else value
    if value is None or (_is_number(value) and not np.isfinite(value)):
        return ' data-value=""'
    return f' data-value="{float(value)!r}"' if _is_number(value) else ""


def _look(values: Sequence) -> str:
    """The class of a column: numbers to the right, short texts on one line."""
    values = [value for value in values if value is not None]
    if values and all(map(_is_number, values)):
        return ' class="number"'
    return ' class="short"' if all(len(shown(value)) <= 32 for value in values) else ""


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | np.number | Shown) and not isinstance(value, bool)


def shown(value: object) -> str:
    """A value of a cell as people read it: a dash for none, numbers in three figures."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return number(value) if _is_number(value) and not isinstance(value, Shown) else str(value)
