"""Totals judged by the same rules as cells, and written as a table that explains itself."""

from collections.abc import Collection, Mapping, Sequence

import duckdb
import pyarrow as pa

from .cells import PRIMARY, Aggregated, published
from .cube import LEVEL, Facts, Place, Tree, described
from .judging import BOUNDED, any_of
from .rules import Rule

SECONDARY = "secondary"


def judged(
    places: Sequence[Place], known: Mapping[Place, Facts], rules: Sequence[Rule]
) -> set[Place]:
    """Return the totals that a rule objects to, by the bounds that are known of them."""
    facts = pa.table(
        {
            "row": pa.array(range(len(places)), pa.int64()),
            "total": pa.array([known[each].total for each in places], pa.int64()),
            "units": pa.array([known[each].units for each in places], pa.int64()),
            "largest": pa.array([known[each].largest for each in places], pa.int64()),
        }
    )
    withheld = any_of(["units = 0", *(rule.objection(BOUNDED) for rule in rules)])
    with duckdb.connect() as run:
        run.register("facts", facts)
        rows = run.execute(f"SELECT row FROM facts WHERE {withheld}").fetchall()
    return {places[row] for (row,) in rows}


def published_totals(
    cells: Aggregated,
    known: Mapping[Place, Facts],
    primary: Collection[Place],
    secondary: Collection[Place],
    trees: Sequence[Tree],
) -> tuple[pa.Table, pa.Table]:
    """Return the table to publish, ordered by block and coarsest level first, and what is true."""
    dimensions = [tree.column for tree in trees]
    blocks = [name for name in cells.by if name not in dimensions]
    places = sorted(
        known, key=lambda place: (tuple(map(str, place[0])), [(-it[0], it[1]) for it in place[1]])
    )
    columns: dict[str, pa.Array] = {
        name: pa.array([block[at] for block, _ in places], cells.table.schema.field(name).type)
        for at, name in enumerate(blocks)
    }
    for at, name in enumerate(dimensions):
        columns[name] = pa.array([nodes[at][1] for _, nodes in places], pa.string())
        columns[name + LEVEL] = pa.array([nodes[at][0] for _, nodes in places], pa.int32())
    why = [
        PRIMARY if place in primary else SECONDARY if place in secondary else None
        for place in places
    ]
    exact = pa.table(
        {
            "total": pa.array([known[place].total for place in places], pa.int64()),
            "units": pa.array([known[place].units for place in places], pa.int64()),
            "largest": pa.array([known[place].largest for place in places], pa.int64()),
        }
    )
    found = exact.append_column("kept_back", pa.array(why, pa.string()))
    table = published(pa.table(columns), found, cells.value)
    return table.replace_schema_metadata(described(trees, cells.value)), exact
