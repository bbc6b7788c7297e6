"""Draw what was measured over lengths anew: pages, figures, and the table of docs/speed.md.

zoo bench --lengths 64,256,1024,4096,16384 --out docs/bench/lengths    measure
python scripts/draw_lengths.py                                         draw from bench.json
python scripts/draw_lengths.py --check                                 is the table that of it?
"""

import argparse
import sys
from itertools import groupby
from pathlib import Path

from zoo import files
from zoo.reports import bench_lengths, benchmark
from zoo.reports.bench_table import number

ROOT = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- lengths: drawn by scripts/draw_lengths.py -->", "<!-- end of lengths -->"


def table(rows: list[dict]) -> str:
    """Milliseconds of each layer at each length, in brackets over those of the GRU; the crossing.

    rows: those of `zoo bench --lengths`; of several ways to run a layer the fastest is shown.
    """
    found = bench_lengths.best(rows)
    lengths = sorted({row["shape"]["T"] for row in found})
    lines = [["", "layer", *(f"T={T:,}" for T in lengths)]]
    lines.append(["---", "---", *["---:"] * len(lengths)])
    for (backend, layer), same in groupby(found, lambda row: (row["backend"], row["layer"])):
        cells = {row["shape"]["T"]: _cell(row) for row in same}
        lines.append([backend, f"`{layer}`", *(cells.get(T, "-") for T in lengths)])
    drawn = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    crossing = "\n".join(f"- {line}" for line in bench_lengths.sentences(rows))
    return "\n\n".join(filter(None, [drawn, crossing]))


def _cell(row):
    over = "" if row["layer"] == "gru" or not row["vs_gru"] else f" ({row['vs_gru']:.2f})"
    return f"{number(row['median_ms'])}{over}"


def page(text: str, rows: list[dict]) -> str:
    """The text with what stands between its two marks drawn anew."""
    if BEGIN not in text or END not in text:
        raise SystemExit(f"draw_lengths: no {BEGIN} and {END} in the page: put them back")
    before, rest = text.split(BEGIN, 1)
    return "".join([before, BEGIN, "\n\n", table(rows), "\n\n", END, rest.split(END, 1)[1]])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bench", type=Path, default=ROOT / "docs/bench/lengths/bench.json")
    parser.add_argument("--page", type=Path, default=ROOT / "docs/speed.md")
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 if it differs")
    asked = parser.parse_args()
    document = files.read_json(asked.bench)
    old = asked.page.read_text(encoding="utf-8")
    new = page(old, document["rows"])
    if asked.check:
        return sys.exit(f"draw_lengths: {asked.page.name} is stale: run it" if new != old else 0)
    for path in benchmark.write(document, asked.bench.parent):
        print(path)
    files.write_bytes(asked.page, new.encode())


if __name__ == "__main__":
    main()
