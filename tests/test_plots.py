"""Figures hold the data they are given, draw without a warning, and are written whole."""

import re
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest

from zoo import plots
from zoo.errors import InputError

pytestmark = [pytest.mark.neutral, pytest.mark.filterwarnings("error")]

TIME = np.arange(0, 10 * np.pi, 0.1)


def texts(figure) -> str:
    from matplotlib.text import Text

    return "\n".join(text.get_text() for text in figure.findobj(Text))


def line(axes, label):
    return next(item for item in axes.lines if item.get_label() == label)


def history(losses, validation=()):
    rows = [{"epoch": i + 1, "loss": loss, "seconds": 0.5} for i, loss in enumerate(losses)]
    for row, value in zip(rows, validation, strict=False):
        row["validation_loss"] = value
    return {"name": "sine", "epochs": rows}


def every_figure():
    snapshot = {"segment": 1, "time": TIME[:30], "target": TIME[:30], "prediction": TIME[:30]}
    row = {"name": "a", "value": 0.9, "baseline": 0.8, "metric": "m", "higher_is_better": True}
    odd = "emoji \U0001f600, 中文, $x_1$ and \\$"
    yield plots.curves(history([1.0, 0.1, 0.01], [1.0, 0.2, 0.3]))
    yield plots.rollout(TIME, np.sin(TIME), np.cos(TIME), 20, 0.5)
    yield plots.segments([snapshot] * 3)
    yield plots.images_with_captions(np.zeros((4, 8, 8, 3)), [odd] * 4, ["b"] * 4)
    yield plots.alignment(np.full((2, 3), 1 / 3), [odd, "b", "c"], ["d", odd])
    yield plots.alignment_maps(np.zeros((8, 8, 3)), np.eye(4), (2, 2), [odd, "b", "c", "d"])
    for rows, columns in ((1, 1), (1, 40), (40, 1), (40, 40)):
        weights = np.eye(rows, columns)
        yield plots.alignment(weights, ["w"] * (columns - 1) + ["end"], ["ZH"] * rows)
    yield plots.bars([row, {**row, "name": odd, "value": None}])
    yield plots.gradient_flow([{"cell": "lstm", "steps_back": [0, 1], "norm": [1.0, 0.0]}])
    yield plots.gradient_flow([{"cell": "gone", "steps_back": [0, 1], "norm": [np.nan, np.inf]}])
    flow = {"steps_back": range(50), "low": [1e-3] * 50, "high": [2.0] * 50, "rate": 0.8}
    flows = [flow | {"cell": f"cell {k}", "norm": [0.9**k] * 50} for k in range(8)]
    for dark in (False, True):
        yield plots.gradient_flow(flows, dark)
        yield plots.gradient_flow([row | {"panel": f"{odd} {row['cell']}"} for row in flows], dark)
        yield plots.architectures(dark)
        yield plots.architectures(dark, narrow=True)
        yield plots.alignment(np.eye(2), ["a", "b"], ["A", "B"], dark)
        yield plots.alignment_maps(np.zeros((8, 8)), np.eye(4)[:1], (2, 2), ["b"], dark)
        yield from (plots.architecture(name, dark) for name in plots.DRAWINGS)


def test_every_figure_draws_as_png_and_as_parsable_svg_without_a_warning(tmp_path):
    for i, figure in enumerate(every_figure()):
        assert plots.save(figure, tmp_path / f"{i}.png").read_bytes().startswith(b"\x89PNG")
        ElementTree.parse(plots.save(figure, tmp_path / f"{i}.svg"))


def test_no_text_leaves_the_figure():
    for figure in every_figure():
        figure.canvas.draw()
        width, height = figure.canvas.get_width_height()
        box = figure.get_tightbbox()
        inside = np.array([box.x0, box.y0, width / 100 - box.x1, height / 100 - box.y1])
        assert (inside > -0.01).all(), texts(figure)


def test_curves_hold_the_losses_and_mark_the_lowest_validation_loss():
    axes = plots.curves(history([1.0, 0.6, 0.4], [0.9, 0.5, 0.7])).axes[0]
    np.testing.assert_array_equal(line(axes, "training").get_ydata(), [1.0, 0.6, 0.4])
    np.testing.assert_array_equal(line(axes, "validation").get_ydata(), [0.9, 0.5, 0.7])
    best = line(axes, "best: epoch 2, 0.500")
    assert (best.get_xdata().item(), best.get_ydata().item()) == (2, 0.5)


def test_curves_without_validation_mark_the_lowest_training_loss():
    axes = plots.curves(history([1.0, 0.3, 0.4])).axes[0]
    assert line(axes, "best: epoch 2, 0.300")
    assert "validation" not in [item.get_label() for item in axes.lines]


@pytest.mark.parametrize(("last", "scale"), [(0.5, "linear"), (0.001, "log")])
def test_curves_turn_logarithmic_only_over_a_wide_range(last, scale):
    assert plots.curves(history([1.0, last])).axes[0].get_yscale() == scale


@pytest.mark.parametrize("given", [0, 20])
def test_rollout_draws_only_predicted_steps_and_their_error(given):
    truth, prediction = np.sin(TIME), np.sin(TIME) + 0.1
    figure = plots.rollout(TIME, truth, prediction[given:], 20, 0.1)
    series, error = figure.axes
    np.testing.assert_array_equal(line(series, "truth").get_ydata(), truth)
    np.testing.assert_array_equal(line(series, "prediction").get_xdata(), TIME[20:])
    np.testing.assert_array_equal(line(series, "prediction").get_ydata(), prediction[20:])
    np.testing.assert_allclose(error.lines[0].get_ydata(), 0.1)
    shaded = series.patches[0]
    assert (shaded.get_x(), shaded.get_x() + shaded.get_width()) == (TIME[0], TIME[20])
    assert "0.100" in texts(figure)


def test_rollout_of_steps_has_no_radians():
    figure = plots.rollout(np.arange(50), np.zeros(50), np.ones(50), 5, 1.0, radians=False)
    figure.canvas.draw()
    assert "steps" in texts(figure)
    assert "π" not in texts(figure)


def test_segments_share_one_scale_and_print_their_errors():
    t = np.linspace(0, np.pi, 10)
    snapshot = {"segment": 1, "time": t, "target": np.cos(t), "prediction": np.cos(t) + 0.25}
    figure = plots.segments([snapshot, {**snapshot, "segment": 100}])
    assert "segment 100, RMSE 0.250" in texts(figure)
    first, second = figure.axes
    assert first.get_ylim() == second.get_ylim()
    np.testing.assert_array_equal(line(second, "target").get_ydata(), np.cos(t))


def test_captions_say_right_or_wrong_in_a_sign_and_in_colour():
    figure = plots.images_with_captions(np.zeros((2, 8, 8)), ["cat", "dog"], ["cat", "fox"])
    right, wrong = (axes.xaxis.label for axes in figure.axes)
    assert right.get_text() == "✓ cat"
    assert wrong.get_text() == "✗ dog\ntruth: fox"
    assert right.get_color() != wrong.get_color()


def test_alignment_keeps_rows_as_targets_on_a_scale_from_zero_to_one():
    weights = np.array([[0.9, 0.1, 0.0], [0.0, 0.2, 0.8]])
    axes = plots.alignment(weights, ["a", "b", "c"], ["x", "y"]).axes[0]
    np.testing.assert_array_equal(axes.images[0].get_array(), weights)
    assert axes.images[0].get_clim() == (0, 1)
    assert [label.get_text() for label in axes.get_yticklabels()] == ["x", "y"]


@pytest.mark.parametrize("count", [1, 8, 12, 25, 40])
def test_the_names_of_an_alignment_stand_apart(count):
    letters = [*"incomprehensibilitiesmmmwwwandsomemoreof"[: count - 1], "end"]
    figure = plots.alignment(np.eye(count), letters, ["ZH"] * count)
    figure.canvas.draw()
    axes = figure.axes[0]
    across = [label.get_window_extent() for label in axes.get_xticklabels()[:-1]]
    assert all(a.x1 <= b.x0 for a, b in pairwise(across))
    down = [label.get_window_extent() for label in axes.get_yticklabels()]
    assert all(a.y0 >= b.y1 - 1 for a, b in pairwise(down))
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("read", "written")


def test_long_names_of_an_alignment_stand_aslant_and_short_ones_upright():
    axes = plots.alignment(np.eye(2, 3), ["a", "unmistakable", "b"], ["A", "B"]).axes[0]
    assert [label.get_rotation() for label in axes.get_xticklabels()] == [0, 45, 0]


@pytest.mark.parametrize("dark", [False, True])
def test_the_colours_of_a_weight_go_from_the_paper_to_the_ink_for_every_eye(dark):
    colours = plots.alignment(np.eye(2), ["a", "b"], ["A", "B"], dark).axes[0].images[0].cmap
    shades = [
        contrast(f"#{''.join(f'{int(255 * c):02x}' for c in colours(x)[:3])}", "#000000")
        for x in np.linspace(0, 1, 9)
    ]
    steps = np.diff(shades)
    assert np.all(steps > 0) if dark else np.all(steps < 0)
    assert max(shades) / min(shades) > 7


def test_alignment_maps_have_the_picture_and_one_map_for_each_word():
    weights = np.random.default_rng(0).dirichlet(np.ones(6), size=5)
    image = np.linspace(0, 1, 8 * 12 * 3).reshape(8, 12, 3)
    figure = plots.alignment_maps(image, weights, (2, 3), list("vwxyz"))
    picture, *maps = figure.axes[:6]
    np.testing.assert_array_equal(picture.images[0].get_array(), image)
    assert [axes.get_xlabel() for axes in maps] == list("vwxyz")
    for axes, row in zip(maps, weights, strict=True):
        np.testing.assert_array_equal(axes.images[0].get_array(), row.reshape(2, 3))
        assert axes.images[0].get_clim() == (0, 1)
        assert axes.images[0].get_extent() == [-0.5, 11.5, 7.5, -0.5]  # that of the picture


def test_bars_start_at_zero_are_proportional_and_print_both_values():
    row = {"name": "sine", "value": 0.2, "baseline": 0.8, "metric": "RMSE"}
    figure = plots.bars([{**row, "higher_is_better": False}])
    value, baseline = (patch for patch in figure.axes[0].patches)
    assert value.get_x() == baseline.get_x() == 0
    assert value.get_width() / baseline.get_width() == pytest.approx(0.25)
    assert "0.200" in texts(figure)
    assert "0.800" in texts(figure)


@pytest.mark.parametrize(
    ("value", "higher", "sign"),
    [(0.9, True, "✓"), (0.9, False, "✗"), (0.1, False, "✓"), (0.1, True, "✗"), (0.5, True, "✗")],
)
def test_bars_say_which_is_better(value, higher, sign):
    row = {"name": "a", "value": value, "baseline": 0.5, "metric": "m", "higher_is_better": higher}
    signs = [text.get_text() for text in plots.bars([row]).axes[0].texts]
    assert (sign in signs) and (({"✓": "✗", "✗": "✓"}[sign]) not in signs)


def test_gradient_flow_leaves_out_what_has_underflowed():
    row = {"cell": "rnn", "steps_back": [0, 1, 2], "norm": [1.0, 0.1, 0.0]}
    drawn = line(plots.gradient_flow([row]).axes[0], "rnn").get_ydata()
    np.testing.assert_array_equal(drawn, [1.0, 0.1, np.nan])


@pytest.mark.parametrize("count", [1, 5, 12])
def test_names_at_the_ends_of_a_gradient_flow_stand_apart(count):
    rows = [
        {"cell": f"cell {k}", "steps_back": [0, 1], "norm": [1.0, 0.5], "rate": 0.5}
        for k in range(count)
    ]
    figure = plots.gradient_flow(rows)
    figure.canvas.draw()
    boxes = [text.get_window_extent() for text in figure.axes[0].texts]
    assert len(boxes) == count
    assert all(low.y1 <= high.y0 + 1 for low, high in pairwise(sorted(boxes, key=lambda b: b.y0)))
    assert "cell 0  ×0.500" in texts(figure)


def test_rows_of_one_panel_are_drawn_together():
    row = {"cell": "lstm", "steps_back": [0, 1], "norm": [1.0, 0.5]}
    rows = [row | {"panel": panel, "name": name} for panel in "ab" for name in ("new", "trained")]
    first, second = plots.gradient_flow(rows).axes
    assert [axes.get_title(loc="left") for axes in (first, second)] == ["a", "b"]
    assert first.get_ylim() == second.get_ylim()
    np.testing.assert_array_equal(line(second, "trained").get_ydata(), [1.0, 0.5])


@pytest.mark.parametrize(
    ("name", "inputs", "states", "outputs", "arrows"),
    [
        ("one_to_one", 1, 1, 1, 2),
        ("one_to_many", 3, 3, 3, 8),  # one input and two outputs fed back
        ("many_to_one", 3, 3, 1, 6),
        ("many_to_many_delayed", 6, 6, 3, 14),
        ("many_to_many_aligned", 3, 3, 3, 8),
    ],
)
def test_architectures_have_their_boxes_and_arrows(name, inputs, states, outputs, arrows):
    from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

    figure = plots.architecture(name)
    assert len(figure.findobj(FancyBboxPatch)) == inputs + states + outputs
    assert len(figure.findobj(FancyArrowPatch)) == arrows
    assert len(re.findall(r"\$h", texts(figure))) == states


@pytest.mark.parametrize("narrow", [False, True])
def test_the_sheet_names_all_five(narrow):
    found = texts(plots.architectures(narrow=narrow))
    assert all(drawing.title in found for drawing in plots.DRAWINGS.values())


def test_dark_and_light_differ_in_colours_only():
    light, dark = plots.architectures(), plots.architectures(dark=True)
    assert texts(light) == texts(dark)
    assert light.get_facecolor() != dark.get_facecolor()


def contrast(a: str, b: str) -> float:
    """The contrast ratio of WCAG 2."""

    def luminance(colour):
        channels = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
        linear = np.where(
            channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4
        )
        return linear @ [0.2126, 0.7152, 0.0722]

    low, high = sorted([luminance(a), luminance(b)])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colours", [plots.LIGHT, plots.DARK])
def test_text_and_lines_stand_out_from_the_paper(colours):
    for name in ("ink", "muted", "blue", "orange", "green", "purple"):
        assert contrast(getattr(colours, name), colours.paper) >= 4.5, name


@pytest.mark.parametrize(
    "call",
    [
        lambda: plots.curves({"name": "x", "epochs": []}),
        lambda: plots.rollout([0, 1], [0, 1], [0, 1, 2], 1, 0.0),
        lambda: plots.rollout([0, 1], [0, 1], [0, 1], 2, 0.0),
        lambda: plots.segments([]),
        lambda: plots.images_with_captions(np.zeros((2, 8, 8)), ["a"], ["a", "b"]),
        lambda: plots.images_with_captions([], [], []),
        lambda: plots.alignment(np.zeros((2, 3)), ["a", "b"], ["c", "d", "e"]),
        lambda: plots.alignment(np.zeros((0, 2)), ["a", "b"], []),
        lambda: plots.alignment(np.full((1, 2), 1.5), ["a", "b"], ["c"]),
        lambda: plots.alignment(np.full((1, 2), np.nan), ["a", "b"], ["c"]),
        lambda: plots.alignment_maps(np.zeros((8, 8)), np.eye(3), (2, 2), ["a", "b", "c"]),
        lambda: plots.check_name("figure.jpg"),
        lambda: plots.bars([]),
        lambda: plots.gradient_flow([]),
        lambda: plots.architecture("two_to_two"),
        lambda: plots.save(plots.architecture("one_to_one"), "figure.jpg"),
    ],
)
def test_input_that_cannot_be_drawn_is_refused_in_one_line(call):
    with pytest.raises(InputError) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    path = plots.save(plots.architecture("one_to_one"), tmp_path / "figure.png")
    before = path.read_bytes()

    def full(*_):
        raise OSError("no space left")

    monkeypatch.setattr("zoo.plots.files.os.replace", full)
    with pytest.raises(OSError, match="no space"):
        plots.save(plots.architecture("many_to_one"), path)
    assert [item.name for item in tmp_path.iterdir()] == ["figure.png"]
    assert path.read_bytes() == before


def test_the_same_figure_gives_the_same_bytes(tmp_path):
    for suffix in ("svg", "png"):
        first, second = (
            plots.save(plots.architectures(), tmp_path / f"{i}.{suffix}").read_bytes()
            for i in range(2)
        )
        assert first == second


def test_inline_svg_has_own_ids_no_links_and_colours_of_the_page():
    svg = plots.to_svg(plots.curves(history([1.0, 0.5])), "first")
    ids = re.findall(r'\bid="([^"]+)"', svg)
    assert ids and all(name.startswith("first-") for name in ids)
    assert set(re.findall(r'(?:href="|url\()#([^")]+)', svg)) <= set(ids)
    assert "http" not in svg
    assert f"var(--orange, {plots.LIGHT.orange})" in svg


def test_drawing_leaves_no_global_state():
    import matplotlib

    before = dict(matplotlib.rcParams)
    for figure in (plots.curves(history([1.0, 0.5])), plots.architecture("one_to_one")):
        plots.to_svg(figure)
    assert dict(matplotlib.rcParams) == before
