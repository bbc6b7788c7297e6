"""The report of `zoo compare` as a browser shows it: phone and desktop, light and dark, paper.

Needs a Chromium: `make browser` installs Debian's; CHROMIUM names another. Where CI=true is set a
missing one is a failure, elsewhere these tests are skipped.
"""

import os
import shutil

import compare_sample as sample
import pytest

from zoo.reports.compare import against as compare_against
from zoo.reports.compare import page as compare_page

pytestmark = pytest.mark.neutral

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PHONE, DESKTOP = {"width": 360, "height": 740}, {"width": 1280, "height": 900}
PAPER = {"width": 680, "height": 1000}  # A4 within margins of 15 mm
LONG = "a_folder_of_mine/" + "a_model_with_a_name_that_has_no_end_" * 3 + ".keras"
FIGURES = """
all => all.map(svg => {
  const box = svg.getBoundingClientRect();
  return [box.left, box.right, box.width, box.height, svg.querySelectorAll("path, use").length];
})
"""
WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation",
  (event) => window.violations.push(event.violatedDirective + " " + event.blockedURI));
"""


@pytest.fixture(scope="module")
def browser():
    named = os.environ.get("CHROMIUM")
    found = shutil.which(named) if named else next(filter(None, map(shutil.which, BROWSERS)), None)
    if not found:
        missing = f"no browser {named or ' or '.join(BROWSERS)}: run make browser, or set CHROMIUM"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(missing)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=found)
        yield running
        running.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """The path of a page with everything in it: regressions, failures, a name without end."""
    old = sample.document(("g2p", "spam"))
    new = sample.slower(old)
    for document in (old, new):
        for found in (*document["rows"], *document["models"]):
            found["model"] = LONG if found["model"] == "spam" else found["model"]
    path = tmp_path_factory.mktemp("report") / "compare.html"
    path.write_text(compare_page.page(compare_against.compared(new, old, "old.json")), "utf-8")
    return path


@pytest.fixture
def opened(browser, report):
    """`opened(size, ...)`: the page in a window of that size; at the end nothing was wrong."""
    contexts, wrong, asked = [], [], []

    def open_page(size, **options):
        context = browser.new_context(viewport=size, offline=True, **options)
        contexts.append(context)
        page = context.new_page()
        page.add_init_script(WATCH)
        page.on("console", lambda message: wrong.append(message.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(report.as_uri())
        if options.get("java_script_enabled", True):
            assert page.evaluate("window.violations") == []
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []
    assert set(asked) == {report.as_uri()}


def background(page):
    """How light the page is, 0 to 255."""
    colour = page.eval_on_selector("body", "e => getComputedStyle(e).backgroundColor")
    return sum(map(int, colour.removeprefix("rgb(").rstrip(")").split(","))) / 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_the_page_fits_and_its_figures_are_there(opened, size, scheme):
    page = opened(size, color_scheme=scheme, is_mobile=size is PHONE, has_touch=size is PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert page.evaluate("window.innerWidth") == size["width"]
    assert (background(page) < 60) == (scheme == "dark")
    figures = page.eval_on_selector_all("figure svg", FIGURES)
    assert len(figures) == 1 + 2 * 2 + 2
    for left, right, width, height, drawn in figures:
        assert left >= 0 and right <= size["width"]
        assert width >= 300 and height >= 80 and drawn > 20


def test_wide_tables_scroll_in_their_own_region(opened):
    page = opened(PHONE)
    wide = page.eval_on_selector_all(
        ".scroll", "all => all.filter(e => e.scrollWidth > e.clientWidth).map(e => e.tabIndex)"
    )
    assert wide and set(wide) == {0}  # the keyboard can scroll them


def column(table, heading):
    """The numbers that a column is sorted by, None for what is missing, and its heading's place."""
    heads = [head.inner_text().strip() for head in table.query_selector_all("thead th")]
    place = next(k for k, head in enumerate(heads) if head.startswith(heading))
    found = table.eval_on_selector_all(
        "tbody tr", "(rows, k) => rows.map(row => row.cells[k].dataset.value)", place
    )
    return place, [float(value) if value else None for value in found]


def test_a_heading_sorts_by_the_numbers_and_what_is_missing_comes_last(opened):
    page = opened(DESKTOP)
    table = page.query_selector("table.sortable:has(caption:text('Batched inference'))")
    place, before = column(table, "Time / stock Keras")
    known = [value for value in before if value is not None]
    assert known != sorted(known) and None in before[:-1]
    head = table.query_selector_all("thead th")[place]
    head.query_selector("button").click()
    missing = [None] * (len(before) - len(known))
    assert column(table, "Time / stock Keras")[1] == [*sorted(known), *missing]
    assert head.get_attribute("aria-sort") == "ascending"
    head.query_selector("button").click()
    assert column(table, "Time / stock Keras")[1] == [*sorted(known, reverse=True), *missing]
    assert head.get_attribute("aria-sort") == "descending"


def test_the_keyboard_sorts_and_one_heading_at_a_time_is_marked(opened):
    page = opened(DESKTOP)
    table = page.query_selector("table.sortable:has(caption:text('Training step'))")
    buttons = table.query_selector_all("thead button")
    for button, key in ((buttons[1], "Enter"), (buttons[0], "Space")):
        button.focus()
        page.keyboard.press(key)
    names = table.eval_on_selector_all("tbody th", "all => all.map(e => e.textContent)")
    assert names == sorted(names) and len(names) > 3
    assert len(table.query_selector_all("[aria-sort]")) == 1


def test_a_tap_sorts_on_a_phone(opened):
    page = opened(PHONE, is_mobile=True, has_touch=True)
    table = page.query_selector("table.sortable:has(caption:text('Training step'))")
    _, before = column(table, "Median")
    for _ in range(2):
        table.query_selector_all("thead button")[1].tap()
    assert column(table, "Median")[1] == before[::-1]


def test_without_scripts_the_page_reads_the_same(opened):
    with_scripts, without = opened(DESKTOP), opened(DESKTOP, java_script_enabled=False)
    assert without.query_selector_all("th button") == []
    texts = [page.inner_text("main").split() for page in (with_scripts, without)]
    assert texts[0] == texts[1]


def test_on_paper_every_table_is_whole(opened):
    page = opened(PAPER, color_scheme="dark")
    page.emulate_media(media="print")
    assert background(page) == 255
    widths = page.eval_on_selector_all(
        "table", "all => all.map(e => e.getBoundingClientRect().right)"
    )
    assert max(widths) <= PAPER["width"]
    assert page.pdf(format="A4")[:5] == b"%PDF-"
