"""Requests that wait at the same time, answered together: one thread, whole batches."""

import asyncio
import contextlib
import json
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field


@dataclass(eq=False)
class _Request:
    inputs: list
    options: dict
    future: asyncio.Future
    arrived: float
    key: str = field(init=False)

    def __post_init__(self):
        self.key = json.dumps(self.options, sort_keys=True)


class Batcher:
    """Collects requests for a predictor and answers them in batches.

    A batch is the request that has waited longest, and behind it every other with equal options, up
    to `rows` inputs; a request is never divided. A batch starts as soon as the thread is free and
    the first of it has waited `wait` seconds, so that under load nothing waits for time to pass.

    answer: (list of inputs, options) -> list of answers, called in one thread, never twice at once.

    >>> async def three():
    ...     async with Batcher(lambda inputs, options: [x * 2 for x in inputs]) as batcher:
    ...         return await asyncio.gather(*(batcher([k], {}) for k in range(3)))
    >>> asyncio.run(three())
    [[0], [2], [4]]
    """

    def __init__(self, answer, rows=64, wait=0.002):
        self.answer, self.rows, self.wait = answer, rows, wait
        self._waiting, self._arrival = deque(), asyncio.Event()
        self._open = set()  # futures of all that wait or are in a batch
        self.batches = 0  # that were started

    async def __aenter__(self):
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="predict")
        self._task = asyncio.create_task(self._work())
        return self

    async def __aexit__(self, *error):
        """Answer what was taken, then end the thread."""
        while self._open and self.alive:
            await asyncio.wait([*self._open, self._task], return_when=asyncio.FIRST_COMPLETED)
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        self._thread.shutdown()

    @property
    def alive(self):
        """Whether requests are being answered."""
        return not self._task.done()

    @property
    def waiting(self):
        """How many requests wait for a batch."""
        return len(self._waiting)

    async def __call__(self, inputs, options):
        """The answers to `inputs`, a list. Raises what the predictor raises for them.

        Cancelled while it waits, a request is forgotten; in a batch, its answers are.
        """
        loop = asyncio.get_running_loop()
        request = _Request(inputs, options, loop.create_future(), loop.time())
        self._open.add(request.future)
        self._waiting.append(request)
        self._arrival.set()
        try:
            return await request.future
        finally:
            self._open.discard(request.future)
            with contextlib.suppress(ValueError):  # it is in a batch
                self._waiting.remove(request)

    async def _work(self):
        loop = asyncio.get_running_loop()
        while True:
            batch = await self._next()
            self.batches += 1
            outcomes = await loop.run_in_executor(self._thread, self._outcomes, batch)
            for request, outcome in zip(batch, outcomes, strict=True):
                if request.future.done():
                    continue  # cancelled
                if isinstance(outcome, Exception):
                    request.future.set_exception(outcome)
                else:
                    request.future.set_result(outcome)

    async def _next(self):
        """The next batch, taken from those that wait."""
        while True:
            batch = self._fitting()
            patience = self._patience(batch)
            if batch and patience <= 0:
                for request in batch:
                    self._waiting.remove(request)
                return batch
            self._arrival.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    await self._arrival.wait()

    def _patience(self, batch):
        """The seconds that a batch may wait for more requests; None where there is no batch yet."""
        if not batch:
            return None
        if sum(len(request.inputs) for request in batch) >= self.rows:
            return 0
        return batch[0].arrived + self.wait - asyncio.get_running_loop().time()

    def _fitting(self):
        """The request that has waited longest, and those that fit into a batch with it."""
        batch, room = [], self.rows
        for request in self._waiting:
            if not batch or (request.key == batch[0].key and len(request.inputs) <= room):
                batch.append(request)
                room -= len(request.inputs)
        return batch

    def _outcomes(self, batch):
        """The answers of each request, or the exception that it deserves.

        One bad request fails alone: then they are answered one by one.
        """
        try:
            found = self._answers([x for request in batch for x in request.inputs], batch[0])
        except Exception as error:
            if len(batch) == 1:
                return [error]
            return [outcome for request in batch for outcome in self._outcomes([request])]
        ends = [sum(len(r.inputs) for r in batch[: k + 1]) for k in range(len(batch))]
        return [found[end - len(r.inputs) : end] for r, end in zip(batch, ends, strict=True)]

    def _answers(self, inputs, request):
        found = self.answer(inputs, request.options)
        if len(found) != len(inputs):
            raise RuntimeError(f"{len(found)} answers to {len(inputs)} inputs")
        return found
