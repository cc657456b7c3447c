"""Lines of CSV become rows or faults, one by one: a stray quote costs one row. No I/O."""

import csv
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from .limits import LINE_BYTES_MAX

ATTEMPTS_MAX = 3
"""How often the end of a quoted field is looked for before its row is given up."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A row that could not be split. `text` is the line on which it begins."""

    text: str
    reason: str


Row = list[str | None]


def split(lines: Iterable[str], *, delimiter: str, width: int) -> Iterator[Row | Fault]:
    """Yield a row or a fault for each record of `lines`; blank lines are none.

    An empty field is None. A quoted field may run over several lines; where its end is not
    found, or what comes of it does not fit, only the first line is given up.
    """
    waiting: deque[str] = deque()
    source = iter(lines)
    while True:
        line = waiting.popleft() if waiting else next(source, None)
        if line is None:
            return
        text = line.rstrip("\r\n")
        if not text:
            continue
        if len(text) > LINE_BYTES_MAX:
            yield Fault(text, f"the line is longer than {LINE_BYTES_MAX:,} characters")
        elif '"' not in text:
            yield _fitted(text.split(delimiter), text, width)
        else:
            yield _quoted(line, waiting, source, delimiter, width)


def _quoted(
    line: str, waiting: deque[str], source: Iterator[str], delimiter: str, width: int
) -> Row | Fault:
    found = _parsed([line], delimiter)
    if isinstance(found, list):
        return _fitted(found, line, width)
    if not _is_open(found):
        return Fault(line.rstrip("\r\n"), f"its quotes do not match ({found})")
    held, size, attempts = [line], len(line), 0
    for more in _peeked(waiting, source):
        held.append(more)
        size += len(more)
        if size > LINE_BYTES_MAX or attempts == ATTEMPTS_MAX:
            break
        if more.count('"') % 2 == 0:
            continue
        attempts += 1
        joined = _parsed(held, delimiter)
        if isinstance(joined, list):
            fitted = _fitted(joined, line, width)
            if isinstance(fitted, Fault):
                break
            return fitted
        if not _is_open(joined):
            break
    waiting.extendleft(reversed(held[1:]))
    return Fault(line.rstrip("\r\n"), "a quote is opened and not closed")


def _peeked(waiting: deque[str], source: Iterator[str]) -> Iterator[str]:
    """Take lines that were put back before new ones."""
    taken = (waiting.popleft() for _ in range(len(waiting)))
    return chain(taken, source)


def _parsed(lines: list[str], delimiter: str) -> list[str] | str:
    try:
        records = list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error as error:
        return str(error)
    if len(records) != 1:
        return "it is more than one row"
    # The reader keeps the end of the last line out, and those within a field in.
    return records[0]


def _is_open(error: str) -> bool:
    return "unexpected end of data" in error


def _fitted(fields: list[str], line: str, width: int) -> Row | Fault:
    if len(fields) > width and not any(fields[width:]):
        fields = fields[:width]
    if len(fields) != width:
        reason = f"it has {len(fields):,} fields, and {width:,} are expected"
        return Fault(line.rstrip("\r\n"), reason)
    return [field or None for field in fields]
