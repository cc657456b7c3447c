"""Keys and regular series: repeated rows, and the times at which a value is missing.

A key such as (garage, ts) is a set of series in time. Its keys in order, in memory or, where
they are too many, in a window of the engine, tell the repeated ones and the gaps together.
Docs: decisions/0054.
"""

from collections.abc import Callable, Mapping, Sequence

from torvet.ingest.model import Column
from torvet.kit.sql import identifier

from . import ordering
from .counting import TABLE, Files
from .measures import MOMENTS, KeyMeasures, SeriesMeasures

STEPS_S = (
    1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10_800, 14_400,
    21_600, 43_200, 86_400, 604_800,
)  # fmt: skip
"""The steps that a clock has, from a second to a week."""

_NEAR = 0.05
_REGULAR = 0.5  # of all steps have to be the same for the series to be regular ones


Measured = tuple[KeyMeasures | None, SeriesMeasures | None]


def measure(files: Files, key: Sequence[str], columns: Sequence[Column]) -> Measured:
    """Return how unique the declared key is, and how complete its series are in time."""
    return reading(files, key, columns)()


def reading(files: Files, key: Sequence[str], columns: Sequence[Column]) -> Callable[[], Measured]:
    """Read the keys, and return what is left to do: it takes one core, and the others are free."""
    if not key:
        return lambda: (None, None)
    named = {column.name: column for column in columns}
    if absent := [name for name in key if name not in named]:
        fault = f"the release has no column {', '.join(map(repr, absent))}"
        return lambda: (KeyMeasures(columns=tuple(key), fault=fault), None)
    times = [name for name in key if named[name].type in MOMENTS]
    if len(times) != 1:
        return lambda: (_repeated(files, key), None)
    time = times[0]
    keys = ordering.keys(files, [name for name in key if name != time], time)

    def in_order() -> Measured:
        steps = None if keys is None else keys.steps()
        if steps is None:
            return in_windows(files, tuple(key), time)
        return _in_order(steps, tuple(key), time)

    return in_order


def _repeated(files: Files, key: Sequence[str]) -> KeyMeasures:
    names = ", ".join(map(identifier, key))
    found = files.rows(
        f"SELECT SUM(n - 1) AS repeated FROM"
        f" (SELECT COUNT(*) AS n FROM {TABLE} GROUP BY {names}) AS counted"
    )[0]
    return KeyMeasures(columns=tuple(key), duplicates=int(found["repeated"] or 0))


def _in_order(
    steps: ordering.Steps, key: tuple[str, ...], time: str
) -> tuple[KeyMeasures, SeriesMeasures | None]:
    measured = KeyMeasures(columns=key, duplicates=steps.repeated)
    step = usual_step({each: steps.near(each, _NEAR) for each in STEPS_S}, len(steps.seconds))
    if step is None:
        return measured, None
    lacking = steps.missing(step)
    return measured, SeriesMeasures(
        time=time,
        series=steps.series,
        step_s=step,
        expected=steps.present - steps.repeated + lacking,
        missing=lacking,
    )


def in_windows(
    files: Files, key: tuple[str, ...], time: str
) -> tuple[KeyMeasures, SeriesMeasures | None]:
    """Measure by one window of the engine over each series, which takes any number of rows."""
    asked = {"repeated": "SUM(same)", "series": "SUM(CASE WHEN d IS NULL THEN n ELSE 0 END)"}
    for each in STEPS_S:
        asked[f"near{each}"] = f"SUM(CASE WHEN ABS(d - {each}) <= {each * _NEAR} THEN n - same END)"
        # Between 1.5 and 2.5 steps one value is missing, and so on.
        lacking = f"n * CAST(FLOOR(d / {each} - 0.5) AS BIGINT)"
        asked[f"lacking{each}"] = f"SUM(CASE WHEN d >= {1.5 * each} THEN {lacking} END)"
    wanted = ", ".join(f"{sql} AS {name}" for name, sql in asked.items())
    by = [identifier(name) for name in key if name != time]
    found = files.rows(
        f"SELECT SUM(n) AS present, {wanted} FROM (SELECT d, COUNT(*) AS n, SUM(same) AS same"
        f" FROM ({_steps(by, identifier(time))}) AS steps GROUP BY d) AS lengths"
    )[0]
    said = {name: int(value or 0) for name, value in found.items()}
    measured = KeyMeasures(columns=key, duplicates=said["repeated"])
    onward = said["present"] - said["series"] - said["repeated"]
    step = usual_step({each: said[f"near{each}"] for each in STEPS_S}, onward)
    if step is None:
        return measured, None
    return measured, SeriesMeasures(
        time=time,
        series=said["series"],
        step_s=step,
        expected=said["present"] - said["repeated"] + said[f"lacking{step}"],
        missing=said[f"lacking{step}"],
    )


def _steps(by: Sequence[str], time: str) -> str:
    """Return SQL for each row's seconds since the one before, and whether it repeats its key."""
    over = f"PARTITION BY {', '.join(by)} ORDER BY {time}" if by else f"ORDER BY {time}"
    return (
        "SELECT DATE_DIFF('second', CAST(p AS TIMESTAMP), CAST(t AS TIMESTAMP)) AS d,"
        " CASE WHEN t = p THEN 1 ELSE 0 END AS same FROM"
        f" (SELECT {time} AS t, LAG({time}) OVER ({over}) AS p"
        f" FROM {TABLE} WHERE {time} IS NOT NULL) AS pairs"
    )


def usual_step(votes: Mapping[int, int], total: int) -> int | None:
    """Return the clock's step, in seconds, that more than half of `total` steps are near to.

    `votes` says how many are near to each; no step is near to two of the clock's.
    """
    best = max(votes, key=lambda step: votes[step], default=None)
    return best if best is not None and votes[best] > total * _REGULAR else None
