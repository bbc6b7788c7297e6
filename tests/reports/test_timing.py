"""Contenders in rounds: who runs how often, what a failure leaves, ratios within a round."""

import time

import pytest

from zoo.reports import timing
from zoo.reports.timing import Sample

pytestmark = pytest.mark.neutral


class Clock:
    """Time that passes only when a contender says so."""

    def __init__(self, monkeypatch):
        self.now, self.order = 0.0, []
        monkeypatch.setattr(time, "perf_counter", lambda: self.now)

    def contender(self, name, *seconds):
        """Takes each of `seconds` in turn, then the last one again and again."""
        left = list(seconds)

        def call():
            self.order.append(name)
            self.now += left.pop(0) if len(left) > 1 else left[0]

        return call


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)


def test_the_first_call_stands_apart_and_each_round_has_one_call_of_each(clock):
    both = {"a": clock.contender("a", 9.0, 0.25), "b": clock.contender("b", 5.0, 0.5)}
    samples = timing.interleaved(both, seconds=4.0, rounds=(4, 4))
    assert (samples["a"].first, samples["b"].first) == (9.0, 5.0)
    assert samples["a"].times == dict.fromkeys(range(4), 0.25)
    assert samples["b"].times == dict.fromkeys(range(4), 0.5)
    rounds = [clock.order[k : k + 2] for k in range(2, 10, 2)]
    assert all(sorted(names) == ["a", "b"] for names in rounds)


def test_the_order_within_the_rounds_varies_and_is_that_of_the_seed(clock):
    def order(seed):
        clock.order = []
        names = {name: clock.contender(name, 0.01) for name in "abcd"}
        timing.interleaved(names, 1.0, rounds=(8, 8), seed=seed)
        return clock.order[4:]

    first = order(0)
    assert order(0) == first != order(1)
    assert len({tuple(first[k : k + 4]) for k in range(0, 32, 4)}) > 1


def test_a_slow_contender_runs_less_often_and_its_rounds_are_spread(clock):
    both = {"fast": clock.contender("fast", 0.01), "slow": clock.contender("slow", 0.5)}
    samples = timing.interleaved(both, seconds=3.0, rounds=(5, 100))
    assert len(samples["fast"].times) == 100
    assert len(samples["slow"].times) == 5
    assert max(samples["slow"].times) > 40
    assert set(samples["slow"].times) <= set(samples["fast"].times)


def test_what_the_budget_does_not_cover_runs_once(clock):
    both = {"fast": clock.contender("fast", 0.1), "slow": clock.contender("slow", 10.0)}
    samples = timing.interleaved(both, seconds=3.0)
    assert len(samples["slow"].times) == 1
    assert len(samples["fast"].times) >= 5


def test_one_slow_call_does_not_decide_how_often_a_contender_runs(clock):
    name = {"a": clock.contender("a", 1.0, 2.9, 0.01)}
    assert len(timing.interleaved(name, seconds=3.0)["a"].times) == timing.MOST


def test_a_failure_is_told_and_the_others_go_on(clock):
    calls = []

    def later():
        calls.append(1)
        if len(calls) == 3:
            raise MemoryError("no room")

    both = {"a": clock.contender("a", 0.1), "b": later}
    samples = timing.interleaved(both, seconds=2.0, rounds=(5, 5))
    assert samples["b"].reason == "MemoryError: no room"
    assert len(samples["b"].times) == 1 and len(calls) == 3
    assert samples["a"].reason is None and len(samples["a"].times) == 5


def test_a_stop_by_hand_is_no_failure():
    def stopped():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        timing.interleaved({"a": stopped})


def test_a_ratio_compares_within_rounds():
    a = Sample(times={0: 1.0, 1: 10.0, 2: 1.0, 3: 50.0})
    b = Sample(times={0: 2.0, 1: 20.0, 2: 2.0})
    assert timing.ratio(a, b) == 0.5
    assert timing.ratio(b, a) == 2.0
    assert timing.ratio(a, Sample()) is None
    assert timing.ratio(a, Sample(times={7: 1.0})) is None


def test_a_summary_is_in_milliseconds():
    found = timing.summary(Sample(first=2.0, times={0: 0.1, 1: 0.2, 2: 0.3, 3: 0.4, 4: 0.5}))
    assert found["rounds"] == 5 and found["first_call_ms"] == 2000
    values = [found[key] for key in ("p25_ms", "median_ms", "p75_ms")]
    assert values == pytest.approx([200, 300, 400])
    assert timing.summary(Sample())["median_ms"] is None


def test_the_fastest_is_that_of_the_lowest_median():
    slow, fast = Sample(times={0: 1.0, 1: 3.0, 2: 3.0}), Sample(times={0: 2.0})
    assert timing.fastest([slow, fast, Sample()]) is fast
    assert timing.fastest([Sample()]) is None
