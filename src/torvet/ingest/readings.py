"""How text becomes values: one reading for each notation of each type, as SQL. No I/O.

A reading says which texts it `fits` and which `value` each becomes. `fits` is exact: a text is
read only where nothing of it would be lost, so that `007` is no integer and `1.5` neither.
The SQL is DuckDB's; `{x}` stands for the text.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from torvet.ports.sql import literal

from .model import DECIMAL_DIGITS_MAX, Column, ColumnType

_WHOLE = "(0|[1-9][0-9]{0,16})"
_EXPONENT = "([eE][-+]?([0-9]{1,2}|[12][0-9]{2}))?"  # with 17 digits before it: always finite
_DAY_MONTH = r"[0-9]{1,2}[-/.][0-9]{1,2}[-/.][1-9][0-9]{3}"
_ISO_DAYS = "[1-9][0-9]{3}-[0-9]{1,2}-[0-9]{1,2}"
_ISO_DAY = "[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}"
_CLOCK = r"([01]?[0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6}0{0,3})?)?"
_ZONE = r" ?(Z|z|UTC|[-+][01][0-9](:?[0-5][0-9])?)"
_TRUE = ("true", "ja", "yes", "sand")
_FALSE = ("false", "nej", "no", "falsk")
NULL_WORDS = ("NA", "N/A", "n/a", "NULL", "null", "NaN", "nan", "None", "-", "..", "#N/A")
"""Texts that mean "no value" in a column whose other texts are numbers, dates or the like."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One notation of one type. `said` is how the notation is named to a person.

    `quick` and `quick_value` are cheaper than `fits` and `value` and never accept more; what
    they refuse is judged again by those.
    """

    name: str
    type: ColumnType
    fits: str
    value: str
    said: str = ""
    quick: str = ""
    quick_value: str = ""

    def quick_sql(self, text: str) -> tuple[str, str]:
        """Return condition and value for a pass that is to fail at the first misfit."""
        condition, value = self.quick or self.fits, self.quick_value or self.value
        return condition.replace("{x}", text), value.replace("{x}", text)

    def fits_sql(self, text: str) -> str:
        """Return the condition under which the SQL expression `text` fits and can be read."""
        return self.fits.replace("{x}", text)

    def value_sql(self, text: str) -> str:
        """Return the value of `text`, or NULL where it cannot be read."""
        return _lenient(self.value).replace("{x}", text)


def _lenient(value: str) -> str:
    return value.replace("CAST(", "TRY_CAST(").replace("strptime(", "try_strptime(")


def _matches(pattern: str) -> str:
    return f"regexp_full_match({{x}}, {literal(pattern)})"


def _formats(day: str) -> str:
    clocks = ("%H:%M:%S", "%H:%M", "%H:%M:%S.%f")
    return "[" + ", ".join(literal(f"{day} {clock}") for clock in clocks) + "]"


# A day is written with one of three separators; one is made of them before it is read.
_DASHED = "translate({x}, '/.', '--')"
_DASHED_CLOCK = "(translate({x}[:10], '/.T', '-- ') || replace({x}[11:], 'T', ' '))"

# The engine's cast of a timestamp takes a zone for nothing; formats are strict, and cheaper than
# a pattern before the cast.
_ISO_CLOCKS = ("%H:%M:%S.%f", "%H:%M:%S", "%H:%M")
_ISO_FORMATS = ", ".join(literal(f"%Y-%m-%d{t}{clock}") for t in " T" for clock in _ISO_CLOCKS)
_ISO_QUICK = f"strptime({{x}}, [{_ISO_FORMATS}])"

_READINGS = (
    Reading(
        name="boolean",
        type=ColumnType.BOOLEAN,
        fits=f"lower({{x}}) IN ({', '.join(map(literal, _TRUE + _FALSE))})",
        value=f"(lower({{x}}) IN ({', '.join(map(literal, _TRUE))}))",
    ),
    Reading(
        name="boolean_digit",
        type=ColumnType.BOOLEAN,
        fits="{x} IN ('0', '1')",
        value="({x} = '1')",
    ),
    Reading(
        name="integer",
        type=ColumnType.INTEGER,
        fits=_matches("-?(0|[1-9][0-9]{0,17})"),
        value="CAST({x} AS BIGINT)",
        quick="CAST(CAST({x} AS BIGINT) AS VARCHAR) = {x}",
    ),
    Reading(
        name="number_point",
        type=ColumnType.NUMBER,
        fits=_matches(
            rf"-?({_WHOLE}(\.[0-9]*)?|\.[0-9]+|[1-9][0-9]{{0,2}}(,[0-9]{{3}})+(\.[0-9]+)?)"
            + _EXPONENT
        ),
        value="CAST(replace({x}, ',', '') AS DOUBLE)",
        said="decimal point",
    ),
    Reading(
        name="number_comma",
        type=ColumnType.NUMBER,
        fits=_matches(
            rf"-?({_WHOLE}(,[0-9]*)?|,[0-9]+|[1-9][0-9]{{0,2}}(\.[0-9]{{3}})+(,[0-9]+)?)"
            + _EXPONENT
        ),
        value="CAST(translate({x}, ',.', '.') AS DOUBLE)",
        said="decimal comma",
    ),
    Reading(
        name="date_iso",
        type=ColumnType.DATE,
        fits=_matches(f"{_ISO_DAY}|{_ISO_DAY.replace('-[', '/[')}"),
        value="CAST({x} AS DATE)",
        said="year-month-day",
    ),
    Reading(
        name="date_day_first",
        type=ColumnType.DATE,
        fits=_matches(_DAY_MONTH),
        value=f"CAST(strptime({_DASHED}, '%d-%m-%Y') AS DATE)",
        said="day-month-year",
    ),
    Reading(
        name="date_month_first",
        type=ColumnType.DATE,
        fits=_matches(_DAY_MONTH),
        value=f"CAST(strptime({_DASHED}, '%m-%d-%Y') AS DATE)",
        said="month-day-year",
    ),
    Reading(
        name="time",
        type=ColumnType.TIME,
        fits=_matches(_CLOCK),
        value="CAST(CAST({x} AS TIME) AS VARCHAR)",
    ),
    Reading(
        name="timestamp_iso",
        type=ColumnType.TIMESTAMP,
        fits=_matches(f"{_ISO_DAYS}[ T]{_CLOCK}"),
        value="CAST({x} AS TIMESTAMP)",
        quick=f"{_ISO_QUICK} >= TIMESTAMP '1000-01-01'",
        quick_value=_ISO_QUICK,
        said="year-month-day",
    ),
    Reading(
        name="timestamp_day_first",
        type=ColumnType.TIMESTAMP,
        fits=_matches(f"{_DAY_MONTH}[ T]{_CLOCK}"),
        value=f"strptime({_DASHED_CLOCK}, {_formats('%d-%m-%Y')})",
        said="day-month-year",
    ),
    Reading(
        name="timestamp_month_first",
        type=ColumnType.TIMESTAMP,
        fits=_matches(f"{_DAY_MONTH}[ T]{_CLOCK}"),
        value=f"strptime({_DASHED_CLOCK}, {_formats('%m-%d-%Y')})",
        said="month-day-year",
    ),
    Reading(
        name="instant",
        type=ColumnType.INSTANT,
        fits=_matches(f"{_ISO_DAY}[ T]{_CLOCK}{_ZONE}"),
        value="CAST(upper({x}) AS TIMESTAMPTZ)",
        said="with its zone, turned to UTC",
    ),
    Reading(
        name="geometry",
        type=ColumnType.GEOMETRY,
        fits=_matches(
            r"(?is)(MULTI)?(POINT|LINESTRING|POLYGON)\s*(Z|M|ZM)?\s*(\(.*\)|EMPTY)"
            r"|GEOMETRYCOLLECTION\s*(\(.*\)|EMPTY)"
        ),
        value="{x}",
        said="well-known text",
    ),
    Reading(name="text", type=ColumnType.TEXT, fits="TRUE", value="{x}"),
)
READINGS: Mapping[str, Reading] = {reading.name: reading for reading in _READINGS}
TEXT = READINGS["text"]
INFERRED = tuple(name for name in READINGS if name not in {"text", "boolean_digit"})
NUMERIC = ("integer", "number_point", "number_comma")

_NUMBERS = ("number_point", "number_comma")
OF_TYPE: Mapping[ColumnType, tuple[str, ...]] = {
    ColumnType.BOOLEAN: ("boolean", "boolean_digit"),
    ColumnType.INTEGER: ("integer",),
    ColumnType.NUMBER: _NUMBERS,
    ColumnType.DECIMAL: _NUMBERS,
    ColumnType.TEXT: ("text",),
    ColumnType.DATE: ("date_iso", "date_day_first", "date_month_first"),
    ColumnType.TIME: ("time",),
    ColumnType.TIMESTAMP: ("timestamp_iso", "timestamp_day_first", "timestamp_month_first"),
    ColumnType.INSTANT: ("instant", "timestamp_iso", "timestamp_day_first"),
    ColumnType.GEOMETRY: ("geometry",),
}
"""The notations in which a column of a given type may be written."""


def decimal_reading(column: Column, base: Reading) -> Reading:
    """Return `base`, a notation of numbers, for the exact decimals of `column`."""
    scale = column.scale or 0
    whole = (column.precision or DECIMAL_DIGITS_MAX) - scale
    sign, group = (r"\.", ",") if base.name == "number_point" else (",", r"\.")
    digits = f"0*[0-9]{{1,{whole}}}" if whole else "0*"
    pattern = f"-?{digits}({sign}[0-9]{{0,{scale}}}0*)?"
    plain = base.value.split("(", 1)[1].rsplit(" AS ", 1)[0]
    ungrouped = f"regexp_replace({{x}}, '([0-9]){group}([0-9]{{3}})', '\\1\\2', 'g')"
    return Reading(
        name=base.name,
        type=ColumnType.DECIMAL,
        fits=f"({base.fits}) AND regexp_full_match({ungrouped}, {literal(pattern)})",
        value=f"CAST({plain} AS DECIMAL({column.precision}, {scale}))",
        said=base.said,
    )


_IS = {
    ColumnType.BOOLEAN: "is neither true nor false (true/false, ja/nej, yes/no)",
    ColumnType.INTEGER: "is no whole number without leading zeros",
    ColumnType.NUMBER: "is no number",
    ColumnType.DECIMAL: "is no number that fits",
    ColumnType.DATE: "is no date",
    ColumnType.TIME: "is no time of day",
    ColumnType.TIMESTAMP: "is no date and time without a zone",
    ColumnType.INSTANT: "is no date and time with a zone",
    ColumnType.GEOMETRY: "is no geometry in well-known text",
    ColumnType.TEXT: "is no text",
}


def misfit_reason(column: Column, reading: Reading) -> str:
    """Say why a value of `column` was set aside."""
    said = _IS[column.type]
    if column.type is ColumnType.DECIMAL:
        said += f" {column.precision} digits, {column.scale} of them after the decimal sign"
    if reading.type is ColumnType.TIMESTAMP and column.type is ColumnType.INSTANT:
        said = _IS[ColumnType.TIMESTAMP]
    notation = f" ({reading.said})" if reading.said else ""
    return f"{said}{notation}"
