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
    """The targets of these numbers by one process; each is told of when it is there, or failed."""
    try:
        with work.process(work.reference_place(), double=True) as process:
            for k in numbers:
                _prepare(work, k, process)
                work.add([])  # its entry is to be kept
                work.prepared[k].set()
    finally:
        for k in numbers:
            work.prepared[k].set()


def _prepare(work, k, process):
    options, folder, info = work.options, work.folders[k], work.document["models"][k]
    asked = dict(folder=str(folder), target=work.targets[k].to_json(), seed=options.seed)
    asked["steps"] = options.steps if work.asks("curve") else 1
    try:
        info |= answer(process, options.limit_s, do="prepare", **asked)["info"]
        if work.asks("parity", "curve"):
            asked = dict(folder=str(folder), steps=options.steps, measures=options.measures)
            asked["quick"] = options.quick
            info |= answer(process, options.limit_s, do="reference", **asked)
    except Ended as error:
        ready = (folder / "subject.json").exists()
        info |= {"ok": ready, "reason": f"no reference: {error}" if ready else str(error)}
        if not ready:
            work.add([row(info, place, "speed", reason=str(error)) for place in work.places])


def answer(process, limit_s, seen=lambda rows: None, **asked):
    """The answer; `Ended` also where the process says that it cannot."""
    answer = process.ask(limit_s, seen, **asked)
    if "failed" in answer:
        raise Ended(answer["failed"])
    return answer
