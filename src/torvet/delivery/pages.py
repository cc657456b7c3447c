"""Small pages, read from row groups that are kept decoded: a page is a slice of one or two.

A release never changes, so neither does a decoded row group; the ones used last are kept. Only
files on this machine are read so, and only conditions that Arrow and the engine judge alike:
whatever is not clear is left to the engine, by returning None.
"""

import operator
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache, partial
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from torvet.kit.filters import And, Compare, Filter, In, IsNull, Not, Op, Or, Value

FILES_MAX = 512
ENDS_MAX = 16_384
KEPT_BYTES_MAX = 192 * 1024**2
GROUP_BYTES_MAX = 48 * 1024**2
"""A row group that is larger than this when decoded is left to the engine."""
GROUPS_MAX = 6
"""Row groups that one filtered page may look through before it is left to the engine."""
BLOCK_ROWS = 4_096
"""A row group is looked through block by block, and no further than the page needs."""
BLOCKS_MAX = 4_096

_COMPARE = {
    Op.EQUAL: pc.equal,
    Op.UNLIKE: pc.not_equal,
    Op.LESS: pc.less,
    Op.AT_MOST: pc.less_equal,
    Op.MORE: pc.greater,
    Op.AT_LEAST: pc.greater_equal,
}


_HOLDS = {
    Op.LESS: operator.lt,
    Op.AT_MOST: operator.le,
    Op.MORE: operator.gt,
    Op.AT_LEAST: operator.ge,
}


Ends: TypeAlias = tuple[int, int]


class _LeaveItError(Exception):
    """The engine had better do this."""


class _Kept:
    """Files and row groups that were used last, up to a number of bytes; for many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._files: OrderedDict[str, pq.FileMetaData] = OrderedDict()
        self._groups: OrderedDict[tuple[str, int], pa.Table] = OrderedDict()
        self._bytes = 0

    def metadata(self, path: str) -> pq.FileMetaData:
        with self._lock:
            if path in self._files:
                return self._files[path]
        read = pq.read_metadata(path)
        with self._lock:
            self._files[path] = read
            while len(self._files) > FILES_MAX:
                self._files.popitem(last=False)
        return read

    def group(self, path: str, number: int) -> pa.Table:
        key = (path, number)
        with self._lock:
            if key in self._groups:
                self._groups.move_to_end(key)
                return self._groups[key]
        metadata = self.metadata(path)
        if metadata.row_group(number).total_byte_size > GROUP_BYTES_MAX:
            raise _LeaveItError
        with pq.ParquetFile(path, metadata=metadata) as file:
            table = file.read_row_group(number, use_threads=False).combine_chunks()
        if table.nbytes > GROUP_BYTES_MAX:
            raise _LeaveItError
        self._keep(key, table)
        return table

    def _keep(self, key: tuple[str, int], table: pa.Table) -> None:
        with self._lock:
            if key not in self._groups:
                self._groups[key] = table
                self._bytes += table.nbytes
            while self._bytes > KEPT_BYTES_MAX:
                _, oldest = self._groups.popitem(last=False)
                self._bytes -= oldest.nbytes


_kept = _Kept()


def read(
    paths: Sequence[str],
    columns: Sequence[str],
    condition: Filter | None,
    *,
    offset: int,
    limit: int,
    looked_at: Sequence[str] = (),
) -> list[pa.RecordBatch] | None:
    """Return `limit` rows from `offset` on of those that fit, or None: the engine should.

    `looked_at` are the columns that the condition names. Rows come in the order of the files.
    """
    try:
        groups = _groups(paths)
        if condition is None:
            tables = _slices(groups, offset, limit)
        else:
            tables = _fitting(groups, condition, looked_at, offset, limit)
        return [batch for table in tables for batch in table.select(list(columns)).to_batches()]
    except (_LeaveItError, pa.ArrowException, OSError, KeyError):
        return None


def _groups(paths: Sequence[str]) -> Iterator[tuple[str, int, int]]:
    for path in paths:
        metadata = _kept.metadata(path)
        for number in range(metadata.num_row_groups):
            yield path, number, metadata.row_group(number).num_rows


def _slices(groups: Iterator[tuple[str, int, int]], offset: int, limit: int) -> Iterator[pa.Table]:
    left = limit
    for path, number, rows in groups:
        if offset >= rows:
            offset -= rows
            continue
        table = _kept.group(path, number).slice(offset, left)
        yield table
        offset = 0
        left -= table.num_rows
        if left <= 0:
            return


def _fitting(
    groups: Iterator[tuple[str, int, int]],
    condition: Filter,
    looked_at: Sequence[str],
    offset: int,
    limit: int,
) -> Iterator[pa.Table]:
    left = limit
    seen = 0
    names = list(dict.fromkeys(looked_at))
    for path, number, rows in groups:
        if not _may_hold(condition, partial(_ends, path, number)):
            continue
        seen += 1
        if seen > GROUPS_MAX:
            raise _LeaveItError
        group = _kept.group(path, number)
        for block in range(-(-rows // BLOCK_ROWS)):
            if not _may_hold(condition, partial(_ends_of_block, path, number, block)):
                continue
            table = group.slice(block * BLOCK_ROWS, BLOCK_ROWS)
            mask = _mask(table.select(names), condition)
            places = pc.indices_nonzero(pc.fill_null(mask, fill_value=False))
            chosen = places.slice(offset, left)
            offset = max(offset - len(places), 0)
            if len(chosen):
                yield table.take(chosen)
                left -= len(chosen)
            if left <= 0:
                return


def _may_hold(condition: Filter, ends_of: Callable[[str], Ends | None]) -> bool:
    """Tell by the least and greatest integers of some rows whether one of them may fit."""
    match condition:
        case And(parts):
            return all(_may_hold(part, ends_of) for part in parts)
        case Or(parts):
            return any(_may_hold(part, ends_of) for part in parts)
        case Compare(column, op, int() as value) if not isinstance(value, bool):
            ends = ends_of(column)
            return ends is None or _within(ends, op, value)
        case _:
            return True


def _within(ends: Ends, op: Op, value: int) -> bool:
    low, high = ends
    if op is Op.EQUAL:
        return low <= value <= high
    if op is Op.UNLIKE:
        return not low == value == high
    return bool(_HOLDS[op](low if op in {Op.LESS, Op.AT_MOST} else high, value))


@lru_cache(ENDS_MAX)
def _ends(path: str, number: int, column: str) -> Ends | None:
    group = _kept.metadata(path).row_group(number)
    for place in range(group.num_columns):
        found = group.column(place)
        if found.path_in_schema == column and found.is_stats_set:
            said = found.statistics
            if said.has_min_max and isinstance(said.min, int) and isinstance(said.max, int):
                return said.min, said.max
    return None


def _ends_of_block(path: str, number: int, block: int, column: str) -> Ends | None:
    return _blocks(path, number, column)[block]


@lru_cache(BLOCKS_MAX)
def _blocks(path: str, number: int, column: str) -> tuple[Ends | None, ...]:
    """Return the least and greatest integer of each block of a row group, None where unknown."""
    values = _kept.group(path, number)[column]
    starts = range(0, len(values), BLOCK_ROWS)
    if not pa.types.is_integer(values.type):
        return (None,) * len(starts)
    found = (pc.min_max(values.slice(start, BLOCK_ROWS)).as_py() for start in starts)
    return tuple(None if each["min"] is None else (each["min"], each["max"]) for each in found)


def _mask(table: pa.Table, condition: Filter) -> Any:
    """Return for each row whether it fits; null is SQL's unknown."""
    match condition:
        case Compare(column, op, value):
            return _COMPARE[op](table[column], _scalar(table, column, value))
        case In(column, values):
            found = [pc.equal(table[column], _scalar(table, column, value)) for value in values]
            return _joined(pc.or_kleene, found)
        case IsNull(column):
            return pc.is_null(table[column])
        case And(parts):
            return _joined(pc.and_kleene, [_mask(table, part) for part in parts])
        case Or(parts):
            return _joined(pc.or_kleene, [_mask(table, part) for part in parts])
        case Not(part):
            return pc.invert(_mask(table, part))


def _joined(join: Any, masks: list[Any]) -> Any:
    first, *rest = masks
    for mask in rest:
        first = join(first, mask)
    return first


def _scalar(table: pa.Table, column: str, value: Value) -> pa.Scalar:
    """Return `value` in the column's type, where both engines compare that type alike."""
    kind = table.schema.field(column).type
    alike = (
        (pa.types.is_integer(kind) and isinstance(value, int) and not isinstance(value, bool))
        or (pa.types.is_string(kind) and isinstance(value, str))
        or (pa.types.is_boolean(kind) and isinstance(value, bool))
        or (pa.types.is_date(kind) and not isinstance(value, datetime))
        or (pa.types.is_timestamp(kind) and isinstance(value, datetime))
    )
    if not alike:
        raise _LeaveItError
    return pa.scalar(value, kind)
