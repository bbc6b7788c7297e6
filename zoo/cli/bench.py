"""zoo bench: this project's layers beside the stock ones and the machine's own limit."""

import re
import textwrap
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from zoo.cli import output
from zoo.cli.options import BACKENDS, Backend, Device, Json, Precision, session, verb
from zoo.errors import InputError, missing

WIDTH = 100
SECONDS, QUICK_SECONDS, QUICK_SHAPES = 3.0, 0.3, "small,middle,batch1"

Seconds = Annotated[float | None, typer.Option(help="For each set of contenders.")]
Shapes = Annotated[
    str | None, typer.Option(help="small, middle, large, long, batch1 or BxTxFxU; commas.")
]


@verb("bench")
def bench(
    context: typer.Context,
    layer: Annotated[str, typer.Option(help="lstm, gru, simple_rnn, ...; commas.")] = "lstm",
    shapes: Shapes = None,
    mask: Annotated[str, typer.Option(help="none, half; commas.")] = "none,half",
    passes: Annotated[str | None, typer.Option("--pass", help="forward, training; commas.")] = None,
    direction: Annotated[str, typer.Option(help="forward or bidirectional.")] = "forward",
    sweep: Annotated[str | None, typer.Option(help="One size in many: T=50,100,200.")] = None,
    memory: Annotated[bool, typer.Option("--memory", help="Peak memory instead of time.")] = False,
    backends: Annotated[str | None, typer.Option(help="By default all that are there.")] = None,
    seconds: Seconds = None,
    quick: Annotated[bool, typer.Option("--quick", help="Few rounds, few shapes.")] = False,
    seed: Annotated[int, typer.Option(help="Of inputs, weights and order.")] = 0,
    out: Annotated[Path | None, typer.Option(help="A folder for bench.json, bench.md.")] = None,
    backend: Backend = None,
    device: Device = None,
    precision: Precision = None,
    as_json: Json = False,
):
    """This project's layers beside stock Keras, torch.nn and the matrix products alone."""
    from zoo.reports import bench_cases, benchmark

    chosen = session(context, backend, device, precision, as_json)
    passes = passes or ("training" if memory else ",".join(bench_cases.PASSES))
    seconds = (QUICK_SECONDS if quick else SECONDS) if seconds is None else seconds
    cases = bench_cases.grid(
        bench_cases.chosen(layer, bench_cases.LAYERS, "--layer"),
        sizes(shapes, sweep, quick),
        bench_cases.chosen(passes, bench_cases.PASSES, "--pass"),
        masks=tuple(bench_cases.chosen(mask, bench_cases.MASKS, "--mask")),
        **alike(direction, chosen.precision or "float32", chosen.device, seconds, seed),
    )
    where = available(backends or chosen.backend)
    with progress(len(cases) * len(where)) as seen:
        document = benchmark.run(cases, where, memory, seen)
    if out:
        benchmark.write(document, out)
    chosen.report(document["rows"] if chosen.as_json else document, readable)
    if document["stopped"]:
        raise KeyboardInterrupt(f"{len(document['rows'])} rows were measured by then")


def sizes(shapes, sweep, quick):
    """The shapes to measure; a sweep starts from the one in `--shapes`, if any."""
    from zoo.reports import bench_cases

    if sweep is None:
        return bench_cases.shapes(
            shapes or (QUICK_SHAPES if quick else ",".join(bench_cases.SHAPES))
        )
    base = bench_cases.shapes(shapes) if shapes else [bench_cases.SWEPT]
    if len(base) > 1:
        raise InputError(f"--sweep with {len(base)} shapes, expected one to start from: name one")
    return bench_cases.sweep(sweep, base[0])


def alike(direction, precision, device, seconds, seed) -> dict:
    """What all cases have in common; `InputError` for what cannot be."""
    from zoo.reports import bench_cases

    known = {
        "--direction": (direction, bench_cases.DIRECTIONS),
        "--precision": (precision, bench_cases.PRECISIONS),
    }
    for option, (value, names) in known.items():
        if value not in names:
            raise InputError(f"{option} {value!r} is not one of {', '.join(names)}: choose one")
    if device and not re.fullmatch(r"(cpu|gpu)(:\d+)?", device):
        raise InputError(f"--device {device!r}, expected cpu, gpu or gpu:1 and so on: name one")
    if not 0 < seconds < float("inf"):
        raise InputError(f"--seconds {seconds}, expected more than 0: choose another")
    if not 0 <= seed < 2**32:
        raise InputError(f"--seed {seed}, expected 0 to {2**32 - 1}: choose another")
    return dict(direction=direction, precision=precision, device=device, seconds=seconds, seed=seed)


def available(names) -> dict:
    """{backend: None, or why it cannot run}: those in `names`, by default all that are there."""
    from zoo.reports import bench_cases

    there = {name: find_spec(name) is not None for name in BACKENDS}
    if names is None:
        asked = [name for name in BACKENDS if there[name]] or list(BACKENDS)
    else:
        asked = bench_cases.chosen(names, BACKENDS, "--backends")
    return {n: None if there[n] else str(missing(n, BACKENDS[n])) for n in asked}


@contextmanager
def progress(total):
    """A bar on standard error where that is a terminal; gives a function that takes new rows."""
    from tqdm import tqdm

    with tqdm(total=total, disable=None, unit="case", leave=False) as bar:

        def seen(rows):
            bar.set_description(f"{rows[0]['backend']} {rows[0]['layer']} {rows[0]['shape_name']}")
            bar.update()

        yield seen


def readable(document) -> str:
    """The tables, for a terminal of 100 columns."""
    from zoo.reports import bench_table

    parts = []
    for group in bench_table.groups(document["rows"]):
        parts.append(group.title)
        if group.lines:
            parts.append(_table([group.head, *group.lines]))
        parts += [textwrap.fill(n, WIDTH, initial_indent="  ", subsequent_indent="    ")
                  for n in group.notes]  # fmt: skip
        parts.append("")
    if lines := bench_table.growth_lines(document["rows"]):
        parts += [_table(lines), ""]
    return "\n".join([*parts, textwrap.fill(bench_table.NOTE, WIDTH)])


def _table(lines):
    from zoo.reports import bench_table

    right = {k for k, name in enumerate(lines[0]) if name in bench_table.RIGHT}
    return output.table(lines, right)
