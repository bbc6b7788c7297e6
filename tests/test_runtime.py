"""Exports that run without Keras answer like the models that they come from."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from urllib.request import Request, urlopen

import numpy as np
import pytest
from keras.backend import backend

import zoo as package
from zoo import registry, runtime
from zoo.data import pairs
from zoo.errors import InputError
from zoo.formats import FORMATS
from zoo.formats.trained import export_trained

# The formats that this backend writes without a child process, which other tests are about.
WRITTEN_BY = {"saved_model": "tensorflow", "litert": "tensorflow", "torch": "torch"}
HERE = [f for f in FORMATS if WRITTEN_BY.get(f, backend()) == backend()]
HEAVY = {"keras", "tensorflow", "jax", "torch", "scipy", "sklearn", "matplotlib", "sacrebleu"}


@pytest.fixture(scope="module")
def exported(trained, tmp_path_factory):
    """`exported(name)`: (the predictor of a tiny trained model, that of its ONNX export)."""
    made = {}

    def both(name, source=None):
        if name not in made:
            source = source or trained(name)
            folder = tmp_path_factory.mktemp("exports") / name
            row = export_trained(source, "onnx", folder)
            assert row["ok"] and row["max_difference"] < 1e-4
            made[name] = package.load(source), runtime.load(folder)
        return made[name]

    return both


def same(found, expected):
    """Equal but for rounding."""
    if isinstance(expected, dict):
        assert list(found) == list(expected)
        for key in expected:
            same(found[key], expected[key])
    elif isinstance(expected, (list, tuple)):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            same(one, other)
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, abs=2e-4)
    else:
        assert found == expected


RAW = {
    "digits": lambda: np.random.default_rng(0).random((3, 8, 8)),
    "sine": lambda: [np.sin(np.arange(30) * 0.1), np.cos(np.arange(25) * 0.1)],
    "sine_to_cosine": lambda: [np.sin(np.arange(30) * 0.3)[:, None]],
    "spam": lambda: ["win money now", "lunch with the team", "cheap"],
    "vowels": lambda: [np.random.default_rng(k).normal(size=(5 + k, 12)) for k in range(3)],
    "laser": lambda: [np.arange(60.0) % 7],
    "char_lm": lambda: ["the cat", "a"],
    "word_lm": lambda: ["the cat"],
    "g2p": lambda: ["cat", "tact", "a"],
    "translate_en_es": lambda: ["the lord said", "go"],
}
OPTIONS = {
    "sine": [dict(steps=20)],
    "char_lm": [
        dict(steps=9, temperature=0),
        dict(steps=12, temperature=0.9, top_k=5, seed=3),
        dict(steps=12, temperature=1.0, top_p=0.8, stop=["e"], repetition_penalty=1.2),
    ],
    "word_lm": [dict(steps=6, temperature=0.7)],
    "g2p": [dict(beam_width=1), dict(beam_width=5, alternatives=4), dict(attention=True)],
    "laser": [dict(steps=5, paths=20), dict(steps=1)],
}


@pytest.mark.parametrize("name", RAW)
def test_an_export_answers_as_the_model_does(name, exported):
    model, alone = exported(name)
    inputs = RAW[name]()
    for options in OPTIONS.get(name, [{}]):
        same(alone(inputs, **options), model(inputs, **options))
    assert alone.options == model.options and alone.name == model.name


@pytest.mark.slow
@pytest.mark.parametrize("format", HERE)
def test_every_format_is_run(format, trained, tmp_path):
    for name in ("g2p", "char_lm"):
        source = trained(name)
        assert export_trained(source, format, tmp_path / name)["ok"]
        inputs, options = RAW[name](), OPTIONS[name][1]
        alone = runtime.load(tmp_path / name)
        same(alone(inputs, **options), package.load(source)(inputs, **options))


def test_a_stream_is_the_continuation(exported):
    model, alone = exported("char_lm")
    options = dict(steps=10, temperature=0.5)
    assert list(alone.stream("the cat", **options)) == list(model.stream("the cat", **options))


@pytest.mark.slow
@pytest.mark.parametrize(
    "name, inputs",
    [
        ("pos_brown", ["The jury said that it did n't know .", "Run !"]),
        ("segment_cantonese", ["我哋去食飯", "好"]),
    ],
)
def test_tags_are_the_best_path(name, inputs, exported):
    model, alone = exported(name, source=name)
    assert alone.model.crf is not None or name != "segment_cantonese"
    same(alone(inputs), model(inputs))


@pytest.mark.slow
def test_shipped_g2p_says_what_the_model_says_of_many_words(exported):
    model, alone = exported("shipped g2p", source="g2p")
    words = [word for word, _ in pairs.g2p()["validation"]][:200]
    found = [answer["output"] for answer in alone(words)]
    assert found == [answer["output"] for answer in model(words)]


def test_every_task_of_a_recipe_can_be_run():
    tasks = {registry.recipe(name).task.__name__ for name in registry.list_models()}
    assert {name.rpartition(".")[2] for name in tasks} <= set(runtime.TASKS)


def test_no_framework_is_imported(exported):
    _, alone = exported("g2p")
    code = (
        "import sys, zoo.runtime\n"
        f"g2p = zoo.runtime.load({str(alone.folder)!r})\n"
        "print(g2p('cat', attention=True)['output'])\n"
        "print(*{name.split('.')[0] for name in sys.modules})"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    said, modules = run.stdout.splitlines()
    assert said == alone("cat")["output"]
    assert not set(modules.split()) & HEAVY


def test_a_model_of_ones_own_runs_with_arrays(tmp_path):
    import keras

    model = keras.Sequential([keras.Input((None, 3)), keras.layers.GRU(4)], name="mine")
    assert package.export(model, "onnx", tmp_path / "mine")["ok"]
    alone = runtime.load(tmp_path / "mine")
    x = np.random.default_rng(0).random((2, 9, 3)).astype("float32")
    np.testing.assert_allclose(
        alone.model.predict_on_batch(x), model.predict_on_batch(x), atol=1e-5
    )
    with pytest.raises(InputError, match="holds a model without a task"):
        alone("cat")
    with pytest.raises(InputError, match=r"shape \(2, 9\), expected \(any, any, 3\)"):
        alone.model.predict_on_batch(x[:, :, 0])
    with pytest.raises(InputError, match=r"2 inputs for .*, expected 1"):
        alone.model.predict_on_batch([x, x])


# Bad input: one line each


def change(folder, **values):
    path = folder / "spec.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


BROKEN = {
    "nothing there": (lambda f: (f / "spec.json").unlink(), "no export in"),
    "not JSON": (lambda f: (f / "spec.json").write_text("{"), "spec.json"),
    "another JSON": (lambda f: (f / "spec.json").write_text("[]"), "does not describe an export"),
    "a later layout": (lambda f: change(f, version=99), "layout 99, expected 1"),
    "an unknown format": (lambda f: change(f, format="onxx"), "format 'onxx', expected one of"),
    "an unknown task": (lambda f: change(f, task="os"), "task 'os', expected one of"),
    "a missing graph": (lambda f: (f / "model.onnx").unlink(), "model.onnx' is missing"),
    "a truncated graph": (
        lambda f: (f / "model.onnx").write_bytes((f / "model.onnx").read_bytes()[:99]),
        "the file is damaged or was changed",
    ),
    "a changed sum": (lambda f: change(f, sha256={"model.onnx": "00"}), "expected 00"),
    "a file outside": (lambda f: change(f, sha256={"../../x": "00"}), "is missing, expected a"),
}


@pytest.fixture(scope="module")
def sine(exported):
    return exported("sine")[1].folder


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_folder_is_one_line(how, sine, tmp_path):
    import shutil

    folder = shutil.copytree(sine, tmp_path / "broken")
    damage, expected = BROKEN[how]
    damage(folder)
    with pytest.raises(InputError, match=expected) as error:
        runtime.load(folder)
    assert "\n" not in str(error.value)


def test_a_missing_runtime_is_one_line(sine, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(InputError, match=r"onnxruntime is not installed.*rnn-zoo\[onnx\]"):
        runtime.load(sine)


def test_bad_input_is_what_the_model_says(exported):
    _, alone = exported("g2p")
    for bad, expected in (("", "is empty"), ("c4t", "was not in the training data")):
        with pytest.raises(InputError, match=expected):
            alone(bad)
    with pytest.raises(InputError, match="takes no option 'beam'"):
        alone("cat", beam=3)
    with pytest.raises(InputError, match="beam_width is 0"):
        alone("cat", beam_width=0)


def test_predict_takes_the_folder_of_an_export(zoo, exported):
    _, alone = exported("g2p")
    status, output, _ = zoo("predict", alone.folder, "cat", "--beam-width", 2, "--json")
    (row,) = json.loads(output)
    assert status == 0 and row == {"input": "cat", **alone("cat", beam_width=2)}
    status, _, told = zoo("predict", alone.folder, "c4t")
    assert status == 2 and "was not in the training data" in told


def test_an_export_has_no_series_of_its_own_to_show(zoo, sine):
    status, _, told = zoo("predict", sine)
    assert status == 2 and "no input for 'sine', expected one or more" in told


SERVE = Path(__file__).parent.parent / "scripts" / "serve.py"


@pytest.mark.slow
def test_an_export_is_served_over_http_until_it_is_told_to_stop(exported):
    _, alone = exported("g2p")
    command = [sys.executable, SERVE, alone.folder, "--port", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            url = re.search(r"http://\S+", process.stdout.readline()).group()
            body = json.dumps({"inputs": ["cat", "tact"], "options": {"beam_width": 2}})
            asked = Request(f"{url}/predict", body.encode(), {"content-type": "application/json"})
            with urlopen(asked, timeout=30) as reply:
                assert json.load(reply)["answers"] == alone(["cat", "tact"], beam_width=2)
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
