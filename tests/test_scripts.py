"""Each script of scripts/ runs from the command line and says what it found."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.neutral, pytest.mark.slow]

SCRIPTS = Path(__file__).parent.parent / "scripts"
# script, small arguments, what its last lines must hold
RUNS = [
    ("one_to_one.py", ["--epochs", "1"], "test accuracy"),
    ("one_to_many.py", ["--epochs", "1"], "exact name on 260 unseen combinations"),
    ("many_to_one.py", ["--epochs", "1", "--out", "rollout.png"], "rollout of 294 steps"),
    ("many_to_many_delayed.py", ["--words", "400", "--epochs", "1"], "word error rate on 200"),
    ("many_to_many_aligned.py", ["--segments", "20"], "mean MSE of the last ten segments"),
    (
        "compare_backends.py",
        [*["gru", "--shape", "2x3x2x4", "--quick", "--backends", "tensorflow"]],
        "parity",
    ),
    ("batch_mean.py", [], "is off by"),
]


@pytest.mark.parametrize(("script", "arguments", "said"), RUNS, ids=[r[0] for r in RUNS])
def test_a_script_runs(script, arguments, said, tmp_path):
    run = subprocess.run(
        [sys.executable, SCRIPTS / script, *arguments], cwd=tmp_path, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr[-2000:]
    assert said in run.stdout


def test_the_shipped_extracts_are_those_of_the_table():
    run = subprocess.run(
        [sys.executable, SCRIPTS / "prepare_data.py", "--check"], capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr[-2000:]
