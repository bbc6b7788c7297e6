"""How fast the decoders are on one backend, each beside the way without them, in one run.

KERAS_BACKEND=jax python scripts/decoding_speed.py                        all of it
KERAS_BACKEND=torch python scripts/decoding_speed.py sine chars g2p       by name
KERAS_BACKEND=tensorflow python scripts/decoding_speed.py soak            a million streamed steps

sine    the shipped model rolled out in one call, and by a loop over `predict`
chars   characters a second of a language model with 256 units, batch 1, at two lengths
g2p     words a second, greedy and with a beam of 5, in batches of 128
soak    memory and speed of a stream over a million steps
"""

import argparse
import json
import resource
import time

import keras
import numpy as np

import zoo
from zoo.engine.decoding import generate, rollout
from zoo.models.carry import initial_state
from zoo.models.step import carried_step, window_step
from zoo.registry import recipe
from zoo.reports.timing import interleaved


def median(sample):
    """The median time of a sample in seconds."""
    return float(np.median(list(sample.times.values())))


def spread(sample):
    """(p75 - p25) / median."""
    low, high = np.percentile(list(sample.times.values()), [25, 75])
    return float(high - low) / median(sample)


def sine(seconds):
    """Milliseconds a step, window 20, 32 units."""
    model = zoo.load("sine").model
    step, steps, few = window_step(model), 1000, 20
    window = np.sin(np.arange(20, dtype="float32") / 10).reshape(1, 20, 1)
    first, before = window[:, -1], np.roll(window, 1, axis=1)

    def by_predict(count):
        seen = window
        for _ in range(count):
            value = model.predict(seen, verbose=0)
            seen = np.concatenate([seen[:, 1:], value[:, None]], axis=1)
        return seen[:, -min(count, 20) :, 0]

    calls = {
        "rollout": lambda: rollout(step, first, before, steps),
        "predict": lambda: by_predict(few),
    }
    gap = float(np.abs(rollout(step, first, before, 20)[:, :, 0] - by_predict(20)).max())
    found = interleaved(calls, seconds, rounds=(5, 50))
    one, other = median(found["rollout"]) / steps * 1e3, median(found["predict"]) / few * 1e3
    return {
        "ms a step": one,
        "spread": spread(found["rollout"]),
        "ms a step by predict": other,
        "times faster": other / one,
        "largest difference": gap,
    }


def chars(seconds):
    """Characters a second, and whether the n-th costs more than the first."""
    model = zoo.many_to_many_aligned(vocabulary=96, classes=96, units=256, embedding=64)
    step, state, start = carried_step(model), initial_state(model, 1), np.array([1])
    rows = {}
    for name, temperature in (("greedy", 0.0), ("sampled", 0.8)):
        calls = {
            n: lambda n=n, t=temperature: generate(step, start, state, n, temperature=t, seed=1)
            for n in (500, 4000)
        }
        found = interleaved(calls, seconds / 2, rounds=(5, 50))
        short, long = (median(found[n]) / n for n in (500, 4000))
        rows[name] = {
            "characters a second": 1 / long,
            "spread": spread(found[4000]),
            "cost at 4000 over cost at 500": long / short,
        }
    return rows


def g2p(seconds):
    """Words a second over the first 2,560 of the test split."""
    predictor = zoo.load("g2p")
    words = [word for word, _ in recipe("g2p").data()["test"][:2560]]
    calls = {
        "greedy": lambda: predictor(words, beam_width=1),
        "beam of 5": lambda: predictor(words, beam_width=5),
    }
    found = interleaved(calls, seconds, rounds=(3, 20))
    return {
        name: {"words a second": len(words) / median(s), "spread": spread(s)}
        for name, s in found.items()
    }


def soak(seconds, steps=1_000_000):
    """A million steps of the character model's size; memory before and after."""
    model = zoo.many_to_many_aligned(features=8, outputs=1, cell="gru", units=32)
    stream = zoo.streaming(model)
    piece, rows = np.ones((1, 1, 8), "float32"), []
    began = time.perf_counter()
    for t in range(steps + 1):
        stream(piece)
        if t % (steps // 10) == 0:
            rows.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
            print(f"  {t:>9,} steps  peak {rows[-1]:.0f} MB", flush=True)
    taken = time.perf_counter() - began
    return {
        "steps": steps,
        "ms a step": taken / steps * 1e3,
        "peak MB after a tenth": rows[1],
        "peak MB at the end": rows[-1],
    }


PARTS = {"sine": sine, "chars": chars, "g2p": g2p, "soak": soak}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", default=["sine", "chars", "g2p"], metavar="PART")
    parser.add_argument("--seconds", type=float, default=10, help="for each part")
    given = parser.parse_args()
    for name in given.parts:
        if name not in PARTS:
            parser.error(f"part {name!r} is not one of {', '.join(PARTS)}: choose one of them")
    for name in given.parts:
        row = {"backend": keras.backend.backend(), "part": name} | PARTS[name](given.seconds)
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
