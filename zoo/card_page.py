"""A model card as Markdown: the README that lies beside a model's weights."""


def page(card) -> str:
    """The card as a page; it says nothing that is not in the card."""
    name = card["name"]
    return "\n".join(
        [
            f"# {name}: {card['task']}",
            "",
            _headline(card),
            "",
            *_table(("", ""), _facts(card)),
            "",
            "## Scores",
            "",
            *_table(("Metric", "Test"), _scores(card)),
            *_seeds(card),
            "",
            "## Use and limits",
            "",
            card["intended_use"],
            "",
            card["limits"],
            *_examples(card["examples"]),
            "",
            "## Files",
            "",
            *_table(("File", "SHA-256"), card.get("sha256", {})),
            "",
            f"Scored again by `zoo evaluate {name}`.",
            "",
        ]
    )


def _headline(card):
    better = "higher" if card["higher_is_better"] else "lower"
    text = (
        f"**{card['metric']} {_number(card['value'])}** on the held-out test split ({better} is "
        f"better); {card['baseline_name']}, the trivial baseline: {_number(card['baseline'])}."
    )
    if len(card.get("seeds", ())) > 1:
        seeds = ", ".join(str(row["seed"]) for row in card["seeds"])
        text += f" Mean over the seeds {seeds}: {spread(card)}."
    return f"{text} Published: {card['published']}." if card.get("published") else text


def spread(card) -> str:
    """Mean and standard deviation over the seeds, the mean alone where there was one seed.

    >>> spread({"value": 0.5, "mean": 0.5, "spread": 0.0123, "seeds": [{}, {}]})
    '0.5 ± 0.012'
    """
    deviation = card.get("spread")
    mean = _number(card.get("mean", card["value"]))
    return mean if deviation is None else f"{mean} ± {deviation:.2g}"


def _facts(card):
    data, described = card["data"], card["environment"]
    facts = {
        "Architecture": card["architecture"].replace("_", " "),
        "Cell": card["cell"],
        "Parameters": f"{card['parameters']:,}",
        "Data": f"{data.get('description') or data['name']}",
        "Licence of the data": data.get("licence") or "unknown",
        "Splits": ", ".join(f"{name} {n:,}" for name, n in data.get("splits", {}).items()),
        "SHA-256 of the splits": data.get("sha256"),
        "Trained with": f"`{card['command']}`",
        "Started from": card.get("started_from"),
        "Seed": card["seed"],
        "Epochs": card["epochs"],
        "Training time": f"{card['seconds']:,.0f} s",
        "Hardware": _hardware(described),
        "Versions": _versions(described),
        "Weights stored as": card.get("stored_as"),
        "Scored as": card.get("signatures", {}).get(card["metric"]),
    }
    return {name: value for name, value in facts.items() if value not in (None, "")}


def _hardware(described):
    processor, cores = described.get("processor"), described.get("cores")
    return f"{described.get('device', 'cpu')}: {processor}, {cores} cores"


def _versions(described):
    versions = described.get("versions", {})
    names = (described.get("backend"), "keras", "numpy", "rnn-zoo")
    found = [f"{name} {versions[name]}" for name in names if versions.get(name)]
    return ", ".join([*found, f"Python {described.get('python')}"])


def _scores(card):
    scores = {name: _number(value) for name, value in card["scores"].items()}
    for split, found in card.get("other_splits", {}).items():
        scores |= {f"{name} ({split})": _number(value) for name, value in found.items()}
    baseline = f"{card['baseline_name']} ({card['metric']})"
    return scores | {baseline: _number(card["baseline"])}


def _seeds(card):
    if len(card.get("seeds", ())) < 2:
        return
    yield from ("", "Each seed trained once and scored once:", "")
    yield from _table(
        ("Seed", card["metric"]), {row["seed"]: _number(row["value"]) for row in card["seeds"]}
    )


def _number(value):
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _table(head, rows):
    yield f"| {head[0]} | {head[1]} |"
    yield "|---|---|"
    for name, value in rows.items():
        yield f"| {_cell(name)} | {_cell(value)} |"


def _examples(rows):
    if not rows:
        return
    yield from ("", "## Examples from the test split", "")
    yield "| Input | Output | Truth | Right |"
    yield "|---|---|---|---|"
    for row in rows:
        truth = row["truth"]
        truth = " / ".join(map(str, truth)) if isinstance(truth, (list, tuple)) else truth
        right = {True: "yes", False: "no", None: ""}[row.get("right")]
        cells = [_cell(row["input"]), _cell(row["output"]), _cell(truth), right]
        yield f"| {' | '.join(cells)} |"


def _cell(text):
    """Text that cannot leave its cell or become a link, a tag or a line of its own."""
    text = " ".join(str(text).split())
    for mark in "|<[*_":
        text = text.replace(mark, f"\\{mark}") if "`" not in text else text
    return text
