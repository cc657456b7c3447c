"""How the frame learns that a request came from somebody known, without knowing who knows.

`limits` puts an empty note into the request's scope; the slice that resolves credentials signs
it with `vouch`. A credential that nobody vouched for never gets a rate limit of its own.
"""

from collections.abc import MutableMapping
from typing import Any

NOTE = "torvet.caller"


def vouch(scope: MutableMapping[str, Any], actor: str) -> None:
    """Say that the credentials of this request are good, and whose they are."""
    note = scope.get(NOTE)
    if note is not None:
        note["actor"] = actor


def vouched(scope: MutableMapping[str, Any]) -> str | None:
    """Return whose credentials this request carries, where somebody vouched for them."""
    actor: str | None = (scope.get(NOTE) or {}).get("actor")
    return actor
