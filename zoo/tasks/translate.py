"""One language in, another out: `zoo.tasks.write` on whole sentences, scored by BLEU and chrF."""

import numpy as np
from tokenizers import Tokenizer

from zoo import metrics
from zoo.data import vocabulary
from zoo.errors import InputError
from zoo.tasks import write
from zoo.tasks.beginning import know_frequencies, logits_bias
from zoo.tasks.write import answer, batches, sizes, specify, stepwise  # noqa: F401

signatures = metrics.translation_signatures  # of the scores, for the card
EXAMPLES = 6
SMOOTHING = 0.1  # of the labels, in training and in the validation loss


def loss(model):
    """Cross-entropy with smoothed labels (Szegedy et al. 2016, section 7)."""
    from zoo.layers.losses import SmoothedCrossEntropy

    return SmoothedCrossEntropy(SMOOTHING)


def begin(model, data, spec):
    """The bias of the logits, from the training part's targets."""
    tokenizer = Tokenizer.from_str(spec["target"])
    targets = [text for _, texts in data["train"] for text in texts]
    tokens = np.concatenate(vocabulary.encode(tokenizer, targets, end=True))
    know_frequencies(logits_bias(model.get_layer("decoder")), tokens)


def read(raw, spec):
    """Sentences; `InputError` for an empty one and for one that is longer than any in training."""
    longest = spec["longest"]
    tokenizer = Tokenizer.from_str(spec["source"])
    for text in raw:
        if not text.strip():
            raise InputError(f"input {text!r} is empty, expected a sentence: give one")
        if (found := len(vocabulary.encode(tokenizer, [text])[0])) > longest:
            raise InputError(
                f"input {text[:40]!r}... has {found} pieces of words, expected at most {longest}, "
                "the longest in training: cut it into sentences"
            )
    return list(raw)


def evaluate(model, split, spec, **options):
    """sacreBLEU and chrF of detokenised text, upper and lower case told apart."""
    sources, truths = zip(*split, strict=True)
    outputs = [a["output"] for a in write.answer(model, list(sources), spec, **options)]
    return {
        "sacreBLEU": metrics.sacrebleu(outputs, truths),
        "chrF": metrics.chrf(outputs, truths),
    }


def examples(model, split, spec):
    """Translations from all over the split; none is called right or wrong, there are many ways."""
    rows = split[:: max(1, len(split) // EXAMPLES)][:EXAMPLES]
    answers = write.answer(model, [source for source, _ in rows], spec)
    return [
        {"input": source, "output": found["output"], "truth": targets[0], "right": None}
        for (source, targets), found in zip(rows, answers, strict=True)
    ]
