"""A predictor over HTTP: `serve(predictor)`, or `application(predictor)` under any ASGI server.

GET /         what the model is, what an input is, which options there are, the limits
GET /health   whether it answers: 200, or 503
POST /predict {"inputs": [...], "options": {...}} -> {"answers": [...]}, in the order of the inputs

Requests that wait at the same time with equal options are answered together (`zoo.serving.batcher`)
in one thread. What may come in is bounded before it is read (`Limits`), and checked before the
model sees it (`zoo.serving.inputs`): a model of pictures or series takes numbers here, and never
opens a path that a client names. Whatever is refused is told as {"error": one line}.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What one server takes.

    body: bytes of a request; inputs: of one request; length: characters of a text, or steps of a
    series or clip; steps: the largest value of an option that asks for work (`steps`, `paths`);
    width: the same for `beam_width` and `alternatives`; requests: taken at the same time;
    connections: open at the same time; seconds: for a request to arrive, and again for its answer.

    rows, wait: inputs that are answered together, and the seconds that the first of them waits for
    others.
    """

    body: int = 1 << 20
    inputs: int = 64
    length: int = 4096
    steps: int = 1000
    width: int = 16
    requests: int = 128
    connections: int = 512
    seconds: float = 30.0
    rows: int = 64
    wait: float = 0.002


def application(predictor, limits=None):
    """The ASGI application (a `starlette.applications.Starlette`) that answers with `predictor`.

    predictor: what `zoo.load` or `zoo.runtime.load` returns: `name`, `spec`, `options`, `read` and
    `answer`; limits: a `Limits`. Raises `InputError` where Starlette is not installed.
    """
    from zoo.serving.app import build

    return build(predictor, limits or Limits())


def serve(predictor, host="127.0.0.1", port=8000, limits=None):
    """Answer over HTTP until SIGTERM or SIGINT; then take no more, finish what was taken, return.

    port: 0 for any that is free; the address is printed when the server listens. To be called in
    the main thread, where signals arrive. Raises `InputError` where it cannot listen there, and
    where Starlette or uvicorn is not installed.
    """
    from zoo.serving.server import run

    run(predictor, host, port, limits or Limits())
