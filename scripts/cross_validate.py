"""Cross-validate a recipe on the sprites, by character; what is chosen is chosen inside.

    python scripts/cross_validate.py sprite_video runs/sprite_video-cv
    python scripts/cross_validate.py sprite_video runs/sprite_video-cv --frame
    python scripts/cross_validate.py sprite_direction runs/sprite_direction-cv --seeds 1

For each pair of neighbouring folds (of five in a ring) and each variant of the recipe a model
learns from the other three and answers for the two. So each fold has, for both its neighbours,
answers of models that saw neither: their balanced accuracy chooses the fold's variant. With it a
model is trained as by `zoo train NAME --fold K`, once for each seed, and answers for the fold.
`--frame`: a model of the same kind that sees one frame at a time, its answers for all frames of a
clip averaged.

Answers are kept in the folder; a call goes on where the last one stopped. The last line is JSON.
"""

import argparse
import itertools
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from zoo import files, registry, training
from zoo.data import video
from zoo.errors import InputError
from zoo.tasks import video_label

FOLDS = range(1, video.FOLDS + 1)
PAIRS = [(fold, fold % video.FOLDS + 1) for fold in FOLDS]
LABEL = {"sprite_video": "action", "sprite_direction": "direction"}
VARIANTS = {  # (recipe, whether it sees one frame) -> the channels to choose among
    ("sprite_video", False): [
        ("shape", "change", "drift"),
        ("change", "drift"),
    ],
    ("sprite_video", True): [("colour",), ("shape",)],
    ("sprite_direction", False): [("colour",)],
    ("sprite_direction", True): [("colour",)],
}


class Models:
    """Trained once and kept: which channels, which folds held out, which seed -> its answers."""

    def __init__(self, name, folder, frame):
        self.recipe, self.folder, self.frame = registry.recipe(name), Path(folder), frame
        self.label = LABEL[name]
        self.clips = [
            clip
            for clip in video.sprites()
            if self.label == "action" or clip.direction in video.DIAGONALS
        ]
        self.labels = sorted({getattr(clip, self.label) for clip in self.clips})

    def of(self, folds):
        """(clips, labels) of these folds."""
        chosen = [clip for clip in self.clips if clip.fold in folds]
        return [clip.frames for clip in chosen], [getattr(clip, self.label) for clip in chosen]

    def answers(self, channels, held_out, seed, data):
        """{fold: logits of each clip's stretches} for the folds held out; data: makes the splits to
        learn from."""
        words = ["frame" if self.frame else "clip", *channels, *map(str, held_out), f"seed{seed}"]
        place = self.folder / f"{'-'.join(words)}.json"
        if not place.exists():
            print(place.name, file=sys.stderr, flush=True)
            window = 1 if self.frame else self.recipe.fit.window
            fit = replace(self.recipe.fit, channels=channels, window=window)
            recipe = replace(self.recipe, fit=fit)
            run = training.fit(recipe, data=data(), seed=seed, bar=False)
            found = {
                fold: video_label.over_time(run.model, self.of({fold})[0], run.spec)
                for fold in held_out
            }
            self.folder.mkdir(parents=True, exist_ok=True)
            files.write_json(place, {f: [p.tolist() for p in of] for f, of in found.items()})
        kept = json.loads(place.read_text("utf-8"))
        return {int(fold): [np.array(p) for p in parts] for fold, parts in kept.items()}

    def inner(self, channels, pair):
        """{fold: balanced accuracy} for a pair of folds of a model of the other three."""
        others = set(FOLDS) - set(pair)
        splits = {"train": self.of(others), "validation": ([], [])}
        found = self.answers(channels, pair, 0, lambda: splits)
        return {fold: self.score(parts, fold) for fold, parts in found.items()}

    def outer(self, channels, fold, seed):
        """Logits of each stretch of each clip of a fold, of the model that `zoo train` makes."""
        return self.answers(channels, (fold,), seed, lambda: self.recipe.load(fold=fold))[fold]

    def score(self, parts, fold, pick=lambda logits: logits.mean(0)):
        return video_label.scores(self.read(parts, pick), self.of({fold})[1])["balanced accuracy"]

    def read(self, parts, pick=lambda logits: logits.mean(0)):
        return [self.labels[int(np.argmax(pick(logits)))] for logits in parts]


def in_the_middle(logits):
    return logits[len(logits) // 2]


def choose(models, variants):
    """{fold: (channels, {channels: inner balanced accuracy})}: what is best for its neighbours."""
    scores = {fold: {channels: [] for channels in variants} for fold in FOLDS}
    for channels, (a, b) in itertools.product(variants if len(variants) > 1 else [], PAIRS):
        found = models.inner(channels, (a, b))
        scores[a][channels].append(found[b])
        scores[b][channels].append(found[a])
    means = {
        fold: {channels: float(np.mean(s)) for channels, s in by.items() if s}
        for fold, by in scores.items()
    }
    return {fold: (max(by, key=by.get) if by else variants[0], by) for fold, by in means.items()}


def cross_validated(models, chosen, seeds):
    """The figures: by fold and seed, all clips of a seed together, mean and spread over seeds."""
    truths = [label for fold in FOLDS for label in models.of({fold})[1]]
    folds, pooled, middles = {}, [], []
    for seed in seeds:
        parts = {fold: models.outer(chosen[fold][0], fold, seed) for fold in FOLDS}
        for fold in FOLDS:
            folds.setdefault(fold, []).append(models.score(parts[fold], fold))
        together = [p for fold in FOLDS for p in parts[fold]]
        for found, pick in ((pooled, lambda of: of.mean(0)), (middles, in_the_middle)):
            found.append(video_label.scores(models.read(together, pick), truths))
    row = {"name": models.recipe.name, "sees": "one frame" if models.frame else "clips"}
    row |= {"seeds": list(seeds), "folds": folds}
    row["channels"] = {fold: list(channels) for fold, (channels, _) in chosen.items()}
    row["inner"] = {
        fold: {" ".join(channels): mean for channels, mean in means.items()}
        for fold, (_, means) in chosen.items()
    }
    for metric in ("balanced accuracy", "accuracy"):
        values = [scores[metric] for scores in pooled]
        row[metric] = {"mean": np.mean(values), "spread": np.std(values, ddof=len(values) > 1)}
        row[metric] |= {"by seed": values, "middle": np.mean([s[metric] for s in middles])}
    row["mean over folds"] = float(np.mean([np.mean(values) for values in folds.values()]))
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=sorted(LABEL))
    parser.add_argument("folder", help="where answers are kept")
    parser.add_argument("--frame", action="store_true", help="one frame at a time")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, help="write the figures to this JSON file too")
    given = parser.parse_args()
    if given.seeds < 1:
        raise InputError(f"--seeds {given.seeds}, expected 1 or more: choose another")
    models = Models(given.name, given.folder, given.frame)
    chosen = choose(models, VARIANTS[given.name, given.frame])
    row = cross_validated(models, chosen, range(given.seeds))
    if given.out:
        files.write_json(given.out, row)
    print(json.dumps(row, default=float))


if __name__ == "__main__":
    main()
