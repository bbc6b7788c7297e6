"""Contenders timed side by side: round by round, in a new order each round.

What slows the machine for a second then slows all of them, and a ratio taken within each round
means more than a ratio of two figures taken minutes apart.
"""

import gc
import time
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

LEAST, MOST = 5, 200  # rounds: at least where the budget allows it, and never more
OPENING = 3  # rounds before the plan: one time alone may be an outlier


@dataclass
class Sample:
    """One contender's times in seconds: `first` call (compilation too), then {round: time}.

    `reason` says why it failed, in one line; None when it ran. An entry is kept from every round
    before a failure.
    """

    first: float | None = None
    times: dict[int, float] = field(default_factory=dict)
    reason: str | None = None


def interleaved(
    contenders: Mapping[str, Callable[[], object]],
    seconds: float = 3.0,
    rounds: tuple[int, int] = (LEAST, MOST),
    seed: int = 0,
    told: Callable[[object], object] = lambda name: None,
) -> dict[str, Sample]:
    """Time every contender, a call each in a round, the order drawn anew for each round.

    contenders: name -> function that returns once its result is there; seconds: the budget of all
    together, of which each may use an equal share. A contender runs rounds[0] times where that
    takes it no longer than `seconds`, else as often as fits, and once at the least; never more than
    rounds[1] times. The first call of each, which compiles, is timed apart.

    told: called with the name of each before its first call, and with None when all had theirs.

    One that raises is left out from then on; its `Sample.reason` says why. Returns name -> Sample.

    >>> samples = interleaved({"add": lambda: 1 + 1, "fail": lambda: 1 / 0}, 0.01, rounds=(2, 3))
    >>> len(samples["add"].times), samples["fail"].reason
    (3, 'ZeroDivisionError: division by zero')
    """
    order = np.random.default_rng(seed)
    samples = {name: Sample() for name in contenders}
    share = seconds / max(len(samples), 1)
    with _undisturbed():
        for name in contenders:
            told(name)
            samples[name].first = _timed(contenders[name], samples[name])
        told(None)
        for k in range(min(OPENING, rounds[1])):
            quick = [n for n, sample in samples.items() if sum(sample.times.values()) <= share]
            _round(k, quick, contenders, samples, order)
        due = _plan(samples, share, seconds, rounds)
        for k in range(OPENING, 1 + max(map(max, filter(None, due.values())), default=0)):
            _round(k, [n for n in contenders if k in due.get(n, ())], contenders, samples, order)
    return samples


def _round(k, names, contenders, samples, order):
    for i in order.permutation(len(names)):
        sample = samples[names[i]]
        if sample.reason is None:
            taken = _timed(contenders[names[i]], sample)
            if taken is not None:
                sample.times[k] = taken
    gc.collect()


def _timed(call, sample):
    began = time.perf_counter()
    try:
        call()
    except Exception as error:  # whatever a contender raises is its result here: told in its row
        sample.reason = reason(error)
        return None
    return time.perf_counter() - began


def _plan(samples, share, seconds, rounds):
    """{name: the rounds it still runs in}, spread evenly over those of the one with the most."""
    left = {
        name: _count(min(sample.times.values()), share, seconds, rounds) - len(sample.times)
        for name, sample in samples.items()
        if sample.times
    }
    total = max(left.values(), default=0)
    return {name: {OPENING + i * total // n for i in range(n)} for name, n in left.items()}


def _count(taken, share, seconds, rounds):
    least = max(1, min(rounds[0], int(seconds / max(taken, 1e-9))))
    return min(max(int(share / max(taken, 1e-9)), least), rounds[1])


@contextmanager
def _undisturbed():
    """Garbage is collected between rounds only: within one it would strike just one contender.

    What is there already is left out of it, so that a collection takes next to no time.
    """
    gc.collect()
    gc.freeze()
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.unfreeze()
        if enabled:
            gc.enable()


def reason(error: BaseException) -> str:
    """An exception as one line of at most 200 characters.

    >>> reason(ValueError("no such shape\\nlong story"))
    'ValueError: no such shape'
    """
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
    return text if len(text) <= 200 else f"{text[:197]}..."


def ratio(sample: Sample, other: Sample) -> float | None:
    """How many times the time of `other` it took: the median of the rounds where both ran.

    None where there is no such round.

    >>> ratio(Sample(times={0: 2.0, 1: 3.0, 2: 9.0}), Sample(times={0: 1.0, 1: 1.0}))
    2.5
    """
    both = sample.times.keys() & other.times.keys()
    return float(np.median([sample.times[k] / other.times[k] for k in both])) if both else None


def median(sample: Sample) -> float | None:
    """The median time in seconds, None where nothing was timed."""
    return float(np.median(list(sample.times.values()))) if sample.times else None


def fastest(samples) -> Sample | None:
    """The sample with the lowest median among `samples`, None where none has a time."""
    return min((s for s in samples if s.times), key=median, default=None)


def summary(sample: Sample) -> dict:
    """A sample as numbers in milliseconds: median_ms, p25_ms, p75_ms, rounds, first_call_ms.

    >>> summary(Sample(first=1.0, times={0: 0.002, 1: 0.004}))["median_ms"]
    3.0
    """
    times = np.array(list(sample.times.values())) * 1000
    quartiles = np.percentile(times, [25, 50, 75]).tolist() if len(times) else [None] * 3
    return {
        "median_ms": quartiles[1],
        "p25_ms": quartiles[0],
        "p75_ms": quartiles[2],
        "rounds": len(times),
        "first_call_ms": None if sample.first is None else sample.first * 1000,
    }
