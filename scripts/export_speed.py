"""How fast an export answers, and whether a stream of its steps keeps its memory flat.

    python scripts/export_speed.py exports/sine/onnx                     one call at batch 1
    python scripts/export_speed.py exports/char_lm/onnx --steps 1000000  a stream, with its memory
    python scripts/export_speed.py exports/g2p/onnx --words 2560 --against g2p

`--against NAME` decodes the same words with the Keras model on the backend that `KERAS_BACKEND`
says, in turn with the export, and prints the ratio. Nothing is measured before a warm-up.
"""

import argparse
import statistics
import time
from pathlib import Path

import numpy as np

from zoo import runtime


def megabytes():
    """The memory of this process that is in use, in MB."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    raise SystemExit("this system does not say how much memory a process uses")


def inputs_of(piece, steps):
    """One row of small numbers or tokens for each input of a piece; open axes are `steps`."""
    shapes = [[1, *(steps if n is None else n for n in t["shape"][1:])] for t in piece.inputs]
    return [np.ones(s, t["dtype"]) for s, t in zip(shapes, piece.inputs, strict=True)]


def call(model, repeats=5, count=2000):
    """Print the time of one call at batch 1: median and range of `repeats` means."""
    name, piece = next(iter(model.pieces.items()))
    arrays = inputs_of(piece, 1 if name in ("step", "decoder") else 20)
    means = []
    for _ in range(repeats + 1):
        begun = time.perf_counter()
        for _ in range(count):
            piece(arrays)
        means.append((time.perf_counter() - begun) / count * 1e3)
    means = means[1:]
    shapes = ", ".join(str(x.shape) for x in arrays)
    print(
        f"{name} {shapes}: {statistics.median(means):.4f} ms ({min(means):.4f} to {max(means):.4f})"
    )


def stream(model, steps):
    """Print the time of a step and the memory along a stream of `steps`."""
    piece = model.pieces["step"]
    read, *state = inputs_of(piece, 1)
    state = model.zero_state(1)
    begun = None
    for k in range(steps + 1000):
        if k == 1000:
            begun = time.perf_counter()
        if k >= 1000 and (k - 1000) % (steps // 4) == 0:
            print(f"{k - 1000:>9} steps: {megabytes():.1f} MB", flush=True)
        _, *state = piece([read, *state])
    took = time.perf_counter() - begun
    print(f"{steps:>9} steps: {megabytes():.1f} MB; {took / steps * 1e6:.1f} microseconds a step")


def words(predictor, count, against):
    """Print words a second, greedy and with a beam of 5, of the export and of the Keras model."""
    from zoo.data import pairs

    given = [word for word, _ in pairs.g2p()["test"]][:count]
    models = {"export": predictor}
    if against:
        import zoo

        models["keras"] = zoo.load(against)
    for width in (1, 5):
        rates = {name: [] for name in models}
        for repeat in range(6):
            for name, model in models.items():
                begun = time.perf_counter()
                model(given, beam_width=width)
                if repeat:
                    rates[name].append(count / (time.perf_counter() - begun))
        said = [
            f"{name} {statistics.median(r):,.0f} ({min(r):,.0f} to {max(r):,.0f})"
            for name, r in rates.items()
        ]
        if against:
            ratio = statistics.median(
                a / b for a, b in zip(rates["export"], rates["keras"], strict=True)
            )
            said.append(f"ratio {ratio:.2f}")
        print(f"beam {width}, words a second: " + ", ".join(said), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", help="what `zoo export` wrote")
    parser.add_argument("--steps", type=int, help="stream so many steps")
    parser.add_argument("--words", type=int, help="decode so many words of g2p's test split")
    parser.add_argument("--against", help="a trained model by name, decoded in turn")
    given = parser.parse_args()
    predictor = runtime.load(given.folder)
    if given.steps:
        stream(predictor.model, given.steps)
    elif given.words:
        words(predictor, given.words, given.against)
    else:
        call(predictor.model)


if __name__ == "__main__":
    main()
