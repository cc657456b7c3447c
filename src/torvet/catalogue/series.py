"""Keys and regular series: repeated rows, and the times at which a value is missing.

A key such as (garage, ts) is a set of series in time. One window over each series finds the
repeated keys and the gaps together.
"""

from collections.abc import Sequence

from torvet.ingest.model import Column
from torvet.kit.sql import identifier

from .counting import TABLE, Files
from .measures import MOMENTS, KeyMeasures, SeriesMeasures

STEPS_S = (
    1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10_800, 14_400,
    21_600, 43_200, 86_400, 604_800,
)  # fmt: skip
"""The steps that a clock has, from a second to a week."""

FIRST_ROWS = 50_000
_NEAR = 0.05
_REGULAR = 0.5  # of the steps of one series have to be the same for it to be a regular one


def measure(
    files: Files, key: Sequence[str], columns: Sequence[Column]
) -> tuple[KeyMeasures | None, SeriesMeasures | None]:
    """Return how unique the declared key is, and how complete its series are in time."""
    if not key:
        return None, None
    named = {column.name: column for column in columns}
    if absent := [name for name in key if name not in named]:
        fault = f"the release has no column {', '.join(map(repr, absent))}"
        return KeyMeasures(columns=tuple(key), fault=fault), None
    times = [name for name in key if named[name].type in MOMENTS]
    if len(times) != 1:
        return _repeated(files, key), None
    return _in_time(files, tuple(key), times[0])


def _repeated(files: Files, key: Sequence[str]) -> KeyMeasures:
    names = ", ".join(map(identifier, key))
    found = files.rows(
        f"SELECT SUM(n - 1) AS repeated FROM"
        f" (SELECT COUNT(*) AS n FROM {TABLE} GROUP BY {names}) AS counted"
    )[0]
    return KeyMeasures(columns=tuple(key), duplicates=int(found["repeated"] or 0))


def _in_time(
    files: Files, key: tuple[str, ...], time: str
) -> tuple[KeyMeasures, SeriesMeasures | None]:
    by = [identifier(name) for name in key if name != time]
    step = _step(files, by, identifier(time))
    gap = f"DATE_DIFF('second', CAST(p AS TIMESTAMP), CAST(t AS TIMESTAMP)) / {step or 1}"
    # Between 1.5 and 2.5 steps one value is missing, and so on.
    missing = f"SUM(CASE WHEN {gap} >= 1.5 THEN FLOOR({gap} - 0.5) ELSE 0 END)"
    found = files.rows(
        "SELECT SUM(CASE WHEN t = p THEN 1 ELSE 0 END) AS repeated,"
        " COUNT(t) AS present, COUNT(t) - COUNT(p) AS series,"
        f" {missing if step else 'NULL'} AS missing"
        f" FROM ({_steps(TABLE, by, identifier(time))}) AS steps"
    )[0]
    repeated = int(found["repeated"] or 0)
    measured = KeyMeasures(columns=key, duplicates=repeated)
    if step is None:
        return measured, None
    lacking = int(found["missing"] or 0)
    return measured, SeriesMeasures(
        time=time,
        series=int(found["series"] or 0),
        step_s=step,
        expected=int(found["present"]) - repeated + lacking,
        missing=lacking,
    )


def _steps(table: str, by: Sequence[str], time: str) -> str:
    over = f"PARTITION BY {', '.join(by)} ORDER BY {time}" if by else f"ORDER BY {time}"
    return (
        f"SELECT {time} AS t, LAG({time}) OVER ({over}) AS p FROM {table} WHERE {time} IS NOT NULL"
    )


def _step(files: Files, by: Sequence[str], time: str) -> int | None:
    """Return the usual step of a series in seconds, or None where it has no regular one.

    Rows mostly come in order, so that the first ones tell; where they do not, one whole series
    is looked at.
    """
    names = ", ".join([*by, time])
    first = f"(SELECT {names} FROM {TABLE} LIMIT {FIRST_ROWS}) AS first_rows"
    return _step_in(files, first, by, time) or _step_in(files, _one_series(by), by, time)


def _one_series(by: Sequence[str]) -> str:
    if not by:
        return TABLE
    same = " AND ".join(f"a.{name} = b.{name}" for name in by)
    present = " AND ".join(f"{name} IS NOT NULL" for name in by)
    return (
        f"(SELECT a.* FROM {TABLE} AS a JOIN"
        f" (SELECT {', '.join(by)} FROM {TABLE} WHERE {present} LIMIT 1) AS b ON {same}) AS one"
    )


def _step_in(files: Files, table: str, by: Sequence[str], time: str) -> int | None:
    found = files.rows(
        "SELECT d, n, SUM(n) OVER () AS total FROM (SELECT"
        " DATE_DIFF('second', CAST(p AS TIMESTAMP), CAST(t AS TIMESTAMP)) AS d, COUNT(*) AS n"
        f" FROM ({_steps(table, by, time)}) AS steps WHERE p IS NOT NULL AND p <> t GROUP BY 1)"
        " AS counted ORDER BY n DESC, d LIMIT 20"
    )
    return usual_step([(int(row["d"]), int(row["n"])) for row in found], _total(found))


def _total(found: Sequence[dict[str, object]]) -> int:
    return int(str(found[0]["total"])) if found else 0


def usual_step(steps: Sequence[tuple[int, int]], total: int) -> int | None:
    """Return the clock's step that most of `total` steps (seconds, how often) are near to."""
    votes: dict[int, int] = {}
    for seconds, times in steps:
        near = next((step for step in STEPS_S if abs(seconds - step) <= step * _NEAR), None)
        if near is not None:
            votes[near] = votes.get(near, 0) + times
    best = max(votes, key=lambda step: votes[step], default=None)
    return best if best is not None and votes[best] > total * _REGULAR else None
