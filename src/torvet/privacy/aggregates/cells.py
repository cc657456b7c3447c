"""Rows of units to cells that may be published: every rule judged, one set of units per window.

What counts is units, not rows: a household with four rows in a cell is one contributor. And the
cells of one key stand over the same units in the whole window: where somebody joins or leaves,
the difference of two neighbouring cells would be that unit's own value (docs/decisions/0101).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from torvet.privacy.certificates import Certificate
from torvet.privacy.errors import CellsInvalid
from torvet.privacy.relation import Relation, reading

from .judging import judge
from .panel import Panel, settle
from .rules import FIFTEEN_FIFTEEN, Rule, checked, rules_to_json

PRIMARY = "primary"
FEW = 10
OWN_COLUMNS = ("contributors", "suppressed")
ONE_BY_ONE = (
    "Cells are suppressed one by one: publish no totals over them without secondary suppression."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregated:
    """Cells as they may be published, and what they were made of.

    `table` has the columns of `by`, the value (null where suppressed), `contributors` (likewise)
    and `suppressed` (`primary` or null), ordered by `by`. `exact` holds for each row of `table`
    the true `total`, `units` and `largest` contribution and is never published: secondary
    suppression needs it. `objections` counts the cells that each rule objected to.
    `units_left_out` were not there in the whole window; `rows_left_out` lack key, unit or value.
    """

    table: pa.Table
    exact: pa.Table = field(repr=False)
    by: tuple[str, ...]
    window: tuple[str, ...]
    value: str
    rules: tuple[Rule, ...]
    objections: Mapping[str, int]
    units_left_out: int
    rows_left_out: int
    disjoint: bool
    """Every unit stands in one key only, so that totals over keys have the sum of their units."""

    @property
    def cells(self) -> int:
        """Return how many cells there are, published or not."""
        return int(self.table.num_rows)

    @property
    def suppressed(self) -> int:
        """Return how many cells have no value."""
        return int(self.table.num_rows - self.table["suppressed"].null_count)

    @property
    def certificate(self) -> Certificate:
        """Return what the exchange can sign about these cells (digests come with publishing)."""
        return Certificate(
            treatment="aggregate",
            rows=self.cells,
            suppressed=self.suppressed,
            policy={
                "by": list(self.by),
                "value": self.value,
                "window": list(self.window),
                "rules": rules_to_json(self.rules),
            },
            remarks=_remarks(self),
        )


def aggregate(
    source: Any,
    *,
    by: Sequence[str],
    value: str,
    unit: str,
    rules: Sequence[Rule] = FIFTEEN_FIFTEEN,
    window: Sequence[str] | None = None,
    changing: Literal["leave-out", "suppress"] = "leave-out",
) -> Aggregated:
    """Add `value` up to cells, and keep back each cell that a rule objects to.

    Args:
        source: whatever `privacy.sources` opens: CSV, Parquet, Delta, Arrow.
        by: the columns that make a cell, such as a feeder and an hour.
        value: whole numbers (Wh, øre, visits). Rules on shares need them to be >= 0.
        unit: who contributes: the meter, the household, the phone.
        rules: what each cell must keep; one rule more never publishes more.
        window: the columns of `by` that the published window runs over; by default those that
            are dates or times. Over it a key has one set of units.
        changing: units that are not there in the whole window are left out of all cells of the
            key, or all cells of such a key are suppressed.

    Raises:
        CellsInvalid: a column is missing or of the wrong type, or values are negative.
        RulesInvalid: there is no rule.
        SourceUnreadable: the source cannot be read.
    """
    kept = checked(rules)
    with reading(source, [*by, value, unit]) as relation:
        _check(relation.schema, by, value, unit)
        over = _window(relation.schema, by) if window is None else tuple(window)
        if not set(over) <= set(by):
            raise CellsInvalid("the window runs over columns that cells are not made by")
        panel = Panel(
            by=tuple(by), window=over, value=value, unit=unit, suppress=changing == "suppress"
        )
        try:
            return _aggregated(relation, panel, kept)
        except (duckdb.ConversionException, duckdb.OutOfRangeException) as error:
            raise CellsInvalid("a sum is larger than 64 bits can hold") from error


def _aggregated(relation: Relation, panel: Panel, rules: tuple[Rule, ...]) -> Aggregated:
    settled = settle(relation, panel)
    if settled.negative and any(rule.leaders for rule in rules):
        raise CellsInvalid(f"{panel.value!r} holds negative values, of which nobody has a share")
    objections = judge(relation.run, settled, rules)
    names = ", ".join(panel.keys_and_window)
    found = relation.run.sql(
        f"SELECT {names}, total, units, largest, CASE WHEN withheld THEN '{PRIMARY}' END"
        f" AS kept_back FROM judged ORDER BY {names}"
    ).to_arrow_table()
    return Aggregated(
        table=published(found.select(list(panel.by)), found, panel.value),
        exact=found.select(["total", "units", "largest"]),
        by=panel.by,
        window=panel.window,
        value=panel.value,
        rules=rules,
        objections=objections,
        units_left_out=settled.units_left_out,
        rows_left_out=settled.rows_left_out,
        disjoint=settled.disjoint,
    )


def published(places: pa.Table, found: pa.Table, value: str) -> pa.Table:
    """Return `places` with what may be said of each cell: no figure where it is kept back."""
    told = pc.is_null(found["kept_back"])
    shown = places.append_column(value, pc.if_else(told, found["total"], None))
    shown = shown.append_column("contributors", pc.if_else(told, found["units"], None))
    return shown.append_column("suppressed", found["kept_back"])


def _check(schema: pa.Schema, by: Sequence[str], value: str, unit: str) -> None:
    named = [*by, value, unit]
    missing = [name for name in named if name not in schema.names]
    if missing:
        raise CellsInvalid(f"there is no column {missing[0]!r}")
    if len(set(named)) != len(named):
        raise CellsInvalid("a column has two roles")
    if not by:
        raise CellsInvalid("no column says what a cell is")
    taken = [name for name in by if name in OWN_COLUMNS] + [
        value for _ in range(value in OWN_COLUMNS)
    ]
    if taken:
        raise CellsInvalid(f"{taken[0]!r} is what a column of the result is called")
    if not pa.types.is_integer(schema.field(value).type):
        raise CellsInvalid(
            f"{value!r} is {schema.field(value).type}, and only whole numbers add up exactly"
        )


def _window(schema: pa.Schema, by: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for name in by if pa.types.is_temporal(schema.field(name).type))


def _remarks(cells: Aggregated) -> tuple[str, ...]:
    said = []
    if cells.units_left_out:
        said.append(
            f"{_about(cells.units_left_out, 'units')} were not there in the whole window and count"
            " nowhere."
        )
    if cells.rows_left_out:
        said.append(
            f"{_about(cells.rows_left_out, 'rows')} without key, unit or value count nowhere."
        )
    if cells.suppressed:
        said.append(ONE_BY_ONE)
    return tuple(said)


def _about(count: int, what: str) -> str:
    """Say how many to the nearest ten: who is one of a few would be told by the exact number."""
    return f"Fewer than ten {what}" if count < FEW else f"About {round(count, -1):,} {what}"
