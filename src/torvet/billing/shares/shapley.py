"""What each of several parties adds to an income that they earn together: the Shapley value. Pure.

Exact for few parties. For many by sampling orders of arrival, each with its reverse, since who
comes late in one comes early in the other (antithetic pairs; Castro, Gómez and Tejada 2009). The
error that is stated is an empirical Bernstein bound (Maurer and Pontil 2009, theorem 4): it holds
whatever the distribution is, for all parties and all looks at once, with CONFIDENCE.
"""

import math
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

EXACT_MAX = 12
"""Parties up to which every coalition is looked at: 4,096 of them."""
CONFIDENCE = 0.99
PAIRS_FIRST, PAIRS_MAX = 64, 4_096
ERROR_PART = 0.01
"""Sampling ends where the error is at most this part of the income."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """Something that was earned: it needs, for each of `needs`, one of the parties in it.

    `worth` in minor units, zero or more. A need is a column of a joined table, and the parties in
    it are those who bring that column.
    """

    worth: int
    needs: tuple[frozenset[int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampled:
    """How values were estimated: `pairs` of orders drawn from `seed`.

    Each value is within `error` minor units of the exact one, all of them with CONFIDENCE.
    """

    seed: int
    pairs: int
    error: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """What each party adds, in minor units; together what all earn less what nobody would."""

    values: tuple[Fraction, ...]
    sampled: Sampled | None = None


def exact(parties: int, worth: Callable[[int], int]) -> Values:
    """Return the Shapley value of each of `parties`, at most EXACT_MAX.

    `worth` tells what a coalition earns, given as bits: party 0 is the lowest. Every coalition is
    asked for once. Raises ValueError where there are more parties.
    """
    if not 0 < parties <= EXACT_MAX:
        raise ValueError(f"{parties} parties: 1 to {EXACT_MAX} are looked at one by one")
    worths = [worth(coalition) for coalition in range(1 << parties)]
    arrivals = math.factorial(parties)
    weights = [math.factorial(size) * math.factorial(parties - size - 1) for size in range(parties)]
    values = []
    for party in range(parties):
        own = 1 << party
        added = sum(
            weights[coalition.bit_count()] * (worths[coalition | own] - worths[coalition])
            for coalition in range(1 << parties)
            if not coalition & own
        )
        values.append(Fraction(added, arrivals))
    return Values(values=tuple(values))


def of_uses(parties: int, uses: Iterable[Use], *, seed: int) -> Values:
    """Return what each of `parties` adds to `uses`, exactly wherever that can be done.

    By additivity each use is a small game of its own among those whom it needs: where each need
    has one party they share alike, where few are concerned all coalitions are looked at. Only
    what is left is sampled, all of it by the same orders, drawn from `seed`.
    """
    values = [Fraction(0)] * parties
    left: list[Use] = []
    for use in uses:
        concerned = sorted(frozenset[int]().union(*use.needs))
        if not use.worth or not concerned:
            continue
        if all(len(need) == 1 for need in use.needs):
            for party in concerned:
                values[party] += Fraction(use.worth, len(concerned))
        elif len(concerned) <= EXACT_MAX:
            for party, value in zip(concerned, _small(concerned, use), strict=True):
                values[party] += value
        else:
            left.append(use)
    if not left:
        return Values(values=tuple(values))
    estimated, sampled = _sampled(parties, left, seed)
    together = (one + other for one, other in zip(values, estimated, strict=True))
    return Values(values=tuple(together), sampled=sampled)


def _small(concerned: Sequence[int], use: Use) -> tuple[Fraction, ...]:
    place = {party: 1 << number for number, party in enumerate(concerned)}
    needs = [sum(place[party] for party in need) for need in use.needs]

    def worth(coalition: int) -> int:
        return use.worth if all(coalition & need for need in needs) else 0

    return exact(len(concerned), worth).values


def _sampled(parties: int, uses: Sequence[Use], seed: int) -> tuple[list[Fraction], Sampled]:
    """Estimate by pairs of orders; look whether it is enough each time their number doubled."""
    # The same numbers on every machine: a seed that is written down is to be computed again.
    orders = random.Random(seed)  # noqa: S311 - nothing is kept secret by it
    sums, squares = [0] * parties, [0] * parties
    most = [sum(u.worth for u in uses if any(p in n for n in u.needs)) for p in range(parties)]
    looks = (PAIRS_MAX // PAIRS_FIRST).bit_length()
    income = sum(use.worth for use in uses)
    order = list(range(parties))
    pairs, until = 0, PAIRS_FIRST
    while True:
        while pairs < until:
            orders.shuffle(order)
            for party, added in _added(order, uses).items():
                sums[party] += added
                squares[party] += added * added
            pairs += 1
        error = max(
            _error(sums[p], squares[p], most[p], pairs, risk=(1 - CONFIDENCE) / (parties * looks))
            for p in range(parties)
        )
        if error <= ERROR_PART * income or pairs >= PAIRS_MAX:
            break
        until = pairs * 2
    values = [Fraction(total, 2 * pairs) for total in sums]
    return values, Sampled(seed=seed, pairs=pairs, error=Fraction(math.ceil(error)))


def _added(order: Sequence[int], uses: Sequence[Use]) -> dict[int, int]:
    """Return twice what each adds, on average over `order` and its reverse.

    A use is earned by the one who comes when all other needs are met: the last of those who are
    first for a need. In the reverse order first is last.
    """
    place = [0] * len(order)
    for number, party in enumerate(order):
        place[party] = number
    added: dict[int, int] = {}
    for use in uses:
        there = [[place[party] for party in need] for need in use.needs]
        forward = order[max(min(places) for places in there)]
        backward = order[min(max(places) for places in there)]
        added[forward] = added.get(forward, 0) + use.worth
        added[backward] = added.get(backward, 0) + use.worth
    return added


def _error(total: int, squares: int, most: int, pairs: int, *, risk: float) -> float:
    """Return the half-width for one party: its pairs are averages, between 0 and `most`."""
    mean = total / (2 * pairs)
    variance = max(0.0, squares / 4 - pairs * mean * mean) / (pairs - 1)
    doubt = math.log(4 / risk)
    return math.sqrt(2 * variance * doubt / pairs) + 7 * most * doubt / (3 * (pairs - 1))
