"""Rules of statistical offices and energy regulators: when a cell says too much about one unit.

Definitions: *Handbook on Statistical Disclosure Control*, chapter 4 (sdctools.github.io). A rule
objects in one SQL condition over exact integers, so that a million cells are judged where they
are. Every rule grows stricter with a larger first or leading contribution: judging upper bounds
of those can only suppress more.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar, Literal

from torvet.privacy.errors import RulesInvalid
from torvet.privacy.recoding.hierarchies import Hierarchy

LEADERS_MAX = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a rule may speak of: SQL for the units, the total and the largest contribution.

    `leading(n)` is SQL for the sum of the n largest contributions.
    """

    units: str
    total: str
    largest: str
    leading: Callable[[int], str]


@dataclass(frozen=True, slots=True)
class MinContributors:
    """A cell has at least `n` contributing units (15 of the 15/15 rule; 10 in NL and FR)."""

    n: int
    name: ClassVar[str] = "min-contributors"
    leaders: ClassVar[int] = 0

    def __post_init__(self) -> None:
        _hold(self.n >= 1, f"a cell of {self.n} contributors is no cell")

    def objection(self, cell: Terms) -> str:
        return f"{cell.units} < {self.n}"


@dataclass(frozen=True, slots=True)
class MaxShare:
    """No unit contributes more than `share` of the total (0.15 of the 15/15 rule)."""

    share: float
    name: ClassVar[str] = "max-share"
    leaders: ClassVar[int] = 1

    def __post_init__(self) -> None:
        _hold(0 < self.share <= 1, f"a share lies in 0 to 1, and {self.share} does not")

    def objection(self, cell: Terms) -> str:
        part = Fraction(str(self.share))
        return f"{part.denominator} * {cell.largest} > {part.numerator} * {cell.total}"


@dataclass(frozen=True, slots=True)
class PPercent:
    """The second largest cannot estimate the largest to within `p` per cent: x3 + … ≥ p% of x1."""

    p: float
    name: ClassVar[str] = "p-percent"
    leaders: ClassVar[int] = 2

    def __post_init__(self) -> None:
        _hold(0 < self.p <= 100, f"p is a percentage above 0, and {self.p} is not")  # noqa: PLR2004 - per cent

    def objection(self, cell: Terms) -> str:
        part = Fraction(str(self.p)) / 100
        others = f"({cell.total} - {cell.leading(2)})"
        return f"{part.denominator} * {others} < {part.numerator} * {cell.largest}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dominance:
    """The `n` largest units contribute at most `k` per cent of the total: the (n, k) rule."""

    n: int
    k: float
    name: ClassVar[str] = "dominance"

    def __post_init__(self) -> None:
        _hold(1 <= self.n <= LEADERS_MAX, f"n is {self.n}, and lies in 1 to {LEADERS_MAX}")
        _hold(0 < self.k < 100, f"k is a percentage below 100, and {self.k} is not")  # noqa: PLR2004 - per cent

    @property
    def leaders(self) -> int:
        return self.n

    def objection(self, cell: Terms) -> str:
        part = Fraction(str(self.k)) / 100
        return f"{part.denominator} * {cell.leading(self.n)} > {part.numerator} * {cell.total}"


Rule = MinContributors | MaxShare | PPercent | Dominance


def rules_from_json(held: Sequence[dict[str, Any]]) -> tuple[Rule, ...]:
    """Read the rules of a policy: `[{"kind": "min-contributors", "n": 15}, …]`."""
    kinds: dict[str, Callable[..., Rule]] = {
        each.name: each for each in (MinContributors, MaxShare, PPercent, Dominance)
    }
    rules = []
    for each in held:
        figures = {name: value for name, value in each.items() if name != "kind"}
        kind = kinds.get(str(each.get("kind")))
        _hold(kind is not None, f"there is no rule {each.get('kind')!r}")
        try:
            rules.append(kind(**figures))  # type: ignore[misc] # _hold has seen that there is one
        except TypeError as error:
            raise RulesInvalid(f"{each.get('kind')}: {error}") from error
    return tuple(rules)


def rules_to_json(rules: Sequence[Rule]) -> list[dict[str, Any]]:
    """Write rules as a policy and a certificate hold them."""
    fields = {
        MinContributors: ("n",),
        MaxShare: ("share",),
        PPercent: ("p",),
        Dominance: ("n", "k"),
    }
    return [
        {"kind": each.name} | {name: getattr(each, name) for name in fields[type(each)]}
        for each in rules
    ]


def checked(rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """Return rules that may publish something; raise RulesInvalid for none at all."""
    _hold(bool(rules), "there is none, and cells of one unit would be published")
    return tuple(rules)


def _hold(kept: bool, fault: str) -> None:
    if not kept:
        raise RulesInvalid(fault)


FIFTEEN_FIFTEEN: tuple[Rule, ...] = (MinContributors(15), MaxShare(0.15))


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Which totals are told beside the cells, and how far what is kept back stays in the dark."""

    hierarchies: Mapping[str, Hierarchy]
    protection: float = 0.1
    method: Literal["suppress", "merge-up"] = "suppress"
