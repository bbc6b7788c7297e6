"""What the stages of one comparison share: its document, its processes, its pool."""

import contextlib
from concurrent.futures import ThreadPoolExecutor, as_completed
from importlib.util import find_spec
from threading import Event, Lock

from zoo import environment
from zoo.reports.compare.cases import Place, row
from zoo.reports.compare.process import Process

# Who computes in float64: the first that works. In a quick run that has nothing to compile.
REFERENCES = ("jax", "torch", "tensorflow")
QUICK_REFERENCES = ("torch", "jax", "tensorflow")


class Work:
    """One comparison under way."""

    def __init__(self, document, targets, places, options, folder, seen, told):
        self.document, self.targets, self.places = document, targets, places
        self.options, self.seen, self.told = options, seen, told
        self.folders = [folder / str(k) for k in range(len(targets))]
        self.lock, self.open, self.stopped = Lock(), set(), False
        self.prepared = [Event() for _ in targets]

    def add(self, rows):
        """Take rows into the document, from any thread, and let it be kept.

        Not those of processes that were ended because the comparison was stopped.
        """
        with self.lock:
            if not self.stopped:
                self.document["rows"] += rows
                self.seen(self.document)

    def asks(self, *measures) -> bool:
        """Whether any of these is to be measured."""
        return any(name in self.options.measures for name in measures)

    def start(self, place, double=False, timed=False) -> Process:
        """A process that lives until `end`, or the end of the comparison."""
        process = Process(place, self.options.seed, double, timed, self.options.limit_s)
        self.open.add(process)
        return process

    def end(self, process):
        """End one process."""
        self.open.discard(process)
        process.close()

    @contextlib.contextmanager
    def process(self, place, double=False):
        """A process for the time of a block."""
        process = self.start(place, double)
        try:
            yield process
        finally:
            self.end(process)

    def close(self):
        """End every process."""
        for process in list(self.open):
            self.end(process)

    def models(self):
        """(entry, folder) of each target that could be prepared."""
        both = zip(self.document["models"], self.folders, strict=True)
        return [(info, folder) for info, folder in both if info["ok"]]

    def absent(self, missing):
        """A row for each model on each backend that is not here."""
        threads = environment.threads()
        rows = [
            row(info, Place(backend, threads=threads), "speed", reason=reason, contender="zoo")
            for backend, reason in missing.items()
            for info in self.document["models"]
        ]
        self.add(rows)

    def reference_places(self):
        """Where the reference can be computed, the first choice first."""
        known = QUICK_REFERENCES if self.options.quick else REFERENCES
        threads = self.places[0].threads
        return [Place(name, threads=threads) for name in known if find_spec(name)]

    def onnx_place(self):
        """Where the exported file runs; None where it is not asked for or cannot."""
        if "onnx" not in self.options.contenders or not self.asks("speed"):
            return None
        if find_spec("onnxruntime") is None or find_spec("onnx") is None:
            return None
        return Place("onnxruntime", threads=self.places[0].threads)

    def pool(self, jobs, at_once=None):
        """Run jobs, {what: function}, `at_once` at a time: by default one for each core."""
        if not jobs:
            return
        with ThreadPoolExecutor(at_once or environment.threads()) as pool:
            futures = {pool.submit(job): what for what, job in jobs.items()}
            left = len(futures)
            try:
                for future in as_completed(futures):
                    future.result()
                    left -= 1
                    self.told(futures[future], left)
            except BaseException:
                self.stopped = True
                pool.shutdown(wait=False, cancel_futures=True)
                self.close()
                raise
