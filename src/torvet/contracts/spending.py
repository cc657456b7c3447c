"""What is spent under a contract in a month, counted as it will be charged. Pure.

Charges and caps price the same quantities by the same `PerUse.cost`, over the same months of
Copenhagen, and from the same instant on: what a cap lets through is what an invoice will say.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

from torvet.kit.money import Money

from .orders import Order
from .periods import day_of, midnight, month_of
from .prices.model import PerUse, Tariff, Tiering, Unit
from .sentences import Sentence, moment

WARN_PERCENT = 80
"""From this part of a cap on its parties are warned, once a month."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """Quantities that can have a price. They add up in any order."""

    rows: int = 0
    bytes: int = 0
    requests: int = 0
    answers: int = 0

    def __add__(self, other: "Used") -> "Used":
        return Used(
            rows=self.rows + other.rows,
            bytes=self.bytes + other.bytes,
            requests=self.requests + other.requests,
            answers=self.answers + other.answers,
        )

    def __bool__(self) -> bool:
        return bool(self.rows or self.bytes or self.requests or self.answers)

    def of(self, unit: Unit) -> int:
        """Return how much of it is priced by `unit`: for a GB its bytes."""
        match unit:
            case Unit.ROW:
                return self.rows
            case Unit.GB:
                return self.bytes
            case Unit.REQUEST:
                return self.requests
            case Unit.ANSWER:
                return self.answers


NOT_USED = Used()


def used(*, rows: int, bytes: int, requests: int, question: bool) -> Used:  # noqa: A002 - what a contract is said to use
    """Return what a read counts as: an answer is neither rows nor a request."""
    if question:
        return Used(bytes=bytes, answers=requests)
    return Used(rows=rows, bytes=bytes, requests=requests)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """What was used since `since`, and what reads at work may use beyond it."""

    since: datetime
    used: Used = NOT_USED
    held: Used = NOT_USED
    warned: int | None = None
    """The cap, in minor units, of which a warning was given."""
    turn: int = 0


def first_day(tariff: Tariff, agreed_at: datetime) -> date:
    """Return the day on which a contract begins to be paid for."""
    return day_of(agreed_at) + timedelta(days=tariff.trial_days)


def paid_from(tariff: Tariff, agreed_at: datetime) -> datetime:
    """Return the instant from which use is paid for.

    With a trial it is the midnight after its last day, the day of agreement being the first.
    Without one it is the hour of agreement.
    """
    if tariff.trial_days:
        return midnight(first_day(tariff, agreed_at))
    return agreed_at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def counted_since(tariff: Tariff, agreed_at: datetime | None, at: datetime) -> datetime | None:
    """Return where the month's count of use at `at` began, None where nothing is to be paid."""
    if agreed_at is None or not tariff.uses:
        return None
    begin = paid_from(tariff, agreed_at)
    return max(month_of(at).start, begin) if at >= begin else None


def cost(tariff: Tariff, use: Used) -> Money:
    """Return what `use` of one month comes to, as charges do: each rate rounded, at most the most.

    Raises ValueError where nothing of the tariff depends on use.
    """
    return _bounded(tariff, [rate.cost(use.of(rate.unit)) for rate in tariff.uses])


def dearest(tariff: Tariff, low: Used, high: Used) -> Money:
    """Return the most that any use from `low` to `high` can cost.

    With volume tiers less use may cost more: a read that is cut short must not pass the cap.
    """
    return _bounded(
        tariff, [_dearest(rate, low.of(rate.unit), high.of(rate.unit)) for rate in tariff.uses]
    )


def _bounded(tariff: Tariff, costs: list[Fraction]) -> Money:
    if tariff.currency is None:
        raise ValueError("what is free has no cost")
    amounts = [Money.rounded(each, tariff.currency) for each in costs]
    total = Money.total(amounts, tariff.currency)
    return total if tariff.at_most is None else min(total, tariff.at_most)


def _dearest(rate: PerUse, low: int, high: int) -> Fraction:
    if rate.tiering is Tiering.GRADUATED:
        return rate.cost(high)
    size = rate.unit.counted
    # Within a tier more costs more, so the dearest is at its end, or at the end of what is used.
    ends = [tier.beyond * size for tier in rate.tiers if low < tier.beyond * size < high]
    return max(rate.cost(count) for count in (low, *ends, high))


def objection(tariff: Tariff, order: Order, spending: Spending, wanted: Used) -> Sentence | None:
    """Say why `wanted` cannot be used under the order's cap; None where it can.

    What adds nothing to the month's cost never objects.
    """
    cap = order.cap
    if cap is None or not wanted:
        return None
    before = spending.used + spending.held
    most = dearest(tariff, spending.used, before + wanted)
    if most <= cap or most <= dearest(tariff, spending.used, before):
        return None
    spent, at_work = cost(tariff, spending.used), bool(spending.held)
    over, (bound, way) = moment(month_of(spending.since).end), _bound(order.prepaid)
    return Sentence(
        en=f"this read could bring the month to {most.said('en')}, and {bound.en}"
        f" {cap.said('en')}, of which {spent.said('en')} is spent"
        f"{', and other reads are at work' if at_work else ''}; the month is over at {over.en},"
        f" and {way.en}",
        da=f"denne læsning kan bringe måneden op på {most.said('da')}, og {bound.da}"
        f" {cap.said('da')}, hvoraf {spent.said('da')} er brugt"
        f"{', og andre læsninger er i gang' if at_work else ''}; måneden slutter {over.da},"
        f" og {way.da}",
    )


def _bound(prepaid: bool) -> tuple[Sentence, Sentence]:
    """Return what keeps a read back, and what its consumer may do about it."""
    if not prepaid:
        return Sentence(en="the spending cap is", da="forbrugsloftet er"), Sentence(
            en="the consumer may raise the cap on the contract's page or with"
            " `torvet contract cap`",
            da="forbrugeren kan hæve loftet på kontraktens side eller med `torvet contract cap`",
        )
    return Sentence(
        en="what was paid in, or a lower spending cap, allows",
        da="det indbetalte, eller et lavere forbrugsloft, rækker til",
    ), Sentence(
        en="the consumer may pay in more, on the contract's page or with `torvet billing deposit`",
        da="forbrugeren kan betale mere ind, på kontraktens side eller med"
        " `torvet billing deposit`",
    )


def is_near(tariff: Tariff, cap: Money, use: Used) -> bool:
    """Say whether so much of `cap` is spent that a warning is due."""
    return cost(tariff, use).minor * 100 >= cap.minor * WARN_PERCENT


def bytes_are_capped(tariff: Tariff, order: Order) -> bool:
    """Say whether bytes count towards a cap, so that an answer is weighed before it leaves."""
    return order.cap is not None and any(rate.unit is Unit.GB for rate in tariff.uses)
