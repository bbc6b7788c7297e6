"""Several layers in the same rounds, of each this project's alone: the fastest at one length."""

import gc
from dataclasses import replace

from zoo import backends
from zoo.backends import bench
from zoo.reports import bench_cases as cases
from zoo.reports import bench_contenders as contenders
from zoo.reports import bench_inputs as inputs
from zoo.reports import timing
from zoo.reports.bench_rows import device


def measured(case: cases.Case, told=lambda key: None, without=None) -> list[dict]:
    """Time all layers of a case on this process's backend, interleaved; their rows.

    `vs_gru` and `vs_lstm` are against the fastest way to run these, paired within a round: below 1
    is faster; `step_us`: microseconds for each time step of the batch.

    told: as `timing.interleaved` has it, with (layer, name, mask); without: such keys of
    contenders that are left out -> why.
    """
    keys = [
        (layer, name, mask)
        for mask in case.masks
        for layer in case.layers
        for name in contenders.ways("zoo")
    ]
    made, failed = _ready(case, keys, without or {})
    samples = timing.interleaved(made, case.seconds, seed=case.seed, told=told)
    samples |= {key: timing.Sample(reason=reason) for key, reason in failed.items()}
    rows = [_row(case, samples, made.get(key), key) for key in keys]
    made.clear()
    bench.release()
    gc.collect()  # before the next length takes its memory
    return rows


def _ready(case, keys, without):
    given = {mask: contenders.tensors(case, mask) for mask in case.masks}
    made, failed = {}, dict(without)
    for key in keys:
        if key not in failed:
            try:
                made[key] = _made(case, *key, given)
            except Exception as error:  # told in the row of this contender
                failed[key] = timing.reason(error)
    return made, failed


def _made(case, layer, name, mask, given):
    contender = contenders.make(replace(case, layer=layer), name, mask, given[mask])
    contender.compared = None  # no answer is kept: at the longest it is as large as the input
    return contender


def _row(case, samples, contender, key):
    layer, name, mask = key
    sample, one = samples[key], replace(case, layer=layer)
    found = {"device": device(), "path": contender.path if contender else None}
    if sample.reason is None:
        found |= timing.summary(sample) | ratios(samples, key)
        found["step_us"] = found["median_ms"] * 1000 / case.shape.T
        found["gflops"] = inputs.flops(one) / found["median_ms"] / 1e6
    return cases.row(one, backends.name(), name, mask, sample.reason, found)


def ratios(samples, own: tuple[str, str, str]) -> dict:
    """`vs_gru` and `vs_lstm` of the contender `own`: (layer, name, mask).

    >>> samples = {("min_gru", "zoo", "none"): timing.Sample(times={0: 1.0}),
    ...            ("gru", "zoo", "none"): timing.Sample(times={0: 4.0})}
    >>> ratios(samples, ("min_gru", "zoo", "none"))
    {'vs_gru': 0.25, 'vs_lstm': None}
    """

    def against(layer):
        there = [s for (name, _, mask), s in samples.items() if (name, mask) == (layer, own[2])]
        best = timing.fastest(s for s in there if s.reason is None)
        return timing.ratio(samples[own], best) if best else None

    return {f"vs_{layer}": against(layer) for layer in cases.STEPWISE}
