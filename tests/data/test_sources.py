"""Shipped files: their checksums, licences, and that no item is in two splits."""

import itertools

import pytest

from zoo.data import images, labelled_text, pairs, sources, text
from zoo.errors import InputError

pytestmark = pytest.mark.neutral


@pytest.mark.parametrize("name", sources.SOURCES)
def test_shipped_file_has_its_recorded_sum_and_a_licence(name):
    assert sources.verify(name).is_file()
    assert (sources.FOLDER / "licences" / f"{name}.txt").read_text("utf-8").strip()


def test_every_shipped_file_is_listed():
    shipped = {path.name for path in sources.FOLDER.iterdir() if path.is_file()}
    assert shipped == {source.file for source in sources.SOURCES.values()}


def test_changed_missing_and_unknown_files_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "FOLDER", tmp_path)
    with pytest.raises(InputError, match="is missing; make it again"):
        sources.verify("g2p")
    (tmp_path / "g2p.tsv.gz").write_bytes(b"changed")
    with pytest.raises(InputError, match="expected 0cca907d"):
        sources.verify("g2p")
    with pytest.raises(InputError, match="no data set 'mnist'"):
        sources.verify("mnist")


def disjoint(groups):
    return all(not (a & b) for a, b in itertools.combinations(map(set, groups), 2))


def test_no_mail_is_in_two_splits_even_with_other_digits_and_spacing():
    def core(mail):
        return "".join(c for c in mail.lower() if c.isalpha())

    assert disjoint([map(core, texts) for texts, _ in labelled_text.spam().values()])


def test_mails_have_no_addresses_and_both_labels_in_every_split():
    for texts, labels in labelled_text.spam().values():
        assert len(texts) == len(labels)
        assert set(labels) == {"ham", "spam"}
        assert not any("http://" in mail or "\n" in mail for mail in texts)


def test_spam_splits_are_70_10_20_per_label():
    splits = labelled_text.spam()
    for label in ("ham", "spam"):
        counts = [labels.count(label) for _, labels in splits.values()]
        shares = [count / sum(counts) for count in counts]
        assert shares == pytest.approx([0.7, 0.1, 0.2], abs=0.005)


def test_no_headword_is_in_two_splits_and_counts_are_as_recorded():
    splits = pairs.g2p()
    assert disjoint([{word for word, _ in items} for items in splits.values()])
    assert [len(items) for items in splits.values()] == [111_382, 2_670, 12_000]
    rows = sum(len(phones) for items in splits.values() for _, phones in items)
    assert rows == sources.SOURCES["g2p"].rows


def test_phones_carry_no_stress_and_no_pronunciation_twice():
    items = [item for split in pairs.g2p().values() for item in split]
    assert len({phone for _, spoken in items for p in spoken for phone in p.split()}) == 39
    assert all(len(set(spoken)) == len(spoken) for _, spoken in items)


def test_no_emoji_picture_or_name_is_in_two_splits():
    splits = images.emoji()
    pictures = [{image.tobytes() for image in of} for of, _ in splits.values()]
    assert disjoint(pictures)
    assert sum(map(len, pictures)) == sources.SOURCES["emoji"].rows
    assert disjoint([names for _, names in splits.values()])


def test_english_keeps_every_verse_and_no_digits():
    splits = text.english()
    verses = [line for part in splits.values() for line in part.split("\n") if line]
    assert len(verses) == sources.SOURCES["english"].rows
    assert not any(c.isdigit() for part in splits.values() for c in part)
    assert disjoint([part.split("\n\n") for part in splits.values()])
