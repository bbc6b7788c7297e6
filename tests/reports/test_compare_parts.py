"""The parts of a comparison that need no backend: targets, options, rounds, processes, gaps."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from zoo import layers
from zoo.errors import InputError
from zoo.reports.compare import cases, gaps, rounds, run
from zoo.reports.compare import work as work_room
from zoo.reports.compare.cases import KEYS, Place, Target
from zoo.reports.compare.process import Ended, Process
from zoo.reports.compare.work import Work

pytestmark = pytest.mark.neutral
TOLD = {"contender": "zoo", "mode": "", "use": "batch", "first_call_ms": 9.0, "path": None}


def test_every_cell_of_the_package_can_be_compared():
    assert set(cases.CELLS) == set(layers.CELLS)


def test_targets_are_recipes_cells_and_files(tmp_path):
    (tmp_path / "own.keras").write_bytes(b"a model")
    names = ["gru", "sine*", str(tmp_path / "own.keras")]
    found = cases.targets(names, lambda name: ["sine", "sine_to_cosine"], "lstm", "8x50x3x16")
    assert [(t.name, t.kind, t.cell) for t in found] == [
        ("gru 8x50x3x16", "cell", "gru"),
        ("sine", "recipe", "lstm"),
        ("sine_to_cosine", "recipe", "lstm"),
        ("own.keras", "file", None),
    ]
    assert [Target.from_json(json.loads(json.dumps(t.to_json()))) for t in found] == found


def test_without_a_name_there_is_one_model_of_each_architecture():
    assert [t.name for t in cases.targets([], lambda name: [name])] == list(cases.MODELS)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: cases.targets(["no.keras"], list), "no file 'no.keras'"),
        (lambda: cases.targets(["lstm"], list, shape="small,large"), "expected one"),
        (lambda: cases.options("speed,luck"), "--measure 'luck'"),
        (lambda: cases.options(seconds=0), "--seconds 0"),
        (lambda: cases.options(seconds=float("nan")), "--seconds nan"),
        (lambda: cases.options(steps=-1), "--steps -1"),
        (lambda: cases.options(seeds=0), "--seeds 0"),
        (lambda: cases.options(seed=-1), "--seed -1"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(call, words):
    with pytest.raises(InputError, match=words.replace("*", ".")) as told:
        call()
    assert "\n" not in str(told.value)


def test_a_row_has_every_key_and_no_other():
    assert tuple(cases.row({"model": "m"}, Place("jax"), "speed")) == KEYS
    with pytest.raises(KeyError, match="luck"):
        cases.row({"model": "m"}, Place("jax"), "speed", {"luck": 1})


def test_a_figure_is_the_median_of_the_rounds_and_p95_that_of_the_calls():
    calls = {0: [0.001, 0.001, 0.009], 1: [0.002], 2: [0.003, 0.003]}
    found = rounds.summary(rounds.Timed(TOLD, calls), {"sequences": 4, "steps": 20})
    assert found["median_ms"] == pytest.approx(2.0)
    assert found["rounds"] == 3 and found["first_call_ms"] == 9.0
    assert found["p95_ms"] > 3.0  # the slow call counts
    assert found["spread"] == pytest.approx((2.8 - 1.2) / 2 / 2.0)
    assert found["sequences_per_s"] == pytest.approx(2000)
    assert found["steps_per_s"] == pytest.approx(10000)


def test_ratios_are_taken_within_rounds():
    slow = rounds.Timed(TOLD, {0: [2.0], 1: [20.0], 2: [4.0]})
    fast = rounds.Timed(TOLD, {0: [1.0], 1: [10.0], 3: [100.0]})
    assert rounds.ratio(slow, fast) == pytest.approx(2.0)  # a machine ten times slower in round 1
    assert rounds.ratio(slow, rounds.Timed(TOLD)) is None


def test_one_latency_is_that_of_one_sequence():
    timed = rounds.Timed(TOLD | {"use": "latency"}, {0: [0.01]})
    found = rounds.summary(timed, {"sequences": 64, "steps": 640})
    assert found["sequences_per_s"] == pytest.approx(100) and "steps_per_s" not in found


def test_gaps_are_relative_to_the_largest_value_and_nan_is_far():
    found = gaps.compared([np.array([1.0, 3.0])], [np.array([1.0, 4.0])], 0.3)
    assert (found["absolute"], found["relative"], found["within"]) == (1.0, 0.25, True)
    nan = gaps.compared([np.array([np.nan])], [np.array([1.0])], 0.3)
    assert (nan["absolute"], nan["within"]) == (None, False)
    tiny = gaps.compared([np.array([2e-9])], [np.array([1e-9])], 1e-4, least=1e-4)
    assert tiny["within"]  # beside the largest gradient of the model it is rounding


def test_large_outputs_may_differ_by_a_share_of_their_size():
    known = {"output0": np.array([100.0])}
    assert gaps.compared_outputs([np.array([100.0005])], known, 1e-5)["within"]
    assert not gaps.compared_outputs([np.array([100.002])], known, 1e-5)["within"]


def test_curves_part_at_the_first_step_that_is_off_by_a_thousandth():
    wanted = np.array([1.0, 0.5, 0.25, 1e-9])
    assert gaps.parting([1.0, 0.5, 0.25, 2e-9], wanted) is None  # nothing is left to compare
    assert gaps.parting([1.0, 0.5006, 0.25, 0.0], wanted) == 2
    assert gaps.parting([1.0, float("nan"), 0.25, 0.0], wanted) == 2


def test_a_process_that_is_late_is_ended_and_told():
    process = Process(Place("numpy"))
    with pytest.raises(Ended, match="no answer within 0 s"):
        process.ask(0.2, do="visit", folder="", seconds=60, seed=0)
    assert not process.alive


def test_a_process_that_dies_says_how():
    process = Process(Place("numpy"))
    process._child.send_signal(signal.SIGKILL)
    with pytest.raises(Ended, match="ended with signal 9"):
        process.ask(10, do="visit", folder="", seconds=0.01, seed=0)
    process = Process(Place("numpy"))
    with pytest.raises(Ended, match=r"ended with status 1: .*luck"):
        process.ask(10, do="luck")


def test_a_process_has_the_threads_it_is_told(tmp_path):
    with Process(Place("numpy", threads=1), timed=True) as process:
        assert len(os.sched_getaffinity(process._child.pid)) == 1
        found = process.ask(10, do="visit", folder="", seconds=0.001, seed=0)
    assert list(found["times"]) == ["0"] and found["failed"] == {}


def test_jobs_that_fail_end_the_others():
    work = Work(
        {"rows": [], "models": []}, [], [Place("numpy")], cases.Options(), None, *[print] * 2
    )

    def waits():
        with work.process(Place("numpy")) as process:
            process.ask(60, do="visit", folder="", seconds=50, seed=0)

    def fails():
        while not work.open:
            time.sleep(0.01)
        raise KeyboardInterrupt

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        work.pool({"waits": waits, "fails": fails}, at_once=2)
    assert time.monotonic() - began < 30 and not work.open


@pytest.mark.slow
@pytest.mark.parametrize("quick", [False, True])
def test_a_backend_that_does_not_start_is_a_row_and_another_is_the_reference(quick, monkeypatch):
    monkeypatch.setattr(work_room, "REFERENCES", ("nowhere", "tensorflow"))
    monkeypatch.setattr(work_room, "QUICK_REFERENCES", ("nowhere", "tensorflow"))
    monkeypatch.setattr(work_room, "find_spec", lambda name: name != "onnx")
    target = Target.from_json(
        dict(name="a", kind="cell", cell="gru", shape=dict(B=2, T=3, F=2, U=3), path=None)
    )
    options = cases.options("parity,speed", quick, 0.1)
    document = run.run([target], [Place("nowhere"), Place("tensorflow")], {}, options)
    (model,) = document["models"]
    assert model["ok"] and model["reference"] == "tensorflow, float64"
    failed = [r for r in document["rows"] if r["backend"] == "nowhere"]
    assert failed and all("ended with" in r["reason"] for r in failed)
    assert any(r["measure"] == "speed" for r in failed)
    worked = [r for r in document["rows"] if r["backend"] == "tensorflow"]
    assert {r["measure"] for r in worked if r["ok"]} >= {"parity", "speed"}


KILLED = """
import sys
from zoo import files
from zoo.reports.compare import run
from zoo.reports.compare.cases import Options, Place, Target
folder, shape = sys.argv[1], dict(B=2, T=3, F=2, U=3)
target = Target.from_json(dict(name="a", kind="cell", cell="gru", shape=shape, path=None))
keep = lambda document: files.write_json(folder + "/compare.json", document)
run.run([target], [Place("tensorflow")], {"jax": "not here"}, Options(), keep)
"""


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_killed_in_the_middle_it_leaves_what_was_measured(how, tmp_path):
    child = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)])
    kept = tmp_path / "compare.json"
    try:
        while not kept.exists() and child.poll() is None:
            time.sleep(0.02)
    finally:
        child.send_signal(how)
        child.wait()
    document = json.loads(kept.read_text())
    assert document["kind"] == "compare" and document["rows"][0]["reason"] == "not here"
