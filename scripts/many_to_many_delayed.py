"""Many-to-many, delayed: read a word's letters, then write its phones.

python scripts/many_to_many_delayed.py   (about 5 minutes, on a fifth of the dictionary)

m = BiLSTM(x),  h_t = LSTM(y_{t-1}, h_{t-1}),  c_t = attention(h_t, m),
y_t = softmax(V tanh(W [h_t, c_t]))
"""

import argparse

import keras
import numpy as np

import zoo
from zoo.data import pairs, vocabulary
from zoo.data.vocabulary import BEGIN, END
from zoo.models.step import decoder_step, encode_step


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--words", type=int, default=20_000)
    parser.add_argument("--epochs", type=int, default=6)
    arguments = parser.parse_args()
    keras.utils.set_random_seed(0)

    data = pairs.g2p()
    train = [data["train"][k] for k in np.random.default_rng(0).permutation(len(data["train"]))]
    train = [item for item in train[: arguments.words] if len(item[0]) <= 14]
    words, phones = [w for w, _ in train], [p[0] for _, p in train]
    letters, symbols = vocabulary.characters(words), vocabulary.symbols(phones)
    source = vocabulary.pad(vocabulary.encode(letters, words, end=True))  # B M
    target_in = vocabulary.pad(vocabulary.encode(symbols, phones, begin=True))  # B T
    target_out = vocabulary.pad(vocabulary.encode(symbols, phones, end=True))  # B T

    model = zoo.many_to_many_delayed(
        source_vocabulary=letters.get_vocab_size(), target_vocabulary=symbols.get_vocab_size()
    )
    model.compile(
        keras.optimizers.Adam(2e-3, global_clipnorm=1.0),
        keras.losses.SparseCategoricalCrossentropy(
            from_logits=True, reduction="mean_with_sample_weight"
        ),
    )
    real = (target_out != 0).astype("float32")  # padding costs nothing
    model.fit(
        [source, target_in],
        target_out,
        sample_weight=real,
        batch_size=128,
        epochs=arguments.epochs,
        verbose=2,
    )

    test = data["test"][::60]
    state = encode_step(model)(
        vocabulary.pad(vocabulary.encode(letters, [w for w, _ in test], end=True))
    )
    start = np.full(len(test), BEGIN, "int32")
    beams = zoo.beam_search(decoder_step(model), start, state, beam_width=5, steps=24, end=END)
    answers = [vocabulary.decode(symbols, row[0]) for row in np.asarray(beams.tokens)]
    wrong = np.mean([a not in truths for a, (_, truths) in zip(answers, test, strict=True)])
    print(f"word error rate on {len(test)} unseen words: {wrong:.3f}")
    for (word, truths), answer in list(zip(test, answers, strict=True))[::25]:
        print(f"{word} -> {answer}   (truth: {truths[0]})")


if __name__ == "__main__":
    main()
