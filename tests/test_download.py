"""Weights from the network, against a server on this machine: whole and checked, or refused."""

import hashlib
import json
import os
import subprocess
import sys
import textwrap
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from zoo import download, files, store, web
from zoo.errors import InputError

pytestmark = pytest.mark.neutral

CONTENT = {"weights.npz": b"weights" * 1000, "spec.json": b"{}", "card.json": b'{"name": "tiny"}'}
SUMS = {file: hashlib.sha256(content).hexdigest() for file, content in CONTENT.items()}


class Server(ThreadingHTTPServer):
    """Answers with CONTENT, or as `wrong` says for weights.npz."""

    wrong = None
    asked = 0

    def handle_error(self, request, client_address):
        """A client that leaves early is no news."""


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked += 1
        wrong = self.server.wrong if self.path.endswith("weights.npz") else None
        content = CONTENT.get(self.path.rsplit("/", 1)[-1])
        if wrong in (404, 500) or content is None:
            return self.send_error(wrong or 404)
        if wrong and wrong[0] == "redirect":
            self.send_response(302)
            self.send_header("Location", wrong[1])
            self.end_headers()
            return None
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        body = {"changed": content.swapcase(), "cut": content[:5000]}
        self.wfile.write(body.get(wrong and wrong[0], content))
        return None

    def log_message(self, *_):
        pass


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A server of one model, `sine`, that an installed package may fetch into tmp_path/home."""
    running = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    index = files.write_json(tmp_path / "weights.json", {"sine": SUMS})
    monkeypatch.setattr(download, "INDEX", index)
    monkeypatch.setattr(store, "SHIPPED", tmp_path / "no checkout")
    monkeypatch.setenv("ZOO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ZOO_WEIGHTS_URL", f"http://127.0.0.1:{running.server_port}/models/")
    download.index.cache_clear()
    yield running
    running.shutdown()
    running.server_close()
    download.index.cache_clear()


def refused(home, match):
    """The one line with which fetching is refused; nothing of it stays."""
    with pytest.raises(InputError, match=match) as caught:
        store.find("sine")
    assert "\n" not in str(caught.value)
    assert not home.exists() or list(home.iterdir()) == []


def test_a_model_that_is_nowhere_is_fetched_once(server, tmp_path):
    folder = store.find("sine")
    assert folder == tmp_path / "home" / "sine"
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == CONTENT
    assert [path.name for path in folder.parent.iterdir()] == ["sine"]  # nothing half done beside
    assert store.find("sine") == folder
    assert server.asked == len(CONTENT)


def test_without_zoo_home_it_goes_into_the_users_cache(server, tmp_path, monkeypatch):
    monkeypatch.delenv("ZOO_HOME")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert store.find("sine") == tmp_path / "cache" / "rnn-zoo" / "sine"
    assert store.is_trained("sine")


@pytest.mark.parametrize(
    "wrong, match",
    [
        (("changed",), r"weights\.npz has SHA-256 .*, expected .*damaged or of another version"),
        (("cut",), r"ended after 5,000 of 7,000 bytes\), expected it: try again"),
        (404, r"status 404 Not Found.*or train it with: zoo train sine"),
        (500, "status 500"),
        (("redirect", "ftp://127.0.0.1/weights.npz"), "it redirects to 'ftp://"),
        (("redirect", "file:///etc/passwd"), "status 302 .*'file:///etc/passwd' is not allowed"),
    ],
)
def test_what_comes_back_wrong_is_refused(server, wrong, match, tmp_path):
    server.wrong = wrong
    refused(tmp_path / "home", match)
    server.wrong = None
    assert store.find("sine").is_dir()


def test_no_network_and_other_schemes_are_refused(server, tmp_path, monkeypatch):
    server.shutdown()
    server.server_close()
    refused(tmp_path / "home", r"could not be read \(.*refused\)")
    for address in ("file:///srv/models", "models", "ftp://host"):
        monkeypatch.setenv("ZOO_WEIGHTS_URL", address)
        refused(tmp_path / "home", "expected an address of http or https")


def test_a_server_that_never_ends_is_left(server, tmp_path, monkeypatch):
    monkeypatch.setattr(web, "LARGEST", 1000)
    refused(tmp_path / "home", r"could not be read \(larger than 1,000 bytes\)")


def test_a_folder_that_cannot_be_written_is_refused(server, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("ZOO_HOME", str(tmp_path / "file"))
    with pytest.raises(InputError, match=r"could not be written .*set ZOO_HOME to another folder"):
        store.find("sine")


def test_what_a_killed_process_left_is_replaced(server, tmp_path):
    left = tmp_path / "home" / "sine"
    left.mkdir(parents=True)
    (left / "weights.npz").write_bytes(b"half")
    assert {path.name: path.read_bytes() for path in store.find("sine").iterdir()} == CONTENT
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["sine"]


def test_two_processes_at_once_both_get_it(server, tmp_path):
    code = f"""
        from pathlib import Path
        from zoo import download
        download.INDEX = Path({str(tmp_path / "weights.json")!r})
        print(download.fetch("sine"))
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    children = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for child in children:
        output, error = child.communicate(timeout=60)
        assert (output.strip(), error) == (str(tmp_path / "home" / "sine"), "")
    assert server.asked == 2 * len(CONTENT)
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["sine"]


@pytest.mark.parametrize("name, file", [("../sine", "a"), ("sine", "../../a"), ("sine", "..")])
def test_an_index_with_a_path_for_a_name_is_refused(name, file, tmp_path):
    path = files.write_json(tmp_path / "index.json", {name: {file: "0"}})
    with pytest.raises(InputError, match="expected a plain name"):
        download.index(path)


def test_an_unknown_name_and_a_path_are_not_fetched(server):
    for name, match in (("digits", "no trained weights for 'digits'"), ("../sine", "no trained")):
        with pytest.raises(InputError, match=match):
            store.find(name)
    assert server.asked == 0


def test_the_index_is_that_of_the_shipped_models(tmp_path):
    store.write_index(path=tmp_path / "index.json")
    assert json.loads((tmp_path / "index.json").read_text()) == download.index()
    assert os.path.getsize(tmp_path / "index.json") == os.path.getsize(download.INDEX)
