"""The main job, as `zoo demo` does it: shipped weights, held-out data, one page."""

import pytest

from zoo import registry
from zoo.metrics import HIGHER_IS_BETTER
from zoo.reports import walkthrough

pytestmark = [pytest.mark.neutral, pytest.mark.slow]


def test_the_tour_visits_every_architecture_and_beats_every_baseline(tmp_path):
    told = []
    found = walkthrough.run(tmp_path, say=told.append, bar=False)
    assert {row["architecture"] for row in found["models"]} == set(registry.ARCHITECTURES)
    for row in found["models"]:
        sign = 1 if HIGHER_IS_BETTER[row["metric"]] else -1
        assert sign * row["value"] > sign * row["baseline"], row
    assert found["export"]["ok"] and found["export"]["max_difference"] <= 1e-4
    assert (tmp_path / "sine_export" / "model" / "saved_model.pb").exists()
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert all(row["name"] in page for row in found["models"])
    assert any("truth" in line for line in told)
