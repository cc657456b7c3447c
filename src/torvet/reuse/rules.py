"""How statements of benefit are judged and added up: pure, so that the laws can be tested."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal

from .model import STARS_MAX, Benefit, BenefitSum, Stars, Unit, Use

AMOUNT_MAX = Decimal(10) ** 15
DECIMALS_MAX = 3
BENEFITS_MAX = 20
PERIOD_MAX = timedelta(days=3 * 366)


def faults_of(start: date, end: date, benefits: Sequence[Benefit]) -> tuple[str, ...]:
    """Return everything that keeps a use from being stated so; nothing where it can be."""
    found = []
    if end < start:
        found.append("its period ends before it begins")
    elif end - start > PERIOD_MAX:
        found.append("its period is longer than three years")
    if len(benefits) > BENEFITS_MAX:
        found.append(f"it has more than {BENEFITS_MAX} benefits")
    units = [benefit.unit for benefit in benefits]
    found.extend(
        f"{unit.value} is said twice: add it up, or state two uses"
        for unit in Unit
        if units.count(unit) > 1
    )
    for benefit in benefits:
        found.extend(_faults_of_benefit(benefit))
    return tuple(found)


def _faults_of_benefit(benefit: Benefit) -> list[str]:
    numbers = (benefit.low, benefit.amount, benefit.high)
    unit = benefit.unit.value
    if any(not number.is_finite() or abs(number) > AMOUNT_MAX for number in numbers):
        return [f"{unit} is no number, or more than there is"]
    found = []
    if any(-int(number.as_tuple().exponent) > DECIMALS_MAX for number in numbers):
        found.append(f"{unit} has more than {DECIMALS_MAX} decimals")
    if not benefit.low <= benefit.amount <= benefit.high:
        found.append(f"{unit}: the amount is not between the least and the most")
    if not benefit.method.strip():
        found.append(f"{unit} does not say how it was found")
    return found


def summed(uses: Sequence[Use]) -> tuple[BenefitSum, ...]:
    """Add up what uses state, unit by unit, so that nothing is claimed twice.

    Uses of one consumer that say so, or whose periods overlap, may count the same benefit. Whether
    they do, nobody knows: together they are at least the greatest of them and at most all of them.
    """
    found = []
    for unit in Unit:
        stated = [
            (use, benefit) for use in uses for benefit in use.benefits if benefit.unit is unit
        ]
        if stated:
            found.append(_sum_of(unit, stated))
    return tuple(found)


def _sum_of(unit: Unit, stated: Sequence[tuple[Use, Benefit]]) -> BenefitSum:
    groups = overlapping(stated)
    return BenefitSum(
        unit=unit,
        low=sum((_once(one.low for one in group) for group in groups), start=Decimal(0)),
        amount=sum((_once(one.amount for one in group) for group in groups), start=Decimal(0)),
        high=sum((_all(one.high for one in group) for group in groups), start=Decimal(0)),
        uses=len(stated),
        overlapping=sum(len(group) for group in groups if len(group) > 1),
    )


def _once(amounts: Iterable[Decimal]) -> Decimal:
    """Return the least that amounts are together, whether they count the same or not."""
    held = list(amounts)
    return min(max(held), sum(held, start=Decimal(0)))


def _all(amounts: Iterable[Decimal]) -> Decimal:
    """Return the most that amounts are together."""
    held = list(amounts)
    return max(*held, sum(held, start=Decimal(0)))


def overlapping(stated: Sequence[tuple[Use, Benefit]]) -> list[list[Benefit]]:
    """Return the benefits in groups: what `may_be_same` joins, in however many steps.

    In about as many steps as there are uses: anybody may state as many as it likes.
    """
    order = sorted(stated, key=lambda one: (one[0].consumer, one[0].period_start))
    places = {use.id: place for place, (use, _) in enumerate(order)}
    joined = _Joined(len(order))
    longest = 0
    for place, (use, _) in enumerate(order):
        before = order[longest][0]
        if before.consumer == use.consumer and use.period_start <= before.period_end:
            joined.join(longest, place)
        if before.consumer != use.consumer or use.period_end > before.period_end:
            longest = place
        named = None if use.counted_with is None else places.get(use.counted_with)
        if named is not None and order[named][0].consumer == use.consumer:
            joined.join(named, place)
    groups: dict[int, list[Benefit]] = {}
    for place, (_, benefit) in enumerate(order):
        groups.setdefault(joined.root(place), []).append(benefit)
    return list(groups.values())


class _Joined:
    """Which of some places are joined, by whatever others (union-find, with halved paths)."""

    def __init__(self, many: int) -> None:
        self._above = list(range(many))

    def root(self, place: int) -> int:
        above = self._above
        while above[place] != place:
            above[place] = above[above[place]]
            place = above[place]
        return place

    def join(self, one: int, other: int) -> None:
        self._above[self.root(other)] = self.root(one)


def may_be_same(one: Use, other: Use) -> bool:
    """Say whether two uses may count the same benefit."""
    if one.consumer != other.consumer:
        return False
    if one.counted_with == other.id or other.counted_with == one.id:
        return True
    return one.period_start <= other.period_end and other.period_start <= one.period_end


def faults_of_stars(stars: Stars) -> tuple[str, ...]:
    """Return what is wrong with the stars of a review."""
    return tuple(
        f"{name} has {given} stars, and 1 to {STARS_MAX} are given"
        for name, given in stars.by_criterion().items()
        if not 1 <= given <= STARS_MAX
    )
