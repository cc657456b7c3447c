"""Which terms can be agreed, and who gets how much: pure, so that its laws can be tested."""

import hashlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction

from torvet.kit.money import Money

from . import shapley
from .model import PORTION_WHOLE, How, Part, Terms, Way
from .shapley import Use, Values

MEMBERS_MAX = 900
"""One posting holds them all."""
SHAPLEY_MEMBERS_MAX = 200
COLUMNS_MAX = 2_000
WEIGHT_MAX = 10**12
WORTHS_MAX = 1 << shapley.EXACT_MAX
_SEED_BYTES = 8


def faults_of(terms: Terms) -> tuple[str, ...]:
    """Return everything that keeps `terms` from being agreed; nothing where they can be."""
    return (*_faults_of_members(terms), *_faults_of_ways(terms))


def _faults_of_members(terms: Terms) -> Iterator[str]:
    if not 0 <= terms.portion <= PORTION_WHOLE:
        yield f"the portion is 0 to {PORTION_WHOLE:,} hundredths of a percent"
    parties = [member.party for member in terms.members]
    if len(set(parties)) < len(parties):
        yield "a member is named twice"
    most = MEMBERS_MAX if terms.way in {Way.EQUAL, Way.CONTRIBUTION} else SHAPLEY_MEMBERS_MAX
    if len(parties) > most:
        yield f"there are {len(parties):,} members, and {most:,} are most"
    if any(not 0 <= member.weight <= WEIGHT_MAX for member in terms.members):
        yield f"a weight is a whole number from 0 to {WEIGHT_MAX:,}"


def _faults_of_ways(terms: Terms) -> Iterator[str]:
    if not terms.members:
        return
    if terms.way is Way.CONTRIBUTION and not any(member.weight for member in terms.members):
        yield "no member has a weight"
    if terms.way is Way.COLUMNS:
        if any(not member.columns for member in terms.members):
            yield "every member brings at least one column"
        if sum(len(member.columns) for member in terms.members) > COLUMNS_MAX:
            yield f"at most {COLUMNS_MAX:,} columns are brought"
    if terms.way is Way.TABLE:
        yield from _faults_of_table(terms)
    elif terms.worths:
        yield "worths belong to the way 'table'"


def _faults_of_table(terms: Terms) -> Iterator[str]:
    if len(terms.members) > shapley.EXACT_MAX:
        yield f"a table has at most {shapley.EXACT_MAX} members"
    known = {member.party for member in terms.members}
    if any(not set(each.members) <= known for each in terms.worths):
        yield "a worth is of somebody who is no member"
    if any(each.worth < 0 or each.worth > WEIGHT_MAX for each in terms.worths):
        yield f"a worth is a whole number from 0 to {WEIGHT_MAX:,}"
    named = [frozenset(each.members) for each in terms.worths]
    if len(set(named)) < len(named) or len(named) > WORTHS_MAX:
        yield "each coalition is named at most once"
    if not any(each.worth for each in terms.worths if each.members):
        yield "no coalition is worth anything"


def may_be_sampled(terms: Terms) -> bool:
    """Say whether a contract that shows every column is divided by sampling."""
    if terms.way is not Way.COLUMNS:
        return False
    brought = [column for member in terms.members for column in set(member.columns)]
    return len(terms.members) > shapley.EXACT_MAX and len(set(brought)) < len(brought)


def parts_of(
    terms: Terms, income: Money, shows: Callable[[str], bool], *, source: str
) -> tuple[tuple[Part, ...], How]:
    """Divide the agreed portion of `income` among the members, to the øre.

    `shows` tells which columns the use needed: those that its contract shows. Where it needed
    nothing that a member brings, nothing is shared. The parts are together the portion, rounded
    once, half away from zero; by largest remainder each. `source` fixes the seed.
    """
    values = _values(terms, abs(income.minor), shows, seed=seed_of(source))
    how = _how(terms.way, values)
    shared = portion_of(terms, income)
    if not any(values.values) or not shared:
        return (), how
    amounts = shared.share(_whole(values.values))
    parts = zip(terms.members, amounts, strict=True)
    return tuple(Part(party=m.party, amount=amount) for m, amount in parts if amount), how


def portion_of(terms: Terms, income: Money) -> Money:
    """Return the portion of `income` that is shared."""
    return income.times(Fraction(terms.portion, PORTION_WHOLE))


def taken_back(
    first: Sequence[Part], since: Sequence[Sequence[Part]], left: Money
) -> tuple[Part, ...]:
    """Return what the members get, or lose, so that `left` is shared as the `first` parts were.

    `since` is what was taken back before. Where nothing is left, everyone has exactly lost what
    it had got, however many steps that took.
    """
    weights = [abs(part.amount.minor) for part in first]
    wanted = left.share(weights) if any(weights) else ()
    have: dict[str, Money] = {part.party: part.amount for part in first}
    for parts in since:
        for part in parts:
            have[part.party] += part.amount
    moved = (
        Part(party=part.party, amount=want - have[part.party])
        for part, want in zip(first, wanted, strict=True)
    )
    return tuple(part for part in moved if part.amount)


def seed_of(source: str) -> int:
    """Return the seed of whatever is drawn for `source`: the same whenever it is done again."""
    return int.from_bytes(hashlib.sha256(source.encode()).digest()[:_SEED_BYTES], "big")


def _values(terms: Terms, worth: int, shows: Callable[[str], bool], *, seed: int) -> Values:
    members = terms.members
    match terms.way:
        case Way.EQUAL:
            return Values(values=(Fraction(1),) * len(members))
        case Way.CONTRIBUTION:
            return Values(values=tuple(Fraction(member.weight) for member in members))
        case Way.TABLE:
            return shapley.exact(len(members), _table(terms))
        case Way.COLUMNS:
            bringers: dict[str, set[int]] = {}
            for number, member in enumerate(members):
                for column in member.columns:
                    bringers.setdefault(column, set()).add(number)
            needs = {frozenset(who) for column, who in bringers.items() if shows(column)}
            use = Use(worth=worth, needs=tuple(sorted(needs, key=sorted)))
            return shapley.of_uses(len(members), [use], seed=seed)


def _table(terms: Terms) -> Callable[[int], int]:
    """Return what coalitions are worth: one that is not named, as its best part that is."""
    place: Mapping[str, int] = {m.party: 1 << n for n, m in enumerate(terms.members)}
    named = {sum(place[one] for one in set(each.members)): each.worth for each in terms.worths}
    best = [0] * (1 << len(terms.members))
    for coalition in range(1, len(best)):
        without = (best[coalition & ~(1 << n)] for n in range(len(place)) if coalition >> n & 1)
        best[coalition] = max(named.get(coalition, 0), *without)
    return best.__getitem__


def _how(way: Way, values: Values) -> How:
    drawn = values.sampled
    if drawn is None:
        return How(way=way)
    return How(way=way, seed=drawn.seed, pairs=drawn.pairs, error=math.ceil(drawn.error))


def _whole(values: Sequence[Fraction]) -> list[int]:
    common = math.lcm(*(value.denominator for value in values))
    return [int(value * common) for value in values]
