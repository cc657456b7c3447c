"""What use would have cost under an offer: worked out by the same rules that charge."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from torvet import metering, parties
from torvet.contracts import Offer, Stage, Tariff, Unit, contracts_of
from torvet.contracts.errors import TermsNotMet
from torvet.kit.moments import to_text
from torvet.kit.money import Currency, Money
from torvet.metering import Channel, PeriodTurned, Usage

from .charging import Cause, Charge, Quantity, Terms, charges, total
from .errors import QuotePeriodUnfit
from .periods import YEAR_FIRST, YEAR_LAST, Month, month_of, months_between

PERIOD_DAYS_MAX = 100
"""Three months whole; hours and channels of one contract stay within what metering tells."""

_BEGUN = frozenset({Stage.AGREED, Stage.REVOKED, Stage.ENDED})


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteLine:
    """What one meter, subscription or bound comes to in the period."""

    cause: Cause
    meter: str
    counted: int
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What a period would have cost, without VAT; `total` is None where nothing ever costs."""

    start: datetime
    end: datetime
    lines: tuple[QuoteLine, ...]
    total: Money | None


def last_month(now: datetime) -> Month:
    """Return the last month that is over at `now`."""
    return month_of(now).plus(-1)


def quote(tariff: Tariff, used: Sequence[Quantity], start: datetime, end: datetime) -> Quote:
    """Return what `used` costs under `tariff` in a contract from `start` to `end`, after any trial.

    Raises PeriodTurned or QuotePeriodUnfit.
    """
    _check_period(start, end)
    whole = replace(tariff, trial_days=0)
    terms = Terms(contract="quote", tariff=whole, agreed_at=start, ended_at=end)
    found = [
        charge
        for month in months_between(start, end)
        for charge in charges(terms, used, month, until=end)
    ]
    return _summed(start, end, found, tariff.currency)


def quote_of_use(
    tx: Connection,
    offer: Offer,
    party: parties.PartyId,
    *,
    purpose: str,
    start: datetime,
    end: datetime,
) -> Quote:
    """Return what `party` would have paid for its use of the offer's dataset.

    The use under all its contracts counts together. The offer's provider is told what its present
    consumers would have paid together, each by its own purpose and kind. Raises TermsNotMet where
    the offer has no price for the party.
    """
    _check_period(start, end)
    held = contracts_of(tx, party, dataset=offer.dataset)
    begun = [contract for contract in held if contract.stage in _BEGUN]
    if offer.provider != party:
        tariff = tariff_for(tx, offer, party, purpose)
        used = [one for each in begun for one in _used(tx, party, each.id, start, end)]
        return quote(tariff, used, start, end)
    kinds = parties.parties_by_id(tx, {contract.consumer for contract in begun})
    quotes = []
    for contract in begun:
        fits = offer.price.tariff_for(contract.purpose, kinds[contract.consumer].kind)
        if fits is not None:
            quotes.append(quote(fits, _used(tx, party, contract.id, start, end), start, end))
    return _together(quotes, start, end)


def tariff_for(tx: Connection, offer: Offer, party: parties.PartyId, purpose: str) -> Tariff:
    """Return what `party` would pay for `purpose`; raise TermsNotMet where there is no price."""
    tariff = offer.price.tariff_for(purpose, parties.party(tx, party).kind)
    if tariff is None:
        raise TermsNotMet(offer.id, ("it has no price for your purpose and kind of party",))
    return tariff


def quantities(use: Usage) -> Iterable[Quantity]:
    """Return what an hour of a channel counts as: an answer is neither rows nor a request."""
    count, hour = use.count, use.begin
    yield Quantity(unit=Unit.GB, hour=hour, counted=count.bytes)
    if use.channel is Channel.ANSWERS:
        yield Quantity(unit=Unit.ANSWER, hour=hour, counted=count.requests)
    else:
        yield Quantity(unit=Unit.ROW, hour=hour, counted=count.rows)
        yield Quantity(unit=Unit.REQUEST, hour=hour, counted=count.requests)


def _used(
    tx: Connection, party: parties.PartyId, contract: str, start: datetime, end: datetime
) -> list[Quantity]:
    found = metering.usage_of(tx, frozenset({party}), start=start, end=end, contract=contract)
    return [quantity for use in found for quantity in quantities(use)]


def _check_period(start: datetime, end: datetime) -> None:
    if not (YEAR_FIRST < start.year < YEAR_LAST and YEAR_FIRST < end.year < YEAR_LAST):
        raise QuotePeriodUnfit(PERIOD_DAYS_MAX)
    if not start < end:
        raise PeriodTurned(to_text(start), to_text(end))
    if end - start > timedelta(days=PERIOD_DAYS_MAX):
        raise QuotePeriodUnfit(PERIOD_DAYS_MAX)


def _summed(
    start: datetime, end: datetime, found: Sequence[Charge], currency: Currency | None
) -> Quote:
    if currency is None:
        return Quote(start=start, end=end, lines=(), total=None)
    kinds = sorted({(charge.key.cause, charge.key.meter) for charge in found})
    lines = []
    for cause, meter in kinds:
        these = [c for c in found if (c.key.cause, c.key.meter) == (cause, meter)]
        counted = sum(charge.counted for charge in these)
        amount = total(these, currency)
        lines.append(QuoteLine(cause=cause, meter=meter, counted=counted, amount=amount))
    return Quote(start=start, end=end, lines=tuple(lines), total=total(found, currency))


def _together(quotes: Sequence[Quote], start: datetime, end: datetime) -> Quote:
    sums: dict[tuple[Cause, str], QuoteLine] = {}
    for line in (line for each in quotes for line in each.lines):
        known = sums.get((line.cause, line.meter))
        sums[line.cause, line.meter] = (
            line
            if known is None
            else replace(
                line, counted=known.counted + line.counted, amount=known.amount + line.amount
            )
        )
    totals = [each.total for each in quotes if each.total is not None]
    return Quote(
        start=start,
        end=end,
        lines=tuple(sums[key] for key in sorted(sums)),
        total=Money.total(totals, totals[0].currency) if totals else None,
    )
