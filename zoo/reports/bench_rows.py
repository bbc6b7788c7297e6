"""Measurements to rows: one for each contender and mask of a case, with its ratios."""

from dataclasses import replace

import keras

from zoo import backends, environment
from zoo.backends import bench
from zoo.reports import bench_cases as cases
from zoo.reports import bench_contenders as contenders
from zoo.reports import bench_inputs as inputs
from zoo.reports import timing


def measured(case: cases.Case, told=lambda key: None, without=None) -> list[dict]:
    """Time all contenders of a case on this process's backend, interleaved; their rows.

    Ratios are times over times, paired within a round: below 1 is faster. `vs_keras` is against the
    fastest way to run the stock layer, `vs_matmul` against the fastest of the matrix products
    alone, which are those of all steps, padded ones too, so that the masks share one measurement;
    `vs_unmasked` is the same contender with the mask against itself without. `gflops`: the
    operations of those products in a second, whatever else was done in the time.

    told: as `timing.interleaved` has it, with (name, mask); without: (name, mask) of contenders
    that are left out -> why.
    """
    made, failed = contenders.ready(case, without or {})
    named = {(c.name, c.mask): c for c in made}
    samples = timing.interleaved(named, case.seconds, seed=case.seed, told=told)
    samples |= {key: timing.Sample(reason=reason) for key, reason in failed.items()}
    names = dict.fromkeys(name for name, _ in contenders.names(case))
    rows = [_row(case, samples, named, name, mask) for mask in case.masks for name in names]
    made.clear()
    named.clear()
    bench.release()
    return rows


def _row(case, samples, named, name, mask):
    own = (name, "none") if _kind(name) == cases.LIMIT else (name, mask)
    sample, contender = samples[own], named.get(own)
    found = {"device": device(), "path": contender.path if contender else None}
    if sample.reason is None:
        found |= timing.summary(sample) | ratios(samples, own, mask)
        found["max_difference"] = _difference(case, named, own)
        found["gflops"] = inputs.flops(case) / found["median_ms"] / 1e6
    return cases.row(case, backends.name(), name, mask, sample.reason, found)


def ratios(samples, own: tuple[str, str], mask: str) -> dict:
    """`vs_keras`, `vs_torch_nn`, `vs_matmul`, `vs_unmasked` of the contender `own`: (name, mask).

    samples: (name, mask) -> `timing.Sample`; mask: that of the contenders it is compared with.

    >>> samples = {("zoo", "half"): timing.Sample(times={0: 1.0}),
    ...            ("keras", "half"): timing.Sample(times={0: 4.0})}
    >>> ratios(samples, ("zoo", "half"), "half")["vs_keras"]
    0.25
    """

    def against(kind, mask):
        there = [s for (n, m), s in samples.items() if _kind(n) == kind and m == mask]
        best = timing.fastest(s for s in there if s.reason is None)
        return timing.ratio(samples[own], best) if best else None

    whole = samples.get((own[0], "none"))
    return {
        "vs_keras": against("keras", mask),
        "vs_torch_nn": against("torch.nn", mask),
        "vs_matmul": against(cases.LIMIT, "none"),
        "vs_unmasked": timing.ratio(samples[own], whole) if own[1] != "none" and whole else None,
    }


def _kind(name):
    return name.partition(" ")[0]


def _difference(case, named, own):
    """The gap to the first way to run the stock layer; None for that one itself."""
    stock = next((c for (n, m), c in named.items() if _kind(n) == "keras" and m == own[1]), None)
    if stock is None or stock is named[own]:
        return None
    return contenders.difference(named[own], stock, inputs.mask(own[1], case.shape, case.seed))


def device() -> str:
    """Where this process computes: `cpu` or `gpu`."""
    return "gpu" if backends.on_gpu() else "cpu"


def layers(case: cases.Case) -> list[tuple[str, str]]:
    """(name, mask) of every contender that is a layer: those whose memory is of interest."""
    return [key for key in contenders.names(case) if _kind(key[0]) != cases.LIMIT]


def memory(case: cases.Case, name: str, mask: str) -> dict:
    """The row of one contender's peak memory, in MB over that of the process after a warm-up.

    To be measured in a fresh process. The warm-up is the same contender with two steps, so that
    libraries, compilers and threads are counted before; the inputs are there before, too.
    """
    found = {"device": device()}
    try:
        contender = contenders.make(replace(case, shape=replace(case.shape, T=2)), name, mask)
        contender()
        contender = contenders.make(case, name, mask)
        before = bench.peak_bytes()
        for _ in range(2):
            contender()
    except Exception as error:  # told in the row of this contender
        return cases.row(case, backends.name(), name, mask, timing.reason(error), found)
    found |= {"path": contender.path, "peak_mb": (bench.peak_bytes() - before) / 2**20}
    return cases.row(case, backends.name(), name, mask, found=found)


def set_up(case: cases.Case) -> dict:
    """Take device, precision and seed of a case in this process; returns what it then is."""
    if case.device:
        backends.use_device(case.device)
    backends.use_precision(case.precision)
    keras.utils.set_random_seed(case.seed)
    found = environment.describe()
    return {key: found[key] for key in ("devices", "device", "precision")}
