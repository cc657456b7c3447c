"""Errors that a caller can act on. A bug is no ExchangeError: it is left to crash."""

from enum import StrEnum
from typing import ClassVar


class Kind(StrEnum):
    """What went wrong, as far as a program needs to know. `web` maps it to an HTTP status."""

    INVALID = "invalid"
    UNAUTHENTICATED = "unauthenticated"
    NOT_FOUND = "not-found"
    REFUSED = "refused"
    CONFLICT = "conflict"
    TOO_LARGE = "too-large"
    TOO_MANY = "too-many"
    UNAVAILABLE = "unavailable"


class ExchangeError(Exception):
    """An error with a kind, a code, fields for the program and words for the person.

    A subclass is a `@dataclass(eq=False)` whose fields are what a program may read, sets
    `kind` and `code`, says in `__str__` what is wrong, and in `advice` what to do next.
    """

    kind: ClassVar[Kind]
    code: ClassVar[str]
    advice: ClassVar[str] = ""
