"""The user's CSV of series: every column is checked before work starts."""

from itertools import pairwise

import numpy as np
import pytest

from zoo.data import forecast
from zoo.data.forecast_csv import layout_from, read_series
from zoo.errors import InputError

pytestmark = pytest.mark.neutral

SALES = """day,shop,price,sales
2020-01-01,a,1.5,10
2020-01-02,a,1.5,12
2020-01-01,b,2,100
2020-01-03,a,1.0,
2020-01-02,b,2,90
"""


@pytest.fixture
def write(tmp_path):
    def written(text, encoding="utf-8"):
        path = tmp_path / "mine.csv"
        path.write_bytes(text.encode(encoding))
        return path

    return written


def shops(**changes):
    return layout_from(
        **dict(target="sales", time="day", exogenous="price", series="shop") | changes
    )


def test_many_series_of_one_file_with_what_is_known_of_the_future(write):
    a, b = read_series(write(SALES), shops(), future=True)
    assert (a.name, a.values.tolist(), b.name, b.values.tolist()) == ("a", [10, 12], "b", [100, 90])
    assert a.exogenous.tolist() == [[1.5], [1.5], [1.0]] and len(b.exogenous) == 2
    assert a.layout.frequency == "D" and a.layout.season == 7
    assert a.times_around(1, 2).astype("M8[D]").astype(str).tolist() == [
        "2020-01-02",
        "2020-01-03",
        "2020-01-04",
    ]
    assert a.exogenous_around(1, 1).tolist() == [[1.5], [1.0]]
    with pytest.raises(InputError, match="1 future rows of price, expected 2"):
        a.exogenous_around(1, 2)


def test_one_column_needs_no_header_and_a_lone_column_no_name(write):
    (plain,) = read_series(write("1\n2.5\n-3\n"), layout_from())
    assert plain.values.tolist() == [1, 2.5, -3] and plain.times is None
    (named,) = read_series(write("year,spots\n1700,5\n1701,11\n"), layout_from(time="year"))
    assert (named.name, named.layout.frequency, named.layout.season) == ("spots", "Y", None)


def test_season_and_frequency_can_be_given(write):
    layout = layout_from(season="3", frequency="h")
    (found,) = read_series(write("y\n1\n2\n"), layout)
    assert (found.layout.season, found.layout.frequency) == (3, "h")


@pytest.mark.parametrize(
    ("text", "changes", "words"),
    [
        ("", {}, "is empty"),
        ("day,shop,price,sales\n", {}, "a header only"),
        ("1,2\n3,4\n", {}, "expected a header"),
        ("a,a\nx,y\n", {}, "each once"),
        (SALES, dict(target="profit"), "no column 'profit'; its columns are: day, shop"),
        (SALES, dict(target=None, exogenous=None), "name the one to forecast"),
        (SALES, dict(exogenous="price,sales"), "'sales' is named twice"),
        (SALES, {}, "line 5: sales is '', expected a finite number"),
        (SALES.replace("12", "nan"), {}, "line 3: sales is 'nan'"),
        (SALES.replace("12", "1e200"), {}, "line 3: sales is '1e200'"),
        (SALES.replace("12", "many"), {}, "line 3: sales is 'many'"),
        (SALES.replace("1.0,", "inf,1"), {}, "line 5: price is 'inf'"),
        (SALES.replace("2020-01-02,a", "soon,a"), {}, "line 3: day is 'soon'"),
        (SALES.replace(",b,2,90", ",,2,90"), {}, "line 6: empty shop"),
        (SALES.replace("2020-01-02,b,2,90", "2020-01-02,b"), {}, "has 2 cells, expected 4"),
        (SALES, dict(series=None), "stands behind 2020-01-02"),
        (SALES.replace("01-02,a", "01-01,a"), {}, "comes twice"),
        (SALES.replace("01-03,a,1.0,", "01-05,a,1.0,1"), {}, "line 5: 2020-01-05T00:00:00 follows"),
        (SALES.replace("1.0,", "1.0,1"), dict(frequency="h"), "expected a row every h"),
        ('day,"shop\n', {}, "expected"),
    ],
)
def test_files_that_cannot_be_used_are_one_line(text, changes, words, write):
    with pytest.raises(InputError) as error:
        read_series(write(text), shops(**changes))
    assert words in str(error.value) and "\n" not in str(error.value)


def test_other_encodings_missing_files_and_an_empty_target_between_two(write, tmp_path):
    with pytest.raises(InputError, match="not UTF-8"):
        read_series(write(SALES.replace("shop", "geschäft"), "latin-1"), shops())
    with pytest.raises(InputError, match="no file"):
        read_series(tmp_path / "none.csv", shops())
    with pytest.raises(InputError, match="line 3: sales is ''"):
        read_series(write(SALES.replace("12", "").replace("1.0,", "1.0,1")), shops(), future=True)


@pytest.mark.parametrize("season", ["1", "-2", "daily", "2.5"])
def test_a_season_is_a_number_of_rows(season):
    with pytest.raises(InputError, match="for example 24"):
        layout_from(season=season)


def series(length):
    return forecast.from_array(np.arange(float(length)))


def test_own_splits_follow_one_another_and_see_their_past():
    splits = forecast.own_splits([series(100), series(50)], window=10, horizon=5)
    ends = [[(s.begin, len(s)) for s in splits[name]] for name in ("train", "validation", "test")]
    assert ends == [[(0, 70), (0, 35)], [(70, 80), (35, 40)], [(80, 100), (40, 50)]]


def test_a_series_too_short_to_split_says_how_long_it_should_be():
    with pytest.raises(InputError) as error:
        forecast.own_splits([series(20)], window=10, horizon=5)
    enough = int(str(error.value).split("expected ")[1].split()[0])
    assert forecast.own_splits([series(enough)], window=10, horizon=5)
    with pytest.raises(InputError):
        forecast.own_splits([series(enough - 1)], window=10, horizon=5)
    with pytest.raises(InputError, match="expected 14285714292 or more"):  # said at once
        forecast.own_splits([series(20)], window=10**10, horizon=5)


def test_behind_a_cut_off_only_times_and_exogenous_columns_are_left(write):
    text = "y,x\n" + "".join(f"{k},{-k}\n" for k in range(6))
    (whole,) = read_series(write(text), layout_from(target="y", exogenous="x"))
    known = whole.at(4)
    assert known.values.tolist() == [0, 1, 2, 3] and known.later.tolist() == [4, 5]
    assert known.exogenous_around(0, 2).tolist() == [[-4], [-5]]
    part = whole.part(2, 4)
    assert (part.begin, len(part), len(part.exogenous)) == (2, 4, 4)


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("sunspots", [200, 21, 35]),
        ("laser", [5000, 2000, 3093]),
        ("sf_temperature", [6408, 1008, 1344]),
    ],
)
def test_shipped_splits_do_not_overlap_and_end_where_the_next_begins(name, sizes):
    parts = list(getattr(forecast, name)().values())
    assert [len(part) - part.begin for part in parts] == sizes
    assert [part.begin for part in parts[1:]] == [len(part) for part in parts[:-1]]
    for early, late in pairwise(parts):
        np.testing.assert_array_equal(early.values, late.values[: len(early)])


def test_shipped_series_have_their_rows_in_order():
    from zoo.data.sources import SOURCES

    assert len(forecast.sf_temperature()["test"]) == SOURCES["sf_temperature"].rows
    assert len(forecast.laser()["test"]) == SOURCES["laser"].rows
    years = forecast.sunspots()["test"].times.astype("M8[Y]").astype(int) + 1970
    assert (years[0], years[221], years[-1]) == (1700, 1921, 1955)
