"""Load on a running server: how many requests it answers, how fast, and whether it grows.

    python scripts/serve.py exports/g2p/onnx --port 8000 &
    python scripts/load_test.py --clients 16 --seconds 60 --pid $! zoology psychologist

Each client keeps one connection and has one request under way, so that there are never more than
`--clients`. A request has one input, in turn: the texts given, or a line of `--file` each, JSON
where it is JSON. An answer counts when its status is 200 and it has one answer for the input.
"""

import argparse
import asyncio
import json
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from urllib.parse import urlsplit


@dataclass
class Found:
    """What all clients saw: seconds of each answer, how often what went wrong, MB over time."""

    seconds: list = field(default_factory=list)
    errors: Counter = field(default_factory=Counter)
    memory: list = field(default_factory=list)


async def request(reader, writer, message):
    """(status, body) of one request on an open connection."""
    writer.write(message)
    await writer.drain()
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
    return int(head.split()[1]), await reader.readexactly(int(fields["content-length"]))


async def client(address, messages, end, found):
    """Requests one after the other until `end`; a connection that breaks is an error, and opened
    again."""
    writer = None
    while time.perf_counter() < end:
        began = time.perf_counter()
        try:
            if writer is None:
                reader, writer = await asyncio.open_connection(*address)
            status, body = await request(reader, writer, next(messages))
            if status != 200 or len(json.loads(body)["answers"]) != 1:
                found.errors[f"status {status}"] += 1
                continue
            found.seconds.append(time.perf_counter() - began)
        except (OSError, asyncio.IncompleteReadError) as error:
            found.errors[type(error).__name__] += 1
            writer = None
            await asyncio.sleep(0.1)
    if writer is not None:
        writer.close()


async def watch(pid, end, found):
    """The resident memory of the server's process, every second, in MB."""
    while pid and time.perf_counter() < end:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
        (kilobytes,) = (line.split()[1] for line in lines if line.startswith("VmRSS"))
        found.memory.append(int(kilobytes) / 1024)
        await asyncio.sleep(1)


async def load(address, messages, clients, seconds, pid=None, warm=0):
    """The report of a load of `seconds`, behind one of `warm` seconds that only has to be without
    error: a model may compile when it first sees a shape."""
    source = cycle(messages)

    async def phase(length):
        found, began = Found(), time.perf_counter()
        end = began + length
        tasks = [client(address, source, end, found) for _ in range(clients)]
        await asyncio.gather(watch(pid, end, found), *tasks)
        return found, time.perf_counter() - began

    before, _ = await phase(warm)
    found, taken = await phase(seconds)
    found.errors.update(before.errors)
    return {"clients": clients} | report(found, taken)


def report(found, seconds):
    """The row that is printed."""
    ordered = sorted(found.seconds) or [float("nan")]
    row = {
        "requests": len(found.seconds) + found.errors.total(),
        "errors": found.errors.total(),
        "by kind": dict(found.errors),
        "seconds": round(seconds, 2),
        "answers a second": round(len(found.seconds) / seconds, 1),
    }
    for share in (50, 95, 99):
        row[f"p{share} ms"] = round(ordered[len(ordered) * share // 100] * 1e3, 2)
    for name, k in (("start", 0), ("middle", len(found.memory) // 2), ("end", -1)):
        row[f"MB at the {name}"] = round(found.memory[k], 1) if found.memory else None
    return row


def read_inputs(texts, path):
    """The inputs: texts as they are, and the lines of a file, each JSON or a text."""
    lines = Path(path).read_text(encoding="utf-8").splitlines() if path else []
    return [*texts, *map(_value, filter(None, lines))]


def _value(line):
    try:
        return json.loads(line)
    except ValueError:
        return line


def message(address, value, options):
    """The bytes of a request for one input."""
    body = json.dumps({"inputs": [value], "options": options}).encode()
    head = (
        f"POST /predict HTTP/1.1\r\nhost: {address[0]}:{address[1]}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("inputs", nargs="*", metavar="TEXT")
    parser.add_argument("--file", help="an input a line, JSON or text")
    parser.add_argument("--options", type=json.loads, default={}, help="JSON, of every request")
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--warm", type=float, default=5, help="seconds before those that count")
    parser.add_argument("--pid", type=int, help="of the server, to watch its memory")
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    given = parser.parse_args()
    inputs = read_inputs(given.inputs, given.file)
    if not inputs:
        parser.error("no input, expected texts or --file: give one")
    url = urlsplit(given.url)
    address = url.hostname, url.port or 80
    messages = [message(address, value, given.options) for value in inputs]
    row = asyncio.run(load(address, messages, given.clients, given.seconds, given.pid, given.warm))
    print(json.dumps(row) if given.json else "\n".join(f"{k:18} {v}" for k, v in row.items()))
    sys.exit(1 if row["errors"] or not row["requests"] else 0)


if __name__ == "__main__":
    main()
