"""What a CKAN action was asked with, and how CKAN says that something is wrong."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

TEXT_CHARACTERS_MAX = 2000
TEXTS_MAX = 50
# What PostgreSQL holds in no text: a NUL, half a pair of surrogates (JSON can write both).
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")


class Fault(Enum):
    """What can be wrong: CKAN's name for it, and its HTTP status."""

    NOT_FOUND = ("Not Found Error", 404)
    NOT_ALLOWED = ("Authorization Error", 403)
    INVALID = ("Validation Error", 409)
    QUERY = ("Search Query Error", 409)


@dataclass(eq=False)
class CkanError(Exception):
    """A fault in CKAN's form: `error.__type` and what more it says."""

    fault: Fault
    message: str
    fields: Mapping[str, list[str]] | None = None

    def __str__(self) -> str:
        return self.message

    @property
    def body(self) -> dict[str, Any]:
        """Return CKAN's `error`."""
        kind = self.fault.value[0]
        if self.fields:
            return {"__type": kind, **self.fields}
        return {"__type": kind, "message": f"{kind.removesuffix(' Error')}: {self.message}"}


def not_found() -> CkanError:
    """Return the error for what is not there, or not to be seen."""
    return CkanError(Fault.NOT_FOUND, "Not found")


def invalid(name: str, why: str) -> CkanError:
    """Return the error for an argument that makes no sense."""
    return CkanError(Fault.INVALID, why, {name: [why]})


@dataclass(frozen=True, slots=True)
class Arguments:
    """The arguments of a call, from JSON or from a query: each is read as what it should be."""

    given: Mapping[str, Any]

    def text(self, name: str) -> str:
        """Return a text, empty where it is not given."""
        match self.given.get(name):
            case None:
                return ""
            case str(value):
                return _bounded(name, value)
            case [str(value)]:
                return _bounded(name, value)
            case bool() | int() | float() as value:
                return str(value)
            case _:
                raise invalid(name, "This is no text")

    def needed(self, *names: str) -> str:
        """Return the first of `names` that is given; raise where none is."""
        for name in names:
            if value := self.text(name):
                return value
        raise invalid(names[0], "Missing value")

    def texts(self, name: str) -> list[str]:
        """Return texts: a list, a list written as JSON, or a single one."""
        value = self.given.get(name)
        if isinstance(value, str):
            value = _listed(_bounded(name, value))
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise invalid(name, "This is no list of texts")
        if len(value) > TEXTS_MAX:
            raise invalid(name, f"These are more than {TEXTS_MAX}")
        return [_bounded(name, each) for each in value]

    def number(self, name: str, default: int, most: int) -> int:
        """Return a whole number from 0 to `most`."""
        value = self.given.get(name)
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if value is None or value == "":
            return default
        try:
            number = int(value)
        except (TypeError, ValueError, OverflowError) as wrong:
            raise invalid(name, "Must be a natural number") from wrong
        if isinstance(value, float) and not math.isclose(value, number):
            raise invalid(name, "Must be a natural number")
        if not 0 <= number <= most:
            raise invalid(name, f"Must be a natural number, at most {most}")
        return number

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return whether something is wished for."""
        value = self.given.get(name)
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if value is None or value == "":
            return default
        return str(value).strip().lower() in {"true", "yes", "on", "t", "y", "1"}


def _bounded(name: str, value: str) -> str:
    if len(value) > TEXT_CHARACTERS_MAX:
        raise invalid(name, f"This is longer than {TEXT_CHARACTERS_MAX} characters")
    return _UNSTORABLE.sub("\ufffd", value)


def _listed(value: str) -> Any:
    if not value.lstrip().startswith("["):
        return [value] if value else []
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return [value]
