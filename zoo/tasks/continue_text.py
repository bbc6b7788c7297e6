"""A language model: the next character or word at every step, state carried, text continued."""

import numpy as np
from tokenizers import Tokenizer

from zoo.data import ngrams, vocabulary
from zoo.data.text import continuous_batches, side_by_side
from zoo.engine.checks import check_whole
from zoo.engine.settings import Settings
from zoo.errors import InputError
from zoo.tasks.batching import Batches
from zoo.tasks.beginning import know_frequencies, logits_bias
from zoo.tasks.losses import cross_entropy as loss  # noqa: F401
from zoo.tasks.running import running
from zoo.tasks.text_units import UNITS, before_stop, unit

carried = True  # from batch to batch of training
stepwise = True  # an export of it is its step
SHORTEST_WARM_UP = 16  # a prefix is padded to one of few lengths: each is compiled


def specify(data, fit):
    """The vocabulary of `fit.source`, `characters` or `words`.

    Raises `InputError` for a text of fewer than two different tokens.
    """
    name = fit.source or "characters"
    tokenizer = UNITS[name].vocabulary([data["train"]], fit)
    spec = {"vocabulary": tokenizer.to_str(), "unit": name}
    ids = _ids(data["train"], spec)
    if len(np.unique(ids)) < 2:
        raise InputError(
            f"the training text has one token only, {data['train'][:1]!r}, expected two "
            f"different {name} or more: give another text"
        )
    return spec | {"batch": fit.batch_size, "steps": fit.steps}


def sizes(spec):
    count = Tokenizer.from_str(spec["vocabulary"]).get_vocab_size()
    return {"vocabulary": count} | unit(spec).sizes(count)


def begin(model, data, spec):
    """The bias of the logits of words, from the training part."""
    if unit(spec) is UNITS["words"]:
        know_frequencies(logits_bias(model), _ids(data["train"], spec))


def _ids(text, spec):
    return vocabulary.encode(Tokenizer.from_str(spec["vocabulary"]), [text])[0]


def batches(split, spec, fit, *, seed=0, epoch=0, shuffle=True):
    """In the order of the text: row b of a batch goes on in row b of the next.

    Training leaves out what does not fill a batch; otherwise (`shuffle=False`) all tokens count.
    """
    ids = _ids(split, spec)
    if shuffle:
        x, y = continuous_batches(ids, fit.batch_size, fit.steps)
        real = np.ones(y.shape, "float32")
    else:
        x, y, real = side_by_side(ids, fit.batch_size, fit.steps)
    return Batches(range(len(x)), lambda k: (x[k], y[k], real[k].astype("float32")))


def read(raw, spec):
    """Prefixes as they are.

    Raises `InputError` for one that is empty, and for a character that is not known; a word that is
    not known is read as such.
    """
    unit(spec).check("prefix", raw, Tokenizer.from_str(spec["vocabulary"]))
    return list(raw)


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
    """Each prefix continued by `steps` characters or words, or up to a stop string.

    inputs: prefixes; temperature (0 takes the likeliest each time), top_k, top_p and
    repetition_penalty: as in `zoo.generate`; stop: a string or several: a continuation ends just
    before the first that it writes, which is no part of it (one in the prefix does not count);
    seed: a prefix's continuation depends on it alone, not on the other prefixes or their order.
    Returns one {"output": prefix + continuation, "continuation": ...} for each prefix. A word that
    the model does not know is never written.

    Raises `InputError` for settings out of range, an empty prefix or stop string, and a character
    that the model does not know.

    >>> from zoo.models.many_to_many_aligned import many_to_many_aligned
    >>> spec = {"vocabulary": vocabulary.characters(["to be or not to be"]).to_str()}
    >>> model = many_to_many_aligned(**sizes(spec), embedding="one_hot", units=4)
    >>> [len(a["continuation"]) for a in answer(model, ["to", "or not"], spec, steps=7)]
    [7, 7]
    """
    options = _options(steps, temperature, top_k, top_p, repetition_penalty, seed)
    arguments, options, stops = _beginning(model, read(inputs, spec), spec, options, stop)
    rows = running(model).generate(*arguments, steps, **options)
    texts = ["".join(_written(r, p, spec, stops)) for r, p in zip(rows, inputs, strict=True)]
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
    """`answer`'s continuation of one prefix, a character or word at a time as they are written.

    Arguments and errors are those of `answer`; the errors are raised here, not by the iterator,
    but for logits that are not finite. Returns an iterator. What may be the beginning of a stop
    string is held back until it is known whether it is.

    >>> from zoo.models.many_to_many_aligned import many_to_many_aligned
    >>> spec = {"vocabulary": vocabulary.characters(["to be or not to be"]).to_str()}
    >>> model = many_to_many_aligned(**sizes(spec), embedding="one_hot", units=4)
    >>> text = "".join(stream(model, "to be", spec, steps=7))
    >>> text == answer(model, ["to be"], spec, steps=7)[0]["continuation"]
    True
    """
    options = _options(steps, temperature, top_k, top_p, repetition_penalty, seed)
    arguments, options, stops = _beginning(model, read([prefix], spec), spec, options, stop)
    columns = running(model).stream(*arguments, steps, **options)
    return _written((column[0] for column in columns), prefix, spec, stops)


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


def _beginning(model, prefixes, spec, options, stop):
    """(last tokens, the states before them), all of `generate`'s options, the stops."""
    tokenizer = Tokenizer.from_str(spec["vocabulary"])
    stop = stop if isinstance(stop, (list, tuple)) else [stop]
    unit(spec).check("stop string", stop, tokenizer)
    stops = [s.tolist() for s in vocabulary.encode(tokenizer, stop)]
    tokens = vocabulary.encode(tokenizer, prefixes)
    model = running(model)
    # The state after all but the last token; padding leaves it alone.
    longest = max(SHORTEST_WARM_UP, *(len(t) - 1 for t in tokens))
    warm = vocabulary.pad([t[:-1] for t in tokens], 1 << (longest - 1).bit_length())
    state = model.carry(warm, model.zero_state(len(warm)))[1:]
    last = np.array([t[-1] for t in tokens], "int32")
    options = options | {
        # Special tokens are no text: [UNK] could stand unseen inside a stop string.
        "allowed": np.arange(tokenizer.get_vocab_size()) > vocabulary.END,
        "stop": stops,
        "pad": vocabulary.PAD,
        "seed": [options["seed"]] * len(tokens),
    }
    return (last, state), options, stops


def _written(tokens, prefix, spec, stops):
    """The pieces of text that tokens are, up to the first stop."""
    tokens = before_stop((int(t) for t in tokens if t > vocabulary.END), stops)
    return unit(spec).write(Tokenizer.from_str(spec["vocabulary"]), prefix, tokens)


def examples(model, split, spec, given=40, steps=60):
    """The beginning of a split, continued: for a card. No continuation is the one right answer."""
    given = max(split.find(" ", given), 1)  # whole words
    prefix, truth = split[:given], split[given : given + steps]
    count = len(_ids(truth, spec))
    written = answer(model, [prefix], spec, steps=count)[0]["continuation"]
    return [{"input": prefix, "output": written, "truth": truth, "right": None}]


def evaluate(model, split, spec):
    """Bits per character, or perplexity of words, over the whole split, the state carried."""
    ids = _ids(split, spec)
    rows = min(spec["batch"], max(1, len(ids) // (4 * spec["steps"])))
    model = running(model)
    state = model.zero_state(rows)
    total = count = 0.0
    for inputs, targets, real in zip(*side_by_side(ids, rows, spec["steps"]), strict=True):
        logits, *state = model.carry(inputs, state)
        total += _nats(np.asarray(logits)[real], targets[real])
        count += real.sum()
    return unit(spec).score(total / count)


def _nats(logits, targets):
    """The sum of -log p of the targets."""
    logits = logits.astype("float64")
    highest = logits.max(-1, keepdims=True)
    norm = np.log(np.exp(logits - highest).sum(-1)) + highest[..., 0]
    return float((norm - np.take_along_axis(logits, targets[..., None], -1)[..., 0]).sum())


def ngram_score(data, spec, order):
    """The metric of an interpolated n-gram on the same tokens: see `zoo.data.ngrams`."""
    # Tokens of texts alone, so that no probability is lost on those that never come.
    size = sizes(spec)["vocabulary"] - vocabulary.END
    ids = {
        name: np.maximum(_ids(data[name], spec) - vocabulary.END, 0)
        for name in ("train", "validation", "test")
    }
    model = ngrams.best(ids["train"], ids["validation"], size, order)
    return unit(spec).score(float(model.nats(ids["test"]).mean()))
