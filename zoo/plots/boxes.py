"""One architecture as boxes and arrows: inputs below, states in the middle, outputs above."""

from dataclasses import dataclass

from zoo.plots.style import TITLE, Palette

# All lengths in inches: every drawing has the same scale.
PITCH, ROW, BOX, HIGH = 0.66, 0.74, 0.46, 0.38
PANEL = 2 * ROW + HIGH


@dataclass(frozen=True)
class Drawing:
    """One architecture, one entry per time step; None leaves the place empty.

    `feedback` holds inputs that are the model's own earlier outputs.
    """

    title: str
    example: str
    inputs: tuple[str | None, ...]
    outputs: tuple[str | None, ...]
    feedback: tuple[str | None, ...]

    @property
    def width(self) -> float:
        return len(self.inputs) * PITCH


def network(axes, drawing: Drawing, x: float, y: float, colours: Palette) -> None:
    """Draw the boxes of `drawing` with (x, y), in inches, as their lower left corner."""
    middle = y + HIGH / 2 + ROW
    for t in range(len(drawing.inputs)):
        centre = x + (t + 0.5) * PITCH
        state = "h" if drawing.width == PITCH else f"h_{t + 1}"
        _labelled(axes, centre, middle, state, "state", colours)
        if t:
            _arrow(axes, centre - PITCH + BOX / 2, middle, centre - BOX / 2, middle, colours)
        _above_and_below(axes, drawing, t, centre, middle, colours)


def _above_and_below(axes, drawing: Drawing, t: int, x: float, y: float, colours) -> None:
    fed = drawing.feedback[t]
    if below := drawing.inputs[t] or fed:
        _labelled(axes, x, y - ROW, below, "feedback" if fed else "input", colours)
        _arrow(axes, x, y - ROW + HIGH / 2, x, y - HIGH / 2, colours)
    if above := drawing.outputs[t]:
        _labelled(axes, x, y + ROW, above, "output", colours)
        _arrow(axes, x, y + HIGH / 2, x, y + ROW - HIGH / 2, colours)


def _labelled(axes, x: float, y: float, label: str, kind: str, colours: Palette) -> None:
    box(axes, x, y, BOX, HIGH, kind, colours)
    middle = {"ha": "center", "va": "center_baseline"}
    axes.text(x, y, f"${label}$", size=TITLE + 1, color=colours.ink, **middle)


def box(axes, x, y, width: float, height: float, kind: str, colours: Palette) -> None:
    """A rounded box centred at (x, y); `kind` is "input", "state", "output" or "feedback"."""
    from matplotlib.patches import FancyBboxPatch

    edge, face = {
        "input": (colours.orange, colours.orange_soft),
        "state": (colours.ink, colours.paper),
        "output": (colours.blue, colours.blue_soft),
        "feedback": (colours.blue, "none"),
    }[kind]
    shape = FancyBboxPatch(
        (x - width / 2, y - height / 2),
        width,
        height,
        boxstyle=f"round,pad=0,rounding_size={height / 5}",
        edgecolor=edge,
        facecolor=face,
        linewidth=1.4,
        linestyle=(0, (2.5, 2)) if kind == "feedback" else "solid",
    )
    axes.add_patch(shape)


def _arrow(axes, x0, y0, x1, y1, colours: Palette) -> None:
    from matplotlib.patches import FancyArrowPatch

    arrow = FancyArrowPatch(
        (x0, y0),
        (x1, y1),
        arrowstyle="-|>,head_length=4,head_width=2.2",
        mutation_scale=1,
        shrinkA=2,
        shrinkB=2,
        linewidth=1.2,
        color=colours.muted,
        joinstyle="miter",
    )
    axes.add_patch(arrow)
