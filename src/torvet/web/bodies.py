"""How long a request may be: what a route reads into memory has a limit, a stream says so itself.

The middleware counts what is received. A route that takes a stream, and has a limit of its own
for it, lifts this one with `take_stream` before it reads.
"""

from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY_BYTES_MAX = 4 * 1024**2
_NOTE = "torvet.body"
_TOO_LARGE = 413


@dataclass(slots=True)
class _Body:
    announced: int
    received: int = 0
    limited: bool = True


def take_stream(request: Request) -> None:
    """Let `request` be as long as its route allows, which counts for itself."""
    body: _Body | None = request.scope.get(_NOTE)
    if body is not None:
        body.limited = False


class BodyLimit:
    """The middleware: a body that is longer than allowed, or says that it is, is not read."""

    def __init__(self, app: ASGIApp, *, bytes_max: int = BODY_BYTES_MAX) -> None:
        self._app = app
        self._bytes_max = bytes_max

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count what is received; whoever reads too much is told with an HTTPException."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "")
        body = scope[_NOTE] = _Body(int(announced) if announced.isdecimal() else 0)

        async def counted() -> Message:
            if body.limited and body.announced > self._bytes_max:
                raise self._too_large()
            message = await receive()
            body.received += len(message.get("body", b""))
            if body.limited and body.received > self._bytes_max:
                raise self._too_large()
            return message

        await self._app(scope, counted, send)

    def _too_large(self) -> HTTPException:
        words = f"The request is longer than {self._bytes_max} bytes."
        return HTTPException(_TOO_LARGE, words, {"Connection": "close"})
