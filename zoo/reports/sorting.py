"""The one script of the pages: a heading sorts its table.

Without it every table reads as it is. Numbers sort by `data-value`, texts as a reader would order
them ("run 2" before "run 10"); what is missing comes last both ways, and equal rows keep their
order. A heading becomes a button, so that keyboards reach it, and says its order by `aria-sort`.
"""

SORT = """
"use strict";
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  const rows = [...table.tBodies[0].rows];
  const valueOf = (row, column) => {
    const cell = row.cells[column], number = cell.dataset.value;
    return number === undefined ? cell.textContent : number === "" ? null : Number(number);
  };
  const compare = (a, b) => typeof a === "number" && typeof b === "number" ? a - b
    : String(a).localeCompare(String(b), undefined, { numeric: true });
  const sort = (column) => {
    const down = heads[column].getAttribute("aria-sort") === "ascending";
    for (const head of heads) head.removeAttribute("aria-sort");
    heads[column].setAttribute("aria-sort", down ? "descending" : "ascending");
    const keyed = rows.map((row) => [valueOf(row, column), row]);
    keyed.sort(([a], [b]) => a === null || b === null ? (a === null) - (b === null)
      : down ? compare(b, a) : compare(a, b));
    table.tBodies[0].append(...keyed.map(([, row]) => row));
  };
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => sort(column));
    head.append(button);
  });
}
"""
