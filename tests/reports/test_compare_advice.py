"""What `zoo compare` recommends: the fastest way that is right, and why."""

import compare_sample as sample
import pytest

from zoo.reports.compare.advice import advise

pytestmark = pytest.mark.neutral


def timed(backend, ms, use="batch", model="g2p", spread=0.02, **known):
    known = {"contender": "zoo", "backend": backend, "model": model} | known
    return sample.row(measure="speed", use=use, median_ms=ms, spread=spread, **known)


def parity(backend, what, within, relative=1e-7, model="g2p", **known):
    known = {"contender": "zoo", "backend": backend, "model": model} | known
    return sample.row(
        measure="parity", what=what, relative=relative, bar=1e-5, within=within, **known
    )


def told(*rows, model="g2p"):
    """{use: advice} of one model."""
    advice = advise({"models": [], "rows": list(rows)})
    return {one["use"]: one for one in advice if one["model"] == model}


def test_the_fastest_is_recommended_with_its_distance_to_the_next_backend():
    rows = [timed("torch", 30.0), timed("jax", 10.0), timed("jax", 11.0, contender="keras")]
    advice = told(*rows)["batch"]
    assert (advice["best"], advice["device"]) == ("jax", "cpu")
    assert "10.0 ms ±2% a batch, 3.0 times as fast as torch (30.0 ms)" in advice["line"]


def test_a_way_outside_of_its_bar_is_not_recommended_and_that_is_said():
    rows = [timed("torch", 5.0), timed("jax", 10.0)]
    rows += [parity("torch", "outputs", False, 4e-4), parity("jax", "outputs", True)]
    advice = told(*rows)["batch"]
    assert advice["best"] == "jax"
    assert "torch would take 5.00 ms, but its outputs differ" in advice["line"]
    assert "4.0e-04 (bar 1e-05)" in advice["line"]


def test_gradients_count_for_training_only():
    rows = [timed("torch", 5.0, use) for use in ("train", "batch")]
    rows += [timed("jax", 10.0, use) for use in ("train", "batch")]
    rows += [parity("torch", "gradient a/kernel", False, float("nan"))]
    rows += [parity(name, "outputs", True) for name in ("torch", "jax")]
    advice = told(*rows)
    assert (advice["train"]["best"], advice["batch"]["best"]) == ("jax", "torch")
    assert (
        "its gradient a/kernel differs from the reference by what is not finite"
        in (advice["train"]["line"])
    )


def test_gradients_speak_for_every_mode_of_a_backend():
    rows = [timed("tensorflow", 5.0, "train", mode="xla"), timed("jax", 10.0, "train")]
    rows += [parity("tensorflow", "outputs", True, mode="xla"), parity("jax", "outputs", True)]
    assert told(*rows)["train"]["best"] == "tensorflow xla"
    rows.append(parity("tensorflow", "gradient a/kernel", False))
    assert told(*rows)["train"]["best"] == "jax"


def test_what_was_not_compared_gives_way_to_what_was():
    rows = [timed("onnxruntime", 1.0, contender="onnx"), timed("jax", 10.0)]
    advice = told(*rows, parity("jax", "outputs", True))["batch"]
    assert advice["best"] == "jax"
    assert "onnxruntime would take 1.00 ms, but its outputs were not compared" in advice["line"]
    assert "were not compared with a reference" in told(*rows)["batch"]["line"]


def test_overlapping_spreads_are_no_difference():
    rows = [timed("jax", 10.0, spread=0.04), timed("torch", 10.5, spread=0.04)]
    assert "as fast as torch (10.5 ms) within the noise" in told(*rows)["batch"]["line"]


def test_one_backend_alone_is_said_to_be_alone():
    assert "the only backend that was measured" in told(timed("jax", 10.0))["batch"]["line"]


@pytest.mark.parametrize(
    ("ratio", "words"),
    [(0.5, "2.0 times as fast as stock Keras on jax"), (1.005, "as fast as stock Keras on jax"),
     (1.5, "1.5 times as slow as stock Keras on jax"), (None, "")],
)  # fmt: skip
def test_stock_keras_stands_beside_it(ratio, words):
    line = told(timed("jax", 10.0, vs_keras=ratio), timed("torch", 20.0))["batch"]["line"]
    assert words in line and ("stock" in line) == bool(words)


def test_float32_counts_while_there_is_any():
    fast = timed("torch", 1.0, precision="bfloat16")
    assert told(fast, timed("jax", 9.0))["batch"]["best"] == "jax"
    assert told(fast)["batch"]["best"] == "torch"


def test_a_use_that_failed_everywhere_says_why():
    row = sample.row(model="g2p", backend="jax", contender="zoo", measure="speed", use="train",
                     ok=False, reason="past its 60 s")  # fmt: skip
    advice = told(row)["train"]
    assert advice["best"] is None and "past its 60 s" in advice["line"]


def test_over_all_models_geometric_means_decide():
    rows = [timed("jax", 10.0, model="a"), timed("torch", 40.0, model="a")]
    rows += [timed("jax", 20.0, model="b"), timed("torch", 10.0, model="b")]
    rows += [timed("jax", 10.0, model="c"), timed("torch", 10.0, model="c")]
    (overall,) = [one for one in advise({"models": [], "rows": rows}) if one["model"] is None]
    assert overall["best"] == "jax"
    assert "jax takes 1.3 times as long as each model's fastest" in overall["line"]
    assert "over 3 models" in overall["line"] and "torch 1.6" in overall["line"]


def test_every_model_and_use_of_a_whole_run_gets_its_line():
    found = advise(sample.document())
    keys = [(one["model"], one["use"]) for one in found]
    assert len(keys) == len(set(keys)) == 3 * (len(sample.MODELS) + 1)
    assert all(one["line"].endswith(".") and "\n" not in one["line"] for one in found)
    assert not any(one["model"] == "yardstick" for one in found)
