"""`zoo demo`: the five architectures on held-out data, end to end, to one page.

Shipped weights answer for all but the sine model, which is trained while you watch. Every metric is
computed here and now, on the test split or on the part of it that is named.
"""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zoo import environment, formats, metrics, plots, predictor, registry, training
from zoo.metrics import HIGHER_IS_BETTER
from zoo.predictor import Predictor
from zoo.reports.html import demo_page, write


@dataclass(frozen=True)
class Stop:
    """One recipe of the tour: how many test examples it scores, which of them it shows."""

    name: str
    limit: int | None = None
    show: tuple[int, ...] = (0, 1, 2, 3, 4, 5)


TOUR = (
    Stop("digits", show=(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 62, 111)),
    Stop("emoji_caption", show=(3, 40, 77, 120, 161, 199, 230, 250)),
    Stop("sine"),
    Stop("spam", show=(7, 89, 328, 127, 231, 1045)),  # picked by hand: short, fit for every eye
    Stop("g2p", limit=1000, show=(11, 222, 333, 444, 555, 666, 777, 888)),
    Stop("sine_to_cosine"),
    Stop("char_lm", limit=50_000),
)
PREFIXES = ("In the beginning", "The king said", "time traveller")


def run(out="demo", say=print, bar=True) -> dict:
    """Run the tour and write `out`/report.html.

    say: receives each line of what is told on the way; bar: progress on a terminal.
    Returns {"report": path, "seconds", "models": [{name, metric, value, baseline, ...}], "export"}.
    """
    start, out, rows = time.perf_counter(), Path(out), []
    for stop in TOUR:
        began = time.perf_counter()
        row = _visit(stop, out, bar)
        rows.append(row | {"seconds": time.perf_counter() - began})
        _tell(rows[-1], say)
    exported = _export(out, say)
    facts = environment.describe() | {"seconds": time.perf_counter() - start}
    page = demo_page({"environment": facts, "architectures": rows, "export": exported})
    path = write(out / "report.html", page)
    kept = ("name", "architecture", "metric", "value", "baseline", "seconds")
    models = [{key: row[key] for key in kept} for row in rows]
    report = {"report": str(path.resolve()), "seconds": facts["seconds"]}
    return report | {"models": models, "export": exported}


def _visit(stop, out, bar):
    if stop.name == "sine":
        found = registry.recipe("sine")
        done = training.fit(found, seed=0, bar=bar)
        model, data = Predictor(found, done.model, done.spec, {}), done.data
    else:
        model = predictor.load(stop.name)
        data = model.recipe.load(None)
    test = _part(data["test"], stop.limit)
    recipe = model.recipe
    row = {
        "architecture": recipe.architecture,
        "name": recipe.name,
        "task": recipe.summary,
        "cell": recipe.cell,
        "parameters": model.model.count_params(),
        "metric": recipe.metric,
        "higher_is_better": HIGHER_IS_BETTER[recipe.metric],
        "value": recipe.task.evaluate(model.model, test, model.spec)[recipe.metric],
        "baseline": recipe.baseline({**data, "test": test}, model.spec),
        "baseline_name": recipe.baseline_name,
        "command": f"zoo {'train' if stop.name == 'sine' else 'evaluate'} {recipe.name}",
    }
    if stop.limit:
        unit = "characters" if isinstance(test, str) else "examples"
        row["task"] += f" (scored on {stop.limit:,} of the test split's {unit})"
    return row | SHOW[stop.name](model, test, stop, out)


def _part(split, limit):
    """`limit` examples spread over the split; of running text the beginning."""
    if limit is None:
        return split
    return split[:limit] if isinstance(split, str) else split[:: len(split) // limit][:limit]


def _show_digits(model, test, stop, out):
    images, labels = test
    answers = model(np.stack([images[k] for k in stop.show]))
    shown = [np.round((1 - images[k]) * 255).astype("uint8") for k in stop.show]  # dark ink
    return _pictures(answers, [str(labels[k]) for k in stop.show], shown)


def _show_captions(model, test, stop, out):
    images = [test[k][0] for k in stop.show]
    return _pictures(model.answer(images), [test[k][1] for k in stop.show], images)


def _pictures(answers, truths, images):
    outputs = [a["output"] for a in answers]
    figure = plots.images_with_captions(images, outputs, truths)
    alt = "; ".join(f"{a} (truth: {t})" for a, t in zip(outputs, truths, strict=True))
    examples = [_example("image", a, t) for a, t in zip(outputs, truths, strict=True)]
    caption = "Held-out images with the model's answers; where it is wrong, the truth beside."
    figures = [{"figure": figure, "alt": alt, "caption": caption}]
    return {"told": examples, "figures": figures}


def _example(given, answer, truth):
    accepted = truth if isinstance(truth, (list, tuple)) else [truth]
    return {"input": given, "answer": answer, "truth": accepted[0], "right": answer in accepted}


def _show_sine(model, test, stop, out):
    window = model.spec["window"]
    forecast = model.answer([test[:window]], steps=len(test) - window)[0]["output"]
    rmse = metrics.rmse(forecast, test[window:])
    figure = plots.rollout(np.arange(len(test)) * 0.1, test, np.array(forecast), window, rmse)
    plots.save(figure, out / "sine_rollout.png")
    text = (
        f"The first {window} true values are given; after them the model feeds on its own outputs."
    )
    told = [_series(f"step {k}", forecast[k - 1], test[window + k - 1]) for k in (1, 50, 150, 294)]
    alt = f"Sine rollout over {len(forecast)} steps, RMSE {rmse:.4f}."
    model.model.save(out / "sine.keras")
    return {"told": told, "figures": [{"figure": figure, "alt": alt, "caption": text}]}


def _series(given, answer, truth):
    return {"input": given, "answer": f"{answer:+.4f}", "truth": f"{truth:+.4f}"}


def _show_spam(model, test, stop, out):
    texts, labels = ([part[k] for k in stop.show] for part in test)
    return _examples(texts, model(texts), labels)


def _examples(inputs, answers, truths):
    rows = [_example(i, a["output"], t) for i, a, t in zip(inputs, answers, truths, strict=True)]
    return {"told": rows, "examples": rows}


def _show_words(model, test, stop, out):
    words, truths = zip(*(test[k] for k in stop.show), strict=True)
    return _examples(words, model(list(words)), truths)


def _show_cosine(model, test, stop, out):
    x, y = test
    output = np.array(model.answer([x.reshape(-1, 1)])[0]["output"])
    steps = x.shape[1]
    snapshots = [
        {
            "segment": 121 + k,
            "time": [(120 + k + t / steps) * np.pi for t in range(steps)],
            "target": y[k, :, 0].tolist(),
            "prediction": output[k * steps : (k + 1) * steps].tolist(),
        }
        for k in (0, 10, 39)
    ]
    told = [_series(f"step {k}", output[k], y.reshape(-1)[k]) for k in (50, 55, 123, 399)]
    caption = "Segments after training, the state carried from one to the next."
    figure = {
        "figure": plots.segments(snapshots),
        "alt": "Cosine and prediction",
        "caption": caption,
    }
    return {"told": told, "figures": [figure]}


def _show_text(model, test, stop, out):
    answers = model(list(PREFIXES), steps=80, temperature=0.4)
    rows = [
        {"input": prefix, "answer": a["continuation"].replace("\n", " / ")}
        for prefix, a in zip(PREFIXES, answers, strict=True)
    ]
    return {"told": rows, "examples": rows}


SHOW = {
    "digits": _show_digits,
    "emoji_caption": _show_captions,
    "sine": _show_sine,
    "spam": _show_spam,
    "g2p": _show_words,
    "sine_to_cosine": _show_cosine,
    "char_lm": _show_text,
}


def _tell(row, say):
    better = "more" if row["higher_is_better"] else "less"
    say(f"\n{row['architecture'].replace('_', '-')}: {row['name']}, {row['task']}")
    for example in row.pop("told"):
        right = {True: "  right", False: "  wrong", None: ""}[example.get("right")]
        truth = f"   (truth: {example['truth']})" if "truth" in example else ""
        say(f"  {_short(example['input'])} -> {example['answer']}{truth}{right}")
    say(
        f"  {row['metric']} {plots.number(row['value'])}, {row['baseline_name']} "
        f"{plots.number(row['baseline'])} ({better} is better)   {row['seconds']:.1f} s"
    )


def _short(text, width=56):
    return text if len(text) <= width else text[: width - 1] + "…"


def _export(out, say):
    """The sine model that was just trained, as a SavedModel, checked after reloading."""
    import keras

    model = keras.models.load_model(out / "sine.keras")
    row = formats.export(model, "saved_model", out / "sine_export", name="sine")
    say(f"\nexport: sine as a TensorFlow SavedModel, {row['path']}/model")
    say(f"  largest difference after reloading: {row['max_difference']:.1e}")
    return row
