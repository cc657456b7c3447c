"""A bug, as the caller meets it: a problem that gives nothing away, and all of it in the log."""

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .problems import problem

_log = structlog.get_logger()


class Surprises:
    """The middleware: answers 500 where nobody below knew what to do with an error.

    An answer that had begun is broken off instead, so that nobody takes it for a whole one.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through; log what is raised."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except Exception as bug:
            _log.error("a request failed", method=scope["method"], path=scope["path"], exc_info=bug)
            if begun:
                raise
            await _sorry()(scope, receive, send)


def _sorry() -> ASGIApp:
    return problem(
        500,
        "exchange-failed",
        "The exchange made a mistake of its own.",
        "What you sent is not to blame. Try again; if it stays, tell the operator the time and "
        "the address: the rest is in the exchange's log.",
    )
