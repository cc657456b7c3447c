"""What the exchange proposes for a table about people: a policy to start from.

Nothing is decided here: a proposal is a policy that its provider reads, changes and sets. The
roles are those that were found, the numbers those of the preset, and each quasi-identifier gets
a hierarchy that fits its type and its range.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pyarrow as pa

from torvet.kit.sql import identifier

from .classification import Classification, Readable, Role, classify_readable
from .classification.reading import opened
from .policies import Anonymisation, Policy, Treatment
from .presets import Preset, fitting, preset

KS = (2, 3, 5, 10, 15, 20, 50)
"""The values of k that a proposal's table shows beside each other."""
STEPS_MAX = 4
REPEATED_MIN = 2.0
_FEW = 12
_DOUBLED = 2


def propose(found: Classification, table: Readable, name: str | None = None) -> Policy:
    """Return a policy for a table that was found to be about people.

    `name` chooses the preset; without it the one that fits what was found. Rows that repeat a
    household or a person over time are proposed as an aggregate: who is seen many times is
    recognised by the pattern, whatever the single row shows. All else is proposed anonymised.
    """
    rows_per_unit = _rows_per_unit(found, table)
    kinds = [verdict.kind for verdict in found.verdicts]
    chosen = preset(name or fitting(kinds, repeated=rows_per_unit >= REPEATED_MIN))
    roles = {verdict.column: verdict.role for verdict in found.verdicts}
    cells = _cells(found, table, chosen) if rows_per_unit >= REPEATED_MIN else None
    anonymise = _anonymisation(found, table, chosen)
    return Policy(
        preset=chosen.name,
        treatment=Treatment.AGGREGATE if cells else Treatment.ANONYMISE,
        roles=roles,
        anonymise=anonymise,
        aggregate=cells,
    )


def proposed_for(source: Any, name: str | None = None) -> Policy:
    """Return a policy for a file, a folder of Delta or Arrow data; raise SourceUnreadable."""
    with opened(source) as table:
        return propose(classify_readable(table), table, name)


def _rows_per_unit(found: Classification, table: Readable) -> float:
    if found.unit is None or not found.rows:
        return 1.0
    counted = table.rows(f"SELECT count(DISTINCT {identifier(found.unit)}) AS n FROM source")
    return found.rows / max(1, int(str(counted[0]["n"])))


def _anonymisation(found: Classification, table: Readable, chosen: Preset) -> Anonymisation:
    quasi = found.named(Role.QUASI_IDENTIFIER)
    ranges = _ranges(table, quasi)
    return Anonymisation(
        hierarchies={name: _hierarchy(ranges[name]) for name in quasi},
        models=tuple(chosen.models(found.named(Role.SENSITIVE))),
        suppression_limit=chosen.suppression_limit,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Range:
    """A column's least and greatest value, the lengths of its texts, and how many values."""

    low: Any
    high: Any
    short: int
    long: int
    many: int


def _ranges(table: Readable, columns: Sequence[str]) -> dict[str, _Range]:
    if not columns:
        return {}
    chosen = ", ".join(
        f"min({identifier(name)}) AS low{place}, max({identifier(name)}) AS high{place},"
        f" min(length(CAST({identifier(name)} AS VARCHAR))) AS short{place},"
        f" max(length(CAST({identifier(name)} AS VARCHAR))) AS long{place},"
        f" approx_count_distinct({identifier(name)}) AS many{place}"
        for place, name in enumerate(columns)
    )
    found = table.rows(f"SELECT {chosen} FROM source")[0]
    return {
        name: _Range(
            low=found[f"low{place}"],
            high=found[f"high{place}"],
            **{it: int(str(found[f"{it}{place}"] or 0)) for it in ("short", "long", "many")},
        )
        for place, name in enumerate(columns)
    }


def _hierarchy(held: _Range) -> dict[str, Any]:
    """Return the specification of a hierarchy for the values of a column."""
    match held.low:
        case bool() | None:
            return {"kind": "flat"}
        case int():
            return intervals(held.low, held.high, held.many)
        case float() if held.high - held.low > _FEW:
            return intervals(math.floor(held.low), math.floor(held.high), held.many)
        case datetime() | date():
            return {"kind": "calendar", "steps": ["month", "quarter", "year"]}
        case str() if held.short == held.long > 1 and held.low.isdigit() and held.high.isdigit():
            return {"kind": "prefix", "length": held.long}
        case _:
            return {"kind": "flat"}


def intervals(low: int, high: int, many: int) -> dict[str, Any]:
    """Return intervals over the whole numbers `low` to `high`, each width twice the one before.

    The first width is 1, 2 or 5 times a power of ten, and takes about a twentieth of the `many`
    different values: a lonely 0 among years does not make centuries of them. Bounds are
    multiples of the widest.
    """
    if high - low < 2:  # noqa: PLR2004 - two values become one, or stay
        return {"kind": "flat"}
    widths = [_round(max(2.0, min(high - low + 1, 1.5 * many) / 20))]
    while len(widths) < STEPS_MAX and widths[-1] * _DOUBLED <= high - low:
        widths.append(widths[-1] * _DOUBLED)
    widest = widths[-1]
    return {
        "kind": "intervals",
        "low": low // widest * widest,
        "high": (high // widest + 1) * widest,
        "widths": widths,
    }


def _round(width: float) -> int:
    """Return the largest of 1, 2, 5, 10, 20, 50 … that is not above `width`."""
    power: int = 10 ** math.floor(math.log10(width))
    return next(step for step in (5 * power, 2 * power, power) if step <= width)


def _cells(found: Classification, table: Readable, chosen: Preset) -> dict[str, Any] | None:
    """Return how rows would be aggregated, or None where there is nothing to add up."""
    schema = table.sample(1).schema
    measured = [
        name
        for name in found.named(Role.SENSITIVE)
        if pa.types.is_integer(schema.field(name).type)  # only whole numbers add up exactly
    ]
    by = [
        verdict.column
        for verdict in found.verdicts
        if verdict.role is Role.QUASI_IDENTIFIER and verdict.kind in {"place", "moment"}
    ]
    if not measured or not by:
        return None
    return {"by": by, "value": measured[0], "unit": found.unit, "rules": chosen.rules()}
