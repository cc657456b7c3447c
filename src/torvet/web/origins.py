"""Requests that another site's page makes a browser send are refused (CSRF).

The rule is the one of Go's `http.CrossOriginProtection`: browsers say where an unsafe request
comes from, in Sec-Fetch-Site or at least in Origin; a request that says nothing comes from no
browser. A bearer is never sent by a browser on its own, so it needs no such defence.
"""

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from .problems import problem

SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


class SameOrigin:
    """The middleware: answers 403 where an unsafe request comes from another site."""

    def __init__(self, app: ASGIApp, *, url: str) -> None:
        self._app = app
        self._own = _host(url)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through unless it was forged."""
        if scope["type"] == "http" and forged(scope["method"], Headers(scope=scope), own=self._own):
            refusal = problem(
                403,
                "other-origin",
                "The request comes from another site's page.",
                "Ask from this exchange's own pages, or with a token in place of a cookie.",
            )
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)


def forged(method: str, headers: Headers, *, own: str | None = None) -> bool:
    """Tell whether another site made a browser send a request with these headers.

    `own` is the host that this exchange is known by, where a proxy in front changes `Host`.
    """
    if method in SAFE or "authorization" in headers:
        return False
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in {"same-origin", "none"}
    origin = headers.get("origin")
    return origin is not None and _host(origin) not in {headers.get("host", "").casefold(), own}


def _host(origin: str) -> str | None:
    """Return host and port of an origin; None for `null` and for what is none."""
    try:
        return urlsplit(origin).netloc.casefold() or None
    except ValueError:
        return None
