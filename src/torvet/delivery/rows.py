"""Rows over REST: which page or stream of rows a request means, and the deed that reads it.

Rows keep the order in which they were published. A page begins at a file and an offset within
the rows that fit, of one release: what is published later moves nothing.
"""

import hashlib
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain

import pyarrow as pa

from torvet.catalogue import release_number
from torvet.contracts import (
    Admission,
    Contract,
    Hold,
    RowsPerDay,
    admit,
    bytes_are_capped,
    give_back,
    release,
    set_aside,
)
from torvet.kit import filters
from torvet.parties import Caller
from torvet.ports.parts import Parts
from torvet.ports.sql import identifier
from torvet.ports.tables import DeltaFile

from . import pages, reach
from .asking import PAGE_ROWS_MAX, RowsAsk
from .errors import BadRequest, CursorInvalid, NoSuchColumn
from .formats import RowFormat, Tally, write, write_json_page
from .model import Channel, Use
from .projections import ensure
from .pruning import columns_in, kept
from .signing import seal, unseal
from .snapshots import Snapshot, snapshot

BATCH_ROWS = 16_384
_CURSOR = "rows"

_FILTER_TYPES = {
    "string": "text",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "instant",
    "timestamp_ntz": "timestamp",
    **dict.fromkeys(("byte", "short", "integer", "long"), "integer"),
    **dict.fromkeys(("float", "double"), "number"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """Where in the rows that fit a request begins, and in which release."""

    release: int
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A read that the contract lets through: what to run, over which files, and its tag."""

    contract: Contract
    snapshot: Snapshot
    columns: tuple[str, ...]
    ask: RowsAsk
    at: Slice
    admitted: int
    admitted_at: datetime
    hold: Hold | None = None
    """What was set aside of a spending cap."""

    @property
    def etag(self) -> str:
        """Return the entity tag: the same release, table, question and format, the same bytes."""
        said = repr((
            self.snapshot.table,
            self.at.release,
            self.columns,
            self.ask.digest(self.contract.id),
            self.at.offset,
            self.ask.limit,
            self.ask.format,
            self.ask.csv_safe,
        ))  # fmt: skip
        return f'"{hashlib.sha256(said.encode()).hexdigest()[:32]}"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page, made: its bytes and the cursor of the next, if there is one."""

    body: bytes
    rows: int
    following: str | None


def begin(parts: Parts, caller: Caller, contract_id: str, ask: RowsAsk) -> Reading:
    """Let the read through, or raise ReadRefused; return what is to be read.

    A page counts as many rows as it may hold, and a stream as many as fit: what is not
    delivered is handed back at the end.
    """
    if ask.format is RowFormat.JSON and not ask.is_page:
        raise BadRequest(f"A page of JSON holds at most {PAGE_ROWS_MAX:,} rows; stream ndjson")
    at_most = (ask.limit or 0) if ask.is_page else 0
    # Before anything is counted: what is handed back goes to the day it was counted on.
    now = parts.clock.now()
    admission = _admit(parts, caller, contract_id, ask, rows=at_most, requests=1)
    reading: Reading | None = None
    try:
        reading = _planned(parts, admission, ask, admitted=at_most, at=now)
        if ask.is_page:
            return reading
        rows = _rows_that_fit(parts, reading)
        weight = _weight(parts, reading)
        more = _admit(
            parts,
            caller,
            contract_id,
            ask,
            rows=rows,
            bytes=weight,
            requests=0,
            hold=admission.hold,
        )
        return replace(reading, admitted=rows, hold=more.hold)
    except BaseException:
        _hand_back(parts, admission, at_most, now)
        raise


def _weight(parts: Parts, reading: Reading) -> int:
    """Return the bytes of a stream where they count towards a cap: it is made once to be weighed.

    What is sent is the same again, so that the cap is neither passed nor wasted.
    """
    if not bytes_are_capped(reading.contract.tariff, reading.contract.order):
        return 0
    return sum(len(chunk) for chunk in _chunks(parts, reading, Tally()))


def _admit(
    parts: Parts,
    caller: Caller,
    contract_id: str,
    ask: RowsAsk,
    *,
    rows: int,
    requests: int,
    bytes: int = 0,  # noqa: A002 - its name everywhere
    hold: Hold | None = None,
) -> Admission:
    return admit(
        parts,
        contract_id,
        caller=caller,
        columns=ask.named,
        rows=rows,
        bytes=bytes,
        requests=requests,
        channel=Channel.REST.value,
        hold=hold,
    )


def _planned(
    parts: Parts, admission: Admission, ask: RowsAsk, *, admitted: int, at: datetime
) -> Reading:
    contract = admission.contract
    begins = _start(parts, contract, ask)
    table = ensure(parts, contract.dataset, contract.projection, begins.release)
    shown = snapshot(parts, table, begins.release)
    missing = tuple(name for name in ask.named or () if name not in shown.schema.names)
    if missing:
        raise NoSuchColumn(missing)
    typed = filters.check(ask.filter, _filter_types(shown)) if ask.filter else None
    return Reading(
        contract=contract,
        snapshot=shown,
        columns=ask.columns or shown.columns,
        ask=replace(ask, filter=typed),
        at=begins,
        admitted=admitted,
        admitted_at=at,
        hold=admission.hold,
    )


def _start(parts: Parts, contract: Contract, ask: RowsAsk) -> Slice:
    if ask.cursor is not None:
        known = unseal(parts.keys.secret, _CURSOR, ask.cursor)
        if known is None or known["q"] != ask.digest(contract.id):
            raise CursorInvalid
        number, offset = known["r"], known["o"]
        assert isinstance(number, int)
        assert isinstance(offset, int)
        if ask.release not in {None, number}:
            raise CursorInvalid
        return Slice(release=number, offset=offset)
    with parts.db.connect() as plain:
        tx = plain.execution_options(isolation_level="AUTOCOMMIT")
        return Slice(release=release_number(tx, contract.dataset, ask.release), offset=0)


def _filter_types(shown: Snapshot) -> dict[str, str]:
    return {
        name: _FILTER_TYPES.get(kind, "decimal" if kind.startswith("decimal") else kind)
        for name, kind in shown.types.items()
    }


def _rows_that_fit(parts: Parts, reading: Reading) -> int:
    """Return how many rows a stream will hold, so that they are counted before they are sent."""
    ask, shown = reading.ask, reading.snapshot
    if ask.filter is None:
        fitting = shown.rows
    else:
        files, _ = _files(reading, None)
        uris = _uris(reading, files)
        condition = filters.to_sql(ask.filter)
        counted = f"SELECT count(*) AS n FROM release WHERE {condition}"
        fitting = int(str(parts.engine.rows(counted, {"release": uris})[0]["n"])) if uris else 0
    left = max(fitting - reading.at.offset, 0)
    return left if ask.limit is None else min(left, ask.limit)


def read_page(parts: Parts, caller: Caller, reading: Reading) -> Page:
    """Read one page, record what it holds, and return its bytes."""
    ask = reading.ask
    assert ask.limit is not None
    try:
        batches = _page(parts, reading, ask.limit + 1)
        rows = sum(batch.num_rows for batch in batches)
        more = rows > ask.limit
        batches = _cut(batches, ask.limit)
        following = _cursor(parts, reading, reading.at.offset + ask.limit) if more else None
        body = _written(reading, batches, following)
        reading = _weighed(parts, caller, reading, len(body))
    except BaseException:
        admission = Admission(contract=reading.contract, hold=reading.hold)
        _hand_back(parts, admission, reading.admitted, reading.admitted_at)
        raise
    page = Page(body=body, rows=min(rows, ask.limit), following=following)
    settle(parts, caller, reading, rows=page.rows, sent=len(body))
    return page


def _weighed(parts: Parts, caller: Caller, reading: Reading, weight: int) -> Reading:
    """Ask once more where the bytes of a page, which are known by now, count towards a cap."""
    if not bytes_are_capped(reading.contract.tariff, reading.contract.order):
        return reading
    hold = set_aside(
        parts,
        reading.contract,
        bytes=weight,
        requests=0,
        channel=Channel.REST.value,
        actor=caller.actor,
        hold=reading.hold,
    )
    return replace(reading, hold=hold)


def _page(parts: Parts, reading: Reading, rows: int) -> list[pa.RecordBatch]:
    """Return the rows of a page, and one more where there is one: then another page follows."""
    if not reading.ask.order:
        files, offset = _files(reading, rows)
        shown = reading.snapshot
        local = [parts.tables.local_path(shown.table, file.path) for file in files]
        paths = [path for path in local if path is not None]
        if len(paths) == len(files):
            condition = reading.ask.filter
            found = pages.read(
                paths,
                reading.columns,
                condition,
                offset=offset,
                limit=rows,
                looked_at=filters.columns(condition) if condition else (),
            )
            if found is not None:
                return found
    return list(_batches(parts, reading, rows))


def _cut(batches: list[pa.RecordBatch], limit: int) -> list[pa.RecordBatch]:
    kept_batches: list[pa.RecordBatch] = []
    left = limit
    for batch in batches:
        if left > 0:
            kept_batches.append(batch.slice(0, left))
            left -= min(batch.num_rows, left)
    return kept_batches


def _written(reading: Reading, batches: list[pa.RecordBatch], following: str | None) -> bytes:
    if reading.ask.format is not RowFormat.JSON:
        schema = batches[0].schema if batches else _schema(reading)
        return b"".join(write(reading.ask.format, schema, batches, csv_safe=reading.ask.csv_safe))
    head = {
        "contract": reading.contract.id,
        "dataset": reading.contract.dataset,
        "release": reading.at.release,
        "columns": [{"name": n, "type": reading.snapshot.types[n]} for n in reading.columns],
    }
    return write_json_page(dict(head), batches, {"next": following})


def _cursor(parts: Parts, reading: Reading, offset: int) -> str:
    bound = {"r": reading.at.release, "o": offset, "q": reading.ask.digest(reading.contract.id)}
    return seal(parts.keys.secret, _CURSOR, bound)


@dataclass(slots=True)
class Stream:
    """A stream of rows that is made as it is taken; `rows` tells how many were taken so far."""

    chunks: Iterator[bytes]
    tally: Tally

    @property
    def rows(self) -> int:
        """Return the rows that were made into bytes."""
        return self.tally.rows


def open_stream(parts: Parts, reading: Reading) -> Stream:
    """Return the bytes of a stream; nothing is read before the first is taken."""
    tally = Tally()
    return Stream(chunks=_chunks(parts, reading, tally), tally=tally)


def _chunks(parts: Parts, reading: Reading, tally: Tally) -> Iterator[bytes]:
    with closing(_batches(parts, reading, reading.ask.limit)) as batches:
        first = next(batches, None)
        schema = first.schema if first is not None else _schema(reading)
        given = chain(() if first is None else (first,), batches)
        counted = tally.counted(given)
        yield from write(reading.ask.format, schema, counted, csv_safe=reading.ask.csv_safe)


def settle(parts: Parts, caller: Caller, reading: Reading, *, rows: int, sent: int) -> None:
    """Record what one request really delivered, and hand back what was counted beyond it."""
    use = Use(
        contract=reading.contract.id,
        dataset=reading.contract.dataset,
        release=reading.at.release,
        channel=Channel.REST,
        rows=rows,
        bytes=sent,
        format=reading.ask.format.value,
    )
    unused = reading.admitted - rows if _counts_rows(reading.contract) else 0
    if unused > 0:
        with parts.db.begin() as tx:
            reach.note_use(tx, parts, reading.contract, use, caller.actor, hold=reading.hold)
            give_back(tx, reading.contract.id, unused, at=reading.admitted_at)
        return
    # One statement is a transaction by itself, in one way there and back.
    with parts.db.connect() as plain:
        tx = plain.execution_options(isolation_level="AUTOCOMMIT")
        reach.note_use(tx, parts, reading.contract, use, caller.actor, hold=reading.hold)


def unchanged(parts: Parts, caller: Caller, reading: Reading) -> None:
    """Record that the reader was told that nothing changed: a request without rows."""
    settle(parts, caller, reading, rows=0, sent=0)


def _hand_back(parts: Parts, admission: Admission, rows: int, at: datetime) -> None:
    release(parts, admission.hold)
    if rows and _counts_rows(admission.contract):
        with parts.db.begin() as tx:
            give_back(tx, admission.contract.id, rows, at=at)


def _counts_rows(contract: Contract) -> bool:
    return any(isinstance(clause, RowsPerDay) for clause in contract.clauses)


def _schema(reading: Reading) -> pa.Schema:
    return pa.schema(reading.snapshot.schema.field(name) for name in reading.columns)


def _batches(
    parts: Parts, reading: Reading, limit: int | None
) -> Generator[pa.RecordBatch, None, None]:
    """Yield the rows of a read from its start on, and close the engine's cursor at the end."""
    files, offset = _files(reading, limit)
    if not files or limit == 0:
        return
    uris = _uris(reading, files)
    sql = _sql(reading, limit, offset)
    with parts.engine.stream(sql, {"release": uris}, batch_rows=BATCH_ROWS) as batches:
        for batch in batches:
            if batch.num_rows:
                yield batch


def _files(reading: Reading, limit: int | None) -> tuple[Sequence[DeltaFile], int]:
    """Return the files that hold the slice, and the offset within them."""
    shown = reading.snapshot
    if reading.ask.filter is not None or reading.ask.order:
        chosen, offset = kept(shown.delta.files, shown.types, reading.ask.filter), reading.at.offset
    else:
        chosen, offset = _span(shown.delta.files, reading.at.offset, limit)
    there = frozenset[str]().union(*(columns_in(file.stats) for file in chosen))
    if chosen and not there.issuperset((*reading.columns, *(reading.ask.named or ()))):
        # The files at hand are older than a column: the others tell its type.
        return shown.delta.files, reading.at.offset
    return chosen, offset


def _uris(reading: Reading, files: Sequence[DeltaFile]) -> list[str]:
    shown = reading.snapshot
    by_path = dict(zip((file.path for file in shown.delta.files), shown.uris, strict=True))
    return [by_path[file.path] for file in files]


def _span(
    files: Sequence[DeltaFile], offset: int, limit: int | None
) -> tuple[tuple[DeltaFile, ...], int]:
    """Return the files that rows `offset` to `offset + limit` are in, and the offset in them."""
    chosen: list[DeltaFile] = []
    left = limit
    for file in files:
        if not chosen and offset >= file.rows:
            offset -= file.rows
            continue
        chosen.append(file)
        if left is not None:
            left -= file.rows - (offset if len(chosen) == 1 else 0)
            if left <= 0:
                break
    return tuple(chosen), offset


def _sql(reading: Reading, limit: int | None, offset: int) -> str:
    names = ", ".join(identifier(name) for name in reading.columns)
    sql = f"SELECT {names} FROM release"
    if reading.ask.filter is not None:
        sql += f" WHERE {filters.to_sql(reading.ask.filter)}"
    if reading.ask.order:
        sql += f" ORDER BY {', '.join(_sorted_by(reading))}"
    if limit is not None:
        sql += f" LIMIT {int(limit)}"
    if offset:
        sql += f" OFFSET {int(offset)}"
    return sql


def _sorted_by(reading: Reading) -> Sequence[str]:
    asked = [
        f"{identifier(each.column)} {'DESC' if each.descending else 'ASC'} NULLS LAST"
        for each in reading.ask.order
    ]
    # The rest decides between equals, so that no row is on two pages and none on neither.
    done = {each.column for each in reading.ask.order}
    rest = [f"{identifier(name)} ASC NULLS LAST" for name in reading.columns if name not in done]
    return asked + rest
