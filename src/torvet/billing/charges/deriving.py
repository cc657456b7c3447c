"""What the charges of a contract should be by now, against what they are."""

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sqlalchemy import Connection

from torvet import metering
from torvet.billing.charging import ChargeKey, Quantity, Terms, charges
from torvet.billing.periods import HOUR, Month, month_of, months_between
from torvet.contracts import Contract, Unit, Used, contracts_by_id, spending
from torvet.kit.money import Currency, Money
from torvet.metering import Channel

from . import store
from .model import Known, Portion
from .rules import next_due, portions
from .store import NewSheet, Progress, Reached

HourOfUse = tuple[datetime, str, int, int, int]
"""Hour, channel, rows, bytes, requests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A contract that is due, and what has to be known of it from `begin` on."""

    place: Progress
    contract: Contract
    begin: datetime
    used: Sequence[HourOfUse]
    charged: Sequence[store.KnownRow]


def gathered(tx: Connection, due: Sequence[Progress], *, anew: bool = False) -> Iterator[Work]:
    """Give those contracts that were agreed, with what was used and charged of late.

    With `anew` it is all that was ever used and charged.
    """
    found = contracts_by_id(tx, [one.contract for one in due])
    agreed = [
        (one, found[one.contract], _first_month_begins(one, found[one.contract], anew=anew))
        for one in due
        if one.contract in found and found[one.contract].agreed_at is not None
    ]
    begins = [(one.contract, begin) for one, _, begin in agreed]
    used: dict[str, list[HourOfUse]] = {}
    for contract, *hour in metering.hours_since(tx, begins):
        used.setdefault(contract, []).append(tuple(hour))  # type: ignore[arg-type]
    charged = store.known(tx, begins)
    for one, contract_, begin in agreed:
        yield Work(
            place=one,
            contract=contract_,
            begin=begin,
            used=used.get(one.contract, ()),
            charged=charged.get(one.contract, ()),
        )


def _first_month_begins(one: Progress, contract: Contract, *, anew: bool) -> datetime:
    """Return the begin of the first month of which something may have changed."""
    assert contract.agreed_at is not None, "what is charged was agreed"
    reached = contract.agreed_at if one.reached is None or anew else one.reached
    since = reached if one.since is None else one.since
    return month_of(max(min(reached, since), contract.agreed_at)).start


def quantities(hours: Iterable[HourOfUse], units: Collection[Unit]) -> Iterator[Quantity]:
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


def derived(work: Work, far: datetime) -> tuple[list[NewSheet], Reached]:
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


def _known(work: Work, month: Month, currency: Currency) -> dict[ChargeKey, Known]:
    start, end = month.start, month.end
    return {
        ChargeKey(work.contract.id, cause, meter, begin.astimezone(UTC)): Known(
            counted=counted, amount=Money(minor, currency), portions=times
        )
        for cause, meter, begin, counted, minor, times in work.charged
        if start <= begin < end
    }


def metered(work: Work, at: datetime) -> Iterator[tuple[str, datetime, Used]]:
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
