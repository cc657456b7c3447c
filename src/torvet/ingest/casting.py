"""Rows of text become a typed table; what does not fit is set aside with its reason."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from torvet.ports.sql import identifier, literal

from .bench import Bench, Staged, is_full
from .csv_files import CsvFile
from .errors import ColumnsDiffer, NoRows, SchemaInvalid
from .evidence import gather, possible
from .inference import Evidence, choose, choose_for, inferred_column, sentences
from .limits import VALUE_CHARACTERS_MAX
from .model import Column
from .plans import ColumnPlan, plan, select_sql
from .readings import INFERRED, OF_TYPE
from .writing import Target, Written

COLUMNS_COUNTED_AT_ONCE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A typed table as it lies in its folder. `faults` is SQL that yields what was set aside."""

    columns: tuple[Column, ...]
    written: Written
    rejected: int = 0
    faults: str | None = None


def cast_at_once(
    bench: Bench, file: CsvFile, schema: Sequence[Column] | None, target: Target
) -> Table | None:
    """Read a CSV file straight into the table, or return None where not every value fits.

    The types come from a sample, and the one pass over the whole file proves them: it fails
    at the first value that they would not hold exactly.
    """
    names, cells = file.dialect.names, tuple(f"c{n}" for n in range(len(file.dialect.names)))
    any_of_them = [INFERRED] * len(names)
    readings = _asked(
        bench, schema, relation=file.sample, names=names, cells=cells, readings=any_of_them
    )
    evidence = gather(bench.run, file.sample, cells, readings, bench.options.null_texts)
    plans, notes, settled = _plans(bench, names, cells, evidence, schema)
    if not file.plain or not (settled or file.sample_is_whole):
        return None
    try:
        written = target.write(select_sql(plans, file.relation, strict=True), _columns(plans))
    except duckdb.Error as error:
        target.clear()
        if is_full(error):
            raise
        return None
    if not written.rows:
        target.clear()
        return None
    bench.note(*notes)
    return Table(columns=_columns(plans), written=written)


def cast_staged(
    bench: Bench, staged: Staged, schema: Sequence[Column] | None, target: Target
) -> Table:
    """Read staged texts into the table; a column's type is inferred over all of its texts."""
    if not staged.names:
        raise NoRows(bench.file_name, staged.faulty_rows, staged.first_fault)
    evidence = _whole_evidence(bench, staged, schema)
    plans, notes, _ = _plans(bench, staged.names, staged.cells, evidence, schema)
    bench.note(*notes)
    bench.progress("checking", 0.5)
    misfitting = _misfitting(bench, staged, plans)
    written = target.write(select_sql(plans, staged.relation, strict=False), _columns(plans))
    table = Table(
        columns=_columns(plans),
        written=written,
        rejected=staged.faulty_rows + staged.rows - written.rows,
        faults=faults_sql(staged.faults, [_misfits_sql(staged.relation, p) for p in misfitting]),
    )
    if not written.rows:
        raise NoRows(bench.file_name, table.rejected, _first_reason(bench, staged, table))
    return table


def _whole_evidence(
    bench: Bench, staged: Staged, schema: Sequence[Column] | None
) -> list[Evidence]:
    """Count over all rows what the first ones left possible."""
    asked = _asked(
        bench,
        schema,
        relation=staged.relation,
        names=staged.names,
        cells=staged.cells,
        readings=staged.readings,
    )
    return gather(bench.run, staged.relation, staged.cells, asked, bench.options.null_texts)


def _asked(
    bench: Bench,
    schema: Sequence[Column] | None,
    *,
    relation: str,
    names: Sequence[str],
    cells: Sequence[str],
    readings: Sequence[Sequence[str]],
) -> list[Sequence[str]]:
    """Return the readings to try on each cell: those of a given type, or those that may fit."""
    if schema is None:
        return [*possible(bench.run, relation, cells, readings, bench.options.null_texts)]
    given = {column.name.casefold(): OF_TYPE[column.type] for column in schema}
    return [given.get(name.casefold(), ()) for name in names]


def _plans(
    bench: Bench,
    names: Sequence[str],
    cells: Sequence[str],
    evidence: Sequence[Evidence],
    schema: Sequence[Column] | None,
) -> tuple[tuple[ColumnPlan, ...], list[str], bool]:
    options = bench.options
    if schema is not None:
        plans, notes = _given(bench, names, cells, evidence, schema)
        return plans, notes, True
    choices = choose(evidence, options)
    plans = tuple(
        plan(inferred_column(name, choice, options), cell, choice, options)
        for name, cell, choice in zip(names, cells, choices, strict=True)
    )
    return plans, sentences(names, choices), all(choice.settled for choice in choices)


def _given(
    bench: Bench,
    names: Sequence[str],
    cells: Sequence[str],
    evidence: Sequence[Evidence],
    schema: Sequence[Column],
) -> tuple[tuple[ColumnPlan, ...], list[str]]:
    """Match a given schema with the columns of a file, by name."""
    at = {name.casefold(): number for number, name in enumerate(names)}
    missing = [column for column in schema if column.name.casefold() not in at]
    extra = set(at) - {column.name.casefold() for column in schema}
    if bench.options.exact and (missing or extra):
        raise ColumnsDiffer(
            bench.file_name,
            (
                *(f"column {column.name!r} is missing" for column in missing),
                *(f"column {name!r} is new" for name in names if name.casefold() in extra),
            ),
        )
    if needed := [column.name for column in missing if not column.nullable]:
        raise SchemaInvalid(f"{bench.file_name!r} has no column {needed[0]!r}, which is required")
    if len(missing) == len(schema):
        raise SchemaInvalid(f"{bench.file_name!r} has none of its columns")
    notes = [f"Not in the file, without values: {c.name}." for c in missing]
    notes += [
        f"Column {n!r} is not in the schema: left out." for n in names if n.casefold() in extra
    ]
    plans = []
    for column in schema:
        number = at.get(column.name.casefold())
        seen = Evidence(texts=0) if number is None else evidence[number]
        cell = None if number is None else cells[number]
        plans.append(plan(column, cell, choose_for(column, seen, bench.options), bench.options))
    return tuple(plans), notes


def _columns(plans: Iterable[ColumnPlan]) -> tuple[Column, ...]:
    return tuple(each.column for each in plans)


def _misfitting(bench: Bench, staged: Staged, plans: tuple[ColumnPlan, ...]) -> list[ColumnPlan]:
    """Return the columns that have values which do not fit."""
    checked = [each for each in plans if each.misfit_sql() != "FALSE"]
    found: list[ColumnPlan] = []
    for first in range(0, len(checked), COLUMNS_COUNTED_AT_ONCE):
        some = checked[first : first + COLUMNS_COUNTED_AT_ONCE]
        counts = ", ".join(f"count_if({each.misfit_sql()})" for each in some)
        row = bench.run.execute(f"SELECT {counts} FROM {staged.relation}").fetchone() or ()
        found += [each for each, count in zip(some, row, strict=True) if count]
    return found


def _misfits_sql(relation: str, each: ColumnPlan) -> str:
    value = "NULL" if each.cell is None else f"left({each.cell}, {VALUE_CHARACTERS_MAX})"
    name = literal(each.column.name)
    return (
        f"SELECT n, 1 AS nth, {name} AS title, {value} AS value, {each.reason_sql()} AS reason"
        f" FROM {relation} WHERE {each.misfit_sql()}"
    )


def faults_sql(broken: Path | None, misfits: Sequence[str]) -> str | None:
    """Return the statement that lists all that was set aside, in the file's order."""
    lists = list(misfits)
    if broken is not None:
        lists.insert(
            0, f"SELECT n, nth, title, value, reason FROM read_parquet({literal(str(broken))})"
        )
    if not lists:
        return None
    return (
        "SELECT row_number() OVER (ORDER BY n, nth, title) AS position, n AS row_number,"
        f" title AS {identifier('column')}, CAST(value AS VARCHAR) AS value, reason"
        f" FROM ({' UNION ALL '.join(lists)}) ORDER BY position"
    )


def _first_reason(bench: Bench, staged: Staged, table: Table) -> str:
    if staged.first_fault or table.faults is None:
        return staged.first_fault
    row = bench.run.execute(f"SELECT * FROM ({table.faults}) LIMIT 1").fetchone()
    return "" if row is None else f"row {row[1]:,}, column {row[2]!r}: {row[3]!r} {row[4]}"
