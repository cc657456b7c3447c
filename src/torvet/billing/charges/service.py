"""From what was metered to what is charged: exactly once, whatever is retried or comes late."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection

from torvet import metering
from torvet.audit import Fact, record_all
from torvet.contracts import Used, take_up_spending
from torvet.contracts import take_news as contracts_that_moved
from torvet.kit.errors import ExchangeError
from torvet.kit.money import Money
from torvet.ports.parts import Parts

from . import store
from .deriving import derived, digest_of, gathered
from .deriving import metered as metered_of
from .errors import SheetsBilled
from .model import Charged, Sheet, SheetLine
from .rules import hour_of
from .store import NewSheet, Progress, Reached

CHARGED = "charged"
"""The name of the fact that every sheet of charges leaves in the log."""
EXCHANGE = "exchange"
NEWS_AT_A_TIME = 5_000
CONTRACTS_AT_A_TIME = 500
PASSES_MAX = 10_000
CHARGES_MAX = 10_000
AGAIN_AFTER_FAULT = timedelta(hours=1)

_log = structlog.get_logger(__name__)


def charge_due(parts: Parts) -> int:
    """Charge everything that is due by now; return how many charges came of it.

    What was metered is charged when its hour is over, subscriptions and one-off prices in their
    first hour. Any number of processes may do so at once, and be killed anywhere: sheets, charges,
    their facts and how far they reach are written together or not at all.
    """
    _note_news(parts)
    made = 0
    for _ in range(PASSES_MAX):
        now = parts.clock.now()
        with parts.db.begin() as tx:
            due = store.take_due(tx, now, CONTRACTS_AT_A_TIME)
            if not due:
                break
            made += _charge(tx, due, at=now, until=hour_of(now))
    return made


def charge_now(parts: Parts, contract: str) -> int:
    """Charge `contract` for everything that is metered by now, also of the hour that is not over.

    For an invoice at once. What comes in the rest of the hour makes a further portion.
    """
    _note_news(parts)
    now = parts.clock.now()
    with parts.db.begin() as tx:
        return _charge(tx, [store.take(tx, contract)], at=now, until=now)


def _note_news(parts: Parts) -> None:
    """Take over which contracts have to be looked at, from those who know what happened."""
    for _ in range(PASSES_MAX):
        with parts.db.begin() as tx:
            used = metering.take_news(tx, NEWS_AT_A_TIME)
            moved = contracts_that_moved(tx, NEWS_AT_A_TIME)
            news: dict[str, datetime | None] = dict.fromkeys(moved)
            store.note_news(tx, news | dict(used), parts.clock.now())
        if len(used) < NEWS_AT_A_TIME and len(moved) < NEWS_AT_A_TIME:
            return


def _charge(tx: Connection, due: Sequence[Progress], *, at: datetime, until: datetime) -> int:
    sheets: list[NewSheet] = []
    places = {one.contract: Reached(contract=one.contract, reached=one.reached) for one in due}
    metered: list[tuple[str, datetime, Used]] = []
    for work in gathered(tx, due):
        place = work.place
        metered += metered_of(work, at)
        far = until if place.reached is None else max(until, place.reached)
        try:
            made, places[place.contract] = derived(work, far)
            sheets += made
        except (ExchangeError, ValueError, OverflowError) as error:
            # One contract whose amounts cannot be written must not stop all others.
            _log.error("contract not charged", contract=place.contract, fault=str(error))
            places[place.contract] = Reached(
                contract=place.contract,
                reached=place.reached,
                since=place.since,
                due_at=at + AGAIN_AFTER_FAULT,
                fault=str(error),
            )
    if sheets:
        numbers = store.add(tx, sheets, at)
        record_all(tx, [_fact(*one, at) for one in zip(numbers, sheets, strict=True)])
    store.move(tx, list(places.values()))
    # What a cap counts comes from the same facts, and is there before; where a backup or an older
    # version lacks it, it is taken up from what was metered.
    take_up_spending(tx, metered)
    return sum(len(sheet.portions) for sheet in sheets)


def _fact(number: int, sheet: NewSheet, at: datetime) -> Fact:
    digest = digest_of(
        (
            each.key.cause.value,
            each.key.meter,
            each.key.begin,
            each.number,
            each.counted,
            each.amount.minor,
        )
        for each in sheet.portions
    )
    return Fact(
        name=CHARGED,
        at=at,
        actor=EXCHANGE,
        subject=sheet.contract,
        parties=(sheet.provider, sheet.consumer),
        body={
            "contract": sheet.contract,
            "sheet": number,
            "month": f"{sheet.month:%Y-%m}",
            "charges": len(sheet.portions),
            "amount": sheet.amount.to_json(),
            "digest": digest,
        },
    )


def waiting(
    tx: Connection,
    *,
    until: datetime,
    contract: str | None = None,
    consumer: str | None = None,
) -> Iterator[Charged]:
    """Give the charges that began before `until` and are not invoiced; nobody else gets them.

    They come by sheets, which are invoiced whole: hand the sheets to `bill` in the same `tx`.
    Whoever asks at the same moment waits until `tx` ends, and then gets what is left.
    """
    sheets = store.hold_waiting(tx, until, contract=contract, consumer=consumer)
    return store.charges_of(tx, sheets)


def waiting_lines(
    tx: Connection,
    *,
    until: datetime,
    contract: str | None = None,
    consumer: str | None = None,
) -> list[SheetLine]:
    """Return what `waiting` gives, together by sheet, cause and meter: for a month of invoices."""
    sheets = store.hold_waiting(tx, until, contract=contract, consumer=consumer)
    return list(store.lines_of(tx, sheets))


def bill(tx: Connection, sheets: Sequence[int], invoice: str) -> None:
    """Note that `sheets` are on `invoice`; raise SheetsBilled where one is on another already."""
    wanted = sorted(set(sheets))
    done = store.bill(tx, wanted, invoice)
    if done != len(wanted):
        raise SheetsBilled(invoice, len(wanted) - done)


def charged_of(
    tx: Connection,
    contract: str,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    waiting: bool | None = None,
    limit: int = CHARGES_MAX,
) -> list[Charged]:
    """Return what `contract` was charged, newest first; `waiting`: only what is (not) invoiced."""
    most = min(limit, CHARGES_MAX)
    return store.page_of_charges(tx, contract, start=start, end=end, waiting=waiting, limit=most)


def totals_of(tx: Connection, contract: str) -> list[tuple[Money, Money]]:
    """Return all that `contract` was charged and what of it waits, in each of its currencies."""
    return store.totals(tx, contract)


def sheets_of(tx: Connection, invoice: str) -> list[Sheet]:
    """Return the sheets that are on `invoice`."""
    return store.sheets_of(tx, invoice)
