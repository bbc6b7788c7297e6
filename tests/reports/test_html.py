"""A page is one well-formed file that escapes what it is given and asks for nothing else."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest

from zoo import plots
from zoo.errors import InputError
from zoo.reports.html import (
    Code,
    Examples,
    Paragraph,
    Picture,
    Section,
    Table,
    demo_page,
    page,
    write,
)

pytestmark = [pytest.mark.neutral, pytest.mark.filterwarnings("error")]

EVIL = '<script>alert("x")</script> & "quoted" \'single\''
VOID = {"meta", "link", "img", "br", "hr", "input"}


class Page(HTMLParser):
    """Checks that tags balance; collects elements and visible text."""

    def __init__(self, html: str):
        super().__init__()
        self.open, self.elements, self.text = [], [], ""
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.text += data

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


def results():
    image = np.arange(64, dtype=np.uint8).reshape(8, 8)
    example = {"input": "image 12", "image": image, "answer": "3", "truth": "8", "right": False}
    curve = plots.curves({"name": "x", "epochs": [{"epoch": 1, "loss": 0.5}]})
    rows = [
        {
            "architecture": name,
            "name": f"recipe_{i}",
            "task": "A task",
            "cell": "lstm",
            "parameters": 12345,
            "metric": "error rate",
            "higher_is_better": False,
            "value": 0.1 + i / 100,
            "baseline": 0.5 + i / 100,
            "baseline_name": f"rule {i}",
            "examples": [example, {**example, "image": image.tolist(), "right": True}],
            "figures": [{"figure": curve, "alt": f"curve {i}", "caption": "loss"}],
            "command": f"zoo evaluate recipe_{i}",
            "seconds": 3.21,
        }
        for i, name in enumerate(plots.DRAWINGS)
    ]
    environment = {"backend": "jax", "versions": {"keras": "3.15.1"}, "device": "cpu"}
    export = {"name": "sine", "format": "onnx", "path": "out/x", "max_difference": 1e-7, "ok": True}
    return {"environment": environment, "architectures": rows, "export": export}


def test_every_block_escapes_what_it_is_given():
    figure = plots.architecture("one_to_one")
    blocks = [
        Paragraph(EVIL),
        Code(EVIL),
        Table([{EVIL: EVIL}], {EVIL: EVIL}, caption=EVIL),
        Picture(figure, EVIL, EVIL),
        Examples([{"input": EVIL, "answer": EVIL, "truth": EVIL, "image": [[0]]}]),
    ]
    html = page(EVIL, [Section(EVIL, blocks)], lead=EVIL, environment={EVIL: EVIL})
    parsed = Page(html)
    assert parsed.all("script") == []
    assert parsed.text.count(EVIL) >= 12
    assert [a["alt"] for a in parsed.all("img")] == [f"input: {EVIL}"]
    assert EVIL in [a.get("aria-label") for a in parsed.all("svg")]


def test_demo_page_has_every_name_value_and_baseline():
    given = results()
    text = Page(demo_page(given)).text
    for row in given["architectures"]:
        for key in ("name", "baseline_name", "command", "task"):
            assert row[key] in text
        assert plots.number(row["value"]) in text
        assert plots.number(row["baseline"]) in text
    for shown in ("jax", "3.15.1", "12,345", "onnx", "1.0e-07"):
        assert shown in text


def test_demo_page_loads_nothing_and_describes_every_picture():
    html = demo_page(results())
    parsed = Page(html)
    for _, attributes in parsed.elements:
        for key in ("src", "href", "xlink:href", "srcset"):
            assert (attributes.get(key) or "#").startswith(("#", "data:"))
    assert "@import" not in html
    assert re.findall(r"url\((?!#)", html) == []
    assert all(a["alt"].strip() for a in parsed.all("img"))
    assert all(a["aria-label"].strip() and a["role"] == "img" for a in parsed.all("svg"))
    assert len(parsed.all("svg")) == 1 + 2 * 5  # bars, then drawing and curve of each
    assert len(parsed.all("img")) == 2 * 5


def test_ids_are_unique_and_links_on_the_page_lead_somewhere():
    parsed = Page(demo_page(results()))
    ids = [a["id"] for _, a in parsed.elements if "id" in a]
    assert len(ids) == len(set(ids))
    targets = {a["href"][1:] for a in parsed.all("a")}
    assert len(targets) == 7  # five architectures, export, environment
    assert targets <= set(ids)


def test_a_value_that_is_missing_is_a_dash_and_gets_no_verdict():
    given = results()
    for row in given["architectures"]:
        row["value"] = None
    text = Page(demo_page(given)).text
    assert "✓ yes" not in text and "✗ no" not in text
    assert "–" in text


@pytest.mark.parametrize(
    ("value", "higher", "verdict"),
    [(0.9, True, "✓ yes"), (0.9, False, "✗ no"), (0.5, True, "= equal")],
)
def test_the_verdict_follows_the_sense_of_the_metric(value, higher, verdict):
    row = {"architecture": "many_to_one", "name": "a", "metric": "m"}
    row |= {"value": value, "baseline": 0.5, "higher_is_better": higher}
    assert verdict in Page(demo_page({"architectures": [row]})).text


def test_right_and_wrong_are_words_too():
    items = [{"input": "a", "answer": "b", "right": True}, {"input": "a", "right": False}]
    text = Page(Examples(items).html("x")).text
    assert "✓right" in text and "✗wrong" in text
    assert "right" not in Page(Examples([{"input": "a", "right": None}]).html("x")).text


def test_numbers_stand_right_and_texts_left():
    rows = [{"name": "a", "n": 1234567, "mixed": 1}, {"name": "b", "n": None, "mixed": "two"}]
    columns = {"name": "Name", "n": "Count", "mixed": "Mixed"}
    parsed = Page(Table(rows, columns).html("x"))
    assert [a.get("class") for a in parsed.all("td")] == ["number", "short"] * 2
    assert "1,234,567" in parsed.text
    assert len([a for a in parsed.all("th") if a["scope"] == "row"]) == 2


def test_wide_tables_scroll_in_their_own_box():
    parsed = Page(Table([{"a": 1}], {"a": "A"}).html("x"))
    assert parsed.elements[0][1]["class"] == "scroll"
    assert parsed.elements[0][1]["tabindex"] == "0"


@pytest.mark.parametrize(
    "block",
    [
        Picture(plots.architecture("one_to_one"), "  "),
        Picture(b"GIF89a", "a picture"),
        Examples([{"input": "a", "image": [1, 2, 3]}]),
        Examples([{"input": "a", "image": [[300]]}]),
    ],
)
def test_what_cannot_be_shown_is_refused(block):
    with pytest.raises(InputError):
        block.html("x")


def test_png_keeps_the_pixels():
    import io

    from PIL import Image

    from zoo.reports.blocks import png

    pixels = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(png(pixels)))), pixels)


def test_write_replaces_whole_or_not_at_all(tmp_path, monkeypatch):
    path = write(tmp_path / "new" / "report.html", page("first ü", []))
    assert "first ü" in path.read_text(encoding="utf-8")

    def full(*_):
        raise OSError("no space left")

    monkeypatch.setattr("zoo.reports.document.os.replace", full)
    with pytest.raises(OSError, match="no space"):
        write(path, "second")
    assert "first" in path.read_text(encoding="utf-8")
    assert [item.name for item in path.parent.iterdir()] == ["report.html"]
