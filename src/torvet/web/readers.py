"""Whose papers a request may read, for slices that stand below the one that knows callers.

`server.py` installs one function of a request, written where callers are known (the parties
slice). It returns the ids of the parties whose papers the caller may read: those it acts for,
where its token or session has the scope `read`; nobody's for a token that is good for one share
only. It raises where the credentials are bad. Without it nobody may read anything.
"""

from collections.abc import Callable
from typing import Annotated, cast

from fastapi import Depends, FastAPI, Request

Readers = Callable[[Request], frozenset[str]]


def install(app: FastAPI, readers: Readers) -> None:
    """Let `readers` tell the routes of `app` whose papers a caller may read."""
    app.state.readers = readers


def readers_of(request: Request) -> frozenset[str]:
    """Return the ids of the parties whose papers the caller may read."""
    readers = cast("Readers | None", getattr(request.app.state, "readers", None))
    return readers(request) if readers else frozenset()


TheReaders = Annotated[frozenset[str], Depends(readers_of)]
