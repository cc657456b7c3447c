"""The fixed pre-aggregation that answers read: what one unit contributes is bounded by its making.

One row is kept for each unit and slot, with values clipped to their bounds, and at most
`rows_per_unit` rows of a unit. Who the unit is, is then written nowhere: the table holds the
places of public keys, and values. It is made once, at publishing; no question runs a window.
"""

from collections.abc import Iterator, Sequence

import pyarrow as pa

from torvet.ports.engine import QueryEngine, WrittenFile
from torvet.ports.sql import identifier, literal

from .spec import AnswerSpec, Bounds, KeyValue, Take

SOURCE = "source"
ROWS_MAX = 2**29
"""With values of at most BOUND_MAX steps, no sum leaves 64 bits."""
_SENSELESS = 10**15
_FAR = 2**40  # a single value beyond it is taken as this: sums in a slot stay exact


def prepared(
    engine: QueryEngine,
    uris: Sequence[str],
    spec: AnswerSpec,
    folder: str,
    *,
    prefix: str = "answers-",
) -> list[WrittenFile]:
    """Write the table that answers to `spec` read, from all files of a source, into `folder`.

    `uris` are all that the release is made of: a bound over part of them bounds nothing. Rows
    without a unit, and rows whose key is not public, are left out. Raises ValueError where the
    table would hold more than ROWS_MAX rows.
    """
    files = engine.write(statement(spec), {SOURCE: uris}, folder, prefix=prefix)
    if sum(file.rows for file in files) > ROWS_MAX:
        raise ValueError(f"answers are given over at most {ROWS_MAX:,} rows")
    return files


def schema(spec: AnswerSpec) -> pa.Schema:
    """Return the columns of the prepared table: places of keys, and values in steps."""
    keys = [pa.field(key_column(place), pa.int32()) for place in range(len(spec.keys))]
    values = [pa.field(value_column(place), pa.int64()) for place in range(len(spec.bounds))]
    return pa.schema([*keys, *values, pa.field("present", pa.int32())])


def key_column(place: int) -> str:
    """Return the column that holds the place of a row's value among the public ones."""
    return f"key_{place}"


def value_column(place: int) -> str:
    """Return the column that holds a value, in steps."""
    return f"value_{place}"


def statement(spec: AnswerSpec) -> str:
    """Return the SQL, in the words that both engines share, that makes the prepared table."""
    keys = [key_column(place) for place in range(len(spec.keys))]
    values = [value_column(place) for place in range(len(spec.bounds))]
    slots = [f"slot_{place}" for place in range(len(spec.slot))]
    parts = [*_dictionaries(spec), f"placed AS ({_placed(spec)})"]
    by = ", ".join(["unit", *slots, *keys])
    sums = "".join(f", sum({_within(value, -_FAR, _FAR)}) AS {value}" for value in values)
    parts.append(f"summed AS (SELECT {by}{sums} FROM placed GROUP BY {by})")
    newest = "summed"
    if not set(spec.keys) <= set(spec.slot):
        # A unit that is under two keys in one slot stands under the first of them only.
        parts.append(f"single AS ({_first(newest, ['unit', *slots], keys, 'among')})")
        newest = "single WHERE among = 1"
    if spec.public_slots is None or spec.rows_per_unit < spec.public_slots:
        parts.append(f"few AS ({_first(newest, ['unit'], slots, 'nth')})")
        newest = f"few WHERE nth <= {spec.rows_per_unit}"
    shown = [f"CAST({key} AS INT) AS {key}" for key in keys]
    shown += [
        f"CAST({_within(value, b.low, b.high)} AS BIGINT) AS {value}"
        for value, b in zip(values, spec.bounds.values(), strict=True)
    ]
    shown.append("CAST(1 AS INT) AS present")
    # Equal keys beside each other: sums then cost a quarter, and the source's order is gone.
    order = f" ORDER BY {', '.join(keys)}" if keys else ""
    return f"WITH {', '.join(parts)} SELECT {', '.join(shown)} FROM {newest}{order}"


def _first(table: str, of: Sequence[str], order: Sequence[str], name: str) -> str:
    by = f"PARTITION BY {', '.join(of)} ORDER BY {', '.join(order)}"
    return f"SELECT *, row_number() OVER ({by}) AS {name} FROM {table}"


def _placed(spec: AnswerSpec) -> str:
    """Return the source's rows with the places of their keys, and their values in steps."""
    columns = [f"{identifier(spec.unit)} AS unit"]
    columns += [f"{_slot(spec, name)} AS slot_{place}" for place, name in enumerate(spec.slot)]
    columns += [f"{_place(spec, place)} AS {key_column(place)}" for place in range(len(spec.keys))]
    columns += [
        f"{_steps(b, name)} AS {value_column(place)}"
        for place, (name, b) in enumerate(spec.bounds.items())
    ]
    joins, conditions = "", [f"{identifier(spec.unit)} IS NOT NULL"]
    for place, (name, values) in enumerate(spec.keys.items()):
        if _is_range(values):
            said = _read(spec, name)
            conditions.append(f"{said} BETWEEN {literal(values[0])} AND {literal(values[-1])}")
        else:
            said = _compared(spec, name, values)
            joins += f" JOIN public_{place} ON {said} = public_{place}.said"
    return f"SELECT {', '.join(columns)} FROM {SOURCE}{joins} WHERE {' AND '.join(conditions)}"


def _slot(spec: AnswerSpec, name: str) -> str:
    if name in spec.keys:
        return _place(spec, list(spec.keys).index(name))
    return _read(spec, name)


def _place(spec: AnswerSpec, place: int) -> str:
    name = list(spec.keys)[place]
    values = spec.keys[name]
    if _is_range(values):
        return f"{_read(spec, name)} - {values[0]}"
    return f"public_{place}.place"


def _is_range(values: Sequence[KeyValue]) -> bool:
    return type(values[0]) is int and values == tuple(range(values[0], values[0] + len(values)))


def _read(spec: AnswerSpec, name: str) -> str:
    """Return a column of the source, or the part of a moment that a derived column is."""
    if name not in spec.derive:
        return identifier(name)
    derived = spec.derive[name]
    if derived.take is Take.DATE:
        return f"CAST({identifier(derived.of)} AS DATE)"
    return f"CAST(EXTRACT({derived.take.value} FROM {identifier(derived.of)}) AS BIGINT)"


def _compared(spec: AnswerSpec, name: str, values: Sequence[KeyValue]) -> str:
    # Texts are compared as texts: so a date is, by its ISO form.
    read = _read(spec, name)
    return f"CAST({read} AS VARCHAR)" if isinstance(values[0], str) else read


def _dictionaries(spec: AnswerSpec) -> Iterator[str]:
    """Yield a small table for every key whose places are not told by counting."""
    for place, values in enumerate(spec.keys.values()):
        if not _is_range(values):
            yield f"public_{place} AS ({_union(values, 0, len(values))})"


def _union(values: Sequence[KeyValue], start: int, end: int) -> str:
    # Halved again and again: engines read deep nesting, but not thousands of levels of it.
    if end - start == 1:
        return f"SELECT {literal(values[start])} AS said, {start} AS place"
    middle = (start + end) // 2
    return f"{_union(values, start, middle)} UNION ALL {_union(values, middle, end)}"


def _steps(bounds: Bounds, name: str) -> str:
    """Return a column's value in whole steps; nothing where it is no number, or past all sense.

    Spark makes 0 of what is no number, and DuckDB nothing: so it does not come to the cast.
    """
    steps = f"CAST({identifier(name)} AS DOUBLE) / CAST({bounds.step:f} AS DOUBLE)"
    whole = f"TRY_CAST(floor({steps} + 0.5) AS BIGINT)"
    return f"CASE WHEN {steps} > -{_SENSELESS} AND {steps} < {_SENSELESS} THEN {whole} END"


def _within(column: str, low: int, high: int) -> str:
    below, above = f"WHEN {column} < {low} THEN {low}", f"WHEN {column} > {high} THEN {high}"
    return f"CASE {below} {above} ELSE {column} END"
