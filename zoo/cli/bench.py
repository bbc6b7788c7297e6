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
TOGETHER_SECONDS = 15.0  # for many layers in one set

Seconds = Annotated[float | None, typer.Option(help="For each set of contenders.")]
Shapes = Annotated[
    str | None, typer.Option(help="small, middle, large, long, batch1 or BxTxFxU; commas.")
]


@verb("bench")
def bench(
    context: typer.Context,
    layer: Annotated[str | None, typer.Option(help="lstm, gru, min_gru, ...; commas.")] = None,
    shapes: Shapes = None,
    mask: Annotated[str | None, typer.Option(help="none, half; commas.")] = None,
    passes: Annotated[str | None, typer.Option("--pass", help="forward, training; commas.")] = None,
    direction: Annotated[str, typer.Option(help="forward or bidirectional.")] = "forward",
    sweep: Annotated[str | None, typer.Option(help="One size in many: T=50,100,200.")] = None,
    lengths: Annotated[
        str | None, typer.Option(help="Layers beside each other at each T: 64,256,1024.")
    ] = None,
    memory: Annotated[bool, typer.Option("--memory", help="Peak memory instead of time.")] = False,
    backends: Annotated[str | None, typer.Option(help="By default all that are there.")] = None,
    seconds: Seconds = None,
    quick: Annotated[bool, typer.Option("--quick", help="Few rounds, few shapes.")] = False,
    limit: Annotated[float, typer.Option(help="Seconds that one first call may take.")] = 120.0,
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
    layer = layer or (",".join(bench_cases.TOGETHER) if lengths else "lstm")
    passes = passes or ("training" if memory or lengths else ",".join(bench_cases.PASSES))
    mask = mask or ("none" if lengths else ",".join(bench_cases.MASKS))
    if seconds is None:
        seconds = QUICK_SECONDS if quick else TOGETHER_SECONDS if lengths else SECONDS
    make = bench_cases.together if lengths else bench_cases.grid
    cases = make(
        bench_cases.chosen(layer, bench_cases.LAYERS, "--layer"),
        sizes(shapes, sweep, quick, lengths, memory),
        bench_cases.chosen(passes, bench_cases.PASSES, "--pass"),
        masks=tuple(bench_cases.chosen(mask, bench_cases.MASKS, "--mask")),
        **alike(direction, chosen.precision or "float32", chosen.device, seconds, seed, limit),
    )
    where = available(backends or chosen.backend)
    with progress(len(cases) * len(where)) as seen:
        document = benchmark.run(cases, where, memory, seen)
    if out:
        benchmark.write(document, out)
    chosen.report(document["rows"] if chosen.as_json else document, readable)
    if document["stopped"]:
        raise KeyboardInterrupt(f"{len(document['rows'])} rows were measured by then")


def sizes(shapes, sweep, quick, lengths=None, memory=False):
    """The shapes to measure; a sweep starts from the one in `--shapes`, if any."""
    from zoo.reports import bench_shapes

    if lengths and (sweep or memory):
        other = "--sweep" if sweep else "--memory"
        raise InputError(
            f"--lengths with {other}, expected one of them: use --sweep T=64,256 alone"
        )
    option = "--lengths" if lengths else "--sweep"
    if not (lengths or sweep):
        usual = QUICK_SHAPES if quick else ",".join(bench_shapes.SHAPES)
        return bench_shapes.shapes(shapes or usual)
    usual = bench_shapes.LENGTHS if lengths else bench_shapes.SWEPT
    base = bench_shapes.shapes(shapes) if shapes else [usual]
    if len(base) > 1:
        raise InputError(f"{option} with {len(base)} shapes, expected one to start from: name one")
    made = bench_shapes.lengths if lengths else bench_shapes.sweep
    return made(lengths or sweep, base[0])


def alike(direction, precision, device, seconds, seed, limit_s) -> dict:
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
    for option, value in {"--seconds": seconds, "--limit": limit_s}.items():
        if not 0 < value < float("inf"):
            raise InputError(f"{option} {value}, expected more than 0: choose another")
    if not 0 <= seed < 2**32:
        raise InputError(f"--seed {seed}, expected 0 to {2**32 - 1}: choose another")
    same = dict(direction=direction, precision=precision, device=device, limit_s=limit_s)
    return same | {"seconds": seconds, "seed": seed}


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
    from zoo.reports import bench_lengths, bench_table

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
    if lines := bench_lengths.sentences(document["rows"]):
        parts += [*(textwrap.fill(line, WIDTH, subsequent_indent="  ") for line in lines), ""]
    return "\n".join([*parts, textwrap.fill(bench_table.NOTE, WIDTH)])


def _table(lines):
    from zoo.reports import bench_table

    right = {k for k, name in enumerate(lines[0]) if name in bench_table.RIGHT}
    return output.table(lines, right)
