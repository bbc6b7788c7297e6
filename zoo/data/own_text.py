"""The user's own labelled texts: CSV, TSV or JSON lines, in one file or one file a split."""

import json
from pathlib import Path

from zoo.data.labelled_text import Labelled, by_split, divided, unique
from zoo.data.table import TABS, filled, named_rows
from zoo.data.text import SPLITS, is_unicode, read_utf8
from zoo.errors import InputError

JSON_LINES = (".jsonl", ".ndjson")
SUFFIXES = (".csv", *TABS, *JSON_LINES)


def read_labelled(
    path: str | Path, text: str | None = None, label: str | None = None, seed: int = 0
) -> Labelled:
    """The user's labelled texts, in the shape of `zoo.data.labelled_text.spam()`.

    path: a CSV or TSV with a header, JSON lines ({"text": ..., "label": ...} on each), known by
    `.tsv`, `.jsonl` and else CSV; or a folder with a file for each split, such as `train.csv`,
    `validation.csv` (may be missing) and `test.csv`. text, label: the names of the two columns or
    keys, by default "text" and "label". TSV knows no quotes: a text there has no tab or line end.
    Rows with a text seen before are dropped, so no text is in two splits. A column "split" (train,
    validation, test) decides the split; without it each label is divided 70 / 10 / 20 by `seed`.

    Raises `InputError`, with the line where there is one, for a missing or damaged file, another
    encoding than UTF-8, a missing column, a row of another length, an empty cell, a single class, a
    label with fewer than three texts, a label that is not in train, and splits that are unknown or
    leave train or test empty.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     _ = Path(folder, "train.csv").write_text("text,label\\nsun,warm\\nsnow,cold\\n")
    ...     _ = Path(folder, "test.tsv").write_text("text\\tlabel\\nice\\tcold\\n")
    ...     read_labelled(folder)["test"]
    (['ice'], ['cold'])
    """
    text, label = text or "text", label or "label"
    if Path(path).is_dir():
        rows = _from_folder(Path(path), text, label)
    else:
        rows = _from_file(path, text, label)
    rows = unique(rows)
    labels = sorted({row["label"] for row in rows})
    if len(labels) < 2:
        raise InputError(f"{str(path)!r} has {len(labels)} label(s) {labels}; expected two or more")
    if "split" not in rows[0]:
        rows = divided(path, rows, seed)
    split = by_split(rows)
    if empty := [name for name in ("train", "test") if not split[name][0]]:
        raise InputError(f"{str(path)!r} has no row whose split is {empty[0]!r}; add some")
    known = sorted(set(split["train"][1]))
    for name in ("validation", "test"):
        if unknown := sorted(set(split[name][1]) - set(known)):
            raise InputError(
                f"{str(path)!r} has the label {unknown[0]!r} in {name} and not in train, expected "
                f"one of {', '.join(known)}: correct it, or add texts with it to train"
            )
    return split


def _from_folder(folder: Path, text: str, label: str) -> list[dict[str, str]]:
    rows = []
    for split in SPLITS:
        found = [folder / f"{split}{s}" for s in SUFFIXES if (folder / f"{split}{s}").is_file()]
        if len(found) > 1:
            raise InputError(
                f"{str(folder)!r} has {' and '.join(p.name for p in found)}; leave one of them"
            )
        if not found and split != "validation":
            raise InputError(
                f"{str(folder)!r} has no {split}.csv, {split}.tsv or {split}.jsonl; expected a "
                "file for each split"
            )
        for path in found:
            rows += [row | {"split": split} for row in _from_file(path, text, label)]
    return rows


def _from_file(path: str | Path, text: str, label: str) -> list[dict[str, str]]:
    if Path(path).suffix.lower() in JSON_LINES:
        found = _json_lines(path, read_utf8(path), text, label)
    else:
        fixes = {"--text": text, "--label": label}
        found = named_rows(path, {name: f"name it with {o}" for o, name in fixes.items()})
    return [filled(where, _row(raw, text, label)) for where, raw in found]


def _row(raw: dict[str, str], text: str, label: str) -> dict[str, str]:
    split = {"split": raw["split"]} if "split" in raw else {}
    return {"text": raw[text], "label": raw[label]} | split


def _json_lines(path: str | Path, content: str, text: str, label: str):
    """(where, {key: text}) for each line of JSON; a label may be a number or true."""
    found = False
    for number, line in enumerate(content.split("\n"), 1):
        if not line.strip():
            continue
        where, found = f"{str(path)!r} line {number}", True
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            raise InputError(f"{where}: {line[:40]!r} is not JSON; correct it") from None
        if not isinstance(row, dict):
            raise InputError(f"{where}: {line[:40]!r}; expected an object with {text!r}, {label!r}")
        for option, name in {"--text": text, "--label": label}.items():
            if name not in row:
                raise InputError(
                    f"{where} has no {name!r}; its keys are: {', '.join(row)}; name it with "
                    f"{option}"
                )
        yield where, {name: _plain(where, name, row[name]) for name in _wanted(row, text, label)}
    if not found:
        raise InputError(f"{str(path)!r} is empty; expected a line of JSON for each text")


def _wanted(row: dict, text: str, label: str) -> list[str]:
    return [text, label, *(["split"] if "split" in row else [])]


def _plain(where: str, name: str, value) -> str:
    if value is not None and not isinstance(value, (str, int, float)):
        raise InputError(f"{where}: {name!r} is {str(value)[:40]!r}; expected a text")
    if isinstance(value, str) and not is_unicode(value):
        raise InputError(
            f"{where}: {name!r} has half of a character (\\ud800 to \\udfff); remove it"
        )
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)
