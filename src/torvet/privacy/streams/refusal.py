"""What is refused: rows of households finer than a month, and traces of movement, however coarse.

The figures are what others measured (sources at each); they stand in the refusal, so that whoever
is refused knows why a new name for each household is not enough.
"""

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum

import duckdb
import pyarrow as pa

from torvet.kit.sql import identifier
from torvet.privacy.errors import ColumnsInvalid, RowReleaseRefused

from .periods import Period

FINEST_ROWS = "P1M"
"""Great Britain: consumption finer than a month is personal data (SLC 10A of the licence)."""


class Stream(StrEnum):
    """What the rows of a stream are about."""

    HOUSEHOLDS = "households"
    MOBILITY = "mobility"


FOUND_AGAIN = (
    "73.4 % of 5,139 households were found again behind new pseudonyms by their readings, "
    "54.5 % by electricity alone (arXiv 2404.03948)"
)
ONE_WEEK = "one week of readings is often unique to a household (doi 10.1186/s42162-022-00205-8)"
NEIGHBOURS = (
    "among 2,000 simulated homes the nearest neighbour in the next period was the same home for "
    "100 % of hourly, 23 % of daily and 2.8 % of weekly rows, where chance is 0.05 %"
)
FOUR_POINTS = "four points single out 95 % of 1.5 million people (doi 10.1038/srep01376)"
SIXTY_MILLION = (
    "in data about 60 million people a few points single out 93 % (PMC7961185): a coarser trace "
    "is still a trace"
)
REASONS = {
    Stream.HOUSEHOLDS: (FOUND_AGAIN, ONE_WEEK, NEIGHBOURS),
    Stream.MOBILITY: (FOUR_POINTS, SIXTY_MILLION),
}
INSTEAD = {
    Stream.HOUSEHOLDS: "aggregate over 15 households or more, or answers with noise",
    Stream.MOBILITY: "counts by area or by origin and destination, or answers with noise",
}


def refuse_rows(stream: Stream | str, *, step: timedelta | None, finest: str = FINEST_ROWS) -> None:
    """Return where rows of units may be considered; raise RowReleaseRefused where they may not.

    Args:
        stream: whom the rows are about.
        step: how far apart a unit's rows are; None where no unit has two rows.
        finest: the shortest step that a policy allows for households. Traces of movement are
            refused at any step.
    """
    about = Stream(stream)
    if step is None:
        return
    if about is Stream.HOUSEHOLDS and step >= Period.from_text(finest).shortest:
        return
    raise RowReleaseRefused(
        stream=about.value, step_s=int(step.total_seconds()), reasons=REASONS[about],
        instead=INSTEAD[about],
    )  # fmt: skip


def refuse_table(
    table: pa.Table,
    *,
    unit: str | Sequence[str],
    time: str,
    stream: Stream | str,
    finest: str = FINEST_ROWS,
) -> None:
    """Judge a table by the step that its own rows show (`step_of`); raises as `refuse_rows`."""
    refuse_rows(stream, step=step_of(table, unit=unit, time=time), finest=finest)


def step_of(table: pa.Table, *, unit: str | Sequence[str], time: str) -> timedelta | None:
    """Return the shortest time between two rows of one unit, None where no unit has two moments.

    The shortest and not the usual: one week of hours among months is one week of hours.
    """
    units = [unit] if isinstance(unit, str) else list(unit)
    missing = [name for name in (*units, time) if name not in table.schema.names]
    if missing:
        raise ColumnsInvalid(f"there is no column {missing[0]!r}")
    if not pa.types.is_temporal(table.schema.field(time).type):
        raise ColumnsInvalid(f"{time!r} has no times")
    names, moment = ", ".join(map(identifier, units)), identifier(time)
    with duckdb.connect() as run:
        run.execute("SET TimeZone = 'UTC'")
        run.register("rows", table.select([*units, time]))
        (shortest,) = run.execute(
            f"SELECT min(gap) FROM (SELECT epoch_us({moment}::TIMESTAMP) - lag("
            f"epoch_us({moment}::TIMESTAMP)) OVER (PARTITION BY {names} ORDER BY {moment}) AS gap"
            f" FROM (SELECT DISTINCT {names}, {moment} FROM rows WHERE {moment} IS NOT NULL))"
        ).fetchall()[0]
    return None if shortest is None else timedelta(microseconds=shortest)
