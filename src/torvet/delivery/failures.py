"""Reads that failed and should not have: looked for by the exchange, and told when they happen."""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Lock

import structlog

from torvet import privacy
from torvet.audit import Fact, record
from torvet.catalogue import release_number
from torvet.contracts import Contract, contract, gives_answers
from torvet.kit.errors import ExchangeError, Kind
from torvet.parties import Caller
from torvet.ports.parts import Parts
from torvet.ports.sql import identifier

from . import pages
from .projections import ensure
from .snapshots import snapshot

TOLD_EVERY = timedelta(minutes=1)
TOLD_MAX = 10_000
UNEXPECTED = "exchange-failed"
"""The code of what nobody foresaw, as callers are told it."""

log = structlog.get_logger()

_told: OrderedDict[str, datetime] = OrderedDict()
_lock = Lock()


def look(parts: Parts, held: Contract) -> None:
    """Read under `held` as its consumer would, counting and metering nothing; raise what it meets.

    A row of the newest release, or where the contract gives answers what may be asked.
    """
    if gives_answers(held):
        with parts.db.begin() as tx:
            privacy.budget(tx, held.dataset, held.consumer, parts.clock.now())
    else:
        _look_at_a_row(parts, held)


def _look_at_a_row(parts: Parts, held: Contract) -> None:
    with parts.db.begin() as tx:
        number = release_number(tx, held.dataset, None)
    table = ensure(parts, held.dataset, held.projection, number)
    shown = snapshot(parts, table, number)
    if not shown.delta.files:
        return
    path = parts.tables.local_path(shown.table, shown.delta.files[0].path)
    if path is not None:
        found = pages.read([path], shown.columns, None, offset=0, limit=1)
        if found is not None:
            return
    names = ", ".join(identifier(name) for name in shown.columns)
    parts.engine.rows(f"SELECT {names} FROM release LIMIT 1", {"release": list(shown.uris)})


def is_failure(error: BaseException) -> bool:
    """Say whether a read failed by no fault of the reader: a mistake of ours, or a part away."""
    if isinstance(error, ExchangeError):
        return error.kind is Kind.UNAVAILABLE
    return isinstance(error, Exception)


@contextmanager
def failures_told(parts: Parts, caller: Caller, contract_id: str, channel: str) -> Iterator[None]:
    """Put a failure of the consumer's read within on the record, once a minute at most."""
    try:
        yield
    except Exception as error:
        if is_failure(error) and _is_news(contract_id, parts.clock.now()):
            _tell(parts, caller, contract_id, channel, getattr(error, "code", UNEXPECTED))
        raise


def _is_news(contract_id: str, now: datetime) -> bool:
    with _lock:
        last = _told.get(contract_id)
        if last is not None and abs(now - last) < TOLD_EVERY:
            return False
        _told[contract_id] = now
        _told.move_to_end(contract_id)
        while len(_told) > TOLD_MAX:
            _told.popitem(last=False)
        return True


def _tell(parts: Parts, caller: Caller, contract_id: str, channel: str, code: str) -> None:
    try:
        with parts.db.begin() as tx:
            held = contract(tx, contract_id, caller)
            if held.consumer != caller.party:
                return
            record(
                tx,
                Fact(
                    name="read-failed",
                    at=parts.clock.now(),
                    actor="exchange",
                    subject=held.id,
                    parties=(held.consumer, held.provider),
                    body={
                        "contract": held.id,
                        "dataset": held.dataset,
                        "channel": channel,
                        "code": code,
                    },
                ),
            )
    except Exception as error:  # noqa: BLE001 - the reader is to hear of the first fault, not of this
        log.warning("failed read not told", contract=contract_id, fault=repr(error))
