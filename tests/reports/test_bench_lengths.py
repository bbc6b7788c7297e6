"""Layers over lengths: what is measured together, the crossing, and what is drawn from the rows."""

import importlib.util
from dataclasses import replace
from pathlib import Path

import pytest

from zoo.errors import InputError
from zoo.reports import bench_cases as cases
from zoo.reports import bench_contenders as contenders
from zoo.reports import bench_lengths, bench_lengths_picture, bench_table, bench_together
from zoo.reports.bench_cases import Case
from zoo.reports.bench_shapes import Shape

neutral = pytest.mark.neutral
TINY = Case("gru", Shape(2, 3, 2, 2), masks=("none",), seconds=0.01, beside=("min_gru",))


# Measured together


@pytest.fixture(scope="module")
def rows():
    return bench_together.measured(TINY)


def test_each_layer_gives_rows_with_ratios_and_time_for_a_step(rows):
    assert {row["layer"] for row in rows} == {"gru", "min_gru"}
    assert all(row["ok"] and row["together"] and row["contender"][:3] == "zoo" for row in rows)
    assert all(row["step_us"] == pytest.approx(row["median_ms"] * 1000 / 3) for row in rows)
    assert all(row["vs_gru"] > 0 and row["vs_lstm"] is None for row in rows)
    own = [row for row in rows if row["layer"] == "gru"]
    assert min(own, key=lambda row: row["median_ms"])["vs_gru"] == 1
    assert {row["path"] for row in rows if row["layer"] == "min_gru"} == {"linear scan"}


def test_a_layer_that_cannot_be_made_and_one_that_is_left_out_are_rows(monkeypatch):
    def broken(case):
        raise MemoryError("no room\nat all")

    monkeypatch.setattr(contenders, "zoo_layer", broken)
    left_out = {("min_gru", name, "none"): "too slow" for name in contenders.ways("zoo")}
    found = bench_together.measured(TINY, without=left_out)
    assert {(row["layer"], row["reason"]) for row in found} == {
        ("gru", "MemoryError: no room"),
        ("min_gru", "too slow"),
    }


@neutral
def test_a_case_of_many_layers_survives_json_and_fails_as_many_rows():
    assert Case.from_json(TINY.to_json()) == TINY
    failed = cases.failures(TINY, "jax", "jax is not installed")
    assert [(row["layer"], row["ok"]) for row in failed] == [("gru", False), ("min_gru", False)]


# The crossing


def row(layer, T, ms, over_gru=None, over_lstm=None, contender="zoo", reason=None, **changes):
    case = replace(TINY, layer=layer, shape=Shape(8, T, 4, 4))
    numbers = dict(median_ms=ms, p25_ms=ms * 0.9, p75_ms=ms * 1.1, rounds=5)
    numbers |= dict(vs_gru=over_gru, vs_lstm=over_lstm, device="cpu", step_us=ms * 1000 / T)
    found = numbers if reason is None else {"device": "cpu"}
    return cases.row(case, "jax", contender, "none", reason, found) | changes


ROWS = [
    row("gru", 64, 2.0, 1.0, 0.5),
    row("min_gru", 64, 3.0, 1.5, 0.7),
    row("min_gru", 64, 9.0, 4.5, 2.1, contender="zoo xla"),
    row("gru", 256, 8.0, 1.0, 0.5),
    row("min_gru", 256, 4.0, 0.5, 0.3),
    row("gru", 1024, 32.0, 1.0, 0.5),
    row("min_gru", 1024, 16.0, 0.5, 0.3),
    row("rg_lru", 1024, 1.0, reason="no room"),
]


@neutral
def test_the_crossing_is_the_shortest_length_from_which_it_stays_faster():
    assert [(c["layer"], c["over"], c["from_T"]) for c in bench_lengths.crossovers(ROWS)] == [
        ("min_gru", "gru", 256),
        ("min_gru", "lstm", 64),
    ]
    assert bench_lengths.sentences(ROWS) == [
        "jax, cpu, float32, training: min_gru is faster than gru from T=256, faster than lstm from "
        "T=64 (the shortest measured)"
    ]


@neutral
@pytest.mark.parametrize(
    ("ratios", "said"),
    [
        ([(0.9, 0.9), (0.8, 0.8)], "faster than gru and lstm from T=64 (the shortest measured)"),
        ([(0.9, 0.9), (1.1, 0.8)], "not faster than gru up to T=256, faster than lstm from T=64"),
        ([(1.2, 1.2), (1.0, 1.1)], "not faster than gru and lstm up to T=256"),
        ([(1.2, None), (0.9, None)], "faster than gru from T=256"),
    ],
)
def test_the_crossing_in_words(ratios, said):
    found = [row("rg_lru", T, 1.0, *both) for T, both in zip((64, 256), ratios, strict=True)]
    (line,) = bench_lengths.sentences(found)
    assert f"rg_lru is {said}" in line


@neutral
def test_the_crossing_is_told_for_each_place_apart():
    other = [{**r, "mask": "half"} for r in ROWS]
    lines = bench_lengths.sentences(ROWS + other)
    assert ["mask half" in line for line in lines] == [False, True]
    assert bench_lengths.sentences([{**r, "together": False} for r in ROWS]) == []


# What is drawn


@neutral
def test_all_layers_and_lengths_of_a_backend_are_one_table():
    (group,) = bench_table.groups(ROWS)
    assert group.title == "jax, cpu, float32: layers over lengths, B=8 F=4 U=4"
    first = dict(zip(group.head, group.lines[0], strict=True))
    assert (first["T"], first["layer"], first["us a step"]) == ("64", "gru", "31.2")
    assert group.notes == ["failed: rg_lru T=1,024 training none zoo: no room"]
    assert "/keras" not in group.head
    grown = {row["layer"]: row["exponent"] for row in bench_table.growth(ROWS)}
    assert grown["gru"] == 1


@neutral
@pytest.mark.parametrize("dark", [False, True])
def test_the_picture_has_a_line_for_each_layer_at_its_fastest(dark):
    (axes,) = bench_lengths_picture.times(ROWS, dark).axes
    lines = {line.get_label(): line.get_xydata().tolist() for line in axes.lines}
    assert lines["gru"] == [[64, 31.25], [256, 31.25], [1024, 31.25]]
    assert lines["min_gru"] == [[64, 46.875], [256, 15.625], [1024, 15.625]]
    assert set(lines) == {"gru", "min_gru"}
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")


@neutral
def test_no_picture_without_a_length():
    with pytest.raises(InputError, match="no length"):
        bench_lengths_picture.times([{**r, "together": False} for r in ROWS])


@pytest.fixture(scope="module")
def script():
    path = Path(__file__).parents[2] / "scripts" / "draw_lengths.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@neutral
def test_the_page_has_a_cell_for_each_layer_and_length(script):
    drawn = script.table(ROWS)
    assert "|  | layer | T=64 | T=256 | T=1,024 |" in drawn
    assert "| jax | `min_gru` | 3.00 (1.50) | 4.00 (0.50) | 16.0 (0.50) |" in drawn
    assert drawn.endswith("lstm from T=64 (the shortest measured)")


@neutral
def test_the_page_is_drawn_between_its_marks(script):
    old = f"before\n{script.BEGIN}\nstale\n{script.END}\nafter\n"
    new = script.page(old, ROWS)
    assert "stale" not in new and new.startswith("before") and new.endswith("after\n")
    assert script.page(new, ROWS) == new
    with pytest.raises(SystemExit, match="put them back"):
        script.page("nothing", ROWS)
