"""The dialect of a CSV file, told from a sample of its text. No I/O."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from .limits import LINE_BYTES_MAX, PREAMBLE_LINES_MAX
from .model import NAME_CHARACTERS_MAX

DELIMITERS = (";", "\t", "|", ",")
"""In the order of trust: a comma may be a decimal sign, and a semicolon hardly ever is."""

WORDS = {";": "semicolon", "\t": "tab", "|": "bar", ",": "comma", " ": "space"}
_SEP_LINE = re.compile(r'^"?sep=(.)"?\r?\n', re.IGNORECASE)
_TYPED = re.compile(r"^[-+]?[\d.,:/TZ +-]*\d[\d.,:/TZ +-]*$")
_YEAR = re.compile(r"^(19|20)\d\d$")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
_SHARE_MIN = 0.5
_ROWS_JUDGED = 400

csv.field_size_limit(LINE_BYTES_MAX)

Record = list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How a CSV file is written. `skip` counts the lines before the first row of values."""

    delimiter: str
    names: tuple[str, ...]
    skip: int
    header: bool
    notes: tuple[str, ...]


def records(text: str, delimiter: str, *, whole: bool) -> Iterator[tuple[int, Record]]:
    """Yield each record of `text` with the number of lines read so far; blank lines are left out.

    Where `text` is not the whole file, its last record may be cut off and is left out.
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    before: tuple[int, Record] | None = None
    try:
        for record in reader:
            if before is not None:
                yield before
            before = (reader.line_num, record) if record else None
    except csv.Error:
        before = None
    if before is not None and whole:
        yield before


def sniff(
    sample: str, *, whole: bool, delimiter: str | None = None, header: bool | None = None
) -> Dialect:
    """Tell the dialect of the file that `sample` begins; `whole`, where it is all of it.

    What is given is not questioned. A header is expected unless its cells look like values.
    """
    notes: list[str] = []
    lines_before = 0
    if (marked := _SEP_LINE.match(sample)) is not None:
        delimiter = delimiter or marked.group(1)
        sample, lines_before = sample[marked.end() :], 1
    if delimiter is None:
        delimiter = _delimiter(sample, whole=whole)
        notes.append(f"Delimiter: {WORDS.get(delimiter, delimiter)}.")
    found = list(islice(records(sample, delimiter, whole=whole), _ROWS_JUDGED))
    found = found or list(records(sample, delimiter, whole=True))
    first = _first_of_width(found, _width(found))
    preamble = found[:first]
    table = found[first:]
    if not table:
        return Dialect(delimiter=delimiter, names=(), skip=0, header=False, notes=())
    if preamble and _is_short_header(preamble[-1][1], table):
        line, names = preamble.pop()
        skip, with_header = line, header is not False
        names = _completed(names, [row for _, row in table])
    else:
        rows = [row for _, row in table]
        with_header = _has_header(rows) if header is None else header
        names = table[0][1]
        skip = table[0][0] if with_header else (found[first - 1][0] if first else 0)
    if preamble:
        said = " / ".join(delimiter.join(row) for _, row in preamble)
        notes.append(f"{len(preamble)} lines before the table were left out: {_cut(said)}")
    if not with_header:
        names = [""] * len(table[0][1])
        notes.append("No header: the columns are numbered.")
    named, more = column_names(names)
    return Dialect(
        delimiter=delimiter,
        names=named,
        skip=skip + lines_before,
        header=with_header,
        notes=(*notes, *(more if with_header else ())),
    )


def _delimiter(sample: str, *, whole: bool) -> str:
    """Choose the delimiter under which the most records agree on their width."""
    best, best_score = ",", (0.0, 0)
    for delimiter in DELIMITERS:
        rows = list(islice(records(sample, delimiter, whole=whole), _ROWS_JUDGED))
        rows = rows or list(records(sample, delimiter, whole=True))
        width = _width(rows)
        if width < 2:  # noqa: PLR2004 - one field is no table
            continue
        share = sum(len(row) == width for _, row in rows) / len(rows)
        score = (round(share, 1), 0)
        if share >= _SHARE_MIN and score > best_score:
            best, best_score = delimiter, score
    return best


def _width(rows: Sequence[tuple[int, Record]]) -> int:
    widths = Counter(len(row) for _, row in rows)
    return widths.most_common(1)[0][0] if widths else 0


def _first_of_width(rows: Sequence[tuple[int, Record]], width: int) -> int:
    for number, (_, row) in enumerate(rows[: PREAMBLE_LINES_MAX + 1]):
        if len(row) == width:
            return number
    return 0


def _is_short_header(row: Record, table: Sequence[tuple[int, Record]]) -> bool:
    """Tell whether `row` names all columns of `table` but one."""
    rows = [each for _, each in table]
    width = len(rows[0])
    names = len(row) == width - 1 and width > 1 and all(row) and not any(map(_looks_typed, row))
    padded = not any(each[-1] for each in rows if len(each) == width)
    return names and (padded or not _has_header(rows))


def _completed(names: Record, rows: Iterable[Record]) -> Record:
    """Name the column that a header leaves out: the last where it is empty, else the first."""
    if all(not row[-1] for row in rows if len(row) == len(names) + 1):
        return [*names, ""]
    return ["", *names]


def _has_header(rows: Sequence[Record]) -> bool:
    first, rest = rows[0], rows[1:]
    typed = [number for number, cell in enumerate(first) if _looks_typed(cell)]
    if not typed:
        return any(first)
    if len(typed) == len(first) or not rest:
        return False
    # A table that is wide by year: Region;2019;2020.
    years = all(_YEAR.match(first[number].strip()) for number in typed)
    below = any(
        _YEAR.match(row[number].strip()) for row in rest for number in typed if number < len(row)
    )
    return years and not below and len({first[number] for number in typed}) == len(typed)


def _looks_typed(cell: str) -> bool:
    return bool(_TYPED.match(cell.strip()))


def column_names(raw: Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
    """Return names that are all different and none empty, and notes on those that were changed.

    Names stay as they are given, but for white space around them and control characters within.
    """
    notes: list[str] = []
    names: list[str] = []
    given = {_clean(name).casefold() for name in raw}
    taken: set[str] = set()
    for number, name in enumerate(raw, start=1):
        clean = _clean(name)
        wanted = clean or f"column_{number}"
        unique, copy = wanted, 1
        while unique.casefold() in taken or (unique != clean and unique.casefold() in given):
            copy += 1
            unique = f"{wanted}_{copy}"
        if unique != clean:
            why = "has no name" if not clean else f"is the second called {clean!r}"
            notes.append(f"Column {number} {why}; it is called {unique!r} here.")
        taken.add(unique.casefold())
        names.append(unique)
    return tuple(names), notes


def _clean(name: str) -> str:
    return _CONTROL.sub(" ", name).strip().strip("\ufeff")[:NAME_CHARACTERS_MAX]


def _cut(text: str) -> str:
    limit = 200
    return text if len(text) <= limit else text[:limit] + "…"
