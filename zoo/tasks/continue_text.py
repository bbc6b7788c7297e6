"""A language model on characters: the next one at every step, state carried, text continued."""

import numpy as np
from tokenizers import Tokenizer

from zoo.data import vocabulary
from zoo.data.text import continuous_batches
from zoo.engine.decoding import generate
from zoo.errors import InputError
from zoo.models.step import carried_model, carried_step, kept, zero_state
from zoo.tasks.batching import Batches
from zoo.tasks.losses import cross_entropy as loss  # noqa: F401

carried = True


def specify(data, fit):
    tokenizer = vocabulary.characters([data["train"]], fit.minimum_frequency)
    return {"vocabulary": tokenizer.to_str(), "batch": fit.batch_size, "steps": fit.steps}


def sizes(spec):
    count = Tokenizer.from_str(spec["vocabulary"]).get_vocab_size()
    return {"vocabulary": count, "classes": count}


def _ids(text, spec):
    return vocabulary.encode(Tokenizer.from_str(spec["vocabulary"]), [text])[0]


def batches(split, spec, fit, *, seed=0, epoch=0, shuffle=True):
    """In the order of the text: row b of a batch goes on in row b of the next."""
    x, y = continuous_batches(_ids(split, spec), fit.batch_size, fit.steps)
    return Batches(range(len(x)), lambda k: (x[k], y[k], np.ones(y[k].shape, "float32")))


def read(raw, spec):
    """Prefixes as they are; `InputError` for an empty one or an unknown character."""
    known = Tokenizer.from_str(spec["vocabulary"]).get_vocab()
    for prefix in raw:
        if not prefix:
            raise InputError("prefix '' is empty, expected at least one character: give a prefix")
        unknown = [c for c in prefix if c not in known]
        if unknown:
            raise InputError(
                f"prefix {prefix!r} has {unknown[0]!r}, which was not in the training text: "
                "leave it out"
            )
    return list(raw)


def answer(model, inputs, spec, steps=50, temperature=0.5, seed=0):
    """Each prefix continued by `steps` characters; temperature 0 takes the likeliest each time."""
    tokens = vocabulary.encode(Tokenizer.from_str(spec["vocabulary"]), inputs)
    stepwise, step = kept(model, carried_model), kept(model, carried_step)
    # The state after all but the last character; padding leaves it alone.
    warm = vocabulary.pad([t[:-1] for t in tokens], max(1, *(len(t) - 1 for t in tokens), 1))
    zeros = zero_state(model, len(warm))
    state = stepwise.predict_on_batch([warm, *zeros])[1:]
    last = np.array([t[-1] for t in tokens], "int32")
    ids = generate(step, last, state, steps, temperature=temperature, seed=seed)
    tokenizer = Tokenizer.from_str(spec["vocabulary"])
    texts = [vocabulary.decode(tokenizer, row) for row in np.asarray(ids)]
    return [{"output": p + t, "continuation": t} for p, t in zip(inputs, texts, strict=True)]


def evaluate(model, split, spec):
    """Bits per character over the whole split, the state carried from batch to batch."""
    rows = min(spec["batch"], max(1, len(split) // (4 * spec["steps"])))
    x, y = continuous_batches(_ids(split, spec), rows, spec["steps"])
    stepwise = kept(model, carried_model)
    state = zero_state(model, x.shape[1])
    total = 0.0
    for inputs, targets in zip(x, y, strict=True):
        logits, *state = stepwise.predict_on_batch([inputs, *state])
        total += _nats(np.asarray(logits, "float64"), targets)
    return {"bits per character": total / y.size / np.log(2)}


def _nats(logits, targets):
    """The sum of -log p of the targets."""
    highest = logits.max(-1, keepdims=True)
    norm = np.log(np.exp(logits - highest).sum(-1)) + highest[..., 0]
    return float((norm - np.take_along_axis(logits, targets[..., None], -1)[..., 0]).sum())
