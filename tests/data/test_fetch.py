"""Fetching data, from a server on this machine: whole and verified, or one line of error."""

import gzip
import hashlib
import io
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import samples

from zoo import files, web
from zoo.data import fashion, fetch, labelled_text
from zoo.errors import InputError

pytestmark = pytest.mark.neutral

ARCHIVE = samples.snippets_archive(samples.rated(30))
SUM = hashlib.sha256(ARCHIVE).hexdigest()
NAME = "vaderSentiment-0.5.zip"


@pytest.fixture
def server(monkeypatch, tmp_path):
    """A package index of one project; `pages` may be changed, `asked` is what was asked for."""
    pages = {
        "/simple/vadersentiment/": f'<a href="other.zip">x</a><a href="../../f/{NAME}#s=1">y</a>',
        f"/f/{NAME}": ARCHIVE,
    }
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            content = pages.get(self.path)
            if isinstance(content, tuple):
                self.send_response(302)
                self.send_header("Location", content[1])
                return self.end_headers()
            self.send_response(200 if content is not None else 404)
            content = content.encode() if isinstance(content, str) else content or b""
            self.send_header("Content-Length", str(len(content) + pages.get("cut short", 0)))
            self.end_headers()
            self.wfile.write(content)
            return None

        def log_message(self, *arguments):
            pass

    running = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    running.pages, running.asked = pages, asked
    running.address = f"http://127.0.0.1:{running.server_port}"
    monkeypatch.setenv("PIP_INDEX_URL", f"{running.address}/simple")
    monkeypatch.setenv("ZOO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield running
    running.shutdown()
    thread.join()
    running.server_close()


@pytest.fixture
def record(monkeypatch):
    """`record(name, **changes)` replaces fields of a set's record, by default its sums."""

    def change(name="movie_sentiment", **changes):
        found = replace(fetch.FETCHED[name], **(changes or {"files": {NAME: SUM}}))
        monkeypatch.setitem(fetch.FETCHED, name, found)

    return change


def kept(tmp_path):
    return sorted(p.name for p in (tmp_path / "home").rglob("*") if p.is_file())


def test_a_file_is_found_in_the_index_fetched_once_and_said(server, record, tmp_path, capsys):
    record()
    labelled_text.movie_sentiment.cache_clear()
    try:
        data = labelled_text.movie_sentiment()
    finally:
        labelled_text.movie_sentiment.cache_clear()
    assert {split: len(texts) for split, (texts, _) in data.items()} == (
        {"train": 22, "validation": 2, "test": 6}
    )
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and f"fetching {NAME}" in said and "127.0.0.1" in said
    assert "licence: ratings MIT" in said and "rights stay with their authors" in said
    (path,) = fetch.fetch("movie_sentiment").values()
    assert path == tmp_path / "home" / "data" / "movie_sentiment" / NAME
    assert len(server.asked) == 2 and capsys.readouterr().err == ""


def test_a_changed_sum_is_refused_and_nothing_is_kept(server, tmp_path):
    with pytest.raises(InputError, match=f"{NAME} from 127.0.0.1 has SHA-256 .*, expected 5d97c37"):
        fetch.fetch("movie_sentiment")
    assert kept(tmp_path) == []


def test_a_file_changed_on_disk_is_refused(server, record):
    record()
    (path,) = fetch.fetch("movie_sentiment").values()
    path.write_bytes(ARCHIVE[:-1])
    with pytest.raises(InputError, match="damaged or was changed; remove it and run again"):
        fetch.fetch("movie_sentiment")


@pytest.mark.parametrize(
    ("pages", "message"),
    [
        (
            {"/simple/vadersentiment/": None},
            r"could not be fetched \(status 404.*\); give the mach",
        ),
        ({"/simple/vadersentiment/": "<p>moved</p>"}, f"index has no {NAME} any more"),
        ({f"/f/{NAME}": None}, r"\(status 404"),
        ({"cut short": 10}, r"\(it ended after [\d,]+ of [\d,]+ bytes\)"),
        ({"too large": 100}, r"\(larger than 100 bytes\)"),
        ({f"/f/{NAME}": ("redirect", "ftp://127.0.0.1/x")}, r"\(it redirects to 'ftp://"),
    ],
)
def test_an_index_without_the_file_is_one_line(
    server, record, tmp_path, monkeypatch, pages, message
):
    record()
    server.pages.update(pages)
    monkeypatch.setattr(web, "LARGEST", pages.get("too large", web.LARGEST))
    with pytest.raises(InputError, match=message) as error:
        fetch.fetch("movie_sentiment")
    assert "\n" not in str(error.value) and kept(tmp_path) == []


def test_no_network_is_one_line_that_says_how_to_get_the_data(server, record, monkeypatch):
    record("fashion_mnist", folders=[], origin="http://127.0.0.1:9/")
    with pytest.raises(InputError, match="apt install dataset-fashion-mnist") as error:
        fetch.fetch("fashion_mnist")
    assert "\n" not in str(error.value) and "are not in" in str(error.value)
    for index in ("no address", "file:///etc", "http://me:secret@127.0.0.1"):
        monkeypatch.setenv("PIP_INDEX_URL", index)
        with pytest.raises(InputError, match=r"pip download --no-deps vaderSentiment") as error:
            fetch.fetch("movie_sentiment")
        assert "secret" not in str(error.value)


def test_a_full_disk_is_one_line_and_leaves_nothing(server, record, tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    record()
    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(InputError, match=r"could not be written .No space left on device"):
        fetch.fetch("movie_sentiment")
    assert kept(tmp_path) == []


def test_files_of_another_program_are_read_in_place(server, record, tmp_path):
    """And by the sum of their content: gzip files of the same content may differ."""
    arrays = [*samples.clothes(30), *samples.clothes(10, seed=1)]
    names = list(fetch.FETCHED["fashion_mnist"].files)
    contents = {name: samples.idx(array) for name, array in zip(names, arrays, strict=True)}
    sums = {n: hashlib.sha256(gzip.decompress(c)).hexdigest() for n, c in contents.items()}
    (tmp_path / "theirs").mkdir()
    for name, content in contents.items():
        (tmp_path / "theirs" / name).write_bytes(gzip.compress(gzip.decompress(content), 9))
    record("fashion_mnist", folders=[str(tmp_path / "theirs")], files=sums)
    found = fetch.fetch("fashion_mnist")
    assert {path.parent for path in found.values()} == {tmp_path / "theirs"}
    assert server.asked == []
    (tmp_path / "theirs" / names[0]).write_bytes(b"no gzip")
    with pytest.raises(InputError, match=f"{names[0]} has SHA-256 none"):
        fetch.fetch("fashion_mnist")


def test_what_is_missing_of_several_files_is_fetched(server, record, tmp_path):
    contents = {
        "a.gz": samples.idx(samples.clothes(3)[0]),
        "b.gz": samples.idx(samples.clothes(4)[1]),
    }
    sums = {n: hashlib.sha256(gzip.decompress(c)).hexdigest() for n, c in contents.items()}
    server.pages.update({f"/f/{name}": content for name, content in contents.items()})
    record("fashion_mnist", folders=[], files=sums, origin=f"{server.address}/f/")
    fetch.fetch("fashion_mnist")
    (tmp_path / "home" / "data" / "fashion_mnist" / "b.gz").unlink()
    fetch.fetch("fashion_mnist")
    assert server.asked == ["/f/a.gz", "/f/b.gz", "/f/b.gz"]


def test_the_cache_folder_follows_the_platform(monkeypatch, tmp_path):
    for name in ("ZOO_HOME", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(fetch.Path, "home", lambda: tmp_path)
    expected = {
        "linux": tmp_path / ".cache",
        "darwin": tmp_path / "Library" / "Caches",
        "win32": tmp_path / "AppData" / "Local",
    }
    for platform, base in expected.items():
        monkeypatch.setattr(fetch.sys, "platform", platform)
        assert fetch.cache_folder() == base / "rnn-zoo" / "data"
    monkeypatch.setattr(fetch.sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert fetch.cache_folder() == tmp_path / "xdg" / "rnn-zoo" / "data"


@pytest.mark.parametrize("name", fetch.FETCHED)
def test_a_record_says_where_the_data_are_from(name):
    record = fetch.FETCHED[name]
    assert record.licence and record.description and record.fix and record.rows > 0
    assert (record.package is None) != (record.origin is None)
    assert all(len(found) == 64 for found in record.files.values())


def test_snippets_are_divided_without_doubles_or_neutral_ones():
    rows = [*samples.rated(40), (2.0, samples.rated(1)[0][1].upper()), (0, "neither")]
    data = labelled_text.read_snippets(io.BytesIO(samples.snippets_archive(rows)))
    texts = [text for part, _ in data.values() for text in part]
    assert len(texts) == len({text.lower() for text in texts}) == 40
    assert "neither" not in texts
    for part, labels in data.values():
        blamed = [any(text.startswith(b) for b in samples.BLAME) for text in part]
        assert labels == ["negative" if b else "positive" for b in blamed]


DAMAGED = [
    b"",
    b"no archive",
    ARCHIVE[: len(ARCHIVE) // 2],
    samples.snippets_archive([], member="no.txt"),
    samples.snippets_archive([("high", "text")]),
]


@pytest.mark.parametrize("content", DAMAGED)
def test_a_damaged_archive_of_snippets_is_refused(content, tmp_path):
    path = tmp_path / "archive.zip"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"archive.zip' is not the archive of rated snippets"):
        labelled_text.read_snippets(path)


def test_clothes_are_split_as_published_and_copies_left_out():
    x, y = samples.clothes(50)
    test, truth = samples.clothes(20, seed=1)
    x[3], x[7] = test[0], x[2]
    data = fashion.splits(x, y, test, truth, validation=8)
    assert {split: len(labels) for split, (_, labels) in data.items()} == (
        {"train": 40, "validation": 8, "test": 20}
    )
    pictures, labels = data["test"]
    assert pictures.dtype == "float32" and pictures.max() <= 1
    assert labels[:2] == ["T-shirt/top", "trouser"]


@pytest.mark.parametrize(
    "content",
    [b"", b"no gzip", gzip.compress(b"\0\0\x08\x01\0\0\0\x09abc")],
    # gzip writes the time of day: two processes would name the last one differently.
    ids=["empty", "no gzip", "too short"],
)
def test_a_damaged_idx_file_is_refused(content, tmp_path):
    path = tmp_path / "labels-idx1-ubyte.gz"
    path.write_bytes(content)
    with pytest.raises(InputError, match="is not a gzipped IDX file of bytes; remove it"):
        fashion.read_idx(path)
