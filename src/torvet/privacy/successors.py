"""A release that follows others: what two of them tell together, and what is held back of it.

Whoever lays the newer release over an older one sees of each class, and of each cell, what was
added and what is gone. Where that is about a crowd of its own it may be seen; where it is about
fewer, the class stays as it was, or is left out. Docs: decisions/0127.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from torvet.kit.sql import identifier, literal

Files = Sequence[str]
DIVERSE = 2
"""Different sensitive values that those who came, or went, have at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Continued:
    """What became of a release's classes: left as they were before, or left out altogether."""

    rows: int
    """Rows that are in it now."""
    kept: int = 0
    left_out: int = 0

    @property
    def remarks(self) -> tuple[str, ...]:
        """Return what a reader of the certificate must not miss."""
        if not self.kept + self.left_out:
            return ()
        words = (
            "Since the releases before, too few came to or went from some classes:"
            f" {self.kept:,} stand as they stood there, {self.left_out:,} are left out."
        )
        return (words,)


def continued(
    target: Path,
    earlier: Sequence[Files],
    *,
    quasi: Sequence[str],
    sensitive: Sequence[str],
    k: int,
) -> Continued:
    """Rewrite the Parquet file `target` so that it tells no more beside the `earlier` releases.

    Args:
        target: recoded rows, to follow the others.
        earlier: files of each release made by the same recoding, the newest first.
        quasi: columns whose values make a class.
        sensitive: columns of which those who came or went show several values.
        k: how many must have come or gone, if any did.
    """
    with duckdb.connect() as run:
        run.execute("SET preserve_insertion_order = false")
        names = pq.read_schema(target).names
        there = [name for name in sensitive if name in names]
        run.execute(f"CREATE VIEW later AS SELECT * FROM {_read([str(target)])}")
        run.execute(
            f"CREATE TABLE verdicts AS SELECT {_listed(quasi)}, 0 AS place, false AS told,"
            " false AS within FROM later LIMIT 0"
        )
        for place, files in enumerate(earlier):
            run.execute(f"CREATE VIEW earlier_{place} AS SELECT * FROM {_read(files)}")
            before = [name for (name, *_) in run.execute(f"DESCRIBE earlier_{place}").fetchall()]
            if set(quasi) <= set(before):
                run.execute(_judged(place, names, before, quasi=quasi, sensitive=there, k=k))
        run.execute(
            f"CREATE TABLE held AS SELECT {_listed(quasi)}, min(place) AS place,"
            f" arg_min(within, place) AS within FROM verdicts GROUP BY {_listed(quasi)}"
            " HAVING bool_or(told)"
        )
        kept, left_out = run.execute(
            "SELECT count(*) FILTER (within), count(*) FILTER (NOT within) FROM held"
        ).fetchall()[0]
        if kept + left_out:
            _rewrite(run, target, len(earlier), quasi)
    rows = pq.read_metadata(target).num_rows
    return Continued(rows=rows, kept=kept, left_out=left_out)


def _judged(
    place: int,
    names: Sequence[str],
    before: Sequence[str],
    *,
    quasi: Sequence[str],
    sensitive: Sequence[str],
    k: int,
) -> str:
    """SQL that judges every class which both releases have, by what is in one and not the other."""
    common = [name for name in names if name in before]
    shown, by = _listed(common), _listed(quasi)
    told = [f"{few} BETWEEN 1 AND {k - 1}" for few in ("added", "gone")]
    counts = ""
    for at, name in enumerate(name for name in sensitive if name in common):
        value = f"coalesce(CAST({identifier(name)} AS VARCHAR), '')"
        for what, which in (("added", "later > earlier"), ("gone", "later < earlier")):
            counts += f", count(DISTINCT {value}) FILTER ({which}) AS {what}_{at}"
            told.append(f"{what} > 0 AND {what}_{at} < least({DIVERSE}, all_{at})")
        counts += f", count(DISTINCT {value}) AS all_{at}"
    within = f"gone = 0 AND {str(set(names) == set(before)).lower()}"
    return (
        f"INSERT INTO verdicts WITH both_releases AS (SELECT {shown}, sum(l) AS later,"
        f" sum(e) AS earlier FROM (SELECT {shown}, 1 AS l, 0 AS e FROM later UNION ALL"
        f" SELECT {shown}, 0, 1 FROM earlier_{place}) GROUP BY ALL),"
        f" counted AS (SELECT {by}, sum(greatest(later - earlier, 0)) AS added,"
        f" sum(greatest(earlier - later, 0)) AS gone{counts} FROM both_releases GROUP BY {by}"
        f" HAVING sum(later) > 0 AND sum(earlier) > 0)"
        f" SELECT {by}, {place}, {' OR '.join(f'({each})' for each in told)}, {within} FROM counted"
    )


def _rewrite(
    run: duckdb.DuckDBPyConnection, target: Path, releases: int, quasi: Sequence[str]
) -> None:
    same = " AND ".join(
        f"r.{name} IS NOT DISTINCT FROM held.{name}" for name in map(identifier, quasi)
    )
    schema = pq.read_schema(target)
    shown = ", ".join(f"r.{identifier(name)}" for name in schema.names)
    parts = [f"SELECT {shown} FROM later r ANTI JOIN held ON {same}"]
    parts += [
        f"SELECT {shown} FROM earlier_{place} r SEMI JOIN"
        f" (SELECT * FROM held WHERE within AND place = {place}) held ON {same}"
        for place in range(releases)
        if run.execute(f"SELECT 1 FROM held WHERE within AND place = {place} LIMIT 1").fetchall()
    ]
    _write(run, f"FROM ({' UNION ALL '.join(parts)})", target, schema)


def in_no_order(target: Path) -> None:
    """Sort the rows of a Parquet file by what they show.

    In the order of their source they would tell whose they are: of a class, the first is about
    whoever stands first by number or name.
    """
    schema = pq.read_schema(target)
    with duckdb.connect() as run:
        _write(run, f"FROM {_read([str(target)])}", target, schema)


def _write(run: duckdb.DuckDBPyConnection, rows: str, target: Path, schema: pa.Schema) -> None:
    made = target.with_name("ordered.parquet")
    shown = _listed(schema.names)
    with pq.ParquetWriter(made, schema, compression="zstd", compression_level=1) as file:
        for batch in run.sql(f"SELECT {shown} {rows} ORDER BY {shown}").to_arrow_reader():
            file.write_batch(batch.cast(schema))
    made.replace(target)


def changed_cells(
    cells: Path, earlier: Sequence[Files], *, by: Sequence[str], value: str
) -> Continued:
    """Leave out of `cells` what an earlier release has another figure for.

    The difference of two sums over the same cell is the sum of those who came or went: often of
    one. How many they were is not in the cells, so that a figure once told is never told anew.
    """
    with duckdb.connect() as run:
        schema = pq.read_schema(cells)
        run.execute(f"CREATE VIEW later AS SELECT * FROM {_read([str(cells)])}")
        same = " AND ".join(f"l.{n} IS NOT DISTINCT FROM e.{n}" for n in map(identifier, by))
        conditions = []
        for place, files in enumerate(earlier):
            run.execute(f"CREATE VIEW earlier_{place} AS SELECT * FROM {_read(files)}")
            before = [name for (name, *_) in run.execute(f"DESCRIBE earlier_{place}").fetchall()]
            if {*by, value} <= set(before):
                told = [identifier(value)] + ["contributors"] * ("contributors" in before)
                differs = " OR ".join(f"l.{name} <> e.{name}" for name in told)
                conditions.append(
                    f"NOT EXISTS (SELECT 1 FROM earlier_{place} e WHERE {same} AND ({differs}))"
                )
        before_rows = pq.read_metadata(cells).num_rows
        if conditions:
            found = run.sql(f"SELECT * FROM later l WHERE {' AND '.join(conditions)}")
            left = found.to_arrow_table().cast(schema)
            if left.num_rows < before_rows:
                pq.write_table(left, cells, compression="zstd")
    rows = pq.read_metadata(cells).num_rows
    return Continued(rows=rows, left_out=before_rows - rows)


def _read(files: Files) -> str:
    return f"read_parquet([{', '.join(literal(str(file)) for file in files)}])"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(identifier, names))
