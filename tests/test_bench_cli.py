"""`zoo bench` as a command: rows as JSON, tables for people, one line for bad input."""

import json
import subprocess
import sys

import keras
import pytest

from zoo.cli import bench
from zoo.reports import bench_cases as cases
from zoo.reports import benchmark

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
            yield {"rows": [cases.row(case, backend, "zoo", m, found=numbers) for m in case.masks]}

    monkeypatch.setattr(benchmark, "_answers", answers)


@pytest.mark.neutral
def test_the_default_is_the_whole_grid(zoo, monkeypatch):
    rows_without_a_process(monkeypatch)
    status, output, _ = zoo("bench", "--json")
    rows = json.loads(output)
    assert status == 0
    assert {row["shape_name"] for row in rows} == set(cases.SHAPES)
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
def test_tables_fit_a_hundred_columns(zoo, monkeypatch):
    wide = {
        **dict.fromkeys(cases.NUMBERS, 0.0123),
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
    _, output, _ = zoo("bench", "--shapes", "large", "--layer", "gru_reset_before")
    assert max(map(len, output.splitlines())) <= 100
    assert "12,346" in output and "failed: training none zoo: bad bad" in output


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
