"""Two runs of `zoo compare`: what counts as slower is beyond the noise, the machine taken out."""

import copy
import json

import compare_sample as sample
import pytest

from zoo.errors import InputError
from zoo.reports.compare import against as against

pytestmark = pytest.mark.neutral


def scaled(given, factor, model=None):
    """A copy with every time (or those of one model) multiplied."""
    changed = copy.deepcopy(given)
    for row in changed["rows"]:
        if row["median_ms"] and model in (None, row["model"]):
            row["median_ms"] *= factor
    return changed


def verdicts(document, **known):
    rows = [row for row in document["rows"] if all(row[k] == v for k, v in known.items())]
    return {row["verdict"] for row in rows}


@pytest.fixture(scope="module")
def old():
    return sample.document(("g2p", "spam"))


def test_the_same_run_is_the_same(old):
    found = against.compared(old, old, "old.json")
    told = {"path": "old.json", "commit": "4b88996", "drift": 1.0, "regressions": 0}
    assert found["against"] == told
    assert verdicts(found, measure="speed", ok=True) == {"same", None}  # None: the yardstick
    assert "against" not in old and "verdict" not in old["rows"][0]


def test_what_became_slower_is_a_regression(old):
    found = against.compared(sample.slower(old), old)
    slower = against.regressions(found)
    assert {(row["backend"], row["use"]) for row in slower} == {("jax", "train")}
    assert [row["verdict"] for row in slower] == ["slower"] * found["against"]["regressions"]
    assert slower[0]["ratio"] == pytest.approx(1.6)
    assert slower[0]["old_ms"] * 1.6 == pytest.approx(slower[0]["median_ms"])


def test_a_slower_machine_is_no_regression(old):
    found = against.compared(scaled(old, 1.5), old)
    assert found["against"]["drift"] == pytest.approx(1.5)
    assert found["against"]["regressions"] == 0
    assert "slower" in verdicts(against.compared(scaled(old, 1.5, "spam"), old), model="spam")
    faster = against.compared(old, scaled(old, 1.5, "spam"))
    assert "faster" in verdicts(faster, model="spam") and faster["against"]["regressions"] == 0


def test_noise_is_both_spreads_and_the_yardstick_and_five_percent_at_least(old):
    found = against.compared(scaled(old, 1.09, "g2p"), old)
    (row,) = [row for row in found["rows"] if row["model"] == "g2p" and row["use"] == "train"
              and row["measure"] == "speed" and row["backend"] == "torch"
              and row["contender"] == "zoo" and row["ok"]][:1]  # fmt: skip
    assert row["noise"] == pytest.approx(0.03 + 0.03 + 0.02)
    assert row["verdict"] == "slower"
    assert against.compared(scaled(old, 1.07, "g2p"), old)["against"]["regressions"] == 0
    for row in old["rows"]:
        row = row | {"spread": 0.0}
    still = {**old, "rows": [{**row, "spread": 0.0} for row in old["rows"]]}
    assert {row["noise"] for row in against.compared(still, still)["rows"]} == {0.05, None}


def test_numbers_that_left_their_bar_are_a_regression(old):
    new = copy.deepcopy(old)
    for row in new["rows"]:
        if (row["model"], row["backend"], row["what"]) == ("g2p", "jax", "loss"):
            row["within"] = False
    found = against.compared(new, old)
    assert [row["verdict"] for row in against.regressions(found)] == ["worse"]
    assert "better" in verdicts(against.compared(old, new), measure="parity")


def test_what_fails_now_is_a_regression_with_its_reason(old):
    new = copy.deepcopy(old)
    row = next(row for row in new["rows"] if row["measure"] == "memory")
    row |= {"ok": False, "reason": "no room", "peak_mb": None}
    (found,) = against.regressions(against.compared(new, old))
    assert (found["verdict"], found["reason"]) == ("failed", "no room")


def test_what_only_one_run_has_is_new_or_gone(old):
    fewer = {**old, "rows": [row for row in old["rows"] if row["mode"] != "xla"]}
    assert "gone" in verdicts(against.compared(fewer, old), mode="xla")
    assert "new" in verdicts(against.compared(old, fewer), mode="xla")
    assert against.compared(fewer, old)["against"]["regressions"] == 0


def test_a_run_of_one_model_says_nothing_of_the_others(old):
    found = against.compared(sample.document(("g2p",)), old)
    assert {row["model"] for row in found["rows"]} == {"g2p", "yardstick"}


def test_without_a_yardstick_nothing_is_corrected(old):
    bare = {**old, "rows": [row for row in old["rows"] if row["model"] != "yardstick"]}
    assert against.compared(scaled(bare, 1.5), bare)["against"]["drift"] == 1.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[{"model": "g2p"}]', "is 'list', expected the compare.json of an earlier run"),
        ('{"rows": [], "environment": {}}', "expected the compare.json of an earlier run"),
        ('{"kind": "compare", "version": 2, "rows": []}', "is of version 2, expected 1"),
        ('{"kind": "compare", "ver', "is damaged, expected JSON"),
    ],
)
def test_a_file_that_is_no_earlier_run_is_refused(tmp_path, text, message):
    path = tmp_path / "old.json"
    path.write_text(text)
    with pytest.raises(InputError, match=message.replace("[", r"\[")) as raised:
        against.read(path)
    assert "\n" not in str(raised.value) and "old.json" in str(raised.value)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(InputError, match="no file"):
        against.read(tmp_path / "none.json")


def test_a_document_that_was_written_is_read_again(tmp_path, old):
    path = tmp_path / "old.json"
    path.write_text(json.dumps({**old, "rows": []}))
    assert against.read(path)["kind"] == "compare"
