"""One-to-one: one image in, one label out.   python scripts/one_to_one.py   (about 20 s)

y = softmax(V f(x)),  f: two convolution blocks and a dense layer; no time, no state.
"""

import argparse

import keras

import zoo
from zoo.data import images


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=15)
    arguments = parser.parse_args()
    keras.utils.set_random_seed(0)

    data = images.digits()
    (x, y), validation, (x_test, y_test) = data["train"], data["validation"], data["test"]
    model = zoo.one_to_one(image=(8, 8, 1), classes=10, dropout=0.2)
    model.summary()
    model.compile(
        keras.optimizers.Adam(2e-3),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    model.fit(
        x[..., None],  # B 8 8 1
        y,
        validation_data=(validation[0][..., None], validation[1]),
        epochs=arguments.epochs,
        verbose=2,
    )

    answers = model.predict(x_test[..., None], verbose=0).argmax(-1)  # B 10 -> B
    print("test accuracy", round(float((answers == y_test).mean()), 4))
    for answer, truth in zip(answers[:5], y_test[:5], strict=True):
        print(f"answer {answer}   truth {truth}")


if __name__ == "__main__":
    main()
