"""How much one caller may ask: token buckets in this process, before any work is done.

A caller is whoever's credential somebody vouched for; everybody else is their network address,
so that made-up credentials buy nothing. Signing in and up has a smaller bucket per address,
since each try costs a slow hash. Memory is bounded: the callers seen longest ago are forgotten.
"""

import hashlib
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from .callers import NOTE, vouched
from .problems import problem

CALLERS_MAX = 50_000
HEALTH = frozenset({"/health", "/healthz", "/livez", "/readyz"})
SIGN_IN = frozenset({"/api/session", "/api/accounts", "/api/me/password", "/sign-in", "/sign-up"})
_COOKIE = "torvet_session"
_SECONDS = 60


@dataclass(slots=True)
class _Bucket:
    left: float
    at_s: float


class Buckets:
    """Token buckets by name: each holds `per_minute` and is refilled evenly.

    `clock` returns seconds that only grow. Taking from a bucket is safe from any thread.
    """

    def __init__(
        self,
        per_minute: int,
        *,
        clock: Callable[[], float] = time.monotonic,
        callers_max: int = CALLERS_MAX,
    ) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._callers_max = callers_max
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Return how many callers are remembered: never more than `callers_max`."""
        return len(self._buckets)

    def take(self, name: str) -> float:
        """Take one from the bucket `name`; return 0, or the seconds to wait where it is empty."""
        with self._lock:
            bucket = self._refilled(name)
            if bucket.left >= 1:
                bucket.left -= 1
                return 0.0
            return (1 - bucket.left) * _SECONDS / self._per_minute

    def _refilled(self, name: str) -> _Bucket:
        now = self._clock()
        bucket = self._buckets.get(name)
        if bucket is None:
            bucket = self._buckets[name] = _Bucket(float(self._per_minute), now)
            if len(self._buckets) > self._callers_max:
                self._buckets.popitem(last=False)
            return bucket
        grown = (now - bucket.at_s) * self._per_minute / _SECONDS
        bucket.left = min(float(self._per_minute), bucket.left + grown)
        bucket.at_s = now
        self._buckets.move_to_end(name)
        return bucket


class Known:
    """The credentials that were good when last seen, by digest; bounded."""

    def __init__(self, most: int = CALLERS_MAX) -> None:
        self._most = most
        self._actors: OrderedDict[bytes, str] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Return how many credentials are remembered."""
        return len(self._actors)

    def get(self, credential: bytes) -> str | None:
        """Return whose the credential was when somebody last vouched for it."""
        with self._lock:
            return self._actors.get(credential)

    def note(self, credential: bytes, actor: str) -> None:
        """Remember whose the credential is."""
        with self._lock:
            self._actors[credential] = actor
            self._actors.move_to_end(credential)
            if len(self._actors) > self._most:
                self._actors.popitem(last=False)


class Limits:
    """The middleware: answers 429 with Retry-After where a caller asks too much."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        requests_per_minute: int,
        sign_ins_per_minute: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app = app
        self._requests = Buckets(requests_per_minute, clock=clock)
        self._sign_ins = Buckets(sign_ins_per_minute, clock=clock)
        self._known = Known()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, or tell it when to come again."""
        if scope["type"] != "http" or scope["path"] in HEALTH:
            await self._app(scope, receive, send)
            return
        credential = _credential(scope)
        actor = self._known.get(credential) if credential else None
        wait_s = self._requests.take(actor or _address(scope))
        if not wait_s and scope["method"] == "POST" and scope["path"] in SIGN_IN:
            wait_s = self._sign_ins.take(_address(scope))
        if wait_s:
            await _come_again(wait_s)(scope, receive, send)
            return

        scope[NOTE] = {}
        await self._app(scope, receive, send)
        good = vouched(scope)
        if credential and good:
            self._known.note(credential, good)


def _credential(scope: Scope) -> bytes | None:
    """Return the digest of what the request signs itself with, if anything."""
    headers = Headers(scope=scope)
    bearer = headers.get("authorization")
    if bearer is not None:
        return hashlib.sha256(bearer.encode()).digest()
    for part in headers.get("cookie", "").split(";"):
        name, _, value = part.strip().partition("=")
        if name == _COOKIE:
            return hashlib.sha256(value.encode()).digest()
    return None


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return f"address {client[0]}" if client and client[0] else "local"


def _come_again(wait_s: float) -> ASGIApp:
    seconds = max(1, math.ceil(wait_s))
    return problem(
        429,
        "too-many-requests",
        "You ask more often than this exchange answers one caller.",
        f"Wait {seconds} s, as the header Retry-After says, then go on more slowly.",
        retry_after_s=seconds,
    )
