"""A language model on characters: the next one at every step, state carried, text continued."""

import numpy as np
from tokenizers import Tokenizer

from zoo.data import vocabulary
from zoo.data.text import continuous_batches
from zoo.engine import decoding
from zoo.engine.loop import check_whole
from zoo.engine.settings import Settings
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
    _check_texts("prefix", raw, spec)
    return list(raw)


def _check_texts(kind, texts, spec):
    known = Tokenizer.from_str(spec["vocabulary"]).get_vocab()
    for text in texts:
        if not isinstance(text, str):
            raise InputError(f"{kind} {text!r} is not a text, expected a string: give one")
        if not text:
            raise InputError(f"{kind} '' is empty, expected at least one character: give a {kind}")
        unknown = [c for c in text if c not in known]
        if unknown:
            raise InputError(
                f"{kind} {text!r} has {unknown[0]!r}, which was not in the training text: "
                "leave it out"
            )


def answer(
    model,
    inputs,
    spec,
    steps=50,
    temperature=0.5,
    top_k=None,
    top_p=None,
    repetition_penalty=None,
    stop=(),
    seed=0,
):
    """Each prefix continued by `steps` characters, or up to a stop string.

    inputs: prefixes; temperature (0 takes the likeliest each time), top_k, top_p and
    repetition_penalty: as in `zoo.generate`; stop: a string or several: a continuation ends just
    before the first that it writes, which is no part of it (one in the prefix does not count);
    seed: a prefix's continuation depends on it alone, not on the other prefixes or their order.
    Returns one {"output": prefix + continuation, "continuation": ...} for each prefix.

    Raises `InputError` for settings out of range, an empty prefix or stop string, and a character
    that the model does not know.

    >>> from zoo.models.many_to_many_aligned import many_to_many_aligned
    >>> spec = {"vocabulary": vocabulary.characters(["to be or not to be"]).to_str()}
    >>> model = many_to_many_aligned(**sizes(spec), embedding="one_hot", units=4)
    >>> [len(a["continuation"]) for a in answer(model, ["to", "or not"], spec, steps=7)]
    [7, 7]
    """
    options = _options(steps, temperature, top_k, top_p, repetition_penalty, seed)
    stop = _stop_strings(stop, spec)
    arguments, options = _beginning(model, read(inputs, spec), spec, options, stop)
    rows = decoding.generate(*arguments, steps, **options)
    tokenizer = Tokenizer.from_str(spec["vocabulary"])
    texts = ["".join(_before_stop(vocabulary.decode(tokenizer, row), stop)) for row in rows]
    return [{"output": p + t, "continuation": t} for p, t in zip(inputs, texts, strict=True)]


def stream(
    model,
    prefix,
    spec,
    steps=50,
    temperature=0.5,
    top_k=None,
    top_p=None,
    repetition_penalty=None,
    stop=(),
    seed=0,
):
    """The characters of `answer`'s continuation of one prefix, one by one as they are written.

    Arguments and errors are those of `answer`; the errors are raised here, not by the iterator,
    but for logits that are not finite. Returns an iterator. Characters that may be the beginning
    of a stop string are held back until it is known whether they are.

    >>> from zoo.models.many_to_many_aligned import many_to_many_aligned
    >>> spec = {"vocabulary": vocabulary.characters(["to be or not to be"]).to_str()}
    >>> model = many_to_many_aligned(**sizes(spec), embedding="one_hot", units=4)
    >>> text = "".join(stream(model, "to be", spec, steps=7))
    >>> text == answer(model, ["to be"], spec, steps=7)[0]["continuation"]
    True
    """
    options = _options(steps, temperature, top_k, top_p, repetition_penalty, seed)
    stop = _stop_strings(stop, spec)
    arguments, options = _beginning(model, read([prefix], spec), spec, options, stop)
    columns = decoding.stream(*arguments, steps, **options)
    tokenizer = Tokenizer.from_str(spec["vocabulary"])
    return _before_stop((vocabulary.decode(tokenizer, column) for column in columns), stop)


def _options(steps, temperature, top_k, top_p, repetition_penalty, seed):
    """The settings by name, checked before the model runs."""
    check_whole("steps", steps)
    check_whole("seed", seed, least=0)
    options = {
        "temperature": temperature,
        "top_k": top_k,
        "top_p": top_p,
        "repetition_penalty": repetition_penalty,
        "seed": seed,
    }
    Settings(**options)
    return options


def _stop_strings(stop, spec):
    stop = stop if isinstance(stop, (list, tuple)) else [stop]
    _check_texts("stop string", stop, spec)
    return stop


def _beginning(model, prefixes, spec, options, stop):
    """(step, last characters, the states before them), and all of `generate`'s options."""
    tokenizer = Tokenizer.from_str(spec["vocabulary"])
    tokens = vocabulary.encode(tokenizer, prefixes)
    stepwise, step = kept(model, carried_model), kept(model, carried_step)
    # The state after all but the last character; padding leaves it alone.
    warm = vocabulary.pad([t[:-1] for t in tokens], max(1, *(len(t) - 1 for t in tokens), 1))
    state = stepwise.predict_on_batch([warm, *zero_state(model, len(warm))])[1:]
    last = np.array([t[-1] for t in tokens], "int32")
    options = options | {
        # Special tokens are no text: [UNK] could stand unseen inside a stop string.
        "allowed": np.arange(tokenizer.get_vocab_size()) > vocabulary.END,
        "stop": vocabulary.encode(tokenizer, stop),
        "pad": vocabulary.PAD,
        "seed": [options["seed"]] * len(tokens),
    }
    return (step, last, state), options


def _before_stop(characters, stop):
    """The characters before the first stop string, held back while they may begin one."""
    held = ""
    for character in characters:
        held += character
        # Several may end here: nothing of the longest is text.
        whole = max((len(s) for s in stop if held.endswith(s)), default=0)
        if whole:
            yield from held[:-whole]
            return
        begun = max((_begun(held, s) for s in stop), default=0)
        yield from held[: len(held) - begun]
        held = held[len(held) - begun :]
    yield from held


def _begun(text, stop):
    """How many characters at the end of `text` are the beginning of `stop`."""
    sizes = range(min(len(text), len(stop) - 1), 0, -1)
    return next((n for n in sizes if text.endswith(stop[:n])), 0)


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
