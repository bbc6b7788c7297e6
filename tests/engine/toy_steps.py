"""Small random steps with a NumPy twin, for the tests of the decoders."""

import itertools

import keras
import numpy as np
from keras import ops

from zoo.models.step import Step

V, U, START, END = 4, 3, 1, 3
SHAPES = [(V, U), (U, U), (U, V)]  # embedding, recurrent, output


class Toy:
    """h = tanh(embedding[token] + h W); logits = h O. The state matters at every step."""

    def __init__(self, seed=0):
        self.variables = [keras.Variable(np.zeros(s, "float32")) for s in SHAPES]
        self.step = Step(self.function, self.variables)
        self.draw(seed)

    def draw(self, seed):
        """New weights: the compiled loops have to see them."""
        generator = np.random.default_rng(seed)
        self.weights = [generator.normal(size=s) * 1.5 for s in SHAPES]
        for variable, value in zip(self.variables, self.weights, strict=True):
            variable.assign(value.astype("float32"))

    def function(self, token, state):
        embedding, recurrent, output = (v.value for v in self.variables)
        (h,) = state["layers"]
        h = ops.tanh(ops.take(embedding, token, axis=0) + ops.matmul(h, recurrent))
        # A tuple for the list that came in: the loop has to cope.
        return ops.matmul(h, output), {"layers": (h,), "count": state["count"] + 1}

    def state(self, batch, seed=0):
        h = np.random.default_rng([7, seed]).normal(size=(batch, U))
        return {"layers": [h], "count": np.zeros((batch, 1), "int32")}

    def logits(self, token, h):
        """The NumPy twin, one row: -> logits (V,), h (U,)."""
        embedding, recurrent, output = self.weights
        h = np.tanh(embedding[token] + h @ recurrent)
        return h @ output, h

    def log_probability(self, tokens, h):
        total, last = 0.0, START
        for token in tokens:
            logits, h = self.logits(last, h)
            total += logits[token] - np.log(np.exp(logits).sum())
            last = token
        return total


def starts(batch):
    return np.full(batch, START)


def every_sequence(steps, end=END, tokens=range(V)):
    """All sequences that end with `end`, or have `steps` tokens without it."""
    others = [t for t in tokens if t != end]
    for length in range(1, steps + 1):
        for body in itertools.product(others, repeat=length - 1):
            last = tokens if length == steps else [t for t in tokens if t == end]
            yield from ((*body, t) for t in last)


def enumerated(toy, h, steps, alpha, end=END, tokens=range(V)):
    """Every sequence of one row with its score, best first."""
    scored = []
    for sequence in every_sequence(steps, end, tokens):
        score = toy.log_probability(sequence, h) / ((5 + len(sequence)) / 6) ** alpha
        scored.append((score, sequence))
    return sorted(scored, reverse=True)
