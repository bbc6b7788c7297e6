"""zoo compare: what it refuses before work starts, and one small comparison from the shell."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from zoo.reports.compare.cases import KEYS

BACKEND = os.environ.get("KERAS_BACKEND", "tensorflow")
SMALL = ["compare", "gru", "--shape", "2x3x2x4", "--backends", BACKEND, "--seconds", "0.1"]


@pytest.mark.neutral
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["sin"], "did you mean 'sine'?"),
        (["no.keras"], "no file 'no.keras'"),
        (["--backends", "theano"], "--backends 'theano'"),
        (["--threads", "0"], "--threads '0'"),
        (["--threads", "many"], "--threads 'many'"),
        (["--device", "tpu"], "--device 'tpu'"),
        (["--precision", "float16"], "--precision 'float16'"),
        (["--measure", "beauty"], "--measure 'beauty'"),
        (["--steps", "0"], "--steps 0"),
        (["--limit", "-1"], "--limit -1"),
        (["lstm", "--shape", "huge"], "'huge'"),
        (["--against", "nothing.json"], "no file 'nothing.json'"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line_before_work_starts(zoo, tmp_path, arguments, words):
    status, out, err = zoo("compare", *arguments, "--out", tmp_path / "report")
    assert (status, out) == (2, "")
    assert words in err and err.count("\n") == 1
    assert not (tmp_path / "report").exists()


@pytest.mark.neutral
def test_another_document_is_no_earlier_run(zoo, tmp_path):
    (tmp_path / "bench.json").write_text('{"rows": []}')
    status, _, err = zoo("compare", "--against", tmp_path / "bench.json")
    assert status == 2 and "expected the compare.json of an earlier run" in err


@pytest.mark.slow
def test_a_comparison_from_the_shell_and_another_beside_it(zoo, tmp_path):
    status, out, err = zoo(*SMALL, "--quick", "--out", tmp_path / "one", "--json")
    rows = json.loads(out)
    assert status == 0 and str(tmp_path / "one" / "compare.html") in err
    assert {row["use"] for row in rows if row["measure"] == "speed"} >= {"train", "latency"}
    assert all(tuple(row) == KEYS for row in rows)
    (parity,) = [row for row in rows if row["measure"] == "parity"]
    assert parity["within"] and parity["backend"] == BACKEND
    names = {path.name for path in (tmp_path / "one").iterdir()}
    assert {"compare.json", "compare.csv", "compare.html"} <= names
    assert any(name.endswith(".png") for name in names)

    earlier = tmp_path / "one" / "compare.json"
    status, out, _ = zoo(*SMALL, "--quick", "--out", tmp_path / "two", "--against", earlier)
    assert status == 0 and BACKEND in out
    document = json.loads((tmp_path / "two" / "compare.json").read_text())
    mine = [row for row in document["rows"] if row["backend"] == BACKEND]
    verdicts = {row["verdict"] for row in mine if row["measure"] == "speed"}
    assert verdicts <= {"same", "slower", "faster"} and document["against"]["drift"] > 0


@pytest.mark.slow
def test_stopped_in_the_middle_it_keeps_what_was_measured_and_draws_it(tmp_path):
    run = subprocess.Popen(
        [sys.executable, "-m", "zoo", *SMALL, "--seconds", "600", "--out", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    kept = tmp_path / "compare.json"
    while run.poll() is None and not (kept.exists() and "build" in kept.read_text()):
        time.sleep(0.2)
    run.send_signal(signal.SIGINT)
    _, err = run.communicate()
    assert run.returncode == 130 and "rows were measured by then" in err
    document = json.loads(kept.read_text())
    assert document["stopped"] and all(row["ok"] for row in document["rows"])
    assert "stopped" in (tmp_path / "compare.html").read_text().lower()
