"""zoo list, zoo info: what there is. Cards answer without a framework where they can."""

from fnmatch import fnmatch
from pkgutil import iter_modules
from typing import Annotated

import typer

from zoo import card_page
from zoo.cli import output
from zoo.cli.options import Backend, Device, Json, Name, Precision, session, verb
from zoo.errors import InputError

KEYS = (
    "name",
    "architecture",
    "cell",
    "task",
    "parameters",
    "trained",
    "metric",
    "value",
    "baseline",
)


@verb("list")
def list_(
    context: typer.Context,
    pattern: Annotated[str, typer.Argument(help="Names to list, such as 'sine*'.")] = "*",
    architecture: Annotated[str | None, typer.Option(help="One of the five only.")] = None,
    pretrained: Annotated[bool, typer.Option("--pretrained", help="Trained ones only.")] = False,
    backend: Backend = None,
    device: Device = None,
    precision: Precision = None,
    as_json: Json = False,
):
    """Models, with their metric beside a trivial baseline."""
    chosen = session(context, backend, device, precision, as_json)
    with chosen.working(start=bool(chosen.backend)):
        found = rows(pattern, architecture, pretrained, chosen.start)
    chosen.report([{key: row.get(key) for key in KEYS} for row in found], listing)


@verb("info")
def info(
    context: typer.Context,
    name: Name,
    backend: Backend = None,
    device: Device = None,
    precision: Precision = None,
    as_json: Json = False,
):
    """One model's card: task, data and licence, scores, examples, how it was trained."""
    chosen = session(context, backend, device, precision, as_json)
    with chosen.working(start=bool(chosen.backend)):
        found = card(name) or untrained(name, chosen.start)
    chosen.report(found, details)


def rows(pattern, architecture, pretrained, start):
    """A row for each recipe; `start` is called before a framework is imported, if ever."""
    from zoo.registry import ARCHITECTURES

    if architecture not in (None, *ARCHITECTURES):
        raise InputError(
            f"architecture {architecture!r} is not one of {', '.join(ARCHITECTURES)}: "
            "choose one of them"
        )
    found = [
        card(name) or (None if pretrained else untrained(name, start))
        for name in recipe_names()
        if fnmatch(name, pattern)
    ]
    found = [row for row in found if row and architecture in (None, row["architecture"])]
    return sorted(found, key=lambda row: ARCHITECTURES.index(row["architecture"]))


def recipe_names():
    """Names of the recipes, which are those of their files: none needs to be imported."""
    import zoo.recipes

    return sorted(module.name for module in iter_modules(zoo.recipes.__path__))


def card(name) -> dict | None:
    """The card of a trained model as it is shipped, or None where there is no such model."""
    from zoo import store

    folder = store.folder(name)
    found = {} if folder is None else store.read_card(folder)
    return found | {"trained": True} if set(KEYS) <= {*found, "trained"} else None


def untrained(name, start) -> dict:
    """What a recipe says of itself; its model is built to count the parameters."""
    start()
    from zoo import registry, store

    recipe = registry.recipe(name) if store.folder(name) is None else store.load(name)[0]
    return {
        "name": recipe.name,
        "architecture": recipe.architecture,
        "cell": recipe.cell,
        "task": recipe.summary,
        "parameters": int(recipe.build().count_params()),
        "trained": store.is_trained(name),
        "metric": recipe.metric,
        "value": None,
        "baseline": None,
        "baseline_name": recipe.baseline_name,
        "own_data": recipe.own_data,
        "command": f"zoo train {recipe.name}",
    }


def listing(found) -> str:
    """A table under one heading for each architecture."""
    if not found:
        return "no model matches"
    table = [["NAME", "CELL", "PARAMETERS", "METRIC", "VALUE", "BASELINE"]]
    table += [_cells(row) for row in found]
    lines = output.table(table, right={2, 4, 5}, gap=" ").splitlines()  # within 80 columns
    text, last = [lines[0]], None
    for row, line in zip(found, lines[1:], strict=True):
        if row["architecture"] != last:
            text.append(row["architecture"].replace("_", " "))
        last = row["architecture"]
        text.append(line)
    return "\n".join(text)


def _cells(row):
    numbers = [output.number(row[key]) for key in ("parameters", "value", "baseline")]
    return [f"  {row['name']}", row["cell"], numbers[0], row["metric"], *numbers[1:]]


def details(card) -> str:
    """A card as lines."""
    data, seeds = card.get("data", {}), card.get("seeds", ())
    pairs = [
        ("name", card["name"]),
        ("architecture", card["architecture"].replace("_", " ")),
        ("task", card["task"]),
        ("cell", card["cell"]),
        ("parameters", output.number(card["parameters"])),
        ("test", output.score(card) if card["value"] is not None else "not trained yet"),
        ("seeds", f"{len(seeds)}: {card_page.spread(card)}" if len(seeds) > 1 else None),
        ("published", card.get("published")),
        ("data", data.get("description") or data.get("name")),
        ("licence", data.get("licence")),
        ("own data", card.get("own_data")),
        ("train with", card.get("command")),
        ("started from", card.get("started_from")),
        ("use", card.get("intended_use")),
        ("limits", card.get("limits")),
    ]
    scores = [[name, output.number(value)] for name, value in card.get("scores", {}).items()]
    text = output.fields(pairs)
    if len(scores) > 1:
        text += "\n\n" + output.table(scores, right={1})
    for row in card.get("examples", []):
        text += f"\n\n{_mark(row)} {row['input']}\n  {row['output']}"
        text += f"\n  truth: {_either(row['truth'])}" if not row.get("right") else ""
    return text


def _mark(row):
    return {True: "right:", False: "wrong:"}.get(row.get("right"), "example:")


def _either(truth):
    return " / ".join(truth) if isinstance(truth, list) else truth
