"""The process: a socket, uvicorn on it, and an end that leaves nothing unanswered."""

import contextlib
import signal
import socket

from zoo.errors import InputError, missing
from zoo.serving.app import build

try:
    import uvicorn
except ImportError as error:
    raise missing("uvicorn", "serve") from error

SIGNALS = (signal.SIGTERM, signal.SIGINT)


def run(predictor, host, port, limits):
    """See `zoo.serving.serve`."""
    config = uvicorn.Config(
        build(predictor, limits),
        lifespan="on",
        log_level="warning",
        access_log=False,
        server_header=False,
        limit_concurrency=limits.connections,
        # A request that was taken has this long to arrive, and as long again for its answer.
        timeout_graceful_shutdown=int(2 * limits.seconds) + 1,
    )
    with _listening(host, port) as listener, _stoppable():
        address = listener.getsockname()
        shown = f"[{address[0]}]" if ":" in address[0] else address[0]
        print(f"{predictor.name} on http://{shown}:{address[1]}", flush=True)
        uvicorn.Server(config).run(sockets=[listener])


class _Stopped(SystemExit):
    """The signal that ended the server, which uvicorn raises again when it has ended."""


@contextlib.contextmanager
def _stoppable():
    def stop(*_):
        raise _Stopped

    before = {number: signal.signal(number, stop) for number in SIGNALS}
    try:
        with contextlib.suppress(_Stopped):
            yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _listening(host, port):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family)
    except (OSError, OverflowError) as error:
        raise InputError(
            f"cannot listen on {host} port {port}: {error}: choose another with --port"
        ) from error
    # asyncio sends at once on sockets that say that they are TCP. This one does not say so, and an
    # answer would wait 40 ms for the client to acknowledge its head.
    return socket.socket(family, listener.type, socket.IPPROTO_TCP, listener.detach())
