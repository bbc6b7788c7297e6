"""`zoo.reproducible`: a run that is started again gives the same bits."""

import os
import subprocess
import sys

import pytest

import zoo
from zoo.environment import BEFORE_A_GPU

RUN = """
import sys, zoo
print(zoo.reproducible(seed=int(sys.argv[1])), file=sys.stderr)
import hashlib, numpy as np
model = zoo.many_to_one(vocabulary=50, classes=3, layers_=2, dropout=0.4, direction="bidirectional")
model.compile("adam", "mse")
x = np.random.randint(1, 50, (32, 20))
for _ in range(3):
    model.train_on_batch(x, np.random.randn(32, 3))
print(hashlib.sha256(b"".join(w.tobytes() for w in model.get_weights())).hexdigest())
"""


@pytest.mark.slow
def test_the_same_seed_gives_the_same_bits_and_another_one_others():
    unset = {name: value for name, value in os.environ.items() if name not in BEFORE_A_GPU}
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", RUN, seed],
            env=unset | {name: "2" for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for seed in ("7", "7", "8")
    ]
    found = [run.communicate() for run in runs]
    one, again, other = (out.strip() for out, _ in found)
    assert len(one) == 64, found[0][1]
    assert one == again != other
    for said in ("repeats bit for bit from seed 7", "cost: ", "not: other versions"):
        assert said in found[0][1]


@pytest.mark.parametrize("seed", [-1, 2**32, 1.0, True, None])
def test_a_seed_that_is_none_is_told_before_anything_is_set(seed, monkeypatch):
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    with pytest.raises(zoo.InputError, match="expected a whole number"):
        zoo.reproducible(seed)
    assert "CUBLAS_WORKSPACE_CONFIG" not in os.environ
