"""Whether the data can be read: the exchange looks, as a consumer would, and hears of failed reads.

Every contract that promises availability is looked at once in each slot of five minutes. A slot in
which nobody looked, because nothing of the exchange ran, is lost in the report, as it was for the
consumer.
"""

from collections.abc import Iterator
from datetime import datetime

import structlog

from torvet import contracts
from torvet.audit import SealedFact, advance, follow, newest_checkpoint, record
from torvet.contracts import Contract, Measure, Stage
from torvet.delivery import is_failure, look
from torvet.kit.errors import ExchangeError, Kind
from torvet.ports.parts import Parts

from . import facts, rules, store
from .model import Fault

FOLLOWER = "trust"
READ_FAILED = "read-failed"
FACTS_AT_A_TIME = 1_000
PASSES_MAX = 1_000
UNEXPECTED = "exchange-failed"

log = structlog.get_logger(__name__)


def look_around(parts: Parts) -> int:
    """Look at every contract that promises availability and was not looked at in this slot.

    Contracts that show the same of one dataset are looked at together. Returns how many were.
    """
    looked = 0
    hour, bit = rules.slot_of(parts.clock.now())
    for page in _promising(parts):
        live = [one for one in page if _is_measured(one)]
        with parts.db.begin() as tx:
            done = store.is_seen(tx, [one.id for one in live], hour, bit)
        seen: dict[tuple[str, str, bool], Exception | None] = {}
        for one in live:
            if one.id in done:
                continue
            what = (one.dataset, one.projection.key, contracts.gives_answers(one))
            if what not in seen:
                seen[what] = _met(parts, one)
            _note(parts, one, hour, bit, seen[what])
            looked += 1
    return looked


def hear(parts: Parts) -> int:
    """Take over reads that failed since the last time, from the log; return how many."""
    heard = 0
    for _ in range(PASSES_MAX):
        size = newest_checkpoint(parts).size
        with parts.db.begin() as tx:
            batch = follow(tx, FOLLOWER, FACTS_AT_A_TIME, (READ_FAILED,))
            for sealed in batch:
                contract, (hour, bit) = _failed(sealed)
                store.see(tx, contract, hour, bit, failed=True)
            heard += len(batch)
            if len(batch) == FACTS_AT_A_TIME:
                advance(tx, FOLLOWER, batch[-1].position)
                continue
            # All that was sealed when this began is passed, so that it is not looked at again.
            last = max([size - 1, *(one.position for one in batch)])
            if last >= 0:
                advance(tx, FOLLOWER, last)
            break
    return heard


def _failed(sealed: SealedFact) -> tuple[str, tuple[datetime, int]]:
    fact = sealed.fact
    return fact.subject, rules.slot_of(fact.at)


def _promising(parts: Parts) -> Iterator[list[Contract]]:
    after = ""
    while True:
        with parts.db.begin() as tx:
            page = contracts.promising(tx, after=after)
        if not page:
            return
        yield page
        after = page[-1].id


def _is_measured(contract: Contract) -> bool:
    return (
        contract.stage is Stage.AGREED and contract.levels.level(Measure.AVAILABILITY) is not None
    )


def _met(parts: Parts, contract: Contract) -> Exception | None:
    try:
        look(parts, contract)
    except Exception as error:  # noqa: BLE001 - whatever it is, the consumer would have met it
        return error
    return None


def _note(
    parts: Parts, contract: Contract, hour: datetime, bit: int, error: Exception | None
) -> None:
    fault = None if error is None else _fault_of(error)
    with parts.db.begin() as tx:
        failed = store.see(
            tx,
            contract.id,
            hour,
            bit,
            failed=fault is not None,
            by_provider=fault is Fault.PROVIDER,
        )
        if fault is not None and failed == bit:
            # The first of this hour: one fact for it, and the report counts the rest.
            code = getattr(error, "code", UNEXPECTED)
            now = parts.clock.now()
            told = facts.service_failed(contract, at=now, fault=fault.value, code=code, how="probe")
            record(tx, told)
    if fault is not None:
        log.warning("a promised read failed", contract=contract.id, fault=repr(error))


def _fault_of(error: Exception) -> Fault:
    """Say by whose fault a look failed: the provider's where what is read is not there."""
    gone = isinstance(error, ExchangeError) and error.kind is Kind.NOT_FOUND
    return Fault.PROVIDER if gone and not is_failure(error) else Fault.EXCHANGE
