"""From what was metered to what is charged: exactly once, whatever is retried or comes late."""

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import structlog
from sqlalchemy import Connection

from torvet import metering
from torvet.audit import Fact, record_all
from torvet.billing.charging import ChargeKey, Quantity, Terms, charges
from torvet.billing.periods import HOUR, Month, month_of, months_between
from torvet.contracts import Contract, Unit, Used, contracts_by_id, spending, take_up_spending
from torvet.contracts import take_news as contracts_that_moved
from torvet.kit.errors import ExchangeError
from torvet.kit.money import Currency, Money
from torvet.metering import Channel
from torvet.ports.parts import Parts

from . import store
from .errors import SheetsBilled
from .model import Charged, Known, Portion, Sheet, SheetLine
from .rules import hour_of, next_due, portions
from .store import NewSheet, Progress, Reached

CHARGED = "charged"
"""The name of the fact that every sheet of charges leaves in the log."""
EXCHANGE = "exchange"
NEWS_AT_A_TIME = 5_000
CONTRACTS_AT_A_TIME = 500
PASSES_MAX = 10_000
CHARGES_MAX = 10_000
AGAIN_AFTER_FAULT = timedelta(hours=1)

_HourOfUse = tuple[datetime, str, int, int, int]
"""Hour, channel, rows, bytes, requests."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """A contract that is due, and what has to be known of it from `begin` on."""

    place: Progress
    contract: Contract
    begin: datetime
    used: Sequence[_HourOfUse]
    charged: Sequence[store.KnownRow]


def _charge(tx: Connection, due: Sequence[Progress], *, at: datetime, until: datetime) -> int:
    sheets: list[NewSheet] = []
    places = {one.contract: Reached(contract=one.contract, reached=one.reached) for one in due}
    metered: list[tuple[str, datetime, Used]] = []
    for work in _gathered(tx, due):
        place = work.place
        metered += _metered(work, at)
        far = until if place.reached is None else max(until, place.reached)
        try:
            made, places[place.contract] = _derived(work, far)
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


def _gathered(tx: Connection, due: Sequence[Progress]) -> Iterator[_Work]:
    """Give those contracts that were agreed, with what was used and charged of late."""
    found = contracts_by_id(tx, [one.contract for one in due])
    agreed = [
        (one, found[one.contract], _first_month_begins(one, found[one.contract]))
        for one in due
        if one.contract in found and found[one.contract].agreed_at is not None
    ]
    begins = [(one.contract, begin) for one, _, begin in agreed]
    used: dict[str, list[_HourOfUse]] = {}
    for contract, *hour in metering.hours_since(tx, begins):
        used.setdefault(contract, []).append(tuple(hour))  # type: ignore[arg-type]
    charged = store.known(tx, begins)
    for one, contract_, begin in agreed:
        yield _Work(
            place=one,
            contract=contract_,
            begin=begin,
            used=used.get(one.contract, ()),
            charged=charged.get(one.contract, ()),
        )


def _first_month_begins(one: Progress, contract: Contract) -> datetime:
    """Return the begin of the first month of which something may have changed."""
    assert contract.agreed_at is not None, "what is charged was agreed"
    reached = contract.agreed_at if one.reached is None else one.reached
    since = reached if one.since is None else one.since
    return month_of(max(min(reached, since), contract.agreed_at)).start


def quantities(hours: Iterable[_HourOfUse], units: Collection[Unit]) -> Iterator[Quantity]:
    """Give what hours of channels count as, in `units`: an answer is neither rows nor a request."""
    gb, row = Unit.GB in units, Unit.ROW in units
    request, answer = Unit.REQUEST in units, Unit.ANSWER in units
    for hour, channel, rows, bytes_, requests in hours:
        if gb and bytes_:
            yield Quantity(unit=Unit.GB, hour=hour, counted=bytes_)
        if channel == Channel.ANSWERS:
            if answer and requests:
                yield Quantity(unit=Unit.ANSWER, hour=hour, counted=requests)
            continue
        if row and rows:
            yield Quantity(unit=Unit.ROW, hour=hour, counted=rows)
        if request and requests:
            yield Quantity(unit=Unit.REQUEST, hour=hour, counted=requests)


def _derived(work: _Work, far: datetime) -> tuple[list[NewSheet], Reached]:
    """Return what is to be added to the months from `begin` on, derived until `far`."""
    contract = work.contract
    terms = terms_of(contract)
    units = {rate.unit for rate in contract.tariff.uses}
    use = list(quantities(work.used, units))
    currency = contract.tariff.currency
    sheets = []
    for month in months_between(work.begin, far):
        if currency is None:
            break
        start, end = month.start, month.end
        inside = [each for each in use if start <= each.hour < end]
        known = _known(work, month, currency)
        more = portions(charges(terms, inside, month, until=far), known)
        if more:
            sheets.append(_sheet(contract, date(month.year, month.number, 1), more, currency))
    since = min((hour for hour, *_ in work.used if hour >= far), default=None)
    dues = [next_due(terms, far), None if since is None else since + HOUR]
    due = min((at for at in dues if at is not None), default=None)
    return sheets, Reached(contract=contract.id, reached=far, since=since, due_at=due)


def _known(work: _Work, month: Month, currency: Currency) -> dict[ChargeKey, Known]:
    start, end = month.start, month.end
    return {
        ChargeKey(work.contract.id, cause, meter, begin.astimezone(UTC)): Known(
            counted=counted, amount=Money(minor, currency), portions=times
        )
        for cause, meter, begin, counted, minor, times in work.charged
        if start <= begin < end
    }


def _metered(work: _Work, at: datetime) -> Iterator[tuple[str, datetime, Used]]:
    """Give what is metered of the month of `at`, where use has a price."""
    contract = work.contract
    since = spending.counted_since(contract.tariff, contract.agreed_at, at)
    if since is None or not work.used:
        return
    rows = bytes_ = requests = answers = 0
    for hour, channel, rows_then, bytes_then, requests_then in work.used:
        if hour < since:
            continue
        bytes_ += bytes_then
        if channel == Channel.ANSWERS:
            answers += requests_then
        else:
            rows += rows_then
            requests += requests_then
    yield contract.id, since, Used(rows=rows, bytes=bytes_, requests=requests, answers=answers)


def terms_of(contract: Contract) -> Terms:
    """Return what `contract` is charged by; it was agreed."""
    assert contract.agreed_at is not None, "what is charged was agreed"
    return Terms(
        contract=contract.id,
        tariff=contract.tariff,
        agreed_at=contract.agreed_at,
        ended_at=contract.ended_at,
    )


def _sheet(
    contract: Contract, month: date, more: Sequence[Portion], currency: Currency
) -> NewSheet:
    return NewSheet(
        contract=contract.id,
        month=month,
        dataset=contract.dataset,
        provider=contract.provider,
        consumer=contract.consumer,
        amount=Money.total([each.amount for each in more], currency),
        last_begin=max(each.key.begin for each in more),
        portions=more,
    )


def digest_of(lines: Iterable[tuple[str, str, datetime, int, int, int]]) -> str:
    """Return SHA-256 of the charges of a sheet: cause, meter, begin, portion, counted, amount.

    The fact of the sheet bears it, so that nothing of it can be changed later without a trace.
    """
    said = sorted(
        (cause, meter, int(begin.timestamp()), portion, counted, minor)
        for cause, meter, begin, portion, counted, minor in lines
    )
    return hashlib.sha256(json.dumps(said, separators=(",", ":")).encode()).hexdigest()


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
