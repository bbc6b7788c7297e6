"""The HTTP application: three routes, and every refusal as {"error": one line}."""

import asyncio
import contextlib
import json
import logging

from zoo.environment import versions
from zoo.errors import InputError, missing, one_line
from zoo.serving.batcher import Batcher
from zoo.serving.inputs import describe, kind, parse

try:
    from starlette.applications import Starlette
    from starlette.exceptions import HTTPException
    from starlette.requests import ClientDisconnect
    from starlette.responses import Response
    from starlette.routing import Route
except ImportError as error:
    raise missing("starlette", "serve") from error

LOG = logging.getLogger("uvicorn.error")
# A body over the limit is read on, and forgotten, up to this many times the limit: a client that
# sends all of it before it listens can then still hear why it was refused.
DISCARDED = 8


def build(predictor, limits):
    """The application; see `zoo.serving.application`."""
    if getattr(predictor, "task", True) is None:
        raise InputError(
            f"{predictor.name!r} is a model without a task, expected one of a recipe, which says "
            "what inputs and answers are: serve its graphs by a server of tensors"
        )
    server = _Server(predictor, limits)
    app = Starlette(
        routes=[
            Route("/", server.describe),
            Route("/health", server.health),
            Route("/predict", server.predict, methods=["POST"]),
        ],
        exception_handlers={HTTPException: _refused, Exception: _failed},
        lifespan=server.lifespan,
    )
    app.router.redirect_slashes = False
    return app


def reply(content, status=200, headers=None):
    """JSON of plain values; `ValueError` for numbers that are not finite."""
    body = json.dumps(content, allow_nan=False, separators=(",", ":"))
    return Response(body, status, headers, media_type="application/json")


async def _refused(request, error):
    return reply({"error": one_line(error.detail)}, error.status_code, error.headers)


async def _failed(request, error):
    return reply({"error": "the server failed on this request; its log says why"}, 500)


class _Server:
    def __init__(self, predictor, limits):
        self.predictor, self.limits, self.taken = predictor, limits, 0
        texts = kind(predictor.spec) == "text"
        answer = predictor.read if texts else predictor.answer
        self.batcher = Batcher(
            lambda inputs, options: answer(inputs, **options), limits.rows, limits.wait
        )

    @contextlib.asynccontextmanager
    async def lifespan(self, app):
        async with self.batcher:
            yield

    @property
    def model(self):
        return {
            "name": self.predictor.name,
            "format": getattr(self.predictor, "format", "keras"),
            "version": versions(["rnn-zoo"])["rnn-zoo"],
        }

    async def health(self, request):
        ready = self.batcher.alive
        now = {"ready": ready, "taken": self.taken, "batches": self.batcher.batches}
        return reply(self.model | now, 200 if ready else 503)

    async def describe(self, request):
        names = ("body", "inputs", "length", "steps", "width", "requests", "seconds")
        return reply(
            self.model
            | {
                "input": describe(self.predictor.spec),
                "options": list(self.predictor.options),
                "limits": {name: getattr(self.limits, name) for name in names},
                "predict": 'POST /predict {"inputs": [...], "options": {...}}',
            }
        )

    async def predict(self, request):
        if self.taken >= self.limits.requests:
            raise HTTPException(
                503,
                f"{self.taken} requests are being answered, no more are taken: try again later",
                {"Retry-After": "1"},
            )
        self.taken += 1
        try:
            inputs, options = await self._read(request)
            return reply({"answers": await self._answers(inputs, options)})
        except ClientDisconnect:
            return Response(status_code=400)  # nobody hears it
        finally:
            self.taken -= 1

    async def _read(self, request):
        """(inputs, options) of a request; `HTTPException` for one that cannot be answered."""
        content = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if content != "application/json" or "content-encoding" in request.headers:
            raise HTTPException(
                415, f"content type is {content!r}, expected application/json, not compressed"
            )
        try:
            async with asyncio.timeout(self.limits.seconds):
                body = await self._body(request)
        except TimeoutError:
            raise HTTPException(
                408,
                f"the body did not arrive within {self.limits.seconds:g} seconds: send it at once",
                {"Connection": "close"},
            ) from None
        try:
            return parse(body, self.predictor, self.limits)
        except InputError as error:
            raise HTTPException(422, str(error)) from error
        except ValueError as error:
            raise HTTPException(400, str(error)) from error

    async def _body(self, request):
        """The body, of which no more is kept than the limit."""
        most = self.limits.body
        detail = f"the body is larger than the limit of {most} bytes: send fewer inputs at a time"
        declared = request.headers.get("content-length", "0")
        if len(declared) > 18 or int(declared) > most * DISCARDED:
            raise HTTPException(413, detail, {"Connection": "close"})
        kept, size = bytearray(), 0
        async for piece in request.stream():
            size += len(piece)
            if size > most * DISCARDED:
                raise HTTPException(413, detail, {"Connection": "close"})
            if size <= most:
                kept += piece
        if size > most:
            raise HTTPException(413, detail)
        return bytes(kept)

    async def _answers(self, inputs, options):
        try:
            async with asyncio.timeout(self.limits.seconds):
                return await self.batcher(inputs, options)
        except TimeoutError:
            raise HTTPException(
                504, f"no answer within {self.limits.seconds:g} seconds: ask for less, or try later"
            ) from None
        except InputError as error:
            raise HTTPException(422, str(error)) from error
        except Exception as error:
            LOG.exception("model %s failed", self.predictor.name)
            raise HTTPException(500, "the model failed on these inputs") from error
