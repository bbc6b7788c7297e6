"""SpamAssassin corpus: subject and body as one line, deduplicated, split by hash."""

import csv
import io
import re
from pathlib import Path

from .files import gzipped
from .mail import subject_and_body
from .splits import assign

BODY_CHARACTERS = 2_000
KEY_CHARACTERS = 200


def key(subject: str, body: str) -> str:
    """What two copies of one mail share: the first 200 letters, of the body if it has some.

    Digits and subjects are left out since mass mailings vary just these.
    """
    letters = re.sub(r"[\W\d_]+", "", body.lower())
    if len(letters) < 40:
        letters = re.sub(r"[\W\d_]+", "", (subject + body).lower())
    return letters[:KEY_CHARACTERS]


def unique(folder: Path) -> dict[str, tuple[str, str]]:
    """Key -> (text, label) of the first mail with it; keys under both labels are dropped."""
    found: dict[str, tuple[str, str]] = {}
    doubtful = set()
    for path in sorted((folder / "package/data").glob("*/*.txt")):
        label = "spam" if path.parent.name.startswith("spam") else "ham"
        subject, body = subject_and_body(path.read_bytes())
        text = f"{subject} {body[:BODY_CHARACTERS]}".strip()
        name = key(subject, body)
        if not name:  # not a letter in it: nothing to learn from
            continue
        if found.setdefault(name, (text, label))[1] != label:
            doubtful.add(name)
    return {name: row for name, row in found.items() if name not in doubtful}


def make(folder: Path) -> bytes:
    """Rows `text, label, split`: 70 / 10 / 20 per cent within each label."""
    mails = unique(folder)
    split: dict[str, str] = {}
    for label in ("ham", "spam"):
        keys = [name for name, (_, of) in mails.items() if of == label]
        split |= assign(keys, validation=len(keys) // 10, test=len(keys) // 5)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["text", "label", "split"])
    writer.writerows([*mails[name], split[name]] for name in sorted(mails))
    return gzipped(out.getvalue())
