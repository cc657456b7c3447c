"""What an offer costs: values, and the choice among them. Amounts are exact and without VAT.

A price has cases, one for each purpose or kind of consumer that pays otherwise; the first that
fits holds. What a contract takes over is the tariff of that case, as it stood when it was agreed.
"""

from bisect import bisect_left
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from math import lcm
from typing import ClassVar, TypeAlias

from torvet.contracts import purposes
from torvet.kit.money import Currency, Money, UnitPrice
from torvet.parties.model import PartyKind

BYTES_PER_GB = 10**9


class Unit(StrEnum):
    """What use is paid by: rows delivered, GB sent, requests for rows, answers to questions."""

    ROW = "row"
    GB = "gb"
    REQUEST = "request"
    ANSWER = "answer"

    @property
    def counted(self) -> int:
        """Return how many of what is metered make one: a GB is metered in bytes."""
        return BYTES_PER_GB if self is Unit.GB else 1


class Every(StrEnum):
    """How often a subscription is paid, each time in advance."""

    MONTH = "month"
    YEAR = "year"


class Tiering(StrEnum):
    """What a tier's price is for: the units within the tier, or all of the month's."""

    GRADUATED = "graduated"
    VOLUME = "volume"


@dataclass(frozen=True, slots=True)
class Free:
    """It costs nothing."""

    kind: ClassVar[str] = "free"


@dataclass(frozen=True, slots=True)
class OneOff:
    """Paid once, when the contract begins to be paid for."""

    kind: ClassVar[str] = "one-off"
    amount: Money


@dataclass(frozen=True, slots=True)
class Subscription:
    """Paid at the beginning of each month or year, counted from the contract's own day."""

    kind: ClassVar[str] = "subscription"
    amount: Money
    every: Every


@dataclass(frozen=True, slots=True)
class Tier:
    """The price of units beyond the first `beyond` of a month."""

    beyond: int
    price: UnitPrice


@dataclass(frozen=True, slots=True, kw_only=True)
class PerUse:
    """Paid by use, counted anew each month of the calendar in Copenhagen.

    A price is for `per` units, and a part of them costs its part: 500 rows at 12.50 kr. for 1,000
    cost 6.25 kr. Tiers count all units of the month, those of the free allowance too.
    """

    kind: ClassVar[str] = "per-use"
    unit: Unit
    per: int = 1
    tiers: tuple[Tier, ...]
    """By `beyond`, the first from 0."""
    tiering: Tiering = Tiering.GRADUATED
    free_monthly: int = 0

    def cost(self, counted: int) -> Fraction:
        """Return what a month with `counted` rows, bytes, requests or answers costs.

        In minor units and not rounded, so that an hour costs what it adds.
        """
        return self.ladder().exact(counted)

    def ladder(self) -> "Ladder":
        """Return the price as whole numbers, for many quantities of one month."""
        size = self.unit.counted
        parts = [tier.price.exact(1, per=self.per * size) for tier in self.tiers]
        whole = lcm(*(part.denominator for part in parts))
        return Ladder(
            tiering=self.tiering,
            free=self.free_monthly * size,
            begins=tuple(tier.beyond * size for tier in self.tiers),
            slopes=tuple(part.numerator * (whole // part.denominator) for part in parts),
            whole=whole,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """A price by use in whole numbers: what each tier costs for one of what is metered.

    Slopes are in `1 / whole` minor units, so that everything is exact.
    """

    tiering: Tiering
    free: int
    begins: tuple[int, ...]
    slopes: tuple[int, ...]
    whole: int

    def exact(self, counted: int) -> Fraction:
        """Return what `counted` costs in minor units, not rounded."""
        return Fraction(self._parts(counted), self.whole)

    def minor(self, counted: int) -> int:
        """Return what `counted` costs in minor units, rounded half away from zero."""
        parts, whole = self._parts(counted), self.whole
        if parts >= 0:
            return (2 * parts + whole) // (2 * whole)
        return -((whole - 2 * parts) // (2 * whole))

    def _parts(self, counted: int) -> int:
        begins, slopes, free = self.begins, self.slopes, self.free
        if self.tiering is Tiering.VOLUME:
            reached = bisect_left(begins, counted)
            return slopes[reached - 1] * max(counted - free, 0) if reached else 0
        total = 0
        for place in range(bisect_left(begins, counted)):
            last = place + 1 == len(begins)
            end = counted if last else min(counted, begins[place + 1])
            total += slopes[place] * max(end - max(begins[place], free), 0)
        return total


Rate: TypeAlias = Free | OneOff | Subscription | PerUse


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """What one consumer pays: rates that add up, after a trial that is free.

    `at_least` and `at_most` hold for the use of a month of the calendar, not for what is paid
    once or by subscription.
    """

    rates: tuple[Rate, ...] = (Free(),)
    trial_days: int = 0
    at_least: Money | None = None
    at_most: Money | None = None

    @property
    def is_free(self) -> bool:
        return all(isinstance(rate, Free) for rate in self.rates)

    @property
    def uses(self) -> tuple[PerUse, ...]:
        """Return the rates that depend on use."""
        return tuple(rate for rate in self.rates if isinstance(rate, PerUse))

    @property
    def is_once(self) -> bool:
        """Say whether something is paid, and all of it once: nothing is charged for a month."""
        return not self.is_free and all(isinstance(rate, OneOff) for rate in self.rates)

    @property
    def currency(self) -> Currency | None:
        """Return the one currency of the tariff, None where it is free."""
        return next(iter(currencies((self,))), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A tariff, and whom it is for: every purpose and kind where none is named."""

    purposes: tuple[str, ...] = ()
    """DPV codes; a narrower purpose is within a broader one."""
    kinds: tuple[PartyKind, ...] = ()
    tariff: Tariff

    def fits(self, purpose: str, kind: PartyKind) -> bool:
        """Say whether a consumer of `kind` pays this tariff for `purpose`."""
        meant = not self.purposes or any(purposes.is_within(purpose, p) for p in self.purposes)
        return meant and (not self.kinds or kind in self.kinds)

    @property
    def is_for_all(self) -> bool:
        return not self.purposes and not self.kinds


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What an offer costs whom, and until just before when that can be accepted."""

    cases: tuple[Case, ...]
    valid_from: datetime | None = None
    valid_until: datetime | None = None

    @property
    def is_free(self) -> bool:
        """Say whether nobody ever pays anything."""
        return all(case.tariff.is_free for case in self.cases)

    @property
    def depends_on_use(self) -> bool:
        """Say whether anybody pays by use."""
        return any(case.tariff.uses for case in self.cases)

    def tariff_for(self, purpose: str, kind: PartyKind) -> Tariff | None:
        """Return the tariff of the first case that fits, None where none does."""
        return next((case.tariff for case in self.cases if case.fits(purpose, kind)), None)

    def stands(self, at: datetime) -> bool:
        """Say whether the price can be accepted at `at`."""
        begun = self.valid_from is None or self.valid_from <= at
        return begun and (self.valid_until is None or at < self.valid_until)


NOTHING = Tariff()
FREE = Price(cases=(Case(tariff=NOTHING),))
"""The price of an offer that names none."""


def currencies(tariffs: tuple[Tariff, ...]) -> frozenset[Currency]:
    """Return every currency that stands somewhere in `tariffs`."""
    found: set[Currency] = set()
    for tariff in tariffs:
        found |= {most.currency for most in (tariff.at_least, tariff.at_most) if most is not None}
        for rate in tariff.rates:
            match rate:
                case OneOff(amount) | Subscription(amount):
                    found.add(amount.currency)
                case PerUse(tiers=tiers):
                    found |= {tier.price.currency for tier in tiers}
                case Free():
                    pass
    return frozenset(found)
