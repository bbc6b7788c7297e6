"""A process that measures: asked a line of JSON at a time, each answer within its time."""

import contextlib
import json
import os
import selectors
import subprocess
import sys
import tempfile
import time

from zoo import environment
from zoo.reports.benchmark import Ended, last_words
from zoo.reports.compare.cases import Place

# What a framework reads to know how many threads it may have.
THREADS = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
)
FLAGS = (*THREADS, "XLA_FLAGS", "TF_XLA_FLAGS", "TF_ENABLE_ONEDNN_OPTS", "CUDA_VISIBLE_DEVICES")


class Process:
    """One process on one `Place`. `ask` may be called until it raises `Ended`.

    double: the process computes in float64, for the reference; timed: it stays on as many cores as
    it has threads, while others may share them all.
    """

    def __init__(self, place: Place, seed=0, double=False, timed=False, limit_s=180.0):
        self.place = place
        self._said = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115
        self._child = subprocess.Popen(
            [sys.executable, "-m", "zoo.reports.compare.child"],
            env=surroundings(place, double),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
        )
        self._read = selectors.DefaultSelector()
        self._read.register(self._child.stdout, selectors.EVENT_READ)
        self._rest = b""
        try:
            asked = dict(place=place.to_json(), seed=seed, double=double, timed=timed)
            self.found = self.ask(limit_s, do="start", **asked)
        except BaseException:
            self.close()
            raise

    @property
    def alive(self) -> bool:
        """Whether it can still be asked."""
        return self._child.poll() is None

    def ask(self, limit_s, seen=lambda rows: None, **work) -> dict:
        """The answer to one piece of work. seen: called with rows that come before the answer.

        Raises `Ended` when the process dies, takes longer than `limit_s` seconds, or says that it
        cannot; it lives on after the last of these.
        """
        due = time.monotonic() + limit_s
        try:
            self._child.stdin.write(json.dumps(work).encode() + b"\n")
            self._child.stdin.flush()
        except BrokenPipeError:
            raise Ended(self._last_words()) from None
        while True:
            answer = json.loads(self._line(due, limit_s))
            if answer.get("more"):
                seen(answer["rows"])
                continue
            if "cannot" in answer:
                raise Ended(answer["cannot"])
            return answer

    def _line(self, due, limit_s):
        while b"\n" not in self._rest:
            left = due - time.monotonic()
            if left <= 0 or not self._read.select(left):
                self.close()
                raise Ended(f"no answer within {limit_s:.0f} s")
            part = os.read(self._child.stdout.fileno(), 1 << 16)
            if not part:
                raise Ended(self._last_words())
            self._rest += part
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    def _last_words(self):
        said = last_words(self._said, self._child.wait())
        self.close()
        return said

    def close(self):
        """End the process, whatever it does. May be called twice."""
        self._child.kill()
        self._child.wait()
        for stream in (self._child.stdin, self._child.stdout, self._said):
            with contextlib.suppress(BrokenPipeError):  # what it was still to be told
                stream.close()
        self._read.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()


def surroundings(place: Place, double=False) -> dict:
    """The environment variables of a process on `place`.

    >>> surroundings(Place("jax", threads=2))["KERAS_BACKEND"]
    'jax'
    """
    found = dict(os.environ)
    found |= {name: str(place.threads) for name in THREADS}
    found |= {"TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": place.backend}
    # One process of each backend has the GPU at the same time: none may take all of it.
    found.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    if double:
        found["JAX_ENABLE_X64"] = "1"
    for name, value in environment.BEFORE_A_GPU.items() if place.reproducible else ():
        found[name] = f"{found.get(name, '')} {value}".strip()
    return found
