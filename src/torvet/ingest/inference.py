"""Which type a column has, decided from counts over all of its texts. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .model import Column, ColumnType, ReadOptions
from .readings import OF_TYPE, READINGS, TEXT, Reading, decimal_reading
from .units import hinted_unit

_DATES = (
    ("date_day_first", "date_month_first"),
    ("timestamp_day_first", "timestamp_month_first"),
)
NAMES_LISTED_MAX = 12
_SIMPLE = ("date_iso", "time", "timestamp_iso", "instant", "geometry")


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the texts of one column are like.

    `texts` counts those that are not empty, `words` those among them that mean "no value",
    `padded` those with white space around them, `fits` by reading those that it could read.
    `poles` tells whether both a true and a false word occur; `plain_poles`, that only
    `true` and `false` do.
    """

    texts: int
    words: int = 0
    padded: int = 0
    both_poles: bool = False
    plain_poles: bool = False
    fits: Mapping[str, int] = field(default_factory=dict)

    @property
    def values(self) -> int:
        """How many texts there are that mean something."""
        return self.texts - self.words

    def all_fit(self, reading: str) -> bool:
        """Tell whether `reading` reads every value."""
        return self.values > 0 and self.fits.get(reading, 0) == self.values


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """How a column will be read. Not `settled`: more rows might speak for another reading.

    `notes` are said of the column, and once of all columns of which the same is to be said.
    """

    reading: Reading
    trim: bool = False
    null_words: bool = False
    settled: bool = True
    notes: tuple[str, ...] = ()


def choose(evidence: Sequence[Evidence], options: ReadOptions) -> tuple[Choice, ...]:
    """Choose the narrowest reading that reads every value of each column.

    Where the texts of a column allow two notations (is 1,234 more than a thousand?), the other
    columns decide, or else the more likely one is taken; either way a note says so.
    """
    comma = _decimal_comma(evidence, options)
    return tuple(_finish(seen, _choice(seen, options, comma=comma)) for seen in evidence)


def _choice(seen: Evidence, options: ReadOptions, *, comma: bool | None) -> Choice:
    if not seen.values:
        return Choice(reading=TEXT, settled=False, notes=("no values",))
    if seen.all_fit("boolean"):
        # A column of nothing but `no` is more likely one of country codes.
        plain = seen.both_poles or seen.plain_poles
        return Choice(reading=READINGS["boolean"] if plain else TEXT, settled=plain)
    found = _number(seen, comma=comma)
    for pair in _DATES:
        found = found or _day(seen, pair, options)
    simple = next((READINGS[each] for each in _SIMPLE if seen.all_fit(each)), TEXT)
    return found or Choice(reading=simple)


def _decimal_comma(evidence: Sequence[Evidence], options: ReadOptions) -> bool | None:
    """Tell what columns of one notation only say about the file's decimal sign; None: nothing."""
    if options.decimal is not None:
        return options.decimal == ","
    votes = [
        seen.all_fit("number_comma")
        for seen in evidence
        if seen.all_fit("number_comma") != seen.all_fit("number_point")
    ]
    return sum(votes) * 2 > len(votes) if votes else None


def _number(seen: Evidence, *, comma: bool | None) -> Choice | None:
    if seen.all_fit("integer"):
        return Choice(reading=READINGS["integer"])
    by_point, by_comma = seen.all_fit("number_point"), seen.all_fit("number_comma")
    point, decimal_comma = READINGS["number_point"], READINGS["number_comma"]
    if by_point and by_comma:
        taken = decimal_comma if comma else point
        note = f"either decimal sign would fit, {taken.said} was taken"
        return Choice(reading=taken, settled=False, notes=(note,))
    if by_comma:
        return Choice(reading=decimal_comma, notes=("numbers with decimal comma",))
    return Choice(reading=point) if by_point else None


def _day(seen: Evidence, pair: tuple[str, str], options: ReadOptions) -> Choice | None:
    day_first, month_first = (READINGS[each] for each in pair)
    by_day, by_month = (seen.all_fit(each) for each in pair)
    if by_day and by_month:
        taken = month_first if options.day_first is False else day_first
        note = f"every date could be read two ways, {taken.said} was taken"
        return Choice(reading=taken, settled=False, notes=(note,))
    if by_day or by_month:
        taken = day_first if by_day else month_first
        return Choice(reading=taken, notes=(f"dates are {taken.said}",))
    return None


def _finish(seen: Evidence, choice: Choice) -> Choice:
    if choice.reading is TEXT:
        return choice
    words = ("texts such as NA or - mean no value",) if seen.words else ()
    return Choice(
        reading=choice.reading,
        trim=seen.padded > 0,
        null_words=seen.words > 0,
        settled=choice.settled,
        notes=(*choice.notes, *words),
    )


def sentences(names: Sequence[str], choices: Sequence[Choice]) -> list[str]:
    """Return what there is to say of the columns, one sentence for all that share it."""
    said: dict[str, list[str]] = {}
    for name, choice in zip(names, choices, strict=True):
        for note in choice.notes:
            said.setdefault(note, []).append(name)
    return [f"{note[0].upper()}{note[1:]}: {_listed(columns)}." for note, columns in said.items()]


def _listed(names: Sequence[str]) -> str:
    more = len(names) - NAMES_LISTED_MAX
    some = ", ".join(names[:NAMES_LISTED_MAX])
    return f"{some} and {more:,} more" if more > 0 else some


def inferred_column(name: str, choice: Choice, options: ReadOptions) -> Column:
    """Return the column that `choice` makes of the texts under `name`."""
    kind = choice.reading.type
    if kind is ColumnType.TIMESTAMP and options.time_zone is not None:
        kind = ColumnType.INSTANT
    return Column(name=name, type=kind, unit=hinted_unit(name, kind))


def choose_for(column: Column, seen: Evidence, options: ReadOptions) -> Choice:
    """Choose the notation of a column whose type is given: the one that reads the most values."""
    allowed = OF_TYPE[column.type]
    if column.type is ColumnType.INSTANT and options.time_zone is None:
        allowed = ("instant",)
    if column.type in {ColumnType.NUMBER, ColumnType.DECIMAL} and options.decimal is not None:
        allowed = ("number_comma",) if options.decimal == "," else ("number_point",)
    if options.day_first is False:
        allowed = tuple(sorted(allowed, key=lambda name: name.endswith("day_first")))
    best = READINGS[max(allowed, key=lambda name: seen.fits.get(name, 0))]
    if column.type is ColumnType.DECIMAL:
        best = decimal_reading(column, best)
    return Choice(
        reading=best, trim=best is not TEXT, null_words=best is not TEXT and seen.words > 0
    )
