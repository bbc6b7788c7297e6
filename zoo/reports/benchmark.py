"""`zoo bench`: one process for each backend, rows as they come, the document of all of them.

This process loads no framework: it hands out the work, collects the rows and writes the files.
"""

import json
import os
import platform
import shlex
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from zoo import environment, files, plots
from zoo.reports import bench_lengths, bench_lengths_picture, bench_picture, bench_table
from zoo.reports.bench_cases import Case, failures, row


class Ended(RuntimeError):
    """A process that measures ended before its work was done; the message says why.

    during: the key of the contender whose first call it did not survive, None where it was another.
    """

    def __init__(self, reason, during=None):
        super().__init__(reason)
        self.during = during


def run(
    cases: list[Case],
    backends: Mapping[str, str | None],
    memory: bool = False,
    seen: Callable[[list[dict]], object] = lambda rows: None,
) -> dict:
    """Measure every case on every backend, one backend after the other.

    backends: name -> None, or the reason why it cannot run here, which then stands in its rows;
    memory: peak memory, each contender in a process of its own, instead of time; seen: called with
    the rows of each case on each backend when they are there.

    Returns {"environment", "backends": {name: {devices, device, precision}}, "rows", "stopped"}.
    Ctrl-C ends the measurement: what was measured by then is returned, and `stopped` is True.

    >>> document = run([Case("gru")], {"jax": "jax is not installed"})
    >>> [(row["backend"], row["ok"], row["reason"]) for row in document["rows"]]
    [('jax', False, 'jax is not installed')]
    """
    document = {"environment": header(), "backends": {}, "rows": [], "stopped": False}
    try:
        for backend, reason in backends.items():
            for rows in _measured(backend, reason, cases, memory, document["backends"]):
                document["rows"] += rows
                seen(rows)
    except KeyboardInterrupt:
        document["stopped"] = True
    return document


def header() -> dict:
    """The command, and of this machine what every backend has in common."""
    affinity = getattr(os, "sched_getaffinity", None)
    return {
        "command": shlex.join(["zoo", *sys.argv[1:]]),
        "commit": environment.commit(),
        "python": platform.python_version(),
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "threads": len(affinity(0)) if affinity else os.cpu_count(),
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS"),
        "versions": environment.versions(),
    }


def write(document: dict, folder) -> list[Path]:
    """Write bench.json, bench.md and, where there is a ratio to draw, bench.png into `folder`.

    Where lengths were measured also lengths.png, light and dark. Each file is there whole or not at
    all. Returns the paths.
    """
    folder = Path(folder)
    page = bench_table.markdown(document).encode()
    paths = [
        files.write_json(folder / "bench.json", document),
        files.write_bytes(folder / "bench.md", page),
    ]
    if any(row["vs_keras"] for row in document["rows"]):
        paths.append(plots.save(bench_picture.ratios(document["rows"]), folder / "bench.png"))
    if bench_lengths.best(document["rows"]):
        for dark, light in ((False, ""), (True, "_dark")):
            figure = bench_lengths_picture.times(document["rows"], dark)
            paths.append(plots.save(figure, folder / f"lengths{light}.png"))
    return paths


def _measured(backend, reason, cases, memory, found) -> Iterator[list[dict]]:
    """The rows of each case in turn.

    A contender that ends its process is told, and its case measured again without it; where it is
    not known which it was, the whole case is told and the rest goes on.
    """
    without = []  # (key, reason) of the contenders that the first case is to be measured without
    while cases and not reason:
        done, first = 0, without
        measuring = _memory if memory else _times
        try:
            for rows in measuring(backend, cases, found, first):
                done, without = done + 1, []
                yield rows
        except Ended as ended:
            if backend not in found:
                reason = str(ended)  # it did not even start
                break
            if ended.during:
                without = [*without, (ended.during, str(ended))]
            else:
                yield failures(cases[done], backend, str(ended))
                done, without = done + 1, []
        cases = cases[done:]
    if reason:
        yield from (failures(case, backend, reason) for case in cases)


def _times(backend, cases, found, without):
    work = [{"do": "time", "case": case.to_json()} for case in cases]
    work[0]["without"] = without
    return (answer["rows"] for answer in _answers(backend, work, found))


def _memory(backend, cases, found, without):
    for case in cases:
        same = {"case": case.to_json()}
        (answer,) = _answers(backend, [{"do": "names", **same}], found)
        rows = []
        for name, mask in answer["names"]:
            work = {"do": "memory", "name": name, "mask": mask, **same}
            try:
                (answer,) = _answers(backend, [work], found)
                rows += answer["rows"]
            except Ended as ended:  # that of this contender alone
                rows.append(row(case, backend, name, mask, str(ended)))
        yield rows


def _answers(backend, work, found):
    """What a process on `backend` answers to each piece of work; what it is goes into `found`."""
    with tempfile.TemporaryFile("w+") as tasks, tempfile.TemporaryFile("w+") as said:
        tasks.writelines(json.dumps(piece) + "\n" for piece in work)
        tasks.seek(0)
        child = subprocess.Popen(
            [sys.executable, "-m", "zoo.reports.bench_child"],
            env=os.environ | {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"},
            stdin=tasks,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
        )
        watch = _Watch(child, work[0]["case"]["limit_s"])
        try:
            for answer in map(json.loads, child.stdout):
                if "environment" in answer:
                    found[backend] = answer["environment"]
                elif "calls" in answer:
                    watch.calls(answer["calls"])
                else:
                    yield answer
            if child.wait():
                raise Ended(watch.late or last_words(said, child.returncode), watch.key)
        finally:
            watch.calls(None)
            child.kill()
            child.stdout.close()
            child.wait()


class _Watch:
    """Ends a process when the call of which it last told takes longer than `limit_s` seconds."""

    def __init__(self, child, limit_s):
        self.child, self.limit_s = child, limit_s
        self.key = self.timer = self.late = None

    def calls(self, key):
        """A contender is called for the first time; None: no longer."""
        if self.timer:
            self.timer.cancel()
        self.key, self.timer = key, threading.Timer(self.limit_s, self._end)
        self.timer.daemon = True
        if key:
            self.timer.start()

    def _end(self):
        self.late = f"its first call did not end within {self.limit_s:g} s"
        self.child.kill()


def last_words(said, status) -> str:
    """How a process ended, and the last line of what it `said` in a file."""
    said.seek(0)
    lines = [line.strip() for line in said if line.strip()]
    how = f"signal {-status}" if status < 0 else f"status {status}"
    return f"ended with {how}: {lines[-1][:160]}" if lines else f"ended with {how}"
