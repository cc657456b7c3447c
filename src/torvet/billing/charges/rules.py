"""What is to be added to what was charged, and when to look again: pure."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from torvet.billing.charging import MONTHS, Charge, ChargeKey, Terms
from torvet.billing.periods import HOUR, Month, add_months, beginnings, day_of, midnight, month_of
from torvet.contracts.prices.model import OneOff, Subscription

from .model import Known, Portion

LOOK_AHEAD_MONTHS = 13
"""A subscription begins anew within a year; whoever is due later is looked at in between."""


def hour_of(at: datetime) -> datetime:
    """Return the hour that is begun at `at`: what lies before it is over."""
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def portions(derived: Iterable[Charge], known: Mapping[ChargeKey, Known]) -> list[Portion]:
    """Return what added to `known` makes `derived`; nothing where that is so already.

    Quantities are kept in step too, so that what was charged says all that was metered.
    """
    found = []
    left = dict(known)
    for charge in derived:
        before = left.pop(charge.key, None)
        if before is not None:
            counted, amount = charge.counted - before.counted, charge.amount - before.amount
            number = before.portions
        else:
            counted, amount, number = charge.counted, charge.amount, 0
        if counted or amount:
            found.append(Portion(key=charge.key, number=number, counted=counted, amount=amount))
    found.extend(
        Portion(key=key, number=gone.portions, counted=-gone.counted, amount=-gone.amount)
        for key, gone in left.items()
        if gone.counted or gone.amount
    )
    return found


def next_due(terms: Terms, reached: datetime) -> datetime | None:
    """Return when time alone brings a further charge, after what is derived until `reached`.

    None where nothing will: only use, or a deed, can bring more.
    """
    found = list(_beginnings(terms, reached))
    bounded = terms.tariff.at_least is not None
    over = terms.ended_at is not None and terms.ended_at <= reached
    if bounded and not over:
        end = month_of(max(reached, terms.paid_from)).end
        found.append(end if terms.ended_at is None else min(end, hour_of(terms.ended_at) + HOUR))
    return min(found, default=None)


def _beginnings(terms: Terms, reached: datetime) -> Iterable[datetime]:
    """Yield the hour after each payment's beginning that is not reached: then it is charged."""
    begin, end = terms.paid_from, terms.ended_at
    for rate in terms.tariff.rates:
        if isinstance(rate, OneOff) and begin >= reached:
            yield begin + HOUR
        if isinstance(rate, Subscription):
            every, first = MONTHS[rate.every], terms.first_day
            if begin >= reached:
                yield begin + HOUR
                continue
            horizon = _month_after(reached, LOOK_AHEAD_MONTHS)
            for number in beginnings(first, every, midnight(day_of(reached)), horizon):
                each = midnight(add_months(first, number * every))
                if each >= reached and (end is None or each < end):
                    yield each + HOUR
                    break


def _month_after(at: datetime, months: int) -> datetime:
    month: Month = month_of(at).plus(months)
    return month.end
