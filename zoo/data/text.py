"""Running text: English, the user's own file, batches for a language model."""

import gzip
from functools import cache
from pathlib import Path

import numpy as np

from zoo.data.sources import verify
from zoo.errors import InputError

SPLITS = ("train", "validation", "test")
SHORTEST_TEXT = 200
UTF_16 = (b"\xff\xfe", b"\xfe\xff")  # how such files begin


def divided(items: list, seed: int) -> dict[str, list]:
    """Items as {split: items}, 80 / 10 / 10 by `seed`, each split in the order of the items.

    >>> {name: len(part) for name, part in divided(list("abcdefghij"), seed=0).items()}
    {'train': 8, 'validation': 1, 'test': 1}
    """
    order = np.random.default_rng(seed).permutation(len(items))
    size = max(1, len(items) // 10)
    parts = (order[2 * size :], order[:size], order[size : 2 * size])
    return {name: [items[k] for k in sorted(p)] for name, p in zip(SPLITS, parts, strict=True)}


@cache
def english() -> dict[str, str]:
    """Running English (public-domain scripture, altered), one verse a line.

    Returns {"train", "validation", "test"} -> text of whole chapters with a blank line between
    them. Of every 20 chapters the 10th is validation and the 20th test.

    >>> english()["train"][:16]
    'In the beginning'
    """
    with gzip.open(verify("english"), "rt", encoding="utf-8") as file:
        chapters = file.read().strip().split("\n\n")
    held_out = {9: "validation", 19: "test"}
    texts: dict[str, list[str]] = {name: [] for name in SPLITS}
    for number, chapter in enumerate(chapters):
        texts[held_out.get(number % 20, "train")].append(chapter)
    return {name: "\n\n".join(parts) for name, parts in texts.items()}


def read_utf8(path: str | Path) -> str:
    """A whole UTF-8 file, its line ends as "\\n"; `InputError` if it is missing or no such text."""
    try:
        content = Path(path).read_bytes()
        text = content.decode("utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"no file {str(path)!r}; give the path of a text file") from None
    except IsADirectoryError:
        raise InputError(f"{str(path)!r} is a folder; give the path of a text file") from None
    except UnicodeDecodeError as error:
        but = "but UTF-16" if content[:2] in UTF_16 else f"(byte {error.start})"
        raise InputError(f"{str(path)!r} is not UTF-8 {but}; convert it to UTF-8 first") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{str(path)!r} cannot be read ({reason})") from None
    if (place := text.find("\0")) >= 0:
        raise InputError(
            f"{str(path)!r} is no UTF-8 text (a NUL in line {text.count(chr(10), 0, place) + 1}); "
            "convert it to UTF-8 first, or remove it"
        )
    return text.replace("\r\n", "\n").replace("\r", "\n")


def is_unicode(text: str) -> bool:
    """Whether a text has no half of a character: JSON and the bytes of a command line may.

    >>> is_unicode("né"), is_unicode("n\\ud800")
    (True, False)
    """
    return not any("\ud800" <= c <= "\udfff" for c in text)


def read_text(path: str | Path) -> dict[str, str]:
    """The user's text: its first 90% for training, then 5% validation and 5% test.

    Raises `InputError` for a missing file, another encoding than UTF-8, and a text that is too
    short to split.
    """
    text = read_utf8(path)
    if len(text.strip()) < SHORTEST_TEXT:
        raise InputError(
            f"{str(path)!r} has {len(text.strip())} characters; expected {SHORTEST_TEXT} or more"
        )
    first, second = len(text) * 90 // 100, len(text) * 95 // 100
    return {"train": text[:first], "validation": text[first:second], "test": text[second:]}


def continuous_batches(
    ids: np.ndarray, batch: int = 32, steps: int = 35
) -> tuple[np.ndarray, np.ndarray]:
    """Cut one stream of ids into batches that carry on, for truncated backpropagation.

    ids: (N,). Returns inputs and targets (n, B, T), targets one step ahead. Row b of batch k + 1
    goes on where row b of batch k ends, so a carried state stays valid; the rest is dropped.
    Raises `InputError` when N is too small for one batch.

    >>> inputs, targets = continuous_batches(np.arange(13), batch=2, steps=3)
    >>> inputs[:, 1].tolist(), targets[:, 1].tolist()
    ([[6, 7, 8], [9, 10, 11]], [[7, 8, 9], [10, 11, 12]])
    """
    ids = np.asarray(ids)
    count = (len(ids) - 1) // (batch * steps)
    if count < 1:
        raise InputError(
            f"{len(ids):,} tokens to train on, expected {batch * steps + 1:,} or more, what one "
            f"batch of {batch} rows with {steps} steps needs: give a longer text"
        )
    used = batch * count * steps
    cut = [part.reshape(batch, count, steps) for part in (ids[:used], ids[1 : used + 1])]
    return cut[0].swapaxes(0, 1), cut[1].swapaxes(0, 1)


def side_by_side(ids: np.ndarray, rows: int, steps: int) -> tuple[np.ndarray, ...]:
    """Cut one stream of ids into batches that carry on, and that leave no id out.

    As `continuous_batches`, but what is missing to whole batches is padding: returns inputs,
    targets and `real` (n, B, T), False where there is nothing to predict.
    Raises `InputError` for fewer than two ids.

    >>> inputs, targets, real = side_by_side(np.arange(1, 7), rows=2, steps=2)
    >>> inputs[:, 1].tolist(), targets[:, 1].tolist(), real[:, 1].tolist()
    ([[4, 5], [0, 0]], [[5, 6], [0, 0]], [[True, True], [False, False]])
    """
    ids = np.asarray(ids)
    count = len(ids) - 1
    if count < 1:
        raise InputError(f"{len(ids)} tokens; expected two or more: give a longer text")
    length = -(-count // rows)
    whole = -(-length // steps) * steps
    cut = []
    for part in (ids[:-1], ids[1:], np.ones(count, bool)):
        padded = np.zeros((rows * length,), part.dtype)
        padded[:count] = part
        square = np.zeros((rows, whole), part.dtype)
        square[:, :length] = padded.reshape(rows, length)
        cut.append(square.reshape(rows, -1, steps).swapaxes(0, 1))
    return tuple(cut)
