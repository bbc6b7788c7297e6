"""The command line: answers and JSON on success, one clear line and the right status otherwise."""

import importlib.util
import io
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from zoo import cli, files, predictor, registry, store, training
from zoo.cli import describe, doctor, options, writing
from zoo.errors import InputError, TrainingError

BACKEND = keras.backend.backend()


@pytest.fixture
def refused(zoo):
    """`refused(*arguments)`: the one line with which they are refused."""

    def run(*arguments, status=2):
        found, output, error = zoo(*arguments)
        assert (found, output) == (status, "")
        assert error.startswith("zoo: ") and error.count("\n") == 1
        return error

    return run


def process(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "zoo", *map(str, arguments)],
        env=os.environ | {"KERAS_BACKEND": BACKEND} | environment,
        capture_output=True,
        text=True,
    )


# What needs no backend


@pytest.mark.neutral
@pytest.mark.parametrize("arguments", [["--help"], ["list", "--help"], ["train", "--help"]])
def test_help_loads_no_framework(arguments):
    assert loaded_by(arguments) == "0 []"


@pytest.mark.neutral
def test_listing_trained_models_loads_no_framework(tmp_path):
    for name in describe.recipe_names():
        write_card(tmp_path / name, name)
    found = loaded_by(["list", "--json"], ZOO_HOME=str(tmp_path))
    rows, last = found.rsplit("\n", 1)
    assert last == "0 []"
    assert {row["parameters"] for row in json.loads(rows)} == {123}


def loaded_by(arguments, **environment):
    """Output and status of a command, and the frameworks that its process had loaded."""
    code = (
        "import sys\nfrom zoo.cli import main\ntry:\n    main(sys.argv[1:])\n"
        "except SystemExit as stopped:\n    status = stopped.code\n"
        "print(status, [m for m in ('keras', 'tensorflow', 'jax', 'torch') if m in sys.modules])"
    )
    child = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
    )
    assert child.stderr == ""
    found = child.stdout.strip()
    return found if "--json" in arguments else found.splitlines()[-1]


def write_card(folder, name, **changes):
    card = dict.fromkeys(describe.KEYS, name) | {
        "architecture": "many_to_one",
        "parameters": 123,
        "value": 0.5,
        "baseline": 0.25,
    }
    files.write_json(folder / "spec.json", {})
    files.write_json(folder / "card.json", card | changes)


@pytest.mark.neutral
def test_every_recipe_is_in_the_file_of_its_name():
    assert describe.recipe_names() == sorted(registry.list_models())


@pytest.mark.neutral
def test_a_list_fits_a_terminal_and_shows_value_and_baseline(zoo, tmp_path, monkeypatch):
    for name in describe.recipe_names():
        write_card(tmp_path / name, name, metric="bits per character", cell="simple_rnn")
    monkeypatch.setenv("ZOO_HOME", str(tmp_path))
    status, output, _ = zoo("list")
    lines = output.splitlines()
    assert status == 0 and len(lines) == 2 + len(describe.recipe_names())
    assert max(map(len, lines)) <= 80
    assert len({len(line) for line in lines if line.startswith("  ")}) == 1  # aligned
    assert lines[2].split()[-2:] == ["0.5", "0.25"]


@pytest.mark.neutral
def test_a_list_is_chosen_by_pattern_and_architecture(zoo, refused, tmp_path, monkeypatch):
    write_card(tmp_path / "sine", "sine")
    monkeypatch.setenv("ZOO_HOME", str(tmp_path))
    monkeypatch.setattr(store, "SHIPPED", tmp_path)
    assert [row["name"] for row in json.loads(zoo("list", "s*", "--pretrained", "--json")[1])] == [
        "sine"
    ]
    assert zoo("list", "nothing*")[1] == "no model matches\n"
    assert json.loads(zoo("list", "sine", "--architecture", "one_to_one", "--json")[1]) == []
    assert "architecture 'many' is not one of one_to_one" in refused(
        "list", "--architecture", "many"
    )


@pytest.mark.neutral
def test_an_untrained_model_is_listed_with_its_parameters(zoo, tmp_path, monkeypatch):
    monkeypatch.setattr(store, "SHIPPED", tmp_path)
    (row,) = json.loads(zoo("list", "sine", "--json")[1])
    assert tuple(row) == describe.KEYS
    assert (row["parameters"], row["trained"], row["value"]) == (4385, False, None)
    assert "not trained yet" in zoo("info", "sine")[1]


@pytest.mark.neutral
def test_a_backend_is_chosen_by_option_then_environment_then_what_is_installed(monkeypatch):
    monkeypatch.delitem(sys.modules, "keras")
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    options.choose_backend("jax")
    assert os.environ["KERAS_BACKEND"] == "jax"
    options.choose_backend()
    assert os.environ["KERAS_BACKEND"] == "jax"
    monkeypatch.delenv("KERAS_BACKEND")
    find = importlib.util.find_spec
    monkeypatch.setattr(options, "find_spec", lambda m: None if m == "tensorflow" else find(m))
    options.choose_backend()
    assert os.environ["KERAS_BACKEND"] == "jax"


@pytest.mark.neutral
def test_a_backend_that_cannot_be_used_is_one_line(refused, monkeypatch):
    assert "backend 'theano' is not one of tensorflow, jax, torch" in refused(
        "evaluate", "sine", "--backend", "theano"
    )
    assert "this process runs tensorflow already" in refused("--backend", "jax", "info", "sine")
    find = importlib.util.find_spec
    monkeypatch.setattr(options, "find_spec", lambda m: None if m == "torch" else find(m))
    assert "pip install 'rnn-zoo[torch]'" in refused("train", "sine", "--backend", "torch")


@pytest.mark.neutral
def test_usage_errors_exit_with_two(zoo):
    for arguments in (["predict"], ["list", "--colour"], ["train", "sine", "--epochs", "many"]):
        assert zoo(*arguments)[0] == 2


@pytest.mark.neutral
def test_a_reader_that_stops_early_is_no_error():
    command = f"{sys.executable} -m zoo list --help | true"
    child = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert child.stderr == ""


@pytest.mark.neutral
def test_what_libraries_say_while_they_load_is_kept_back_unless_loading_fails(capfd):
    with options.muted():
        os.write(2, b"no GPU")
    assert capfd.readouterr().err == ""
    with pytest.raises(ImportError), options.muted():
        os.write(2, b"what is wrong")
        raise ImportError
    assert capfd.readouterr().err == "what is wrong"


@pytest.mark.neutral
def test_json_is_strict_whatever_the_values():
    row = {"a": np.float32(0.5), "b": float("nan"), "c": np.arange(2), "d": Path("x"), "e": None}
    text = cli.predict.output.to_json([row])
    assert json.loads(text) == [{"a": 0.5, "b": None, "c": [0, 1], "d": "x", "e": None}]


@pytest.mark.neutral
@pytest.mark.slow
def test_the_doctor_tries_every_backend_by_itself(zoo):
    found = json.loads(zoo("doctor", "--json")[1])
    assert [row["backend"] for row in found["backends"]] == ["tensorflow", "jax", "torch"]
    for row in found["backends"]:
        assert row["works"] == (row["version"] is not None)
        assert "cpu:0" in row["devices"] or row["reason"]


@pytest.mark.neutral
def test_the_doctor_names_the_line_that_installs_what_is_missing(zoo, monkeypatch):
    class Broken:
        returncode = 1

        def communicate(self, timeout):
            return "", "Traceback\nImportError: libcudart.so.12"

    versions = {"tensorflow": "2.21", "jax": None, "torch": None, "keras": "3.15"}
    lacking = dict.fromkeys(doctor.EXPORTS) | {"onnx": "1.23", "onnxruntime": "1.31"}
    monkeypatch.setattr("zoo.environment.versions", lambda of=versions: lacking | versions)
    monkeypatch.setattr(doctor, "start", lambda name: Broken())
    status, output, _ = zoo("doctor")
    assert status == 0
    assert "jax is not installed; install it with: pip install 'rnn-zoo[jax]'" in output
    assert "tensorflow: ImportError: libcudart.so.12" in output
    assert "openvino is not installed; install it with: pip install 'rnn-zoo[openvino]'" in output
    assert "onnxruntime is not installed" not in output


# What runs on each backend


def test_train_evaluate_info_and_predict_work_on_one_folder(zoo, tmp_path):
    out = tmp_path / "run"
    status, output, _ = zoo("train", "sine", "--quick", "--units", 4, "--out", out, "--json")
    card = json.loads(output)
    assert status == 0
    assert (card["name"], card["metric"], card["epochs"]) == ("sine", "rollout RMSE", 1)
    assert card["parameters"] == 4 * 4 * (1 + 4 + 1) + 4 + 1
    row = json.loads(zoo("evaluate", out, "--json")[1])
    assert {"name", "metric", "value", "baseline", "backend", "rollout RMSE"} <= set(row)
    assert row["backend"] == BACKEND
    assert row["value"] == pytest.approx(card["value"], rel=1e-3)
    assert json.loads(zoo("info", out, "--json")[1])["value"] == card["value"]
    (answer,) = json.loads(zoo("predict", out, "--steps", 12, "--json")[1])
    assert len(answer["input"]) == 20 and len(answer["output"]) == 12
    lines = zoo("predict", out, "--steps", 12, "--out", tmp_path / "a.png")[1].splitlines()
    assert [len(line.split()) for line in lines[:2]] == [10, 2]
    assert (tmp_path / "a.png").stat().st_size > 1000
    assert "rollout RMSE" in zoo("evaluate", out)[1]


def test_a_stopped_training_says_how_to_go_on(zoo, tmp_path, monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    out = tmp_path / "my run"
    with monkeypatch.context() as patch:
        patch.setattr(training.Trainer, "_validate", stop)
        status, output, error = zoo("train", "sine", "--quick", "--units", 4, "--out", out)
    assert (status, output) == (130, "")
    line = error.splitlines()[-1]
    command = f"zoo train sine --seed 0 --out '{out}' --units 4 --quick --resume"
    assert line == f"zoo: stopped; resume with: {command}"
    assert zoo("train", "sine", "--out", out, "--units", 4, "--quick", "--resume")[0] == 0
    assert store.read_card(out)["name"] == "sine"


def test_training_that_fails_is_one_line_and_status_one(refused, tmp_path, monkeypatch):
    def fail(*_, **__):
        raise TrainingError("the loss became nan")

    monkeypatch.setattr(training, "fit", fail)
    line = refused("train", "sine", "--out", tmp_path, status=1)
    assert line == "zoo: the loss became nan\n"


def test_what_is_printed_on_the_way_is_not_part_of_the_answer(zoo, trained, monkeypatch):
    evaluate = predictor.Predictor.evaluate

    def loud(self, *arguments):
        print("a library speaks")
        return evaluate(self, *arguments)

    monkeypatch.setattr(predictor.Predictor, "evaluate", loud)
    _, output, error = zoo("evaluate", trained("sine"), "--json")
    assert json.loads(output)["name"] == "sine"
    assert "a library speaks" in error


@pytest.mark.parametrize(
    "name, given, shown",
    [
        ("spam", ["win money now"], r"(ham|spam)  0\.\d{3}\n"),
        ("spam", ["win money now", "lunch"], r"win money now\t(ham|spam)  .*\nlunch\t.*\n"),
        ("g2p", ["abacus"], r"[A-Z ]*\n"),
        ("char_lm", ["In the", "--steps", 5, "--temperature", 0], r"In the[\s\S]{0,6}\n"),
        ("sine_to_cosine", [], r"( *\S+){10}\n( *\S+){10}\n[\s\S]*"),
    ],
)
def test_answers_are_readable(name, given, shown, zoo, trained):
    status, output, _ = zoo("predict", trained(name), *given)
    assert status == 0
    assert re.fullmatch(shown, output)


def test_inputs_come_from_a_file(zoo, trained, tmp_path):
    (tmp_path / "words.txt").write_text("abacus\n\nbanana\n")
    rows = json.loads(
        zoo("predict", trained("g2p"), "cat", "--file", tmp_path / "words.txt", "--json")[1]
    )
    assert [row["input"] for row in rows] == ["cat", "abacus", "banana"]
    (tmp_path / "wave.csv").write_text("\n".join(str(np.sin(k / 10)) for k in range(30)))
    command = ["predict", trained("sine"), "--file", tmp_path / "wave.csv", "--steps", 3, "--json"]
    (row,) = json.loads(zoo(*command)[1])
    assert len(row["output"]) == 3
    Image.new("L", (8, 8), 255).save(tmp_path / "a.png")
    assert zoo("predict", trained("digits"), tmp_path / "a.png")[0] == 0


def test_attention_is_drawn_for_each_input(zoo, trained, tmp_path):
    command = ["predict", trained("g2p"), "cat", "abacus", "--attention", tmp_path / "a.png"]
    status, output, _ = zoo(*command)
    assert status == 0
    assert output.endswith(f"drawn in {tmp_path / 'a.png'}\ndrawn in {tmp_path / 'a-2.png'}\n")
    for name in ("a.png", "a-2.png"):
        with Image.open(tmp_path / name) as picture:
            assert min(picture.size) > 200
    rows = json.loads(zoo(*command, "--json")[1])
    assert [row["attention"]["source"][:-1] for row in rows] == [[*"cat"], [*"abacus"]]


def test_a_caption_is_drawn_over_its_picture(tmp_path):
    attention = {"weights": np.eye(16)[:3].tolist(), "target": ["red", "hat", "[EOS]"]}
    rows, seen = [{"attention": attention | {"height": 4, "width": 4}}], np.full((1, 16, 16, 3), 9)
    (path,) = writing.attention_drawn(rows, seen, tmp_path / "a.svg")
    assert path.read_text().count("<image") == 1 + 2 + 1  # picture, two words, scale


def test_a_stream_is_printed_as_it_comes(zoo, trained, monkeypatch):
    printed = []
    command = ["predict", trained("char_lm"), "In the", "--steps", 9, "--seed", 2]
    status, streamed, _ = zoo(*command, "--stream")
    assert (status, streamed) == zoo(*command)[:2]

    def slowly(self, item, **options):
        for piece in ("a", "b"):
            printed.append(told.getvalue())
            yield piece

    told = io.StringIO()
    monkeypatch.setattr(predictor.Predictor, "stream", slowly)
    writing.print_stream(predictor.load(trained("char_lm")), ["In"], {}, told)
    assert (printed, told.getvalue()) == (["In", "Ina"], "Inab\n")


def test_a_stream_as_json_is_an_object_a_line(zoo, trained):
    command = ["predict", trained("char_lm"), "In the", "to", "--steps", 6, "--json"]
    status, output, _ = zoo(*command, "--stream")
    pieces = [json.loads(line) for line in output.splitlines()]
    assert status == 0 and all(set(piece) == {"input", "piece"} for piece in pieces)
    for row in json.loads(zoo(*command)[1]):
        own = [p["piece"] for p in pieces if p["input"] == row["input"]]
        assert len(own) > 1 and "".join(own) == row["continuation"]


def test_generation_options_reach_the_model(zoo, trained):
    def rows(name, *given):
        return json.loads(zoo("predict", trained(name), *given, "--json")[1])

    sampled = ["In the", "--temperature", 5, "--steps", 40]
    greedy = rows("char_lm", "In the", "--temperature", 0, "--steps", 40)
    assert rows("char_lm", *sampled) != greedy
    assert rows("char_lm", *sampled, "--top-k", 1) == greedy
    assert rows("char_lm", *sampled, "--top-p", 1e-6) == greedy
    assert rows("char_lm", *sampled, "--seed", 1) != rows("char_lm", *sampled)
    penalised = rows("char_lm", "In the", "--temperature", 0, "--repetition-penalty", 99)
    assert len(set(penalised[0]["continuation"])) > len(set(greedy[0]["continuation"]))
    (whole,) = (row["continuation"] for row in rows("char_lm", *sampled))
    (cut,) = rows("char_lm", *sampled, "--stop", whole[5], "--stop", whole[9])
    assert cut["continuation"] == whole[: min(whole.index(whole[5]), whole.index(whole[9]))]
    (one,) = rows("g2p", "abacus", "--alternatives", 1)
    assert len(one["alternatives"]) == 1
    (none,) = rows("g2p", "abacus", "--beam-width", 1)
    assert none["alternatives"] == []
    free, long = (rows("g2p", "abacus", "--length-penalty", p) for p in (0, 2))
    assert free != long


def test_export_gives_a_row_for_each_format(zoo, trained, tmp_path):
    command = ["export", trained("sine"), "--format", "keras", "--out", tmp_path]
    status, output, _ = zoo(*command, "--json")
    (row,) = json.loads(output)
    assert status == 0
    assert {"name", "format", "path", "ok", "max_difference", "reason"} == set(row)
    assert (Path(row["path"]) / "model.keras").is_file()
    assert Path(row["path"]) == tmp_path / "sine" / "keras"


def test_weights_of_8_bits_say_what_they_cost(zoo, tmp_path):
    command = ["export", "digits", "--format", "onnx", "--int8", "--out", tmp_path]
    status, output, _ = zoo(*command, "--json")
    (row,) = json.loads(output)
    assert status == 0 and row["metric"] == "accuracy"
    assert row["before"] > 0.93 and abs(row["value"] - row["before"]) < 0.01
    size = (tmp_path / "digits" / "onnx" / "model.onnx").stat().st_size
    assert size < 80_000  # of 217,000
    assert "; accuracy 0.9" in zoo(*command)[1]


def test_a_format_that_fails_has_its_reason_and_status_one(zoo, trained, tmp_path, monkeypatch):
    from zoo.formats import saved_model

    def write(model, path, **options):
        raise InputError("needs a working TensorFlow")

    monkeypatch.setattr(saved_model, "write", write)
    command = ["export", trained("sine"), "--format", "all", "--out", tmp_path]
    status, output, _ = zoo(*command, "--json")
    assert status == 1
    assert [(row["format"], row["ok"]) for row in json.loads(output)] == [
        ("keras", True),
        ("saved_model", False),
        ("onnx", True),
        ("litert", True),
        ("openvino", True),
        ("torch", True),
    ]
    assert (tmp_path / "sine" / "onnx" / "model.onnx").is_file()
    assert "saved_model failed: needs a working TensorFlow" in zoo(*command)[1]


# Bad input: one line, status 2


@pytest.mark.parametrize(
    "arguments, line",
    [
        (["info", "spma"], "did you mean 'spam'?"),
        (["predict", "runs/nowhere", "x"], "no trained model in 'runs/nowhere'"),
        (["train", "digit"], "did you mean 'digits'?"),
        (["train", "digits", "--cell", "gru"], "model 'digits' has no cell"),
        (["train", "sine", "--cell", "grru"], "grru"),
        (["train", "sine", "--epochs", "0"], "--epochs 0, expected 1 or more"),
        (["train", "sine", "--units", "-3"], "--units -3, expected 1 or more"),
        (["train", "sine", "--seed", "-1"], "seed -1"),
        (["train", "sine", "--data", "nowhere.csv"], "no file 'nowhere.csv'"),
        (["train", "sine_to_cosine", "--data", "mine.csv"], "reads no data of your own"),
        (["predict", "sine", "--steps", "0"], "--steps 0, expected 1 or more"),
        (["predict", "g2p", "a", "--beam-width", "0"], "--beam-width 0"),
        (["predict", "char_lm", "a", "--temperature", "-1"], "--temperature -1"),
        (["predict", "char_lm", "a", "--temperature", "nan"], "--temperature nan"),
        (["predict", "char_lm", "a", "--top-k", "0"], "--top-k 0, expected 1 or more"),
        (["predict", "char_lm", "a", "--top-p", "1.5"], "--top-p 1.5, expected a share"),
        (["predict", "char_lm", "a", "--top-p", "nan"], "--top-p nan, expected a share"),
        (["predict", "char_lm", "a", "--repetition-penalty", "0"], "--repetition-penalty 0.0"),
        (["predict", "g2p", "a", "--length-penalty", "-1"], "--length-penalty -1"),
        (["predict", "g2p", "a", "--alternatives", "-1"], "--alternatives -1, expected 0 or"),
        (["predict", "g2p", "a", "--attention", "a.gif"], "cannot draw 'a.gif'"),
        (["predict", "sine", "--out", "a.gif"], "cannot draw 'a.gif'"),
        (["predict", "sine", "--out", "a.png", "--stream"], "leave --out out"),
        (["predict", "g2p", "a", "--attention", "a.png", "--stream"], "leave --attention out"),
        (["export", "sine", "--format", "onxx"], "format 'onxx' is not one of keras"),
        (["evaluate", "sine", "--device", "gpu:7"], "device 'gpu:7' is not known"),
        (["evaluate", "sine", "--precision", "int3"], "precision 'int3' is not one of"),
    ],
)
def test_bad_arguments_are_refused(arguments, line, refused, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert line in refused(*arguments)
    assert not any(path.suffix for path in tmp_path.rglob("*"))  # nothing was begun


@pytest.mark.parametrize(
    "name, given, line",
    [
        ("spam", [], "no input"),
        ("spam", [""], "has no word"),
        ("spam", ["win", "--steps", "3"], "takes no --steps, it takes none of these options"),
        ("sine", ["--top-k", "3"], "takes no --top-k, it takes --steps: leave it out"),
        (
            "char_lm",
            ["In", "--beam-width", "3"],
            "takes --steps, --temperature, --top-k, --top-p, ",
        ),
        ("char_lm", ["In", "--stream", "--alternatives", "3"], "takes no --alternatives"),
        ("char_lm", ["In", "--stop", ""], "stop string '' is empty"),
        ("g2p", ["abacus", "--stop", "A"], "--length-penalty, --alternatives, --attention"),
        ("spam", ["win", "--attention", "a.png"], "takes no --attention"),
        ("char_lm", ["In", "--attention", "a.png"], "takes no --attention"),
        ("spam", ["win", "--stream"], "does not write text piece by piece"),
        ("g2p", ["abacus", "--stream"], "does not write text piece by piece"),
        ("char_lm", ["--stream"], "no input"),
        ("char_lm", ["In", "", "--stream"], "is empty"),
        ("spam", ["win", "--out", "a.png"], "--out draws series"),
        ("g2p", ["na\u00efve"], "which was not in the training data"),
        ("digits", ["nowhere.png"], "no file"),
        ("sine", ["--file", "short.csv"], "has 2 values, expected at least the window of 20"),
        ("sine", ["words.csv"], "line 3: 'three' is not a finite number"),
        ("sine", ["nan.csv"], "line 2: 'nan' is not a finite number"),
        ("spam", ["--file", "empty.txt"], "is empty"),
        ("spam", ["--file", "none.txt"], "no file 'none.txt'"),
    ],
)
def test_bad_inputs_are_refused(name, given, line, refused, trained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for file, content in {"short.csv": "1\n2\n", "nan.csv": "1\nnan\n", "empty.txt": "\n"}.items():
        Path(file).write_text(content)
    Path("words.csv").write_text("1\n2\nthree\n" * 30)
    assert line in refused("predict", trained(name), *given)


def test_a_label_never_seen_is_refused(refused, trained, tmp_path):
    rows = [f"words number {k},{('ham', 'spam', 'bacon')[k % 3]}" for k in range(12)]
    (tmp_path / "mine.csv").write_text("\n".join(["text,label", *rows]))
    line = refused("evaluate", trained("spam"), "--data", tmp_path / "mine.csv")
    assert "label 'bacon' was not in the training data" in line


def test_damaged_weights_are_refused(refused, trained, tmp_path):
    folder = shutil.copytree(trained("sine"), tmp_path / "sine")
    weights = folder / "weights.npz"
    weights.write_bytes(weights.read_bytes()[:-9])
    assert "has SHA-256" in refused("predict", folder)
    (folder / "card.json").unlink()
    assert "is damaged" in refused("predict", folder)


def test_a_folder_that_holds_a_run_is_refused(refused, trained):
    line = refused("train", "sine", "--out", trained("sine"))
    assert "already holds a run: add --resume" in line


def test_a_place_that_cannot_be_written_is_refused(refused, trained, tmp_path):
    (tmp_path / "file").write_text("in the way")
    command = ["export", trained("sine"), "--format", "keras", "--out", tmp_path / "file"]
    assert str(tmp_path / "file") in refused(*command)


def test_a_real_process_ends_with_two_and_one_line(trained):
    child = process("predict", trained("spam"), "")
    assert (child.returncode, child.stdout) == (2, "")
    assert child.stderr == "zoo: text '' has no word, expected at least one: give a text\n"


@pytest.mark.slow
def test_a_real_process_answers_with_one_document(trained):
    child = process("predict", trained("digits"), "--json", "--file", "/dev/null")
    assert child.returncode == 2
    child = process("--json", "predict", trained("spam"), "win money")
    assert child.returncode == 0 and child.stderr == ""
    assert json.loads(child.stdout)[0]["input"] == "win money"
