"""A predictor over HTTP: answers in order, batches, limits, refusals, and an orderly end."""

import asyncio
import json
import runpy
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection
from pathlib import Path
from types import ModuleType

import httpx
import numpy as np
import pytest

import zoo
from zoo import serving
from zoo.errors import InputError
from zoo.serving.batcher import Batcher
from zoo.serving.inputs import kind, one_input

pytestmark = pytest.mark.neutral

SCRIPTS = Path(__file__).parent.parent / "scripts"
JSON = {"content-type": "application/json"}


@dataclass
class Upper:
    """A predictor of texts; `gate` closed, it works on its first batch until it is opened."""

    name: str = "upper"
    spec: dict = field(default_factory=lambda: {"vocabulary": "letters"})
    options: tuple = ("steps", "attention", "stop", "seed")
    seen: list = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self):
        self.gate.set()

    def read(self, raw, **options):
        assert self.gate.wait(30)
        self.seen.append((list(raw), options))
        if "" in raw:
            raise InputError("text '' is empty, expected a character or more: give one")
        if "crash" in raw:
            raise RuntimeError("secret")
        return [{"output": text.upper(), **options} for text in raw]


@dataclass
class Mean:
    """A predictor of numbers of any shape, which must never be given a string."""

    spec: dict
    name: str = "mean"
    options: tuple = ()

    def answer(self, inputs, **options):
        return [{"output": float(np.mean(x)), "shape": list(x.shape)} for x in inputs]

    def read(self, raw, **options):
        raise AssertionError("a string was read as a path")


def session(predictor, talk, **limits):
    """What `talk(client)` returns, with a client of the running application."""

    async def run():
        app = serving.application(predictor, serving.Limits(**limits))
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://zoo") as client,
        ):
            return await talk(client)

    return asyncio.run(run())


def ask(predictor, *documents, **limits):
    """The responses to documents, or bytes, that are sent at once."""

    def post(client, document):
        if isinstance(document, bytes):
            return client.post("/predict", content=document, headers=JSON)
        return client.post("/predict", json=document)

    async def talk(client):
        return await asyncio.gather(*(post(client, d) for d in documents))

    return session(predictor, talk, **limits)


def texts(*inputs, **options):
    return {"inputs": list(inputs), "options": options}


def outputs(response):
    assert response.status_code == 200, response.text
    return [answer["output"] for answer in response.json()["answers"]]


def refusal(response, status):
    """The one line of a refusal."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    (line,) = response.json().values()
    assert list(response.json()) == ["error"] and line and "\n" not in line
    return line


def test_answers_come_in_the_order_of_the_inputs():
    (response,) = ask(Upper(), texts("a", "c", "b", steps=3))
    assert outputs(response) == ["A", "C", "B"]
    assert response.json()["answers"][0]["steps"] == 3


def test_options_may_be_left_out():
    (response,) = ask(Upper(), {"inputs": ["a"]})
    assert outputs(response) == ["A"]


def test_health_and_what_the_model_is():
    async def talk(client):
        return [(await client.get(path)).json() for path in ("/health", "/")]

    health, about = session(Upper(), talk, inputs=5)
    assert health["ready"] is True
    assert health["name"] == about["name"] == "upper"
    assert {"format", "version"} <= set(health)
    assert about["options"] == ["steps", "attention", "stop", "seed"]
    assert about["input"] == "a text" and about["limits"]["inputs"] == 5


def test_requests_with_equal_options_are_answered_together():
    predictor = Upper()
    words = [f"w{k}" for k in range(12)]
    found = ask(predictor, *(texts(w, seed=k % 2) for k, w in enumerate(words)), wait=0.2)
    assert [outputs(r) for r in found] == [[w.upper()] for w in words]
    assert [r.json()["answers"][0]["seed"] for r in found] == [0, 1] * 6
    assert sorted(predictor.seen, key=lambda row: row[1]["seed"]) == [
        (words[0::2], {"seed": 0}),
        (words[1::2], {"seed": 1}),
    ]


def test_a_batch_has_no_more_rows_than_it_may_and_no_request_is_divided():
    predictor = Upper()
    found = ask(predictor, *(texts("a", "b", "c") for _ in range(5)), rows=7, wait=0.2)
    assert [outputs(r) for r in found] == [["A", "B", "C"]] * 5
    assert [len(raw) for raw, _ in predictor.seen] == [6, 6, 3]


def test_a_bad_input_fails_its_own_request_only():
    predictor = Upper()
    good, bad, crash, also = ask(
        predictor, texts("a"), texts("b", ""), texts("crash"), texts("c"), wait=0.2
    )
    assert outputs(good) == ["A"] and outputs(also) == ["C"]
    assert "is empty" in refusal(bad, 422)
    line = refusal(crash, 500)
    assert "secret" not in line and "Traceback" not in line
    assert predictor.seen[0][0] == ["a", "b", "", "crash", "c"]  # they were one batch


MALFORMED = {
    "no JSON": (b"{", 400, "not JSON"),
    "nothing": (b"", 400, "not JSON"),
    "not UTF-8": (b'{"inputs": ["\xff"]}', 400, "not UTF-8"),
    "half a character": (b'{"inputs": ["\\ud800"]}', 400, "not UTF-8"),
    "nested too deeply": (b"[" * 200_000, 400, "nested too deeply"),
    "NaN": (b'{"inputs": [NaN]}', 400, "NaN"),
    "a number of 5,000 digits": (b'{"inputs": [%s]}' % (b"9" * 5000), 400, "not JSON"),
    "a list": (b'["a"]', 400, "the body is not"),
    "no inputs": (b'{"input": "a"}', 400, "the body is not"),
    "one more name": (b'{"inputs": ["a"], "model": "b"}', 400, "'model'"),
    "one input, not in a list": (b'{"inputs": "a"}', 400, "not a list"),
    "options in a list": (b'{"inputs": ["a"], "options": []}', 400, "not an object"),
    "no input at all": (b'{"inputs": []}', 422, "0 inputs, expected 1 to 3"),
    "too many inputs": (b'{"inputs": ["a", "b", "c", "d"]}', 422, "4 inputs, expected 1 to 3"),
    "too long a text": (b'{"inputs": ["123456789"]}', 422, "9 characters, expected at most 8"),
    "a number for a text": (b'{"inputs": ["a", 1]}', 422, "input 2 is 1, expected a text"),
    "an unknown option": (texts("a", beam=2), 422, "takes no option 'beam', expected steps or"),
    "too many steps": (texts("a", steps=101), 422, "steps is 101, expected a whole number up to"),
    "half a step": (texts("a", steps=2.5), 422, "steps is 2.5, expected a whole number"),
    "steps as a text": (texts("a", steps="3"), 422, "steps is '3', expected a whole number"),
    "true for a number": (texts("a", seed=True), 422, "seed is True, expected a number"),
    "a number for true": (texts("a", attention=1), 422, "attention is 1, expected true or false"),
    "a seed beyond 32 bits": (texts("a", seed=2**31), 422, "seed is 2147483648, expected"),
    "a seed beyond floats": (b'{"inputs": ["a"], "options": {"seed": 1e999}}', 422, "seed is inf"),
    "an object as an option": (texts("a", stop={"a": 1}), 422, "stop is {'a': 1}, expected"),
    "a list of numbers": (texts("a", stop=[1]), 422, "stop is [1], expected"),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_a_malformed_request_is_refused_before_the_model_sees_it(case):
    document, status, message = MALFORMED[case]
    predictor = Upper()
    (response,) = ask(predictor, document, inputs=3, length=8, steps=100)
    assert message in refusal(response, status)
    assert predictor.seen == []


SHAPES = {
    "image": ({"image": [2, 2, 1]}, [[1, 2], [3, 4]], [2, 2, 1]),
    "image with its channel": ({"image": [2, 2, 1]}, [[[1], [2]], [[3], [4]]], [2, 2, 1]),
    "clip": ({"frame": [1, 2]}, [[[[0, 1, 2], [3, 4, 255]]]] * 2, [2, 1, 2, 3]),
    "channels": ({"mean": [0, 0]}, [[1, 2], [3.5, 4], [5, 6]], [3, 2]),
    "window": ({"window": 3}, [1, 2, 3], [3]),
    "series": ({}, [1, 2, 3], [3, 1]),
}


@pytest.mark.parametrize("case", SHAPES)
def test_numbers_become_arrays_of_the_shape_that_the_model_reads(case):
    spec, value, shape = SHAPES[case]
    (response,) = ask(Mean(spec), texts(value, value))
    assert [answer["shape"] for answer in response.json()["answers"]] == [shape] * 2
    assert outputs(response) == [pytest.approx(np.mean(value))] * 2


WRONG = {
    "a path": ("/etc/passwd", "is '/etc/passwd', expected numbers of shape (any, 2)"),
    "a path in a list": (["/etc/passwd"], "has something else among its numbers"),
    "numbers as texts": ([["1", "2"]], "has something else among its numbers"),
    "null": ([[1, None]], "has something else among its numbers"),
    "true": ([[True, False]], "has something else among its numbers"),
    "one number": (1.5, "is 1.5, expected"),
    "ragged lists": ([[1, 2], [3]], "has lists of different lengths"),
    "another shape": ([[1, 2, 3]], "has shape (1, 3), expected"),
    "nothing": ([], "has shape (0,), expected"),
    "nested deeply": (json.loads("[" * 90 + "1" + "]" * 90), "has lists of different lengths"),
    "beyond float32": ([[1e300, 0]], "is not finite in float32"),
    "beyond 64 bits": ([[10**30, 0]], "has something else among its numbers"),
    "too long": ([[1, 2]] * 9, "has 9 steps, expected 1 to 8"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_no_array_of_numbers_is_refused(case):
    value, message = WRONG[case]
    (response,) = ask(Mean({"mean": [0, 0]}), texts([[1, 2]], value), length=8)
    assert message in refusal(response, 422)
    assert "input 2" in refusal(response, 422)


@pytest.mark.parametrize("value", [0.5, 256, -1])
def test_a_clip_is_of_bytes(value):
    (response,) = ask(Mean({"frame": [1, 1]}), texts([[[[value, 0, 0]]]]))
    assert "whole numbers from 0 to 255" in refusal(response, 422)


def test_every_shipped_model_takes_texts_or_arrays_and_none_a_path():
    texts_in = {"char_lm", "char_rnn", "g2p", "movie_sentiment", "pos_brown", "pos_brown_fine"}
    texts_in |= {"segment_cantonese", "spam", "translate_en_es", "word_lm"}
    for path in (SCRIPTS.parent / "saved_models").glob("*/spec.json"):
        spec = json.loads(path.read_text(encoding="utf-8"))["task"]
        assert (kind(spec) == "text") == (path.parent.name in texts_in), path
        if kind(spec) != "text":
            with pytest.raises(InputError, match=r"expected .*numbers"):
                one_input("/etc/passwd", 1, spec, serving.Limits())


def test_another_content_type_path_or_method_is_refused():
    async def talk(client):
        form = await client.post("/predict", data={"inputs": "a"})
        packed = await client.post(
            "/predict", content=b"x", headers=JSON | {"content-encoding": "gzip"}
        )
        named = await client.post(
            "/predict",
            content=json.dumps(texts("a")),
            headers={"content-type": "application/json; charset=utf-8"},
        )
        return form, packed, named, await client.get("/no"), await client.get("/predict")

    form, packed, named, unknown, method = session(Upper(), talk)
    assert "expected application/json" in refusal(form, 415)
    assert "not compressed" in refusal(packed, 415)
    assert outputs(named) == ["A"]
    refusal(unknown, 404)
    refusal(method, 405)
    assert method.headers["allow"] == "POST"


def test_a_body_over_the_limit_is_refused_without_being_kept_or_read_to_its_end():
    sent = []

    async def pieces(count):
        for _ in range(count):
            sent.append(1000)
            yield b" " * 1000

    async def talk(client):
        post = {"url": "/predict", "headers": JSON}
        known = await client.post(content=b" " * 2001, **post)
        some = await client.post(content=pieces(3), **post)
        endless = await client.post(content=pieces(10_000), **post)
        fitting = await client.post(content=json.dumps(texts("a")).ljust(2000), **post)
        return known, some, endless, fitting

    known, some, endless, fitting = session(Upper(), talk, body=2000)
    for response in (known, some, endless):
        assert "larger than the limit of 2000 bytes" in refusal(response, 413)
    assert endless.headers["connection"] == "close"
    assert outputs(fitting) == ["A"]


def test_a_body_that_declares_too_much_is_not_read_at_all():
    async def unread():
        raise AssertionError("it was read")
        yield b""

    async def talk(client):
        headers = JSON | {"content-length": "9" * 30}
        return await client.post("/predict", content=unread(), headers=headers)

    assert refusal(session(Upper(), talk), 413)


def test_a_body_that_does_not_arrive_is_given_up():
    async def slow():
        yield b"{"
        await asyncio.sleep(30)

    async def talk(client):
        return await client.post("/predict", content=slow(), headers=JSON)

    assert "did not arrive" in refusal(session(Upper(), talk, seconds=0.05), 408)


def test_more_requests_than_the_server_takes_are_sent_away():
    predictor = Upper()
    predictor.gate.clear()

    async def talk(client):
        taken = [asyncio.create_task(client.post("/predict", json=texts("a"))) for _ in range(3)]
        while (await client.get("/health")).json()["taken"] < 3:
            await asyncio.sleep(0.001)
        refused = await client.post("/predict", json=texts("b"))
        predictor.gate.set()
        answered = await asyncio.gather(*taken)
        return refused, [*answered, await client.post("/predict", json=texts("a"))]

    refused, answered = session(predictor, talk, requests=3)
    assert "try again later" in refusal(refused, 503)
    assert int(refused.headers["retry-after"]) >= 1
    assert [outputs(r) for r in answered] == [["A"]] * 4


def test_a_request_that_takes_too_long_is_told_so_and_later_ones_are_answered():
    predictor = Upper()
    predictor.gate.clear()

    async def talk(client):
        late = await asyncio.gather(
            *(client.post("/predict", json=texts(w, seed=k)) for k, w in enumerate("ab"))
        )
        predictor.gate.set()
        return late, await client.post("/predict", json=texts("c"))

    late, later = session(predictor, talk, seconds=0.2)
    for response in late:
        assert "no answer within 0.2 seconds" in refusal(response, 504)
    assert outputs(later) == ["C"]
    assert ["b"] not in [raw for raw, _ in predictor.seen]  # it waited, and was forgotten


def test_answers_that_are_not_finite_are_no_json():
    class Diverged(Mean):
        def answer(self, inputs, **options):
            return [{"output": float("nan")} for _ in inputs]

    (response,) = ask(Diverged({"window": 1}), texts([1.0]))
    assert "NaN" not in refusal(response, 500)


def test_a_predictor_that_loses_an_answer_fails_instead_of_mixing_them_up():
    class Short(Mean):
        def answer(self, inputs, **options):
            return [{"output": 0.0}]

    first, second = ask(Short({"window": 1}), texts([1.0], [2.0]), texts([3.0]), wait=0.2)
    refusal(first, 500)
    assert outputs(second) == [0.0]


def test_a_batcher_that_is_left_has_answered_what_it_took():
    gate = threading.Event()

    def slow(inputs, options):
        gate.wait(30)
        return inputs

    async def run():
        async with Batcher(slow, rows=1, wait=0) as batcher:
            taken = [asyncio.create_task(batcher([k], {})) for k in range(5)]
            await asyncio.sleep(0.01)
            assert batcher.waiting == 4
            asyncio.get_running_loop().call_later(0.01, gate.set)
        return await asyncio.gather(*taken)

    assert asyncio.run(run()) == [[0], [1], [2], [3], [4]]


SERVER = """
import sys, time
import zoo
from zoo import serving

class Slow:
    name, spec, options = "slow", {"vocabulary": "letters"}, ()

    def read(self, raw):
        time.sleep(0.3)
        return [{"output": text.upper()} for text in raw]

serving.serve(Slow(), port=0, limits=serving.Limits(rows=2, body=10_000))
print("ended in order")
"""


@pytest.fixture
def server():
    """(process, port) of a server that answers two texts in 0.3 s."""
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with process:
        try:
            yield process, int(process.stdout.readline().rpartition(":")[2])
        finally:
            process.kill()


def call(port, method="GET", path="/health", document=None):
    """(status, document) of one request over a real connection."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        body = None if document is None else json.dumps(document)
        connection.request(method, path, body, JSON)
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


def test_a_server_told_to_stop_answers_what_it_took_and_ends_in_order(server):
    process, port = server
    found = {}

    def client(k):
        found[k] = call(port, "POST", "/predict", texts(f"w{k}"))

    clients = [threading.Thread(target=client, args=[k]) for k in range(8)]
    for thread in clients:
        thread.start()
    while call(port)[1]["taken"] < 8:
        pass
    process.send_signal(signal.SIGTERM)
    for thread in clients:
        thread.join()
    assert found == {k: (200, {"answers": [{"output": f"W{k}"}]}) for k in range(8)}
    rest, errors = process.communicate(timeout=30)
    assert process.returncode == 0
    assert rest == "ended in order\n" and errors == ""
    with pytest.raises(ConnectionError):
        call(port)


def run_load(port, *arguments):
    """(status, report) of scripts/load_test.py."""
    command = [sys.executable, SCRIPTS / "load_test.py", "--url", f"http://127.0.0.1:{port}"]
    command += ["--clients", "2", "--seconds", "0.7", "--warm", "0", "--json", *map(str, arguments)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert run.stderr == ""
    return run.returncode, json.loads(run.stdout)


def test_the_load_test_counts_answers_and_errors(server, tmp_path):
    process, port = server
    status, row = run_load(port, "--pid", process.pid, "a", "b")
    assert status == 0 and row["errors"] == 0
    assert 2 <= row["requests"] <= 20 and row["p50 ms"] >= 300
    assert row["MB at the start"] > 1 and row["MB at the end"] > 1

    (tmp_path / "inputs").write_text('"a"\n[1, 2]\n')
    status, row = run_load(port, "--file", tmp_path / "inputs")
    assert status == 1 and set(row["by kind"]) == {"status 422"}
    assert 0 < row["errors"] < row["requests"]


def run_script(monkeypatch, load, *arguments):
    """scripts/serve.py with `load` as `zoo.runtime.load`; returns what it would have served."""
    served = []
    runtime = ModuleType("zoo.runtime")
    runtime.load = load
    monkeypatch.setitem(sys.modules, "zoo.runtime", runtime)
    monkeypatch.setattr(zoo, "runtime", runtime, raising=False)
    monkeypatch.setattr(serving, "serve", lambda *given: served.append(given))
    monkeypatch.setattr(sys, "argv", ["serve.py", *arguments])
    runpy.run_path(str(SCRIPTS / "serve.py"), run_name="__main__")
    return served


def test_the_script_serves_an_export_within_the_limits_that_it_is_given(monkeypatch):
    arguments = ["there", "--port", "1", "--wait", "0.5"]
    served = run_script(monkeypatch, lambda folder: f"what is in {folder}", *arguments)
    limits = replace(serving.Limits(), wait=0.5)
    assert served == [("what is in there", "127.0.0.1", 1, limits)]


def test_the_script_says_in_one_line_what_is_wrong_with_an_export(monkeypatch, capsys):
    def load(folder):
        raise InputError(f"no export in {folder!r}")

    with pytest.raises(SystemExit) as stopped:
        run_script(monkeypatch, load, "nowhere")
    assert stopped.value.code == 2
    assert capsys.readouterr().err == "serve.py: no export in 'nowhere'\n"


@pytest.mark.parametrize(
    "package, module", [("starlette", "starlette.applications"), ("uvicorn", "uvicorn")]
)
def test_a_missing_package_is_named_with_what_installs_it(package, module, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    for name in ("app", "server"):
        monkeypatch.delitem(sys.modules, f"zoo.serving.{name}", raising=False)
    with pytest.raises(InputError, match=rf"^{package} is not installed; .*rnn-zoo\[serve\]"):
        serving.serve(Upper())


def test_a_model_without_a_task_is_not_served():
    bare = Upper()
    bare.task = None
    with pytest.raises(InputError, match="is a model without a task"):
        serving.application(bare)


def test_a_client_that_sends_all_of_too_large_a_body_hears_why_it_is_refused(server):
    _, port = server
    status, document = call(port, "POST", "/predict", texts("a" * 70_000))
    assert status == 413 and "larger than the limit of 10000 bytes" in document["error"]
    assert call(port)[1]["ready"]


def test_answers_are_sent_at_once():
    """asyncio turns Nagle's algorithm off where the listening socket says that it is TCP."""
    from zoo.serving.server import _listening

    with _listening("127.0.0.1", 0) as listener:
        assert listener.proto == socket.IPPROTO_TCP and listener.getsockname()[1] > 0


def test_an_address_that_is_taken_is_told_in_one_line(server):
    _, port = server
    with pytest.raises(InputError, match=f"cannot listen on 127.0.0.1 port {port}"):
        serving.serve(Upper(), port=port)
