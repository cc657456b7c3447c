"""Attacks on published sums: by whoever is one of those who were summed."""

from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from torvet.kit.sql import identifier
from torvet.privacy.aggregates.feasible import audit

from .answers import NEAR
from .outcome import Outcome, judged, percent

KEYS_MAX = 2_000_000
"""Combinations of keys that are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """Sums of `value` by the columns `by`, of units that `unit` names in the source."""

    by: tuple[str, ...]
    value: str
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Margins:
    """Cells and totals as a reader has them: `table` has null where nothing is told.

    Its schema says which cells are totals of which (`suppress_secondary`), and its column
    `suppressed` to which of them a rule objected: `primary`. `truths` (rows,) is what each is.
    """

    table: pa.Table
    truths: np.ndarray


def recomputed(margins: Margins, *, near: float = NEAR) -> Outcome:
    """Take published cells from published totals, as far as that goes, for what is kept back.

    Bounds of every withheld cell follow from all that is told at once (`privacy.audit`). Success
    is an interval of which the middle must lie within `near` of the truth, of a cell or total that
    a rule objected to. The control is 0: every one of them has to stay in the dark.
    """
    found = audit(margins.table)
    objected = np.asarray(pc.equal(margins.table["suppressed"], "primary").fill_null(False))
    guarded = objected[found.rows]
    truths = margins.truths[found.rows][guarded]
    width = (found.high - found.low)[guarded]
    right = int((width <= 2 * near * np.abs(truths)).sum())
    return judged(
        "recomputed",
        successes=right,
        attempts=len(truths),
        control=0.0,
        margin=0.0,
        words=f"Of {len(truths):,} cells and totals that the rules keep back, {right:,} follow to "
        f"within {percent(near)} from the published ones.",
    )


def insider(release: pa.Table, source: Any, cells: Cells, *, near: float = NEAR) -> Outcome:
    """Take one's own part from a published sum, and hold what is left for the largest part.

    The attacker is the second largest contributor, who comes nearest: for the sum of one or two
    this is exact. Success is an estimate within `near` of the truth, in each published cell. The
    control guesses the one number that lies near most of them. Hundepool et al.: Handbook on
    Statistical Disclosure Control, ch. 4.
    """
    found = _largest(release, source, cells)
    published, first, second = (np.asarray(found[name], dtype=float) for name in found)
    right = int((np.abs(published - second - first) <= near * np.abs(first)).sum())
    low, high = np.sort(first * (1 - near)), np.sort(first * (1 + near))
    near_low = np.searchsorted(low, low, side="right") - np.searchsorted(high, low, side="left")
    control = float(near_low.max(initial=0) / max(len(first), 1))
    return judged(
        "insider",
        successes=right,
        attempts=len(first),
        control=control if right < len(first) else 0.0,
        words=f"In {right:,} of {len(first):,} published cells the second largest contributor "
        f"learns the largest to within {percent(near)}.",
    )


def few(release: pa.Table, source: Any, cells: Cells, *, least: int = 3) -> Outcome:
    """Find published cells of fewer than `least` units: a sum of one is that one's value."""
    with duckdb.connect() as engine:
        units = _registered(engine, release, source, cells)
        counts = np.asarray(
            engine.execute(
                f"SELECT count(*) AS units FROM ({units}) GROUP BY {_by(cells)}"
            ).fetchnumpy()["units"]
        )
    found, smallest = int((counts < least).sum()), int(counts.min()) if len(counts) else 0
    return judged(
        "few contributors",
        successes=found,
        attempts=len(counts),
        control=0.0,
        margin=0.0,
        words=f"{found:,} of {len(counts):,} published cells sum fewer than {least} units; the "
        f"smallest sums {smallest:,}.",
        figures={"units_min": float(smallest)},
    )


def keys_told(release: pa.Table, source: Any, cells: Cells) -> Outcome:
    """Tell a key where a few are, and no sum is published, from a key where nobody is.

    Keys are all combinations of the values that occur. Whoever sees that a suppressed cell has a
    line and an empty one has none has learned that somebody was there. The control tosses a coin.
    """
    listed = _by(cells)
    combinations = " CROSS JOIN ".join(
        f"(SELECT DISTINCT {name} FROM given WHERE {name} IS NOT NULL)"
        for name in map(identifier, cells.by)
    )
    with duckdb.connect() as engine:
        engine.register("published", release)
        engine.register("given", source)
        counts = engine.execute(
            f"WITH there AS (SELECT DISTINCT {listed}, true AS somebody FROM given), "
            f"line AS (SELECT {listed}, true AS listed, "
            f"any_value({identifier(cells.value)}) AS told FROM published GROUP BY {listed}) "
            f"SELECT count(*) FILTER (somebody), count(*) FILTER (somebody AND listed), "
            f"count(*) FILTER (somebody IS NULL), "
            f"count(*) FILTER (somebody IS NULL AND listed) "
            f"FROM (FROM {combinations} LIMIT {KEYS_MAX}) LEFT JOIN there USING ({listed}) "
            f"LEFT JOIN line USING ({listed}) WHERE told IS NULL"
        ).fetchone()
    hidden, hidden_listed, empty, empty_listed = counts or (0, 0, 0, 0)
    tried = hidden + empty if hidden and empty else 0
    apart = hidden_listed / max(hidden, 1) - empty_listed / max(empty, 1)
    right = 0.5 + abs(apart) / 2
    return judged(
        "existence by key",
        successes=right * tried,
        attempts=tried,
        control=0.5,
        words=f"Of {hidden:,} keys with a sum that is kept back, {hidden_listed:,} have a line; of "
        f"{empty:,} empty ones, {empty_listed:,}: lines tell the two apart for "
        f"{percent(right if tried else 0.5)}, a coin for half.",
    )


def _largest(release: pa.Table, source: Any, cells: Cells) -> dict[str, Any]:
    """Of every published cell: what is published, the largest part and the second largest."""
    with duckdb.connect() as engine:
        units = _registered(engine, release, source, cells)
        return dict(
            engine.execute(
                f"SELECT any_value(published) AS published, max(part) AS first, "
                f"coalesce(max(part, 2)[2], 0) AS second FROM ({units}) "
                f"GROUP BY {_by(cells)} ORDER BY {_by(cells)}"
            ).fetchnumpy()
        )


def _by(cells: Cells) -> str:
    return ", ".join(identifier(column) for column in cells.by)


def _registered(
    engine: duckdb.DuckDBPyConnection, release: pa.Table, source: Any, cells: Cells
) -> str:
    """What every unit adds to every published cell, as SQL."""
    engine.register("published", release)
    engine.register("given", source)
    value, unit = identifier(cells.value), identifier(cells.unit)
    return (
        f"SELECT {_by(cells)}, {unit}, sum(given.{value}) AS part, "
        f"any_value(published.{value}) AS published "
        f"FROM given JOIN published USING ({_by(cells)}) "
        f"WHERE published.{value} IS NOT NULL GROUP BY {_by(cells)}, {unit}"
    )
