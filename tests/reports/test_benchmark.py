"""`zoo bench`: what goes in, who takes part, the rows, and the tables drawn from them."""

import json
import subprocess
import sys
from dataclasses import replace

import keras
import numpy as np
import pytest

from zoo import backends, files, layers
from zoo.backends import bench
from zoo.errors import InputError
from zoo.reports import bench_cases as cases
from zoo.reports import bench_contenders as contenders
from zoo.reports import bench_inputs as inputs
from zoo.reports import bench_picture, bench_rows, bench_table, benchmark, timing
from zoo.reports.bench_cases import Case
from zoo.reports.bench_shapes import SHAPES, Shape, shapes

BACKEND = keras.backend.backend()
TINY = Case("lstm", Shape(2, 3, 1, 2), seconds=0.01)
KEYS = {
    *("backend", "device", "layer", "direction", "shape", "mask", "pass", "precision"),
    *("contender", "path", "median_ms", "p25_ms", "p75_ms", "rounds", "first_call_ms"),
    *("vs_keras", "vs_torch_nn", "vs_matmul", "peak_mb", "ok", "reason"),
}
neutral = pytest.mark.neutral


# What goes in


@neutral
def test_names_of_layers_and_precisions_are_those_of_the_package():
    cells = {contenders.VARIANTS.get(name, (name,))[0] for name in cases.LAYERS}
    assert cells == set(layers.CELLS)
    assert all(
        (contenders.VARIANTS.get(name, (name,))[0] in contenders.STEPS) == (name in cases.PARALLEL)
        for name in cases.LAYERS
    )
    assert set(cases.PRECISIONS) == set(backends.PRECISIONS)


@neutral
@pytest.mark.parametrize("shape", [*SHAPES.values(), Shape(5, 7, 1, 1), Shape(9, 4, 1, 1)])
def test_the_half_mask_masks_half_and_pads_on_the_right(shape):
    mask = inputs.mask("half", shape)
    assert mask.shape == (shape.B, shape.T)
    assert abs(mask.mean() - 0.5) <= 1 / shape.T
    assert (mask[:, :-1] >= mask[:, 1:]).all() and mask[:, 0].all()
    assert shape.B == 1 or mask[:, -1].any()


@neutral
def test_rows_of_the_half_mask_are_shuffled_by_the_seed():
    shape = SHAPES["middle"]
    lengths = inputs.lengths(shape, 0)
    assert (lengths == inputs.lengths(shape, 0)).all()
    assert (lengths != inputs.lengths(shape, 1)).any()
    assert (np.diff(lengths) < 0).any() and (np.diff(lengths) > 0).any()


@neutral
def test_the_loss_does_not_look_at_masked_steps():
    x, mask, weights = inputs.arrays(replace(TINY, shape=Shape(3, 5, 2, 4)), "half")
    assert x.shape == (3, 5, 2) and weights.shape == (3, 5, 4)
    assert (weights[~mask] == 0).all() and (weights[mask] != 0).all()
    assert inputs.arrays(TINY, "none")[1] is None


@neutral
def test_a_case_survives_json():
    case = replace(TINY, masks=("half",), direction="bidirectional", device="cpu")
    assert Case.from_json(json.loads(json.dumps(case.to_json()))) == case


@neutral
@pytest.mark.parametrize("text", ["3x4", "0x1x1x1", "tall", "1x1x1x1x1", "", "axbxcxd"])
def test_a_shape_that_does_not_parse_is_refused(text):
    with pytest.raises(InputError, match="or BxTxFxU such as"):
        shapes(text)


# Who takes part


def other_than_xla(case):
    return [(n, m) for n, m in contenders.names(case) if " " not in n and n != cases.LIMIT]


@pytest.mark.parametrize(
    ("layer", "direction", "step"),
    [
        ("lstm", "forward", "forward"),
        ("lstm", "bidirectional", "training"),
        ("gru", "bidirectional", "training"),
        ("gru_reset_before", "forward", "training"),
        ("simple_rnn", "forward", "training"),
        ("min_gru", "forward", "forward"),
        ("min_lstm", "bidirectional", "training"),
        ("rg_lru", "forward", "training"),
        ("rg_lru_16_blocks", "bidirectional", "training"),
    ],
)
def test_contenders_compute_the_same(layer, direction, step):
    units = 16 if layer.endswith("blocks") else 3
    case = Case(layer, Shape(3, 4, 2, units), step, ("half",), direction)
    found = {name: contenders.make(case, name, mask) for name, mask in other_than_xla(case)}
    for contender in found.values():
        contender()
    mask = inputs.mask("half", case.shape)
    assert {"zoo", "keras"} <= set(found)
    for name in set(found) - {"keras"}:
        assert contenders.difference(found[name], found["keras"], mask) < 1e-5, name
    assert np.abs(keras.ops.convert_to_numpy(found["keras"].answer)).max() > 1e-3


@pytest.mark.parametrize("layer", cases.PARALLEL)
@pytest.mark.parametrize("step", cases.PASSES)
def test_products_of_all_steps_at_once_are_a_contender(layer, step):
    case = Case(layer, Shape(2, 3, 4, 16), step, direction="bidirectional")
    contenders.make(case, cases.LIMIT, "none")()


@neutral
def test_operations_are_those_of_the_products():
    shape = Shape(2, 3, 4, 16)
    assert inputs.flops(Case("min_gru", shape, "forward")) == 2 * 2 * 3 * 4 * 32
    assert inputs.flops(Case("rg_lru", shape, "forward")) == 2 * 2 * 3 * (4 * 16 + 16 * 32)
    blocks = inputs.flops(Case("rg_lru_16_blocks", shape, "training"))
    assert blocks == 3 * 2 * 2 * 3 * (4 * 16 + 16 * 2)
    assert inputs.flops(Case("gru", shape, "forward")) == 2 * 2 * 3 * (4 + 16) * 48


def test_layers_without_a_stock_twin_stand_beside_the_limit_alone():
    names = {name.split()[0] for name, _ in contenders.names(replace(TINY, layer="peephole"))}
    assert names == {"zoo", "matmul"}


@pytest.mark.parametrize("direction", cases.DIRECTIONS)
@pytest.mark.parametrize("step", cases.PASSES)
@pytest.mark.parametrize("layer", ["gru", "lstm", "simple_rnn"])
def test_the_limit_computes_the_products_of_the_layer(layer, step, direction, monkeypatch):
    case = Case(layer, Shape(3, 5, 2, 4), step, direction=direction)
    with COUNT[BACKEND](monkeypatch) as counted:
        results = run_products(case)
    assert counted() == inputs.flops(case)
    for result in keras.tree.flatten(results):
        assert np.isfinite(keras.ops.convert_to_numpy(result)).all()


def test_chains_of_products_stay_finite():
    case = Case("lstm", Shape(2, 400, 2, 64))
    for result in keras.tree.flatten(run_products(case)):
        numbers = keras.ops.convert_to_numpy(result)
        assert np.isfinite(numbers).all() and np.abs(numbers).max() < 1e4


def run_products(case):
    return contenders.make(case, cases.LIMIT, "none").run()


class CountedByHand:
    """Multiplications seen by a replaced matrix product; loops run step by step meanwhile."""

    def __init__(self, monkeypatch, module, eagerly):
        self.seen, plain = [], module.matmul

        def matmul(a, b, **options):
            product = plain(a, b, **options)
            self.seen.append(2 * a.shape[0] * a.shape[1] * product.shape[1])
            return product

        monkeypatch.setattr(module, "matmul", matmul)
        self.eagerly = eagerly

    def __enter__(self):
        self.eagerly(True)
        return lambda: sum(self.seen)

    def __exit__(self, *_):
        self.eagerly(False)


def _tensorflow(monkeypatch):
    import tensorflow as tf

    return CountedByHand(monkeypatch, tf, tf.config.run_functions_eagerly)


def _jax(monkeypatch):
    import jax

    def eagerly(on):
        jax.config.update("jax_disable_jit", on)

    return CountedByHand(monkeypatch, jax.numpy, eagerly)


def _torch(monkeypatch):
    from torch.utils.flop_counter import FlopCounterMode

    class Counter(FlopCounterMode):
        def __enter__(self):
            super().__enter__()
            return self.get_total_flops

    return Counter(display=False)


COUNT = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}


# The rows


@pytest.fixture(scope="module")
def rows():
    return bench_rows.measured(replace(TINY, step="forward"))


def test_every_contender_has_a_row_for_every_mask_with_every_key(rows):
    assert all(set(row) >= KEYS and row["ok"] and row["reason"] is None for row in rows)
    expected = {name for name, _ in contenders.names(TINY)}
    for mask in cases.MASKS:
        assert {row["contender"] for row in rows if row["mask"] == mask} == expected
    assert {row["backend"] for row in rows} == {BACKEND}
    assert all(row["shape"] == {"B": 2, "T": 3, "F": 1, "U": 2} for row in rows)


def test_rows_give_spread_counts_and_the_path(rows):
    for row in rows:
        assert row["p25_ms"] <= row["median_ms"] <= row["p75_ms"]
        assert row["rounds"] >= 1 and row["first_call_ms"] > 0
        assert bool(row["path"]) == row["contender"].startswith("zoo")
        assert row["vs_keras"] > 0 and row["vs_matmul"] > 0
        assert (row["vs_torch_nn"] is not None) == ("lstm" in bench.NATIVE)
        unmasked = row["mask"] == "none" or row["contender"].startswith(cases.LIMIT)
        assert (row["vs_unmasked"] is None) == unmasked


def test_the_stock_layer_is_the_measure_of_itself(rows):
    for mask in cases.MASKS:
        stock = [r for r in rows if r["mask"] == mask and r["contender"].startswith("keras")]
        assert min(stock, key=lambda row: row["median_ms"])["vs_keras"] == 1
    assert all(row["max_difference"] < 1e-5 for row in rows if row["max_difference"] is not None)
    assert any(row["max_difference"] is not None for row in rows)


def test_the_matrix_products_are_measured_once_for_all_masks(rows):
    limits = [row for row in rows if row["contender"] == cases.LIMIT]
    assert len(limits) == 2 and len({row["median_ms"] for row in limits}) == 1
    assert limits[0]["gflops"] == pytest.approx(
        inputs.flops(replace(TINY, step="forward")) / limits[0]["median_ms"] / 1e6
    )


@neutral
def test_ratios_agree_with_the_medians_of_steady_times():
    times = {"zoo": 2.0, "keras": 8.0, "keras xla": 4.0, "torch.nn": 1.0, "matmul": 0.5}
    samples = {
        (n, "none"): timing.Sample(times=dict.fromkeys(range(5), t)) for n, t in times.items()
    }
    samples["zoo", "half"] = timing.Sample(times=dict.fromkeys(range(3), 1.0))
    found = bench_rows.ratios(samples, ("zoo", "none"), "none")
    assert found == {"vs_keras": 0.5, "vs_torch_nn": 2, "vs_matmul": 4, "vs_unmasked": None}
    found = bench_rows.ratios(samples, ("zoo", "half"), "half")
    assert found == {"vs_keras": None, "vs_torch_nn": None, "vs_matmul": 2, "vs_unmasked": 0.5}


def test_a_contender_that_cannot_be_made_is_a_row_with_its_reason(monkeypatch):
    def broken(case):
        raise NotImplementedError("no such layer\nhere")

    monkeypatch.setattr(contenders, "stock_layer", broken)
    found = bench_rows.measured(replace(TINY, step="forward", masks=("none",)))
    reasons = {row["contender"].split()[0]: row["reason"] for row in found}
    assert reasons.pop("keras") == "NotImplementedError: no such layer"
    assert set(reasons.values()) == {None}
    assert all(row["vs_keras"] is None for row in found)


def test_a_contender_that_fails_when_it_runs_is_a_row_with_its_reason(monkeypatch):
    monkeypatch.setattr(contenders, "_with_weights", lambda case, layer: Broken())
    found = bench_rows.measured(replace(TINY, step="forward", masks=("half",)))
    zoo = next(row for row in found if row["contender"] == "zoo")
    assert not zoo["ok"] and "out of order" in zoo["reason"] and zoo["median_ms"] is None
    assert next(row for row in found if row["contender"] == "matmul")["ok"]


class Broken:
    trainable_variables = ()
    loop_path = "not called yet"

    def __call__(self, *_, **__):
        raise RuntimeError("out of order")


def test_memory_is_a_row_too(monkeypatch):
    peaks = iter([100 * 2**20, 103 * 2**20])
    monkeypatch.setattr(bench, "peak_bytes", lambda: next(peaks))
    row = bench_rows.memory(TINY, "zoo", "half")
    assert row["peak_mb"] == 3 and row["ok"] and row["median_ms"] is None and set(row) >= KEYS
    failed = bench_rows.memory(replace(TINY, layer="none"), "zoo", "half")
    assert not failed["ok"] and failed["reason"].startswith("KeyError")


def test_the_peak_of_this_process_is_a_number_of_bytes():
    assert bench.peak_bytes() > 2**20


# From process to process


def answering(*answers):
    """In place of a child process: gives these answers, or raises them."""
    left = iter(answers)

    def answer(backend, work, found):
        found[backend] = {"device": "cpu"}
        for piece in work:
            value = next(left)
            if isinstance(value, BaseException):
                raise value
            yield {"rows": [cases.row(Case.from_json(piece["case"]), backend, value, "none")]}

    return answer


THREE = [replace(TINY, shape=Shape(2, T, 1, 2)) for T in (3, 4, 5)]


@neutral
def test_a_case_that_ends_the_process_is_told_and_the_rest_goes_on(monkeypatch):
    died = benchmark.Ended("ended with signal 9")
    monkeypatch.setattr(benchmark, "_answers", answering("zoo", died, "zoo"))
    seen = []
    document = benchmark.run(THREE, {"jax": None}, seen=seen.append)
    assert [row["ok"] for row in document["rows"]] == [True, False, True]
    assert document["rows"][1]["reason"] == "ended with signal 9"
    assert document["rows"][1]["shape"]["T"] == 4
    assert len(seen) == 3 and not document["stopped"]


@neutral
def test_a_contender_that_ends_the_process_is_left_out_and_its_case_measured_again(monkeypatch):
    asked = []

    def answer(backend, work, found):
        found[backend] = {}
        for piece in work:
            asked.append((piece["case"]["shape"]["T"], piece.get("without", [])))
            if piece["case"]["shape"]["T"] == 4 and not piece.get("without"):
                raise benchmark.Ended("ended with signal 9", during=["keras", "none"])
            yield {"rows": [cases.row(Case.from_json(piece["case"]), backend, "zoo", "none")]}

    monkeypatch.setattr(benchmark, "_answers", answer)
    document = benchmark.run(THREE, {"jax": None})
    left_out = [(["keras", "none"], "ended with signal 9")]
    assert asked == [(3, []), (4, []), (4, left_out), (5, [])]
    assert [row["shape"]["T"] for row in document["rows"]] == [3, 4, 5]


def test_a_contender_that_is_left_out_is_a_row_with_its_reason():
    case, told = replace(TINY, step="forward", masks=("none",)), []
    found = bench_rows.measured(case, told.append, {("keras", "none"): "no end in sight"})
    stock = next(row for row in found if row["contender"] == "keras")
    assert not stock["ok"] and stock["reason"] == "no end in sight"
    assert ("zoo", "none") in told and ("keras", "none") not in told and told[-1] is None


@neutral
def test_a_first_call_that_does_not_end_is_ended():
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(100)"])
    watch = benchmark._Watch(child, 0.01)
    watch.calls(["zoo", "none"])
    assert child.wait(10) and watch.key == ["zoo", "none"]
    assert watch.late == "its first call did not end within 0.01 s"


@neutral
def test_what_was_measured_before_a_stop_is_kept(monkeypatch):
    monkeypatch.setattr(benchmark, "_answers", answering("zoo", KeyboardInterrupt()))
    document = benchmark.run(THREE, {"jax": None, "torch": None})
    assert document["stopped"] and len(document["rows"]) == 1


@neutral
def test_a_backend_that_does_not_start_gives_its_last_words():
    document = benchmark.run(THREE[:2], {"nonesuch": None, "torch": "torch is not installed"})
    assert [row["ok"] for row in document["rows"]] == [False] * 4
    assert "nonesuch" in document["rows"][0]["reason"]
    assert document["rows"][2]["reason"] == "torch is not installed"


# Tables and files


def row(**changes):
    found = cases.row(TINY, "torch", "zoo", "none")
    numbers = {"median_ms": 1234.5, "p25_ms": 1200.0, "p75_ms": 1300.0, "rounds": 200}
    ratios = dict.fromkeys(["vs_keras", "vs_torch_nn", "vs_matmul", "vs_unmasked"], 0.0123)
    others = {"first_call_ms": 12345.6, "max_difference": 0.00123, "path": "scan", "device": "cpu"}
    return found | numbers | ratios | others | changes


def document(*rows):
    return {
        "environment": benchmark.header(),
        "backends": {"torch": {"device": "cpu"}},
        "rows": list(rows),
        "stopped": False,
    }


@neutral
def test_a_group_is_drawn_from_rows_alone():
    failed = row(contender="keras", ok=False, reason="MemoryError: no room", median_ms=None)
    given = json.loads(json.dumps([row(), row(mask="half", vs_keras=25.0), failed]))
    (group,) = bench_table.groups(given)
    assert group.title == "torch, cpu, float32: lstm, B=2 T=3 F=1 U=2"
    assert [line[group.head.index("/keras")] for line in group.lines] == ["0.0123", "25.0"]
    assert group.lines[0][group.head.index("spread")] == "8%"
    assert "peak MB" not in group.head
    assert "failed: training none keras: MemoryError: no room" in group.notes
    assert "zoo took: scan (training none, training half)" in group.notes


@neutral
def test_a_backend_that_failed_as_a_whole_is_one_line():
    rows = [cases.row(case, "torch", reason="torch is not installed") for case in THREE]
    (group,) = bench_table.groups(rows)
    assert (group.title, group.lines, group.notes) == ("torch", [], ["torch is not installed"])


@neutral
@pytest.mark.parametrize("power", [1, 2])
def test_a_sweep_says_how_time_grows(power):
    rows = [
        row(shape={"B": 2, "T": T, "F": 1, "U": 2}, median_ms=5.0 + (T / 10) ** power)
        for T in (50, 100, 400, 800, 1600)
    ]
    (found,) = bench_table.growth(rows)
    assert found["size"] == "T" and found["exponent"] == pytest.approx(power, abs=0.15)
    assert not bench_table.growth(rows[:2])
    assert not bench_table.growth([*rows, row(shape={"B": 9, "T": 9, "F": 1, "U": 2})])


@neutral
def test_files_are_written_from_the_document(tmp_path):
    given = document(row(), row(contender="keras"))
    paths = benchmark.write(given, tmp_path / "out")
    assert [path.name for path in paths] == ["bench.json", "bench.md", "bench.png"]
    assert files.read_json(paths[0]) == given
    page = paths[1].read_text(encoding="utf-8")
    assert "| training | none | zoo | 1,234 |" in page and "torch 2" in page


@neutral
def test_no_picture_without_a_ratio(tmp_path):
    memory = cases.row(TINY, "jax", "zoo", "none", found={"peak_mb": 3.0})
    paths = benchmark.write(document(memory), tmp_path)
    assert [path.name for path in paths] == ["bench.json", "bench.md"]
    with pytest.raises(InputError, match="no ratio"):
        bench_picture.ratios([memory])


@neutral
def test_the_picture_shows_the_fastest_way_to_run_the_layer():
    slow = row(median_ms=5.0, vs_keras=2.0)
    figure = bench_picture.ratios([slow, row(contender="zoo xla", median_ms=1.0, vs_keras=0.4)])
    drawn = [line.get_xdata()[0] for line in figure.axes[0].lines if line.get_label()[0] != "_"]
    assert drawn[0] == 0.4
