"""The stages of a comparison: what all start from, the numbers, the times, the metrics."""

from functools import partial

import numpy as np

from zoo.reports.compare.cases import row
from zoo.reports.compare.process import Ended
from zoo.reports.compare.timed import speed

MEASURED = ("memory", "parity", "curve")  # in this order, each backend in a process of its own


def prepare(work):
    """Weights, batches and the float64 reference of each target."""
    if work.options.quick:  # one import for all of them
        with work.process(work.reference_place(), double=True) as process:
            for k in range(len(work.targets)):
                _prepare(work, k, process)
        return
    jobs = {
        f"{target.name}: reference": partial(_prepare_alone, work, k)
        for k, target in enumerate(work.targets)
    }
    work.pool(jobs)


def _prepare_alone(work, k):
    with work.process(work.reference_place(), double=True) as process:
        _prepare(work, k, process)


def _prepare(work, k, process):
    options, folder, info = work.options, work.folders[k], work.document["models"][k]
    asked = dict(folder=str(folder), target=work.targets[k].to_json(), seed=options.seed)
    asked["steps"] = options.steps if work.asks("curve") else 1
    try:
        info |= _ask(process, options.limit_s, do="prepare", **asked)["info"]
        if work.asks("parity", "curve"):
            asked = dict(folder=str(folder), steps=options.steps, measures=options.measures)
            asked["quick"] = options.quick
            info |= _ask(process, options.limit_s, do="reference", **asked)
    except Ended as error:
        ready = (folder / "subject.json").exists()
        info |= {"ok": ready, "reason": f"no reference: {error}" if ready else str(error)}
        if not ready:
            work.add([row(info, place, "speed", reason=str(error)) for place in work.places])


def _ask(process, limit_s, seen=lambda rows: None, **asked):
    """The answer; `Ended` also where the process says that it cannot."""
    answer = process.ask(limit_s, seen, **asked)
    if "failed" in answer:
        raise Ended(answer["failed"])
    return answer


def numbers(work):
    """Parity, curve and memory of each model at each place, and the ONNX file of each model."""
    jobs = {}
    if work.asks(*MEASURED) and not work.options.quick:
        for info, folder in work.models():
            for place in work.places:
                job = partial(_numbers, work, info, folder, place)
                jobs[f"{info['model']}: numbers on {place.name}"] = job
    if work.onnx_place():
        for info, folder in work.models():
            jobs[f"{info['model']}: ONNX"] = partial(_export, work, info, folder)
    work.pool(jobs)


def _numbers(work, info, folder, place):
    options, kept = work.options, set()

    def seen(rows):
        kept.update(row["measure"] for row in rows)
        work.add(rows)

    asked = dict(folder=str(folder), measures=options.measures, steps=options.steps)
    try:
        with work.process(place) as process:
            _ask(process, options.limit_s, seen, do="numbers", **asked)
    except Ended as error:
        lacking = [m for m in MEASURED if work.asks(m) and m not in kept]
        rows = [row(info, place, m, reason=str(error), contender="zoo") for m in lacking]
        work.add(rows)


def _export(work, info, folder):
    place = next((p for p in work.places if p.precision == "float32"), work.places[0])
    try:
        with work.process(place) as process:
            _ask(process, work.options.limit_s, do="exported", folder=str(folder))
    except Ended as error:
        work.add([row(info, work.onnx_place(), "speed", reason=str(error), contender="onnx")])


def metrics(work):
    """The final metric of each recipe at each place, trained with each seed."""
    if not work.asks("metric"):
        return
    jobs = {}
    for target, info in zip(work.targets, work.document["models"], strict=True):
        for place in work.places if target.kind == "recipe" and info["ok"] else ():
            job = partial(_metric, work, target, info, place)
            jobs[f"{target.name}: {len(work.options.seeds)} seeds on {place.name}"] = job
    work.pool(jobs)


def _metric(work, target, info, place):
    options, values, name = work.options, [], None
    reason = None
    for seed in options.seeds:
        try:
            with work.process(place) as process:
                asked = dict(target=target.to_json(), seed=seed, epochs=options.epochs)
                answer = _ask(process, options.limit_s, do="metric", **asked)
                values, name = [*values, answer["value"]], answer["name"]
        except Ended as error:
            reason = f"seed {seed}: {error}"
            break
    found = {"what": name, "values": values, "seeds": list(options.seeds[: len(values)])}
    if values:
        found |= {"value": float(np.mean(values)), "std": float(np.std(values))}
    work.add([row(info, place, "metric", found, reason, contender="zoo", use="train")])


STAGES = (prepare, numbers, speed, metrics)
