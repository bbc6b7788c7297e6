"""A file from the network, as bytes: whole, and of a size that was expected."""

from functools import partial
from http.client import HTTPException, IncompleteRead
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

LARGEST = 64 * 2**20  # bytes of one file: a server that never ends is left
TIMEOUT = 30  # seconds without a byte
PIECE = 2**16


class Unreachable(Exception):
    """A file that could not be had; the message is the reason, for a line of the caller's."""


def read(address: str, arrived=lambda count: None) -> bytes:
    """All bytes behind an address of http or https.

    arrived: told the size of each piece as it comes. Redirects go nowhere but to https, or to the
    scheme that was asked for.
    Raises `Unreachable` for another scheme, no answer, an error of the server, and a file that is
    too large or ends too early.

    >>> read("file:///etc/hostname")
    Traceback (most recent call last):
    zoo.web.Unreachable: its scheme is 'file', expected http or https
    """
    if (scheme := urlsplit(address).scheme) not in ("http", "https"):
        raise Unreachable(f"its scheme is {scheme!r}, expected http or https")
    try:
        request = Request(address, headers={"User-Agent": "rnn-zoo"})
        with build_opener(_SameScheme).open(request, timeout=TIMEOUT) as answer:
            return _whole(answer, arrived)
    except HTTPError as error:
        error.close()
        raise Unreachable(f"status {error.code} {error.reason}".strip()) from None
    except IncompleteRead as error:
        raise Unreachable(_cut(len(error.partial), error.expected)) from None
    except (HTTPException, OSError, ValueError) as error:
        reason = str(getattr(error, "reason", "") or type(error).__name__)  # no address: it may
        raise Unreachable(" ".join(reason.split())) from None  # hold a password


def _whole(answer, arrived):
    expected = answer.headers.get("Content-Length")
    content = bytearray()
    for piece in iter(partial(answer.read, PIECE), b""):
        content += piece
        arrived(len(piece))
        if len(content) > LARGEST:
            raise Unreachable(f"larger than {LARGEST:,} bytes")
    if expected is not None and len(content) != int(expected):
        raise Unreachable(_cut(len(content), int(expected) - len(content)))
    return bytes(content)


def _cut(found, lacking):
    return f"it ended after {found:,} of {found + (lacking or 0):,} bytes"


class _SameScheme(HTTPRedirectHandler):
    """Redirects stay with the scheme that was asked for, or go from http to https."""

    def redirect_request(self, request, file, code, message, headers, url):
        if urlsplit(url).scheme not in (urlsplit(request.full_url).scheme, "https"):
            file.close()
            raise Unreachable(f"it redirects to {url[:80]!r}")
        return super().redirect_request(request, file, code, message, headers, url)
