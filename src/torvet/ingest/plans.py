"""From texts to columns as SQL: what each column is read from and how. Pure."""

from dataclasses import dataclass

from torvet.ports.sql import identifier, literal

from .inference import Choice
from .model import Column, ColumnType, ReadOptions
from .readings import NULL_WORDS, TEXT, Reading, misfit_reason

_SQL_TYPES = {
    ColumnType.BOOLEAN: "BOOLEAN",
    ColumnType.INTEGER: "BIGINT",
    ColumnType.NUMBER: "DOUBLE",
    ColumnType.TEXT: "VARCHAR",
    ColumnType.DATE: "DATE",
    ColumnType.TIME: "VARCHAR",
    ColumnType.TIMESTAMP: "TIMESTAMP",
    ColumnType.INSTANT: "TIMESTAMPTZ",
    ColumnType.GEOMETRY: "VARCHAR",
}


def sql_type(column: Column) -> str:
    """Return the engine's type of `column`."""
    if column.type is ColumnType.DECIMAL:
        return f"DECIMAL({column.precision}, {column.scale})"
    return _SQL_TYPES[column.type]


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnPlan:
    """How one column comes to be. `cell` is the SQL name of its text, None where there is none."""

    column: Column
    cell: str | None
    reading: Reading
    trim: bool = False
    nulls: tuple[str, ...] = ()
    time_zone: str | None = None

    @property
    def text_sql(self) -> str:
        """The text that is read: NULL where it means no value."""
        if self.cell is None:
            return "CAST(NULL AS VARCHAR)"
        text = f"trim({self.cell})" if self.trim else self.cell
        if not self.nulls:
            return text
        words = ", ".join(map(literal, self.nulls))
        return f"(CASE WHEN {text} IN ({words}) THEN NULL ELSE {text} END)"

    @property
    def checked(self) -> bool:
        """Whether a text may fail to become a value."""
        return self.cell is not None and self.reading is not TEXT

    def strict_sql(self) -> str:
        """The value; the whole statement fails where a text does not fit."""
        text = self.text_sql
        if not self.checked:
            return self._typed(text)
        fits, value = self.reading.quick_sql(text)
        value = self._typed(self._zoned(value, strict=True))
        # What is usual comes first: asking for NULL before it costs a fifth of the whole pass.
        return (
            f"CASE WHEN {fits} THEN {value} WHEN {text} IS NULL THEN NULL ELSE error('misfit') END"
        )

    def lenient_sql(self) -> str:
        """The value; NULL where a text does not fit."""
        text = self.text_sql
        if not self.checked:
            return self._typed(text)
        value = self._zoned(self.reading.value_sql(text), strict=False)
        return f"CASE WHEN {self.reading.fits_sql(text)} THEN {self._typed(value)} END"

    def misfit_sql(self) -> str:
        """The condition under which a row is set aside because of this column."""
        missing = "FALSE" if self.column.nullable else f"{self.text_sql} IS NULL"
        if not self.checked:
            return missing
        return f"(({self.text_sql} IS NOT NULL AND {self.lenient_sql()} IS NULL) OR {missing})"

    def reason_sql(self) -> str:
        """Why, as text."""
        reason = literal(misfit_reason(self.column, self.reading))
        return (
            f"CASE WHEN {self.text_sql} IS NULL THEN 'has no value, and one is needed'"
            f" ELSE {reason} END"
        )

    def _zoned(self, value: str, *, strict: bool) -> str:
        if self.column.type is not ColumnType.INSTANT or self.reading.type is ColumnType.INSTANT:
            return value
        zone = literal(self.time_zone or "UTC")
        # An hour that the clocks skip in spring comes back as another: it does not exist.
        instant = f"timezone({zone}, {value})"
        missing = "error('no such local time')" if strict else "NULL"
        return f"CASE WHEN timezone({zone}, {instant}) = {value} THEN {instant} ELSE {missing} END"

    def _typed(self, value: str) -> str:
        if self.column.type is ColumnType.TEXT and self.cell is not None:
            return value
        return f"CAST({value} AS {sql_type(self.column)})"


def plan(column: Column, cell: str | None, choice: Choice, options: ReadOptions) -> ColumnPlan:
    """Return how `column` is read from `cell`."""
    nulls = options.null_texts
    if choice.null_words:
        nulls = ("", *NULL_WORDS, *nulls)
    return ColumnPlan(
        column=column,
        cell=cell,
        reading=choice.reading,
        trim=choice.trim,
        nulls=tuple(dict.fromkeys(nulls)),
        time_zone=options.time_zone,
    )


def select_sql(plans: tuple[ColumnPlan, ...], relation: str, *, strict: bool) -> str:
    """Return the statement that reads all columns of `relation`; lenient, without the misfits."""
    values = ", ".join(
        f"{p.strict_sql() if strict else p.lenient_sql()} AS {identifier(p.column.name)}"
        for p in plans
    )
    select = f"SELECT {values} FROM {relation}"
    misfits = [p.misfit_sql() for p in plans if p.misfit_sql() != "FALSE"]
    if strict or not misfits:
        return select
    return f"{select} WHERE NOT ({' OR '.join(misfits)})"
