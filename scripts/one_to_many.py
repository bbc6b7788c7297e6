"""One-to-many: an image in, its name out.   python scripts/one_to_many.py   (about 5 minutes)

m = CNN(x),  h_t = GRU(y_{t-1}, h_{t-1}),  c_t = attention(h_t, m),  y_t = softmax(V [h_t, c_t])
"""

import argparse

import keras
import numpy as np

import zoo
from zoo.data import images, vocabulary
from zoo.data.vocabulary import BEGIN, END
from zoo.models.step import decoder_step, encode_step


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=30)
    arguments = parser.parse_args()
    keras.utils.set_random_seed(0)

    data = images.emoji()
    pictures, names = data["train"]
    words = vocabulary.words(names, minimum_frequency=1)
    x = pictures.astype("float32") / 255  # B 32 32 3
    target_in = vocabulary.pad(vocabulary.encode(words, names, begin=True))  # B T
    target_out = vocabulary.pad(vocabulary.encode(words, names, end=True))  # B T
    model = zoo.one_to_many(image=(32, 32, 3), vocabulary=words.get_vocab_size(), dropout=0.2)
    model.compile(
        keras.optimizers.Adam(2e-3),
        keras.losses.SparseCategoricalCrossentropy(
            from_logits=True, reduction="mean_with_sample_weight"
        ),
    )
    real = (target_out != 0).astype("float32")  # padding costs nothing
    model.fit(
        [x, target_in],
        target_out,
        sample_weight=real,
        batch_size=64,
        epochs=arguments.epochs,
        verbose=2,
    )

    pictures, truths = data["test"]
    state = encode_step(model)(pictures.astype("float32") / 255)
    start = np.full(len(pictures), BEGIN, "int32")
    beams = zoo.beam_search(decoder_step(model), start, state, beam_width=5, steps=16, end=END)
    answers = [vocabulary.decode(words, row[0]) for row in np.asarray(beams.tokens)]
    right = np.mean([a == t for a, t in zip(answers, truths, strict=True)])
    print(f"exact name on {len(truths)} unseen combinations: {right:.3f}")
    for answer, truth in list(zip(answers, truths, strict=True))[::40]:
        print(f"{answer}   (truth: {truth})")


if __name__ == "__main__":
    main()
