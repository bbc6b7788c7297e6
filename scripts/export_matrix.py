"""Every registered model in every format, written from every backend: what passes, and why not.

    python scripts/export_matrix.py             45 minutes on one core; goes on where it stopped
    python scripts/export_matrix.py --draw      the tables of README.md and docs/export.md, no more
    python scripts/export_matrix.py --models g2p sine --formats onnx --backends jax

A cell is one export: written, loaded in the format's own runtime and compared with the Keras model
at batch sizes and lengths that it was not written at. Shipped models have their trained weights and
are compared on their golden inputs too. The rows stand in docs/results/exports.csv.
"""

import argparse
import csv
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from zoo import files, registry
from zoo.formats import FORMATS
from zoo.formats.limits import LIMITS

ROOT = Path(__file__).resolve().parent.parent
CSV = ROOT / "docs" / "results" / "exports.csv"
BACKENDS = ("tensorflow", "jax", "torch")
FIELDS = ("name", "format", "backend", "ok", "max_difference", "open_axes", "seconds", "reason")
BEGIN, END = "<!-- exports: drawn by scripts/export_matrix.py -->", "<!-- end of exports -->"


def read():
    """The rows that were measured, by (model, format, backend)."""
    if not CSV.exists():
        return {}
    with CSV.open(encoding="utf-8", newline="") as file:
        return {(r["name"], r["format"], r["backend"]): r for r in csv.DictReader(file)}


def write(rows):
    """Write the rows in the order of the registry, whole or not at all."""
    text, order = io.StringIO(), registry.list_models()
    writer = csv.DictWriter(text, FIELDS, lineterminator="\n")
    writer.writeheader()
    keys = sorted(
        rows, key=lambda k: (order.index(k[0]), list(FORMATS).index(k[1]), BACKENDS.index(k[2]))
    )
    writer.writerows(rows[key] for key in keys)
    files.write_bytes(CSV, text.getvalue().encode())


def measure(backend, cells):
    """Measure cells [(model, format)] in a process on `backend`; yields their rows."""
    command = [sys.executable, __file__, "--worker", json.dumps(cells)]
    environment = os.environ | {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "2"}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        for line in child.stdout:
            if line.startswith("{"):
                yield json.loads(line) | {"backend": backend}
        said = child.stderr.read().strip().splitlines()
    if child.returncode:
        sys.exit(f"the process on {backend} ended with status {child.returncode}: {said[-1:]}")


def work(cells):
    """Print a row as JSON for each cell."""
    from zoo.errors import InputError, one_line

    with tempfile.TemporaryDirectory() as folder:
        for name, format in cells:
            begun, out = time.perf_counter(), Path(folder) / name / format
            try:
                row = exported(name, format, out)
            except InputError as error:
                row = {"ok": False, "max_difference": None, "reason": str(error)}
            except Exception as error:  # a fault: the table shows it until it is mended
                said = f"{type(error).__name__}: {one_line(error)}"
                row = {"ok": False, "max_difference": None, "reason": said}
            row = {"open_axes": axes(out), "seconds": round(time.perf_counter() - begun, 1)} | row
            print(json.dumps({"name": name, "format": format} | row), flush=True)


def exported(name, format, out):
    """The row of an export, of trained weights where there are some."""
    import zoo
    from zoo import store
    from zoo.formats.trained import export_trained

    if store.is_trained(name):
        return export_trained(name, format, out)
    return zoo.export(zoo.create_model(name), format, out)


def axes(out):
    """Which axes of the inputs an export leaves open."""
    if not (out / "spec.json").exists():
        return ""
    pieces = files.read_json(out / "spec.json")["pieces"].values()
    shapes = [tensor["shape"] for piece in pieces for tensor in piece["inputs"]]
    return "batch, time" if any(None in shape[1:] for shape in shapes) else "batch"


def draw(rows):
    """Put the summary into README.md and the whole table into docs/export.md."""
    whole = f"{table(rows)}\n\n{limits()}"
    for path, text in (("README.md", summary(rows)), ("docs/export.md", whole)):
        page = (ROOT / path).read_text(encoding="utf-8")
        before, rest = page.split(BEGIN, 1)
        _, after = rest.split(END, 1)
        files.write_bytes(ROOT / path, f"{before}{BEGIN}\n\n{text}\n\n{END}{after}".encode())


def summary(rows):
    """One line for each format: how many cells pass, and the largest difference of those."""
    lines = ["| Format | Exports that pass | Largest difference |", "|---|---:|---:|"]
    for format in FORMATS:
        cells = [row for key, row in rows.items() if key[1] == format]
        passed = [float(r["max_difference"]) for r in cells if r["ok"] == "True"]
        worst = number(max(passed)) if passed else "–"
        lines.append(f"| `{format}` | {len(passed)} of {len(cells)} | {worst} |")
    return "\n".join(lines)


def table(rows):
    """One line for each model, a column for each format: the largest difference of all backends."""
    reasons = []
    lines = [
        "| Model | Open axes | " + " | ".join(f"`{format}`" for format in FORMATS) + " |",
        "|---|---|" + "---:|" * len(FORMATS),
    ]
    for name in registry.list_models():
        own = {key[1:]: row for key, row in rows.items() if key[0] == name}
        opened = next((row["open_axes"] for row in own.values() if row["open_axes"]), "")
        shown = [cell({b: own.get((f, b)) for b in BACKENDS}, reasons) for f in FORMATS]
        lines.append(f"| `{name}` | {opened} | " + " | ".join(shown) + " |")
    notes = [f"{k}. {reason}" for k, reason in enumerate(reasons, 1)]
    return "\n".join([*lines, "", *notes]).rstrip()


def number(x):
    """A difference, to one digit."""
    return f"{x:.0e}" if x else "0"


def limits():
    """What no model that needs it can have in a format, and whose limit that is."""
    lines = ["What a format cannot hold, whatever the model, and why:", ""]
    lines += [f"- `{format}`, {what}: {why}" for (format, what), why in sorted(LIMITS.items())]
    return "\n".join(lines)


def cell(of, reasons):
    """The largest difference where all backends pass; else the number of the reason."""
    found = {backend: row for backend, row in of.items() if row}
    wrong = {backend: row["reason"] for backend, row in found.items() if row["ok"] != "True"}
    marks = []
    for backend, reason in wrong.items():
        if reason not in reasons:
            reasons.append(reason)
        where = "" if len(wrong) == len(found) else f" ({backend})"
        marks.append(f"[{reasons.index(reason) + 1}]{where}")
    passed = [float(row["max_difference"]) for row in found.values() if row["ok"] == "True"]
    best = [number(max(passed))] if passed else []
    return " ".join([*best, *dict.fromkeys(marks)]) or "–"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="*", help="by default all that are registered")
    parser.add_argument("--formats", nargs="*", default=list(FORMATS), choices=FORMATS)
    parser.add_argument("--backends", nargs="*", default=BACKENDS, choices=BACKENDS)
    parser.add_argument("--again", action="store_true", help="measure what was measured before")
    parser.add_argument("--draw", action="store_true", help="draw the tables and measure nothing")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker:
        return work(json.loads(given.worker))
    rows = read()
    for backend in [] if given.draw else given.backends:
        cells = [(n, f) for n in given.models or registry.list_models() for f in given.formats]
        left = [c for c in cells if given.again or (*c, backend) not in rows]
        for row in measure(backend, left):
            found = row["reason"] or row["max_difference"]
            print(f"{row['name']} {row['format']} {backend}: {found}", flush=True)
            kept = {k: "" if row.get(k) is None else str(row[k]) for k in FIELDS}
            rows[row["name"], row["format"], backend] = kept
            write(rows)
    draw(rows)
    failed = [key for key, row in rows.items() if row["ok"] != "True"]
    print(f"{len(rows) - len(failed)} of {len(rows)} cells pass")
    return None


if __name__ == "__main__":
    main()
