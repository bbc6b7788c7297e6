"""Draw the results of all shipped models from their cards: docs/results/*.csv, README.md's table.

The index of their files, zoo/weights.json, is written with them.

    python scripts/results.py            write them
    python scripts/results.py --check    say whether they are what the cards say, and write nothing

Nothing here computes a number: a card is made by `scripts/ship.py`, once.
"""

import argparse
import csv
import io
import sys
from pathlib import Path

from zoo import card_page, files, store
from zoo.registry import ARCHITECTURES

ROOT = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- results: drawn by scripts/results.py -->", "<!-- end of results -->"
HEAD = ("Architecture", "Model", "Task", "Test score", "Baseline", "Command")


def cards(home=store.SHIPPED) -> list[dict]:
    """The cards of all shipped models, in the order of the architectures."""
    found = [files.read_json(path) for path in Path(home).glob("*/card.json")]
    return sorted(found, key=lambda c: (ARCHITECTURES.index(c["architecture"]), c["name"]))


def models_csv(found) -> str:
    """One row for each model: its headline metric beside all that it is compared with."""
    return _csv(
        {
            "name": card["name"],
            "architecture": card["architecture"],
            "task": card["task"],
            "metric": card["metric"],
            "higher_is_better": card["higher_is_better"],
            "value": card["value"],
            "mean": card.get("mean", card["value"]),
            "sd": card.get("spread"),
            "seeds": len(card.get("seeds", [card])),
            "baseline": card["baseline"],
            "baseline_name": card["baseline_name"],
            "published": card.get("published"),
            "parameters": card["parameters"],
            "seconds": card["seconds"],
            "backend": card["environment"].get("backend"),
            "train": card["command"],
            "evaluate": command(card),
        }
        for card in found
    )


def scores_csv(found) -> str:
    """One row for each score: every metric of every split and seed."""
    rows = []
    for card in found:
        seeds = card.get("seeds") or [{"seed": card["seed"], "scores": card["scores"]}]
        groups = [("test", row["seed"], row["scores"]) for row in seeds]
        groups += [(s, card["seed"], scores) for s, scores in card.get("other_splits", {}).items()]
        rows += [
            {"name": card["name"], "split": split, "seed": seed, "metric": metric, "value": value}
            for split, seed, scores in groups
            for metric, value in scores.items()
        ]
    return _csv(rows)


def _csv(rows) -> str:
    rows, text = list(rows), io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def command(card) -> str:
    """What computes the value and its baseline again."""
    return f"zoo evaluate {card['name']}"


def table(found) -> str:
    """The README's table, a row for each model."""
    lines = [HEAD, ["---"] * len(HEAD), *(_cells(card) for card in found)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _cells(card):
    seeds = len(card.get("seeds", [card]))
    score = (
        f"{card['metric']} {'↑' if card['higher_is_better'] else '↓'} **{_short(card['value'])}**"
    )
    if seeds > 1:
        score += f"<br>{card_page.spread(card)} over {seeds} seeds"
    return [
        card["architecture"].replace("_", " "),
        f"[`{card['name']}`](saved_models/{card['name']}/README.md)",
        card["task"].replace("|", "\\|"),
        score,
        f"{_short(card['baseline'])} {card['baseline_name']}".replace("|", "\\|"),
        f"`{command(card)}`",
    ]


def _short(value):
    return f"{value:.3g}"


def readme(text, found) -> str:
    """The README with the table between its two marks drawn anew."""
    if BEGIN not in text or END not in text:
        raise SystemExit(f"results: README.md has no {BEGIN} and {END}: put them back")
    before, rest = text.split(BEGIN, 1)
    return "".join([before, BEGIN, "\n\n", table(found), "\n\n", END, rest.split(END, 1)[1]])


def drawn(home=store.SHIPPED, root=ROOT) -> dict:
    """{path: what belongs into it}."""
    found = cards(home)
    page = root / "README.md"
    return {
        root / "docs" / "results" / "models.csv": models_csv(found),
        root / "docs" / "results" / "scores.csv": scores_csv(found),
        page: readme(page.read_text(encoding="utf-8"), found),
    }


def write(home=store.SHIPPED, root=ROOT):
    """Write all of it, and the index of the shipped files."""
    if root == ROOT:
        store.write_index(home)
    for path, text in drawn(home, root).items():
        files.write_bytes(path, text.encode())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 if it differs")
    if not parser.parse_args().check:
        return write()
    stale = [
        str(path.relative_to(ROOT))
        for path, text in drawn().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    if stale:
        sys.exit(f"results: {', '.join(stale)} differ from the cards: run scripts/results.py")


if __name__ == "__main__":
    main()
