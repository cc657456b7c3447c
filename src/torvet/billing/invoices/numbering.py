"""Numbers without gaps: the rule. Whoever keeps the last number holds it locked meanwhile. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from .errors import NumberOutOfOrder

DIGITS = 6
_PREFIX = re.compile(r"[A-Z0-9-]{0,12}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """The documents of one seller: how many there are, and when the last was issued.

    A number is `prefix` and a serial from 1 on: `F-000001`. Raises NumberOutOfOrder where the
    prefix is no capitals, digits and hyphens, or there are fewer than none.
    """

    prefix: str
    issued: int = 0
    last_issued_on: date | None = None

    def __post_init__(self) -> None:
        if _PREFIX.fullmatch(self.prefix) is None:
            raise NumberOutOfOrder(self.prefix, "a prefix is up to 12 of A-Z, 0-9 and -")
        if self.issued < 0:
            raise NumberOutOfOrder(self.prefix, f"{self.issued} documents cannot be")


def next_number(series: Series, issued_on: date) -> tuple[str, Series]:
    """Return the next number of `series` and the series after it.

    Raises NumberOutOfOrder where `issued_on` is before the last one's date: a clock set back
    does not put a later number on an earlier day.
    """
    last = series.last_issued_on
    if last is not None and issued_on < last:
        raise NumberOutOfOrder(
            series.prefix, f"the last was issued on {last}, and this one would be on {issued_on}"
        )
    serial = series.issued + 1
    return written(series.prefix, serial), replace(series, issued=serial, last_issued_on=issued_on)


def written(prefix: str, serial: int) -> str:
    """Return the number as a document shows it; it grows where six digits do not hold it."""
    return f"{prefix}{serial:0{DIGITS}}"


def serial_of(prefix: str, number: str) -> int | None:
    """Return the serial of `number`, or None where it is none of the series."""
    digits = number.removeprefix(prefix) if number.startswith(prefix) else ""
    if re.fullmatch(r"[0-9]+", digits, re.ASCII) is None:
        return None
    serial = int(digits)
    return serial if serial > 0 and written(prefix, serial) == number else None


def out_of_order(prefix: str, numbers: Iterable[str]) -> tuple[str, ...]:
    """Return what is wrong with the `numbers` of a series, in any order: gaps, doubles, strangers.

    Empty where they are exactly 1 to their count.
    """
    seen: set[int] = set()
    wrong: list[str] = []
    for number in numbers:
        serial = serial_of(prefix, number)
        if serial is None:
            wrong.append(f"{number!r} is no number of the series")
        elif serial in seen:
            wrong.append(f"{number!r} comes twice")
        else:
            seen.add(serial)
    last = max(seen, default=0)
    if len(seen) < last:
        missing = (serial for serial in range(1, last + 1) if serial not in seen)
        wrong += [f"{written(prefix, serial)!r} is missing" for serial in missing]
    return tuple(wrong)
