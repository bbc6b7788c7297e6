"""One small comparison end to end on this backend, and what keeps it honest on the way."""

import os

import numpy as np
import pytest

from zoo import reference
from zoo.reports.bench_cases import PARALLEL
from zoo.reports.compare import run
from zoo.reports.compare.cases import CELLS, KEYS, Options, Place, Target
from zoo.reports.compare.process import Process

BACKEND = os.environ.get("KERAS_BACKEND", "tensorflow")
SHAPE = dict(B=3, T=6, F=2, U=4)
HERE = Place(BACKEND)


def target(cell):
    return Target.from_json(
        {"name": f"{cell} tiny", "kind": "cell", "cell": cell, "shape": SHAPE, "path": None}
    )


@pytest.fixture(scope="module")
def document():
    seen = []
    options = Options(seconds=0.2, steps=12)
    found = run.run(
        [target("lstm")], [HERE], {"nowhere": "nowhere is not installed"}, options, seen.append
    )
    assert seen and seen[-1] is found  # it could have been kept at every step
    return found


def rows(document, **known):
    return [r for r in document["rows"] if all(r[k] == v for k, v in known.items())]


@pytest.mark.slow
def test_every_row_has_every_key_and_says_why_it_has_no_number(document):
    assert document["rows"] and not document["stopped"]
    for row in document["rows"]:
        assert tuple(row) == KEYS
        assert row["ok"] == (row["reason"] is None)
    (missing,) = rows(document, backend="nowhere")
    assert (missing["ok"], missing["reason"]) == (False, "nowhere is not installed")


@pytest.mark.slow
def test_outputs_loss_and_every_gradient_are_those_of_the_reference(document):
    found = rows(document, measure="parity", backend=BACKEND)
    assert {row["what"] for row in found} == {
        "outputs",
        "loss",
        *(f"gradient recurrent/lstm_cell/{w}" for w in ("kernel", "recurrent_kernel", "bias")),
    }
    assert all(row["within"] for row in found), found
    assert {row["contender"] for row in found if row["what"] == "outputs"} == {"zoo", "keras"}
    assert {row["path"] for row in found if row["contender"] == "keras"} == {"stock"}


@pytest.mark.slow
def test_the_loss_curve_is_that_of_the_reference(document):
    (curve,) = rows(document, measure="curve")
    assert len(curve["losses"]) == len(curve["reference_losses"]) == 12
    assert curve["parts_at"] is None
    assert curve["losses"][-1] < curve["losses"][0]


@pytest.mark.slow
def test_times_are_told_for_every_use_and_contender(document):
    found = rows(document, measure="speed", ok=True, backend=BACKEND)
    ways = {(row["contender"], row["use"]) for row in found}
    assert ways == {(c, u) for c in ("zoo", "keras") for u in ("train", "batch", "latency")}
    for row in found:
        assert 0 < row["p25_ms"] <= row["median_ms"] <= row["p75_ms"] <= row["p95_ms"] * 1.5
        assert row["rounds"] >= 5 and row["first_call_ms"] > row["median_ms"]
        count = 1 if row["use"] == "latency" else SHAPE["B"]
        assert row["sequences_per_s"] == pytest.approx(1000 * count / row["median_ms"])
    assert min(r["vs_keras"] for r in found if r["contender"] == "keras") == 1.0
    (machine,) = rows(document, model="yardstick")
    assert machine["rounds"] == found[0]["rounds"]


@pytest.mark.slow
def test_the_exported_file_takes_part(document):
    pytest.importorskip("onnxruntime")
    uses = {row["use"] for row in rows(document, measure="speed", backend="onnxruntime")}
    assert uses == {"batch", "latency"}
    (parity,) = rows(document, measure="parity", backend="onnxruntime")
    assert parity["within"] and parity["bar"] == 1e-5


@pytest.mark.slow
def test_start_up_and_memory_are_told(document):
    assert {row["what"] for row in rows(document, measure="start")} == {"import", "build"}
    (memory,) = rows(document, measure="memory")
    assert memory["peak_mb"] > 50


STEPWISE = ("kernel", "recurrent_kernel", "bias", "peephole")
WEIGHTS = dict.fromkeys(CELLS, STEPWISE) | dict.fromkeys(
    PARALLEL, ("kernel", "bias", "gate_kernel", "gate_bias", "decay")
)


@pytest.fixture(scope="module")
def referred(tmp_path_factory):
    """The folder of each cell's reference, all made by one process in float64."""
    folders = {cell: tmp_path_factory.mktemp(cell) for cell in CELLS}
    with Process(HERE, double=True) as process:
        for cell, folder in folders.items():
            asked = dict(folder=str(folder), steps=1)
            process.ask(120, do="prepare", target=target(cell).to_json(), seed=0, **asked)
            found = process.ask(120, do="reference", measures=["parity"], quick=False, **asked)
            assert found["reference"] == f"{BACKEND}, float64"
    return folders


@pytest.mark.slow
@pytest.mark.parametrize("cell", CELLS)
def test_the_reference_is_the_numpy_equations(cell, referred):
    """In float64 throughout: a float32 anywhere inside would show at 1e-8."""
    arrays = {
        name: np.load(referred[cell] / f"{name}.npz") for name in ("reference", "start", "batches")
    }
    weights = [arrays["start"][name] for name in sorted(arrays["start"].files)]
    names = WEIGHTS[cell][: len(weights)]
    x, y = arrays["batches"]["batch0x0"], arrays["batches"]["batch0y0"]
    trace = reference.forward(cell, dict(zip(names, weights, strict=True)), x)
    kept = arrays["reference"]
    np.testing.assert_allclose(kept["output0"], trace.outputs, atol=1e-12)
    error = trace.outputs - y
    np.testing.assert_allclose(kept["loss"], np.mean(error**2), rtol=1e-12)
    gradients = reference.backward(trace, 2 * error / error.size)
    for k, name in enumerate(names):
        np.testing.assert_allclose(kept[f"gradient{k:04d}"], gradients[name], atol=1e-12)
