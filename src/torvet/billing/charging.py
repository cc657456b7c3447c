"""From quantities of use and a contract's tariff to charges: pure, and the same every time.

An hour costs what it adds to its month: the month's cost up to and with the hour, rounded, less
the month's cost before it, rounded (half away from zero). So an allowance, a tier and a fraction of
an øre are counted once, and the hours of a month are together exactly the month. Where use is
delivered late, `outstanding` says what is to be charged or taken back beyond what was charged.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from fractions import Fraction

from torvet.contracts.prices.model import Every, OneOff, PerUse, Subscription, Tariff, Unit
from torvet.contracts.spending import first_day, paid_from
from torvet.kit.money import Currency, Money

from .periods import HOUR, MONTHS_PER_YEAR, Month, add_months, beginnings, day_of, midnight

MONTHS = {Every.MONTH: 1, Every.YEAR: MONTHS_PER_YEAR}


class Cause(StrEnum):
    """What a charge is for."""

    USE = "use"
    SUBSCRIPTION = "subscription"
    ONE_OFF = "one-off"
    LEAST = "least"
    MOST = "most"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What is charged, and from when until when a contract is paid for."""

    contract: str
    tariff: Tariff
    agreed_at: datetime
    ended_at: datetime | None = None

    @property
    def first_day(self) -> date:
        """Return the day on which it begins to be paid for."""
        return first_day(self.tariff, self.agreed_at)

    @property
    def paid_from(self) -> datetime:
        """Return the instant from which use is paid for."""
        return paid_from(self.tariff, self.agreed_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """What was used in the hour that begins at `hour`: rows, bytes, requests or answers."""

    unit: Unit
    hour: datetime
    counted: int


@dataclass(frozen=True, slots=True, order=True)
class ChargeKey:
    """What makes a charge the one that it is: it is derived as often as one likes, and is once.

    `begin` is the hour of use, the beginning of a subscription's period, or that of the month.
    """

    contract: str
    cause: Cause
    meter: str
    begin: datetime

    def __str__(self) -> str:
        return f"{self.contract}:{self.cause}:{self.meter}:{self.begin:%Y-%m-%dT%HZ}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """An amount, without VAT, and what it is for."""

    key: ChargeKey
    amount: Money
    counted: int = 0
    """Rows, bytes, requests or answers, where it is for use."""


def charges(
    terms: Terms, used: Iterable[Quantity], month: Month, *, until: datetime
) -> tuple[Charge, ...]:
    """Return what `terms` charge for `month` as it is known at `until`, by key.

    Of `used` only what lies in the month, is paid for, and begins before `until` counts; the same
    unit and hour may come in several portions. What use costs at least is charged when the month
    or the contract is over, by its hours that were paid for. Subscriptions and one-off prices are
    charged whole when they begin, and nothing of them goes back at the end.
    """
    currency = terms.tariff.currency
    if currency is None:
        return ()
    end = min([month.end, until, *([terms.ended_at] if terms.ended_at else [])])
    fixed = _fixed(terms, month.start, end)
    hours = _hours(terms, used, month, until)
    use = [charge for rate in terms.tariff.uses for charge in _use(terms, rate, hours, currency)]
    total = Money.total([charge.amount for charge in use], currency)
    bounds = _bounds(terms, total, month, until)
    return tuple(sorted((*fixed, *use, *bounds), key=_order))


def _order(charge: Charge) -> tuple[str, str, datetime]:
    """Return the order of keys within one contract, faster than comparing them whole."""
    key = charge.key
    return key.cause.value, key.meter, key.begin


def total(charged: Iterable[Charge], currency: Currency) -> Money:
    """Return the sum of charges."""
    return Money.total([charge.amount for charge in charged], currency)


def outstanding(
    derived: Iterable[Charge], charged: Mapping[ChargeKey, Money]
) -> dict[ChargeKey, Money]:
    """Return what is still to be charged, or taken back where it is below zero.

    Adding it to `charged` makes what was derived, and then nothing is outstanding.
    """
    left = {charge.key: charge.amount for charge in derived}
    for key, amount in charged.items():
        left[key] = left[key] - amount if key in left else -amount
    return {key: left[key] for key in sorted(left) if left[key]}


def _fixed(terms: Terms, start: datetime, end: datetime) -> list[Charge]:
    """Return what is paid by its beginning alone, where that lies from `start` until `end`."""
    found = []
    begin = terms.paid_from
    for rate in terms.tariff.rates:
        if isinstance(rate, OneOff) and start <= begin < end:
            key = ChargeKey(terms.contract, Cause.ONE_OFF, rate.kind, begin)
            found.append(Charge(key=key, amount=rate.amount))
        if isinstance(rate, Subscription):
            found += _periods(terms, rate, start, end)
    return found


def _periods(terms: Terms, rate: Subscription, start: datetime, end: datetime) -> list[Charge]:
    every, first = MONTHS[rate.every], terms.first_day
    found = []
    # The first period begins with the first day, and is paid from its own hour.
    for number in beginnings(first, every, midnight(day_of(start)), end):
        begin = max(midnight(add_months(first, number * every)), terms.paid_from)
        if begin < end:
            key = ChargeKey(terms.contract, Cause.SUBSCRIPTION, rate.every.value, begin)
            found.append(Charge(key=key, amount=rate.amount))
    return found


def _hours(
    terms: Terms, used: Iterable[Quantity], month: Month, until: datetime
) -> dict[Unit, dict[datetime, int]]:
    start = max(month.start, terms.paid_from)
    end = min(month.end, until)
    sums: dict[Unit, dict[datetime, int]] = {}
    for one in used:
        if one.counted < 0:
            raise ValueError(f"{one.counted} {one.unit} in the hour {one.hour}: below zero")
        if start <= one.hour < end:
            hours = sums.setdefault(one.unit, {})
            hours[one.hour] = hours.get(one.hour, 0) + one.counted
    return sums


def _use(
    terms: Terms, rate: PerUse, sums: dict[Unit, dict[datetime, int]], currency: Currency
) -> list[Charge]:
    found = []
    before, so_far = 0, 0
    ladder, contract, meter = rate.ladder(), terms.contract, rate.unit.value
    for hour, counted in sorted(sums.get(rate.unit, {}).items()):
        so_far += counted
        after = ladder.minor(so_far)
        key = ChargeKey(contract, Cause.USE, meter, hour)
        found.append(Charge(key=key, amount=Money(after - before, currency), counted=counted))
        before = after
    return found


def _bounds(terms: Terms, use: Money, month: Month, until: datetime) -> list[Charge]:
    """Return what brings a month's use up to its least, or down to its most."""
    least, most = terms.tariff.at_least, terms.tariff.at_most
    if most is not None and use > most:
        key = ChargeKey(terms.contract, Cause.MOST, "month", month.start)
        return [Charge(key=key, amount=most - use)]
    end = month.end if terms.ended_at is None else min(month.end, terms.ended_at)
    start = max(month.start, terms.paid_from)
    if least is None or until < end or end <= start:
        return []
    part = Fraction((end - start) // HOUR, month.hours)
    owed = least.times(part)
    if use >= owed:
        return []
    key = ChargeKey(terms.contract, Cause.LEAST, "month", month.start)
    return [Charge(key=key, amount=owed - use)]
