"""One set of units over the whole window, found with as few passes over the rows as it takes.

Each cell is given a fingerprint of its units beside its sum: how many rows it has, and the
exclusive or of their units' hashes. Where all cells of a key have the same fingerprint, and the
units of its first cell are all different, every cell of the key holds each of these units once:
rows are contributions, and nothing changes over the window. Two sets that differ have the same
fingerprint once in 2^64 times. Only keys where that fails are counted unit by unit.
"""

from dataclasses import dataclass

import duckdb

from torvet.kit.sql import identifier, literal
from torvet.privacy.relation import Relation, one


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Which columns are the key, which the window, which the value and which the unit."""

    by: tuple[str, ...]
    window: tuple[str, ...]
    value: str
    unit: str
    suppress: bool

    @property
    def keys(self) -> list[str]:
        """Return the columns of `by` outside the window, as SQL."""
        return [identifier(name) for name in self.by if name not in self.window]

    @property
    def keys_and_window(self) -> list[str]:
        """Return the columns of `by`, as SQL, in the order in which they were named."""
        return [identifier(name) for name in self.by]

    @property
    def moment(self) -> str:
        """Return SQL for the place of a row in the window."""
        names = [identifier(name) for name in self.by if name in self.window]
        return names[0] if len(names) == 1 else f"row({', '.join(names)})" if names else "0"

    @property
    def value_name(self) -> str:
        """Return the value's column as SQL."""
        return identifier(self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """The table `sums` (by …, total, units, largest, whole) and where contributions stand.

    `contributions` is SQL for one row per cell and unit: by …, `v`. `whole` is false for cells
    that are suppressed because the units of their key change.
    """

    panel: Panel
    contributions: str
    negative: bool
    disjoint: bool
    units_left_out: int
    rows_left_out: int


def settle(relation: Relation, panel: Panel) -> Settled:
    """Make the table `sums`, and tell how to come to each unit's contribution."""
    run, names = relation.run, ", ".join(panel.keys_and_window)
    unit, value = identifier(panel.unit), panel.value_name
    present = " AND ".join(f"{name} IS NOT NULL" for name in [*panel.keys_and_window, unit, value])
    rows = f"(SELECT {names}, {unit} AS u, {value} AS v FROM {relation.rows} WHERE {present})"
    run.execute(
        f"CREATE TEMP TABLE sums AS SELECT {names}, sum(v)::BIGINT AS total, count(*) AS units,"
        " max(v)::BIGINT AS largest, min(v) AS smallest, bit_xor(hash(u)) AS mark, true AS whole"
        f" FROM {rows} GROUP BY ALL"
    )
    counted, smallest = one(run, "SELECT coalesce(sum(units), 0), min(smallest) FROM sums")
    (everything,) = one(run, f"SELECT count(*) FROM {relation.rows}")
    unsettled = _members(run, panel, rows)
    contributions, left_out = rows, 0
    if unsettled:
        left_out = _by_unit(run, panel, rows)
        contributions = _both(panel, rows)
    (disjoint,) = one(run, "SELECT count(*) = count(DISTINCT u) FROM members")
    return Settled(
        panel=panel,
        contributions=contributions,
        negative=smallest is not None and smallest < 0,
        disjoint=bool(disjoint),
        units_left_out=left_out,
        rows_left_out=int(everything - counted),
    )


def _members(run: duckdb.DuckDBPyConnection, panel: Panel, rows: str) -> int:
    """Find who is in the first cell of each key; return how many keys are not settled by that.

    Makes `firsts` (keys, moment, settled) and `members` (keys, u) of the settled keys.
    """
    run.execute(
        f"CREATE TEMP TABLE firsts AS SELECT {_listed(panel.keys)}min({panel.moment}) AS moment,"
        " min(mark) = max(mark) AND min(units) = max(units) AS settled"
        f" FROM sums{_grouped(panel.keys)}"
    )
    beginnings = run.execute("SELECT DISTINCT moment FROM firsts LIMIT 2").fetchall()
    if len(beginnings) == 1 and len(panel.window) == 1:
        # A constant lets Parquet skip all row groups of later moments.
        then = f"WHERE {panel.moment} = {_constant(beginnings[0][0])}"
        first_rows = f"SELECT {_listed(panel.keys)}u FROM {rows} {then}"
    else:
        joined = " AND ".join(f"r.{key} = f.{key}" for key in panel.keys) or "true"
        own = "".join(f"r.{key}, " for key in panel.keys)
        first_rows = (
            f"SELECT {own}u FROM {rows} r JOIN firsts f ON {joined} AND {panel.moment} = f.moment"
        )
    run.execute(f"CREATE TEMP TABLE beginning AS {first_rows}")
    # A first cell that is not found again (a moment finer than a constant can say) settles nothing.
    run.execute(
        "UPDATE firsts SET settled = false WHERE NOT EXISTS (SELECT 1 FROM (SELECT"
        f" {_listed(panel.keys)}count(*) AS n, count(DISTINCT u) AS apart"
        f" FROM beginning{_grouped(panel.keys)}) b"
        f" WHERE n > 0 AND n = apart{_same(panel.keys, 'firsts', 'b')})"
    )
    run.execute(
        f"CREATE TEMP TABLE members AS SELECT b.* FROM beginning b WHERE {_in('b', panel)}settled)"
    )
    return int(one(run, "SELECT count(*) FROM firsts WHERE NOT settled")[0])


def _by_unit(run: duckdb.DuckDBPyConnection, panel: Panel, rows: str) -> int:
    """Count the keys that are not settled unit by unit; return the units that are left out."""
    names, keys = ", ".join(panel.keys_and_window), _listed(panel.keys)
    run.execute(
        f"CREATE TEMP TABLE by_unit AS SELECT {names}, u, sum(v)::BIGINT AS v"
        f" FROM {rows} r WHERE {_in('r', panel)}NOT settled) GROUP BY ALL"
    )
    run.execute(
        f"CREATE TEMP TABLE stays AS SELECT {keys}u, count(*) AS there, any_value(moments) AS"
        f" moments FROM by_unit r JOIN (SELECT {keys}count(*) AS moments FROM sums"
        f"{_grouped(panel.keys)}) m {_using(panel.keys)} GROUP BY {keys}u"
    )
    (left_out,) = one(run, "SELECT count(DISTINCT u) FROM stays WHERE there < moments")
    run.execute(f"INSERT INTO members SELECT {keys}u FROM stays WHERE there = moments")
    run.execute(
        f"CREATE TEMP TABLE again AS SELECT {names}, sum(v)::BIGINT AS total, count(*) AS units,"
        f" max(v)::BIGINT AS largest FROM by_unit r WHERE {_stays('r', panel)} GROUP BY ALL"
    )
    run.execute(
        f"CREATE TEMP TABLE changing AS SELECT {keys}bool_or(there < moments) AS changes"
        f" FROM stays{_grouped(panel.keys)}"
    )
    whole = "NOT changes" if panel.suppress else "true"
    untouched = f"SELECT * FROM sums s WHERE {_in('s', panel)}settled)"
    run.execute(
        f"CREATE TEMP TABLE settled_sums AS {untouched} UNION ALL BY NAME"
        f" SELECT s.* REPLACE (coalesce(a.total, 0) AS total, coalesce(a.units, 0) AS units,"
        f" coalesce(a.largest, 0) AS largest, {whole} AS whole) FROM sums s JOIN changing c ON true"
        f"{_same(panel.keys, 's', 'c')} LEFT JOIN again a ON true"
        f"{_same(panel.keys_and_window, 's', 'a')}"
    )
    run.execute("DROP TABLE sums")
    run.execute("ALTER TABLE settled_sums RENAME TO sums")
    return int(left_out)


def _both(panel: Panel, rows: str) -> str:
    names = ", ".join(panel.keys_and_window)
    return (
        f"(SELECT {names}, v FROM {rows} r WHERE {_in('r', panel)}settled) UNION ALL"
        f" SELECT {names}, v FROM by_unit r WHERE {_stays('r', panel)})"
    )


def _in(table: str, panel: Panel) -> str:
    """SQL that opens: the key of `table` is one of those in `firsts` for which (what follows)."""
    same = _same(panel.keys, table, "f")
    return f"EXISTS (SELECT 1 FROM firsts f WHERE true{same} AND "


def _stays(table: str, panel: Panel) -> str:
    same = _same(panel.keys, table, "m")
    return f"EXISTS (SELECT 1 FROM members m WHERE m.u = {table}.u{same})"


def _same(columns: list[str], one: str, other: str) -> str:
    return "".join(f" AND {one}.{name} = {other}.{name}" for name in columns)


def _using(columns: list[str]) -> str:
    return f"USING ({', '.join(columns)})" if columns else "ON true"


def _listed(columns: list[str]) -> str:
    return "".join(f"{name}, " for name in columns)


def _grouped(columns: list[str]) -> str:
    return f" GROUP BY {', '.join(columns)}" if columns else ""


def _constant(moment: object) -> str:
    return literal(moment) if isinstance(moment, str | int) else f"'{moment}'"
