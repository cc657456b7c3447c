"""From charges to the lines of an invoice, in the words of its buyer's language. Pure."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from torvet.billing.charging import MONTHS, Cause
from torvet.billing.periods import Month, add_months, day_of, month_of
from torvet.contracts import Every, PerUse, Tariff
from torvet.contracts import Unit as Meter
from torvet.contracts.prices.words import of_use
from torvet.kit.money import UNIT_SCALE_MAX, Money, UnitPrice

from .drafting import Counted, line_of
from .model import Line, Period, Unit, VatTreatment

_WHAT = {
    "da": {
        (Cause.USE, "row"): "rækker",
        (Cause.USE, "gb"): "datamængde",
        (Cause.USE, "request"): "forespørgsler",
        (Cause.USE, "answer"): "svar",
        (Cause.SUBSCRIPTION, "month"): "abonnement, en måned",
        (Cause.SUBSCRIPTION, "year"): "abonnement, et år",
        (Cause.ONE_OFF, "one-off"): "engangspris",
        (Cause.LEAST, "month"): "op til månedens mindstepris",
        (Cause.MOST, "month"): "ned til månedens højeste pris",
    },
    "en": {
        (Cause.USE, "row"): "rows",
        (Cause.USE, "gb"): "volume of data",
        (Cause.USE, "request"): "requests",
        (Cause.USE, "answer"): "answers",
        (Cause.SUBSCRIPTION, "month"): "subscription, one month",
        (Cause.SUBSCRIPTION, "year"): "subscription, one year",
        (Cause.ONE_OFF, "one-off"): "paid once",
        (Cause.LEAST, "month"): "up to the least of the month",
        (Cause.MOST, "month"): "down to the most of the month",
    },
}
_GB = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class Charged:
    """Charges of one kind, contract and month together, as a line shows them.

    `first` and `last` are the begins of the first and the last of them.
    """

    contract: str
    month: date
    cause: Cause
    meter: str
    counted: int
    amount: Money
    first: datetime
    last: datetime


def line_for(
    one: Charged, title: str, tariff: Tariff, vat: VatTreatment, *, language: str, of_many: bool
) -> Line:
    """Return the line of these charges, of exactly their amount.

    How much was used at which price stands in it where that comes to the amount exactly. Where
    tiers or an allowance decide, they are told in the line's note. `of_many` names the contract.
    """
    rate = _rate(one, tariff)
    counted = None if rate is None else _counted(one, rate)
    line = line_of(
        f"{title}: {_WHAT[language][one.cause, one.meter]}",
        one.amount,
        vat,
        counted=counted,
        period=period_of(one),
    )
    told = [f"{'Aftale' if language == 'da' else 'Contract'} {one.contract}"] if of_many else []
    if rate is not None and (counted is None or line.quantity != counted.quantity):
        told += [f"{_amount_of(one, language)}: {of_use(rate)[language]}"]
    return replace(line, note="; ".join(told)) if told else line


def period_of(one: Charged) -> Period:
    """Return the days that charges are for, both included."""
    first, last = day_of(one.first), day_of(one.last)
    match one.cause:
        case Cause.SUBSCRIPTION:
            last = add_months(last, MONTHS[Every(one.meter)]) - timedelta(days=1)
        case Cause.LEAST | Cause.MOST:
            last = _last_of(month_of(one.last))
        case _:
            pass
    return Period(first=first, last=last)


def whole(periods: list[Period]) -> Period:
    """Return the time from the first to the last of several."""
    return Period(first=min(one.first for one in periods), last=max(one.last for one in periods))


def _last_of(month: Month) -> date:
    return day_of(month.plus(1).start) - timedelta(days=1)


def _rate(one: Charged, tariff: Tariff) -> PerUse | None:
    if one.cause is not Cause.USE:
        return None
    return next((rate for rate in tariff.uses if rate.unit.value == one.meter), None)


def _counted(one: Charged, rate: PerUse) -> Counted | None:
    """Return quantity and price where one price holds for all, and can be written for one."""
    power = len(str(rate.per)) - 1
    tier = rate.tiers[0]
    scale = tier.price.scale + power
    if len(rate.tiers) > 1 or rate.free_monthly or 10**power != rate.per or scale > UNIT_SCALE_MAX:
        return None
    by_volume = rate.unit is Meter.GB
    return Counted(
        quantity=Decimal(one.counted).scaleb(-9).normalize() if by_volume else Decimal(one.counted),
        unit=Unit.GIGABYTE if by_volume else Unit.PIECE,
        unit_price=UnitPrice(tier.price.amount, scale, tier.price.currency),
    )


def _amount_of(one: Charged, language: str) -> str:
    if one.meter == Meter.GB.value:
        number = f"{Decimal(one.counted) / _GB:,.3f}"
    else:
        number = f"{one.counted:,}"
    written = number.translate(str.maketrans(",.", ".,")) if language == "da" else number
    unit = "GB" if one.meter == Meter.GB.value else _WHAT[language][one.cause, one.meter]
    return f"{written} {unit}"
