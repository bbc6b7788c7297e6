"""What counting foresees: n-grams of characters and words on the English text, `xz` beside them.

python scripts/ngram_baselines.py

One JSON row each, on the tokens of `char_lm` and `word_lm`: order, the smoothing that foresees the
validation split better, and its scores on both splits. No framework is needed.
"""

import json
import lzma

import numpy as np

from zoo.data import ngrams, text, vocabulary

HARDEST = 9 | lzma.PRESET_EXTREME


def rows(name, tokenizer, data, orders, score):
    """Rows of n-grams over the tokens of `tokenizer`."""
    size = tokenizer.get_vocab_size() - vocabulary.END
    ids = {
        split: np.maximum(vocabulary.encode(tokenizer, [data[split]])[0] - vocabulary.END, 0)
        for split in data
    }
    for order in orders:
        model = ngrams.best(ids["train"], ids["validation"], size, order)
        scores = {
            split: round(float(score(model.nats(ids[split]).mean())), 4)
            for split in ("validation", "test")
        }
        yield {"tokens": name, "order": order, "smoothing": model.smoothing, **scores}


def compressed(data):
    """Bits per character of `xz`: the test split alone, and behind the training split."""
    sizes = {
        name: 8 * len(lzma.compress(part.encode(), preset=HARDEST))
        for name, part in (("test", data["test"]), ("train", data["train"]))
    }
    both = 8 * len(lzma.compress((data["train"] + data["test"]).encode(), preset=HARDEST))
    count = len(data["test"])
    return {
        "xz, test alone": round(sizes["test"] / count, 4),
        "xz, behind the training text": round((both - sizes["train"]) / count, 4),
    }


def main():
    data = text.english()
    letters = vocabulary.characters([data["train"]], minimum_frequency=5)
    words = vocabulary.words([data["train"]], minimum_frequency=4, lowercase=False)
    for row in rows("characters", letters, data, (2, 3, 5, 6, 8), lambda nats: nats / np.log(2)):
        print(json.dumps(row), flush=True)
    for row in rows("words", words, data, (2, 3, 5), np.exp):
        print(json.dumps(row), flush=True)
    print(json.dumps(compressed(data)))


if __name__ == "__main__":
    main()
