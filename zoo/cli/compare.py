"""zoo compare: the same model on every backend, its numbers, its times, one report."""

import sys
from contextlib import contextmanager
from fnmatch import fnmatch
from itertools import product
from pathlib import Path
from typing import Annotated

import typer

from zoo.cli.bench import available
from zoo.cli.describe import recipe_names
from zoo.cli.options import Backend, Device, Json, Precision, session, verb
from zoo.errors import InputError

QUICK_SECONDS = 1.0
GPU_DRIVERS = ("/dev/nvidia0", "/dev/kfd", "/dev/dxg")

Names = Annotated[
    list[str] | None,
    typer.Argument(help="Models ('sine*'), cells (lstm, gru, ...) or .keras files."),
]
Measures = Annotated[
    str | None, typer.Option("--measure", help="parity, curve, speed, start, memory, metric.")
]


@verb("compare")
def compare(
    context: typer.Context,
    names: Names = None,
    backends: Annotated[str | None, typer.Option(help="By default all that are there.")] = None,
    measures: Measures = None,
    quick: Annotated[bool, typer.Option("--quick", help="A minute: fewer ways, rounds.")] = False,
    threads: Annotated[str | None, typer.Option(help="Cores to use: 1,2 and so on.")] = None,
    cell: Annotated[str | None, typer.Option(help="Another cell in the models.")] = None,
    shape: Annotated[str, typer.Option(help="Of a cell: small, middle, 32x100x64x128.")] = "middle",
    reproducible: Annotated[
        bool, typer.Option("--reproducible", help="Also bit for bit, and what that costs.")
    ] = False,
    seconds: Annotated[float | None, typer.Option(help="Of timing, for each model.")] = None,
    steps: Annotated[int, typer.Option(help="Of each loss curve.")] = 200,
    seeds: Annotated[int, typer.Option(help="Runs behind the measure metric.")] = 3,
    epochs: Annotated[int | None, typer.Option(help="Of these runs.")] = None,
    limit: Annotated[float, typer.Option(help="Seconds for a model on a backend.")] = 180.0,
    against: Annotated[Path | None, typer.Option(help="An earlier compare.json.")] = None,
    seed: Annotated[int, typer.Option(help="Of weights, batches and order.")] = 0,
    out: Annotated[Path, typer.Option(help="A folder for report, figures, rows.")] = Path(
        "compare"
    ),
    backend: Backend = None,
    device: Device = None,
    precision: Precision = None,
    as_json: Json = False,
):
    """The same model on every backend: equal in numbers, and which is fastest here."""
    from zoo import files
    from zoo.reports.compare import against as compare_against
    from zoo.reports.compare import cases, run
    from zoo.reports.compare import page as compare_page
    from zoo.reports.compare import text as compare_text

    chosen = session(context, backend, device, precision, as_json)
    usual = QUICK_SECONDS if quick else None
    options = cases.options(
        measures,
        quick,
        usual if seconds is None else seconds,
        seeds,
        steps=steps,
        seed=seed,
        limit_s=limit,
        epochs=epochs,
    )
    targets = cases.targets(names, matching, cell, shape, quick)
    old = compare_against.read(against) if against else None
    where, missing = asked(backends or chosen.backend)
    places = all_places(where, chosen.device, chosen.precision, threads, reproducible)

    def keep(document):
        files.write_json(out / "compare.json", document)

    with progress(len(targets), len(places)) as told:
        document = run.run(targets, places, missing, options, keep, told)
    if old:
        document = compare_against.compared(document, old, against)
    *_, page = compare_page.write(document, out)
    chosen.report(document["rows"] if chosen.as_json else document, compare_text.text)
    print(f"report: {page}", file=sys.stderr)
    if document["stopped"]:
        raise KeyboardInterrupt(f"{len(document['rows'])} rows were measured by then")


def matching(pattern) -> list[str]:
    """The recipes that match; `InputError` where none does."""
    known = recipe_names()
    found = [name for name in known if fnmatch(name, pattern)]
    if not found:
        from difflib import get_close_matches

        near = get_close_matches(pattern, known, n=1)
        fix = f"did you mean {near[0]!r}?" if near else "name one of them"
        raise InputError(
            f"{pattern!r} is no .keras file, cell or model; models are {', '.join(known)}: {fix}"
        )
    return found


def asked(names):
    """(backends that can run, {backend: why not}); `InputError` where none can."""
    found = available(names)
    where = [name for name, reason in found.items() if reason is None]
    missing = {name: reason for name, reason in found.items() if reason is not None}
    if not where:
        raise InputError("; ".join(missing.values()))
    return where, missing


def all_places(backends, device, precision, threads, reproducible):
    """Every combination that is asked for, as `Place`s."""
    from zoo import environment
    from zoo.reports import bench_cases
    from zoo.reports.compare.cases import BARS, Place

    devices = device_names(backends, device)
    precisions = bench_cases.chosen(precision or "float32", tuple(BARS), "--precision")
    most = environment.threads()
    counts = [_count(word, most) for word in threads.split(",")] if threads else [most]
    again = (False, True) if reproducible else (False,)
    return [
        Place(backend, where, kind, count, repeatable)
        for kind, count, repeatable in product(precisions, dict.fromkeys(counts), again)
        for backend in backends
        for where in devices[backend]
    ]


def _count(word, most):
    word = word.strip()
    if not word.isdecimal() or not 1 <= int(word) <= most:
        raise InputError(
            f"--threads {word!r}, expected 1 to {most}, the cores of this process: name such"
        )
    return int(word)


def device_names(backends, device) -> dict:
    """{backend: its devices}: those asked for, by default the CPU and each GPU that it sees."""
    import re

    if device is not None:
        found = [name.strip() for name in device.split(",")]
        for name in found:
            if not re.fullmatch(r"cpu|gpu(:\d+)?", name):
                raise InputError(f"--device {name!r}, expected cpu, gpu or gpu:1: name such")
        return {name: found for name in backends}
    if not any(Path(driver).exists() for driver in GPU_DRIVERS) and sys.platform == "linux":
        return {name: ["cpu"] for name in backends}
    from zoo.cli import doctor

    children = {name: doctor.start(name) for name in backends}
    seen = {name: doctor.finish(child).get("devices", []) for name, child in children.items()}
    return {name: ["cpu", *(d for d in there if d != "cpu:0")] for name, there in seen.items()}


@contextmanager
def progress(targets, places):
    """A bar on standard error where that is a terminal; gives what `run` calls with its news."""
    from tqdm import tqdm

    with tqdm(total=targets * (places + 2), disable=None, unit="piece", leave=False) as bar:

        def told(what, left):
            bar.set_description(what[:60])
            bar.update(max(0, min(1, bar.total - bar.n)))

        yield told
