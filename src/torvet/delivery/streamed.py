"""A body that is sent as it is made: at the client's pace, and no longer than it listens."""

import asyncio
from collections.abc import Callable, Iterator, Mapping

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from .settling import settle_surely


class Streamed(Response):
    """Sends `chunks` one by one, each made in a worker thread after the one before was taken.

    `ended` is told the bytes that were really sent, also where the client went away, and again
    where the database was; by then `chunks` is closed, and with it whatever made them.
    """

    def __init__(
        self,
        chunks: Iterator[bytes],
        *,
        ended: Callable[[int], None],
        status: int = 200,
        headers: Mapping[str, str],
        media_type: str,
        length: int | None = None,
    ) -> None:
        """Send `chunks`; of `length` bytes, where that is known, the last one is known for it."""
        super().__init__(None, status, dict(headers), media_type)
        # The size is not known, unless the headers tell it: an empty body's must not be said.
        if "content-length" not in {name.lower() for name in headers}:
            del self.headers["content-length"]
        self._chunks = chunks
        self._ended = ended
        self._length = length

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer; raise what the chunks raise, so that the connection breaks off."""
        del scope
        gone = asyncio.ensure_future(_gone(receive))
        sent = 0
        try:
            await send(
                {
                    "type": "http.response.start",
                    "status": self.status_code,
                    "headers": self.raw_headers,
                }
            )
            while not gone.done():
                chunk = await run_in_threadpool(next, self._chunks, None)
                if chunk is None:
                    await send({"type": "http.response.body", "body": b""})
                    break
                if chunk and not gone.done():
                    more = sent + len(chunk) != self._length
                    await send({"type": "http.response.body", "body": chunk, "more_body": more})
                    sent += len(chunk)
                    if not more:
                        break
        finally:
            gone.cancel()
            with anyio.CancelScope(shield=True):
                await run_in_threadpool(self._end, sent)

    def _end(self, sent: int) -> None:
        close = getattr(self._chunks, "close", None)
        try:
            if close is not None:
                close()
        finally:
            settle_surely(lambda: self._ended(sent))


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
