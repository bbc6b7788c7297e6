"""`zoo bench` as a command: rows as JSON, tables for people, one line for bad input."""

import json
import subprocess
import sys
from dataclasses import replace

import keras
import pytest

from zoo.cli import bench
from zoo.reports import bench_cases as cases
from zoo.reports import bench_shapes, benchmark

BACKEND = keras.backend.backend()
TINY = ["--shapes", "2x3x1x2", "--seconds", "0.01"]


def test_rows_of_the_running_backend_leave_as_one_document(zoo, tmp_path):
    status, output, error = zoo(
        "bench", *TINY, "--backends", BACKEND, "--pass", "forward", "--mask", "half",
        "--out", tmp_path, "--json",
    )  # fmt: skip
    rows = json.loads(output)
    assert (status, error) == (0, "")
    assert {"zoo", "keras", "matmul"} <= {row["contender"] for row in rows}
    assert all(row["ok"] and row["backend"] == BACKEND for row in rows)
    written = json.loads((tmp_path / "bench.json").read_text(encoding="utf-8"))
    assert written["rows"] == rows
    assert written["environment"]["versions"]["keras"] == keras.__version__
    assert BACKEND in written["backends"]


def rows_without_a_process(monkeypatch, stop_after=None):
    """Every case gives one row for `zoo` at once."""

    def answers(backend, work, found):
        found[backend] = {}
        for k, piece in enumerate(work):
            if k == stop_after:
                raise KeyboardInterrupt
            case = cases.Case.from_json(piece["case"])
            numbers = {"median_ms": 1.0, "p25_ms": 1.0, "p75_ms": 1.0, "rounds": 5}
            numbers |= {"vs_gru": 0.5, "vs_lstm": 2.0} if case.beside else {}
            every = [(replace(case, layer=name), m) for name in case.layers for m in case.masks]
            yield {"rows": [cases.row(c, backend, "zoo", m, found=numbers) for c, m in every]}

    monkeypatch.setattr(benchmark, "_answers", answers)


@pytest.mark.neutral
def test_the_default_is_the_whole_grid(zoo, monkeypatch):
    rows_without_a_process(monkeypatch)
    status, output, _ = zoo("bench", "--json")
    rows = json.loads(output)
    assert status == 0
    assert {row["shape_name"] for row in rows} == set(bench_shapes.SHAPES)
    assert {row["mask"] for row in rows} == {"none", "half"}
    assert {row["pass"] for row in rows} == {"forward", "training"}
    assert {(row["layer"], row["precision"], row["direction"]) for row in rows} == {
        ("lstm", "float32", "forward")
    }


@pytest.mark.neutral
def test_the_options_choose(zoo, monkeypatch):
    rows_without_a_process(monkeypatch)
    _, output, _ = zoo(
        "bench", "--layer", "gru,coupled", "--shapes", "small,4x5x6x7", "--mask", "half",
        "--direction", "bidirectional", "--precision", "bfloat16", "--backends", "jax",
        "--pass", "forward", "--json",
    )  # fmt: skip
    rows = json.loads(output)
    assert [(row["layer"], row["shape_name"]) for row in rows] == [
        ("gru", "small"), ("gru", "4x5x6x7"), ("coupled", "small"), ("coupled", "4x5x6x7"),
    ]  # fmt: skip
    same = ("backend", "mask", "pass", "precision", "direction")
    assert {tuple(row[key] for key in same) for row in rows} == {
        ("jax", "half", "forward", "bfloat16", "bidirectional")
    }


@pytest.mark.neutral
def test_a_sweep_changes_one_size(zoo, monkeypatch):
    rows_without_a_process(monkeypatch)
    status, output, _ = zoo("bench", "--sweep", "T=50,100,200", "--backends", "jax")
    assert status == 0
    assert "jax      lstm   training  none  zoo        T^0.00" in output
    assert all(f"B=32 T={T} F=64 U=64" in output for T in (50, 100, 200))


@pytest.mark.neutral
def test_lengths_measure_layers_beside_each_other(zoo, monkeypatch, tmp_path):
    rows_without_a_process(monkeypatch)
    status, output, _ = zoo(
        "bench", "--lengths", "256,64,64", "--backends", "jax", "--out", tmp_path
    )
    assert status == 0 and max(map(len, output.splitlines())) <= 100
    rows = json.loads((tmp_path / "bench.json").read_text(encoding="utf-8"))["rows"]
    assert [(row["layer"], row["shape"]["T"]) for row in rows] == [
        (layer, T) for T in (64, 256) for layer in cases.TOGETHER
    ]
    sizes = {tuple(row["shape"][letter] for letter in "BFU") for row in rows}
    assert (sizes, {row["pass"] for row in rows}) == ({(8, 128, 128)}, {"training"})
    said = "min_gru is faster than gru from T=64 (the shortest measured), not faster than lstm"
    assert said in " ".join(output.split()) and "B=8 F=128 U=128" in output
    assert {path.name for path in tmp_path.iterdir()} == {
        "bench.json", "bench.md", "lengths.png", "lengths_dark.png",
    }  # fmt: skip


@pytest.mark.neutral
def test_lengths_take_layers_a_shape_and_a_pass(zoo, monkeypatch):
    rows_without_a_process(monkeypatch)
    _, output, _ = zoo(
        "bench", "--lengths", "32", "--layer", "gru,rg_lru_16_blocks", "--shapes", "2x9x3x16",
        "--pass", "forward", "--mask", "half", "--backends", "jax", "--json",
    )  # fmt: skip
    rows = json.loads(output)
    assert [row["layer"] for row in rows] == ["gru", "rg_lru_16_blocks"]
    assert all(row["shape"] == {"B": 2, "T": 32, "F": 3, "U": 16} for row in rows)
    assert {(row["pass"], row["mask"]) for row in rows} == {("forward", "half")}


@pytest.mark.neutral
@pytest.mark.parametrize(
    ("arguments", "without"),
    [
        (["--shapes", "large", "--layer", "gru_reset_before"], ("vs_gru", "vs_lstm", "step_us")),
        (
            ["--lengths", "16384", "--layer", "rg_lru_16_blocks,gru", "--pass", "forward"],
            ("vs_keras", "vs_torch_nn", "vs_matmul", "vs_unmasked", "max_difference"),
        ),
    ],
)
def test_tables_fit_a_hundred_columns(zoo, monkeypatch, arguments, without):
    wide = {
        **dict.fromkeys(cases.NUMBERS, 0.0123),
        **dict.fromkeys(without),
        **dict.fromkeys(["median_ms", "p25_ms", "p75_ms", "first_call_ms"], 12345.6),
        "rounds": 200,
        "path": "a path " * 30,
        "peak_mb": None,
    }

    def answers(backend, work, found):
        for piece in work:
            case = cases.Case.from_json(piece["case"])
            rows = [cases.row(case, backend, "torch.nn", m, found=wide) for m in case.masks]
            yield {"rows": [*rows, cases.row(case, backend, "zoo", "none", "bad " * 60)]}

    monkeypatch.setattr(benchmark, "_answers", answers)
    _, output, _ = zoo("bench", *arguments)
    assert max(map(len, output.splitlines())) <= 100
    assert "12,346" in output and " none zoo: bad bad" in output


@pytest.mark.neutral
def test_a_missing_backend_is_a_row_with_the_line_that_installs_it(zoo, monkeypatch):
    rows_without_a_process(monkeypatch)
    monkeypatch.setattr(bench, "find_spec", lambda name: None if name == "torch" else name)
    status, output, _ = zoo("bench", *TINY, "--backends", "torch,jax", "--json")
    rows = json.loads(output)
    assert status == 0
    assert {(row["backend"], row["ok"]) for row in rows} == {("torch", False), ("jax", True)}
    assert "pip install 'rnn-zoo[torch]'" in rows[0]["reason"]
    assert {row["backend"] for row in json.loads(zoo("bench", *TINY, "--json")[1])} == {
        "tensorflow", "jax",
    }  # fmt: skip


@pytest.mark.neutral
def test_a_stop_by_hand_leaves_what_was_measured(zoo, monkeypatch, tmp_path):
    rows_without_a_process(monkeypatch, stop_after=1)
    status, output, error = zoo("bench", "--backends", "jax", "--out", tmp_path, "--json")
    assert status == 130 and error == "zoo: stopped; 2 rows were measured by then\n"
    assert len(json.loads(output)) == 2
    page = (tmp_path / "bench.md").read_text(encoding="utf-8")
    assert "Stopped before the end" in page and "## jax" in page


@pytest.mark.neutral
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--layer", "lst"], "--layer 'lst' is not one of simple_rnn, lstm, gru"),
        (["--shapes", "3x4"], "--shapes '3x4', expected small, middle"),
        (["--backends", "theano"], "--backends 'theano' is not one of tensorflow, jax, torch"),
        (["--mask", "some"], "--mask 'some' is not one of none, half"),
        (["--pass", "back"], "--pass 'back' is not one of forward, training"),
        (["--direction", "up"], "--direction 'up' is not one of forward, bidirectional"),
        (["--device", "tpu"], "--device 'tpu', expected cpu, gpu"),
        (["--precision", "int8"], "--precision 'int8' is not one of float32"),
        (["--seconds", "0"], "--seconds 0.0, expected more than 0"),
        (["--seed", "-1"], "--seed -1, expected 0 to"),
        (["--sweep", "Q=1"], "--sweep 'Q=1', expected such as T=50,100,200"),
        (["--sweep", "T=1,2", "--shapes", "small,large"], "--sweep with 2 shapes"),
        (["--lengths", "64,x"], "--lengths '64,x', expected such as 64,256,1024"),
        (["--lengths", "64", "--shapes", "small,large"], "--lengths with 2 shapes"),
        (["--lengths", "64", "--sweep", "B=1,2"], "--lengths with --sweep, expected one"),
        (["--lengths", "64", "--memory"], "--lengths with --memory, expected one"),
        (["--limit", "0"], "--limit 0.0, expected more than 0"),
    ],
)
def test_bad_input_is_one_line_before_any_work(zoo, monkeypatch, arguments, said):
    monkeypatch.setattr(benchmark, "run", lambda *_: pytest.fail("work has started"))
    status, output, error = zoo("bench", *arguments)
    assert (status, output) == (2, "")
    assert error.startswith(f"zoo: {said}") and error.count("\n") == 1


@pytest.mark.neutral
def test_the_parent_loads_no_framework():
    code = (
        "import sys\nfrom zoo.reports import benchmark, bench_table, bench_picture\n"
        "benchmark.run([], {})\nprint([m for m in ('keras', 'jax', 'torch') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
