"""The report of `zoo compare`: one page, files and text, from the document alone."""

import base64
import csv
import hashlib
import io
import json
import re

import compare_sample as sample
import pytest
from test_html import Page

from zoo.reports.compare import against as compare_against
from zoo.reports.compare import page as compare_page
from zoo.reports.compare import text as compare_text

pytestmark = [pytest.mark.neutral, pytest.mark.filterwarnings("error")]
MODELS = ("g2p", "brown_tagger")


@pytest.fixture(scope="module")
def document():
    return sample.document(MODELS)


@pytest.fixture(scope="module")
def html(document):
    return compare_page.page(document)


@pytest.fixture(scope="module")
def parsed(html):
    return Parsed(html)


class Parsed(Page):
    """A page whose script is not part of its text."""

    def handle_data(self, data):
        if "script" not in self.open:
            super().handle_data(data)


def test_the_page_leads_with_the_answers_and_ends_with_where_it_ran(html):
    assert re.findall(r"<h2[^>]*>(.*?)</h2>", html) == [
        *("Recommended", "g2p", "brown_tagger", "Parity at a glance", "Start-up"),
        *("Memory at a glance", "Metrics over seeds", "What failed", "Where this ran"),
    ]
    first = html.index('<dl class="answers">')
    assert html.index("Recommended</h2>") < first < html.index("<svg")
    headings = re.findall(r"<h3>(.*?)</h3>", html)
    assert headings[:4] == ["Speed", "Parity", "Loss curves", "Memory"]


def test_what_it_is_given_is_escaped(parsed, html):
    assert len(parsed.all("script")) == 1
    assert parsed.text.count(sample.EVIL) >= 4
    assert "alert(" in html and '<script>alert("x")' not in html


def test_only_its_own_script_may_run(html):
    (script,) = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', html)
    assert policy.split("; ")[0] == "default-src 'none'"
    assert f"script-src 'sha256-{digest}'" in policy
    assert "unsafe-eval" not in policy and policy.count("unsafe-inline") == 1


def test_it_asks_for_nothing_and_describes_every_figure(parsed, html):
    for _, attributes in parsed.elements:
        for key in ("src", "href", "xlink:href", "srcset"):
            assert (attributes.get(key) or "#").startswith(("#", "data:"))
    assert re.findall(r"url\((?!#)", html) == [] and "@import" not in html
    assert len(parsed.all("svg")) == 1 + 2 * len(MODELS) + 2
    assert all(a["aria-label"].strip() and a["role"] == "img" for a in parsed.all("svg"))
    ids = [a["id"] for _, a in parsed.elements if "id" in a]
    assert len(ids) == len(set(ids))


def test_numbers_to_sort_by_stand_with_their_texts(parsed):
    cells = [a["data-value"] for a in parsed.all("td") if "data-value" in a]
    assert cells and all(value == "" or float(value) == float(value) for value in cells)
    assert "" in cells  # what is missing
    assert all(a.get("class") == "sortable" for a in parsed.all("table")[:-2])


def test_every_measurement_reaches_the_page(parsed):
    for shown in ("tensorflow xla", "stock Keras", "onnxruntime", "decoder/recurrent_kernel",
                  "bfloat16", "past its 60 s", "no memory", "4b88996", "zoo compare --backends",
                  "OMP_NUM_THREADS", "3.15.1", "matrix product", "stopped before its end",
                  "Many to many delayed recipe, lstm, 731,000 parameters"):  # fmt: skip
        assert shown in parsed.text, shown


def test_regressions_come_first():
    old = sample.document(("g2p",))
    page = Parsed(compare_page.page(compare_against.compared(sample.slower(old), old, "old.json")))
    assert page.text.index("RegressionsRecommended") < page.text.index("1.60 slower")
    assert "2 rows became slower" in page.text and "±8%" in page.text
    assert "Regressions" not in Parsed(compare_page.page(old)).text


@pytest.mark.parametrize(
    "drop",
    ["speed", "parity", "curve", "metric", "start", "memory", ("speed", "parity"), "everything"],
)
def test_a_partial_document_is_a_page_too(drop):
    given = sample.document(("g2p",))
    rows = [row for row in given["rows"] if drop != "everything" and row["measure"] not in drop]
    partial = {**given, "rows": rows}
    Parsed(compare_page.page(partial))
    assert compare_text.text(partial)


def test_a_document_of_failures_alone_is_a_page_too(document):
    row = {"ok": False, "reason": "jax is not installed", "median_ms": None}
    failed = {**document, "rows": [{**old, **row} for old in document["rows"]]}
    assert "jax is not installed" in Parsed(compare_page.page(failed)).text
    assert "jax is not installed" in compare_text.text(failed)


def test_missing_keys_of_newer_and_older_documents_do_no_harm(document):
    bare = {"kind": "compare", "version": 1, "environment": {}, "options": {}, "processes": [],
            "models": [], "rows": document["rows"], "stopped": False}  # fmt: skip
    assert "g2p" in Parsed(compare_page.page(bare)).text


def test_write_leaves_data_figures_and_the_page(tmp_path):
    given = sample.document(("brown_tagger",))
    given["models"][0]["model"] = "../my models/tagger.keras"
    for row in given["rows"]:
        row["model"] = row["model"].replace("brown_tagger", "../my models/tagger.keras")
    paths = compare_page.write(given, tmp_path / "out")
    names = {path.name for path in paths}
    assert names == {item.name for item in (tmp_path / "out").iterdir()}
    assert names == {"compare.json", "compare.csv", "compare.html", "parity.png", "memory.png",
                     "speed_tagger.keras.png", "curves_tagger.keras.png"}  # fmt: skip
    assert all(path.stat().st_size > 1000 for path in paths)
    written = json.loads((tmp_path / "out/compare.json").read_text(), parse_constant=pytest.fail)
    assert written["recommendations"] and len(written["rows"]) == len(given["rows"])
    losses = next(row["losses"] for row in written["rows"] if row["losses"])
    assert losses[150] is None
    text = (tmp_path / "out/compare.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert len(rows) == len(given["rows"])
    assert {"model", "median_ms", "reason"} < set(rows[0]) and "losses" not in rows[0]


def test_the_text_fits_a_terminal_and_leads_with_the_answers(document):
    for width in (80, 100, 160):
        lines = compare_text.text(document, width).split("\n")
        assert max(map(len, lines)) <= width
    text = compare_text.text(document)
    assert text.startswith("fastest and right  train")
    assert text.index("train: ") < text.index("\ng2p\n") < text.index("What failed")
    assert "parity: 13 of 13 within their bars" in text
    assert "parts from the reference at step 151" in text


def test_the_text_marks_regressions_first():
    old = sample.document(("g2p",))
    text = compare_text.text(compare_against.compared(sample.slower(old), old, "old.json"))
    assert text.startswith("Against old.json (commit 4b88996): 2 regressions")
    assert "1.60 slower    ±8%" in text.split("\n\n")[0]


def test_what_is_outside_of_its_bar_is_told_in_full():
    text = compare_text.text(sample.document(("spam",)))
    assert "outside: torch outputs 4.0e-04 (bar 1e-05)" in text
