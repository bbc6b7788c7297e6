"""The stages of a comparison: preparing.py, the numbers, timed.py, the metrics."""

from dataclasses import replace
from functools import partial

import numpy as np

from zoo.reports.compare.cases import row
from zoo.reports.compare.preparing import prepare
from zoo.reports.compare.process import Ended
from zoo.reports.compare.timed import speed

MEASURED = ("memory", "parity", "curve")  # in this order, each backend in a process of its own


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
            process.ask(options.limit_s, seen, do="numbers", **asked)
    except Ended as error:
        lacking = [m for m in MEASURED if work.asks(m) and m not in kept]
        rows = [row(info, place, m, reason=str(error), contender="zoo") for m in lacking]
        work.add(rows)


def _export(work, info, folder):
    place = replace(work.places[0], precision="float32")  # that of the runtime
    try:
        with work.process(place) as process:
            process.ask(work.options.limit_s, do="exported", folder=str(folder))
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
                found = process.ask(options.limit_s, do="metric", **asked)
                values, name = [*values, found["value"]], found["name"]
        except Ended as error:
            reason = f"seed {seed}: {error}"
            break
    found = {"what": name, "values": values, "seeds": list(options.seeds[: len(values)])}
    if values:
        found |= {"value": float(np.mean(values)), "std": float(np.std(values))}
    work.add([row(info, place, "metric", found, reason, contender="zoo", use="train")])


STAGES = (prepare, numbers, speed, metrics)
