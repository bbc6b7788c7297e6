"""Draw clips with what a model says after each frame: the figure of docs/video.md.

python scripts/draw_sprites.py                                    the shipped sprite_video
python scripts/draw_sprites.py runs/sprite_video-0 --out clips.png
"""

import argparse
from pathlib import Path

from zoo import plots, predictor
from zoo.data import video
from zoo.plots.style import LIGHT, SMALL, TEXT, canvas

FRAMES = 10  # a row has room for
SIDE = 0.62  # inches of a frame
BAR = 0.3  # inches, the height of a bar that stands for certainty
ROWS = 8


def chosen(model):
    """Test clips as [(clip, answers after each frame, answer)]: of each action and character, one
    right and one wrong, as far as there are."""
    frames, _ = model.data()["test"]
    tested = {clip.tobytes() for clip in frames}
    clips = [clip for clip in video.sprites() if clip.frames.tobytes() in tested]
    answers, found = model.answer([clip.frames for clip in clips]), {}
    for clip, answer in zip(clips, answers, strict=True):
        key = (clip.character, clip.action, answer["output"] == clip.action)
        found.setdefault(key, (clip, answer))
    rows = sorted(
        found.values(), key=lambda row: (row[1]["output"] != row[0].action, row[0].action)
    )
    rows = rows[: ROWS // 2] + rows[-(ROWS // 2) :] if len(rows) > ROWS else rows
    return [(clip, after_each_frame(model, clip), answer) for clip, answer in rows]


def after_each_frame(model, clip):
    """The probability of "attack" when so much of the clip has been seen, by the last frames."""
    window = model.spec["window"]
    parts = [clip.frames[max(0, k - window) : k] for k in range(1, len(clip.frames) + 1)]
    return [answer["probabilities"]["attack"] for answer in model.answer(parts)]


def sheet(rows):
    """The figure: a row for each clip, a bar under each frame that rises with "attack"."""
    width = 1.55 + FRAMES * SIDE
    figure = canvas(width, 0.45 + len(rows) * (SIDE + BAR + 0.12), constrained=False)
    height = figure.get_figheight()
    figure.text(
        0.1 / width,
        1 - 0.16 / height,
        "Figures that training never saw. Bars: how sure of an attack, from the frames so far.",
        fontsize=TEXT,
        color=LIGHT.ink,
        va="center",
    )
    for k, (clip, sure, answer) in enumerate(rows):
        top = height - 0.38 - k * (SIDE + BAR + 0.12)
        _row(figure, clip, sure, answer, top, width, height)
    return figure


def _row(figure, clip, sure, answer, top, width, height):
    right = answer["output"] == clip.action
    figure.text(
        0.1 / width,
        (top - SIDE / 2) / height,
        f"{clip.character} {clip.variant}".strip(),
        fontsize=SMALL,
        color=LIGHT.muted,
        va="bottom",
    )
    figure.text(
        0.1 / width,
        (top - SIDE / 2) / height,
        f"{clip.action}s" if right else f"{clip.action}s, taken\nfor {answer['output']}",
        fontsize=SMALL,
        color=LIGHT.ink if right else LIGHT.orange,
        va="top",
    )
    for t, (frame, value) in enumerate(zip(clip.frames[:FRAMES], sure, strict=False)):
        left = 1.35 + t * SIDE
        axes = figure.add_axes(
            (left / width, (top - SIDE) / height, 0.96 * SIDE / width, SIDE / height)
        )
        axes.imshow(frame, interpolation="nearest")
        axes.set_axis_off()
        bar = figure.add_axes(
            (left / width, (top - SIDE - BAR) / height, 0.96 * SIDE / width, BAR / height)
        )
        bar.set(xlim=(0, 1), ylim=(0, 1.02))
        bar.bar([0.5], [value], width=0.9, color=LIGHT.orange if value > 0.5 else LIGHT.blue)
        bar.axhline(0.5, color=LIGHT.muted, linewidth=0.5, linestyle=(0, (2, 2)))
        bar.axhline(0, color=LIGHT.line, linewidth=1)
        bar.set_axis_off()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", nargs="?", default="sprite_video", help="a name or a folder")
    parser.add_argument("--out", type=Path, default=Path("docs/figures/sprite_video.png"))
    given = parser.parse_args()
    print(plots.save(sheet(chosen(predictor.load(given.model))), given.out))


if __name__ == "__main__":
    main()
