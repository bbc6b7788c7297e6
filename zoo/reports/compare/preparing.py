"""Weights, batches and the float64 reference of the targets, each once, for all backends."""

from functools import partial

from zoo.reports.compare.cases import row
from zoo.reports.compare.process import Ended


def prepare(work):
    """Each target by a process of its own; in a quick run `speed` has them prepared."""
    jobs = {
        f"{target.name}: reference": partial(prepare_some, work, [k])
        for k, target in enumerate(work.targets)
    }
    work.pool({} if work.options.quick else jobs)


def prepare_some(work, numbers):
    """The targets of these numbers by one process; each is told of when it is there, or failed.

    Where the reference's backend does not start, the next one computes it.
    """
    left, places, reason = list(numbers), work.reference_places(), None
    try:
        while left and places:
            try:
                with work.process(places[0], double=True) as process:
                    while left and process.alive:
                        _prepare(work, left[0], process)
                        work.add([])  # its entry is to be kept
                        work.prepared[left.pop(0)].set()
            except Ended as error:
                places, reason = places[1:], str(error)
    finally:
        for k in left:
            _fail(work, k, f"no process for the reference: {reason}")
        for k in numbers:
            work.prepared[k].set()


def _fail(work, k, reason):
    info = work.document["models"][k]
    info |= {"ok": False, "reason": reason}
    work.add([row(info, place, "speed", reason=reason) for place in work.places])


def _prepare(work, k, process):
    options, folder, info = work.options, work.folders[k], work.document["models"][k]
    asked = dict(folder=str(folder), target=work.targets[k].to_json(), seed=options.seed)
    asked["steps"] = options.steps if work.asks("curve") else 1
    try:
        info |= process.ask(options.limit_s, do="prepare", **asked)["info"]
        if work.asks("parity", "curve"):
            asked = dict(folder=str(folder), steps=options.steps, measures=options.measures)
            asked["quick"] = options.quick
            info |= process.ask(options.limit_s, do="reference", **asked)
    except Ended as error:
        ready = (folder / "subject.json").exists()
        if ready:
            info["reason"] = f"no reference: {error}"
        else:
            _fail(work, k, str(error))
