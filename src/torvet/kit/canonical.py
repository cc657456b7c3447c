"""Canonical JSON: the one byte string of a value, so that it can be hashed and signed.

RFC 8785 for the values that facts are made of: strings, integers within 53 bits, booleans,
null, lists and objects with string keys. Fractions have no place in a fact: quantities are
integers with their unit in the name.
"""

import json
from collections.abc import Mapping, Sequence

_SAFE_INTEGER = 2**53 - 1

_PLAIN = frozenset({str, int, bool, type(None)})
_WRONG_KIND = "{path} is a {kind}: a fact holds strings, integers, booleans, null, lists, objects"


def canonical(value: object) -> bytes:
    """Return the canonical JSON of `value` as UTF-8.

    Raises ValueError or TypeError where it has none.
    """
    _check(value, "$")
    return json.dumps(
        _sorted(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False
    ).encode()


def _sorted(value: object) -> object:
    if type(value) in _PLAIN:
        return value
    if isinstance(value, Mapping):
        # RFC 8785 §3.2.3 sorts by UTF-16 code units, not by code points.
        return {key: _sorted(value[key]) for key in sorted(value, key=_utf16)}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_sorted(item) for item in value]
    return value


def _utf16(key: str) -> bytes:
    return key.encode("utf-16-be", "surrogatepass")


def _check(value: object, path: str) -> None:
    match value:
        case None | bool() | str():
            return
        case int():
            if abs(value) > _SAFE_INTEGER:
                raise ValueError(f"{path} is {value}, beyond 53 bits: write it as a string")
        case Mapping():
            for key, item in value.items():
                if not isinstance(key, str):
                    raise TypeError(f"{path} has a key that is no string: {key!r}")
                if type(item) is not str:
                    _check(item, f"{path}.{key}")
        case list() | tuple():
            for number, item in enumerate(value):
                _check(item, f"{path}[{number}]")
        case _:
            raise ValueError(_WRONG_KIND.format(path=path, kind=type(value).__name__))
