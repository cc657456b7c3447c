"""What every route stands on: the application, the parts, headers that protect a browser."""

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from torvet import __version__
from torvet.ports.parts import Parts

from . import interface, problems
from .bodies import BodyLimit
from .limits import Limits
from .origins import SameOrigin
from .pages import STATIC
from .parts import TheParts, parts_of
from .surprises import Surprises

__all__ = ["SECURITY_HEADERS", "SecurityHeaders", "TheParts", "new_app", "parts_of"]

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; style-src 'self'; script-src 'self'; "
        "object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class SecurityHeaders:
    """Adds the headers that tell a browser what this site never does."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, with_headers)


def new_app(parts: Parts) -> FastAPI:
    """Return the bare application: it answers errors well and knows no route yet."""
    app = FastAPI(
        title="Torvet",
        version=__version__,
        summary="A city data exchange: publish, agree, read and prove.",
        docs_url=None,
        redoc_url=None,
    )
    app.state.parts = parts
    # The last one added is the first to see a request.
    app.add_middleware(BodyLimit)
    app.add_middleware(SameOrigin, url=parts.settings.url)
    app.add_middleware(
        Limits,
        requests_per_minute=parts.settings.requests_per_minute,
        sign_ins_per_minute=parts.settings.sign_ins_per_minute,
    )
    app.add_middleware(Surprises)
    app.add_middleware(SecurityHeaders)
    app.add_api_route("/health", _health, include_in_schema=False)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    problems.install(app)
    interface.describe(app)
    return app


def _health() -> dict[str, bool]:
    return {"ok": True}
