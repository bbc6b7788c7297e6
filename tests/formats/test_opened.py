"""What `opened` promises in each format that runs without Keras: inputs, and broken files."""

import sys

import keras
import numpy as np
import pytest

from zoo.errors import InputError
from zoo.formats import litert, onnx, openvino
from zoo.models.many_to_many_aligned import many_to_many_aligned

# The package, and the extra that brings it.
PACKAGES = {
    onnx: ("onnxruntime", "onnx"),
    openvino: ("openvino", "openvino"),
    litert: ("ai_edge_litert", "litert"),
}
# On another backend LiteRT's file is written by a child, which other tests show.
HERE = [f for f in PACKAGES if f is not litert or keras.backend.backend() == "tensorflow"]


def named(formats):
    return pytest.mark.parametrize("form", formats, ids=lambda f: f.__name__.rpartition(".")[2])


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """`written(form)`: the model, and its file in that format."""
    model, paths = many_to_many_aligned(features=2, outputs=1, units=4), {}

    def path(form):
        if form not in paths:
            paths[form] = tmp_path_factory.mktemp("written") / "model"
            form.write(model, paths[form])
        return model, paths[form]

    return path


@named(HERE)
def test_many_shapes_one_after_the_other_and_nothing_is_kept(form, written):
    model, path = written(form)
    run = form.opened(path)
    first = {}
    for batch, time in [(1, 3), (2, 5), *((3, t) for t in range(1, 11)), (1, 3), (2, 5)]:
        x = np.random.default_rng(time).random((batch, time, 2)).astype("float32")
        (found,) = run([x])
        kept, before = first.setdefault((batch, time), (found, found.copy()))
        np.testing.assert_array_equal(found, before)
        np.testing.assert_array_equal(kept, before)  # a later call has not written into it
    np.testing.assert_allclose(found, model.predict_on_batch(x), atol=1e-5)


@named(HERE)
def test_numbers_of_another_size_and_arrays_of_another_order(form, written):
    run = form.opened(written(form)[1])
    x = np.random.default_rng(0).random((2, 6, 2))
    (expected,) = run([x.astype("float32")])
    frozen = x.astype("float32")
    frozen.flags.writeable = False
    turned = np.asfortranarray(x.astype("float32"))
    for given in (x, x.tolist(), frozen, turned, x[::-1][::-1]):
        np.testing.assert_array_equal(run([given])[0], expected)
    assert run([np.ones((1, 2, 2), "int64")])[0].dtype == "float32"


@named(HERE)
def test_what_was_cast_for_a_call_lives_until_it_has_run(form, written):
    run = form.opened(written(form)[1])
    x = np.random.default_rng(0).random((2_000, 40, 2))  # freed, it would go back to the system
    (expected,) = run([x.astype("float32")])
    np.testing.assert_array_equal(run([x])[0], expected)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ([], "0 inputs for .* expected 1: give sequence"),
        ([np.zeros((2, 2))], r"has shape \(2, 2\), expected \(any, any, 2\)"),
        ([np.zeros((2, 3, 3))], r"has shape \(2, 3, 3\), expected \(any, any, 2\)"),
        ([np.array([[["a"]]])], "is <U1, expected float32"),
    ],
)
@named(HERE)
def test_inputs_that_do_not_fit(form, inputs, message, written):
    with pytest.raises(InputError, match=message) as error:
        form.opened(written(form)[1])(inputs)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("kept", [0.0, 0.01, 0.3, 0.9, 0.99])
@named([form for form in HERE if form is not openvino])
def test_a_file_that_is_cut_off(form, kept, written, tmp_path):
    whole, path = written(form)[1].read_bytes(), tmp_path / "model"
    path.write_bytes(whole[: int(kept * len(whole))])
    with pytest.raises(InputError, match=r"cannot be read as .*: export it again") as error:
        form.opened(path)
    assert "\n" not in str(error.value)


@named(PACKAGES)
def test_a_file_that_is_not_there(form, tmp_path):
    with pytest.raises(InputError, match="cannot be read as") as error:
        form.opened(tmp_path / "nothing")
    assert "\n" not in str(error.value)


@named(PACKAGES)
def test_without_the_package_the_line_says_what_to_install(form, tmp_path, monkeypatch):
    package, extra = PACKAGES[form]
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(InputError, match=rf"is not installed.*'rnn-zoo\[{extra}\]'"):
        form.opened(tmp_path / "model")
