"""Privacy models: what every class of equal-looking rows in a release must keep.

A class is the set of released rows that agree in all quasi-identifiers. The definitions are those
of ARX 3.9; sources: Sweeney 2002 (k), Machanavajjhala et al. 2007 (l), Li et al. 2007 (t),
Nergiz et al. 2007 (δ-presence), Sweeney 2001 (k-map).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from torvet.privacy.errors import ModelsInvalid

from .hierarchies import Hierarchy

L_KINDS = ("distinct", "entropy", "recursive")
DISTANCES = ("equal", "ordered", "hierarchical")


@dataclass(frozen=True, slots=True)
class KAnonymity:
    """Every class has at least `k` rows."""

    k: int

    def __post_init__(self) -> None:
        _hold(self.k >= 1, f"k is {self.k}, and at least 1 is needed")


@dataclass(frozen=True, slots=True)
class LDiversity:
    """Every class has `l` well-represented values of the sensitive column.

    distinct: at least l different values. entropy: entropy of at least log(l). recursive: the
    commonest value is rarer than c times all from the l-th commonest on together (r₁ < c·Σ_{i≥l}).
    `of` names the column; without it the model holds for every sensitive column.
    """

    l: float  # noqa: E741 - l-diversity is called by this letter
    kind: Literal["distinct", "entropy", "recursive"] = "distinct"
    c: float | None = None
    of: str | None = None

    def __post_init__(self) -> None:
        _hold(self.kind in L_KINDS, f"there is no l-diversity {self.kind!r}")
        _hold(self.l >= 1, f"l is {self.l}, and at least 1 is needed")
        whole = self.kind == "entropy" or float(self.l).is_integer()
        _hold(whole, f"l is {self.l}; {self.kind} l-diversity counts in whole numbers")
        needs_c = (self.kind == "recursive") == (self.c is not None)
        _hold(needs_c, "c belongs to recursive l-diversity, and to no other")
        _hold(self.c is None or self.c > 0, f"c is {self.c}, and more than 0 is needed")


@dataclass(frozen=True, slots=True)
class TCloseness:
    """In every class the sensitive column is spread as in the whole source, up to `t`.

    The distance is the earth mover's, 0 to 1: equal (all values equally far), ordered (as far as
    their ranks are), hierarchical (as high as the level on which they meet; needs `hierarchy`).
    """

    t: float
    distance: Literal["equal", "ordered", "hierarchical"] = "equal"
    of: str | None = None
    hierarchy: Hierarchy | None = None

    def __post_init__(self) -> None:
        _hold(self.distance in DISTANCES, f"there is no distance {self.distance!r}")
        _hold(0 <= self.t <= 1, f"t is {self.t}, and lies between 0 and 1")
        needs = (self.distance == "hierarchical") == (self.hierarchy is not None)
        _hold(needs, "a hierarchy belongs to the hierarchical distance, and to no other")


@dataclass(frozen=True, slots=True, eq=False)
class KMap:
    """Every class of the release has at least `k` rows in the population table.

    `population` is a source with the same quasi-identifiers. The rows of the table itself are
    expected to be among it.
    """

    k: int
    population: Any

    def __post_init__(self) -> None:
        _hold(self.k >= 1, f"k is {self.k}, and at least 1 is needed")


@dataclass(frozen=True, slots=True, eq=False)
class DeltaPresence:
    """Whoever is in the population is in the release with a probability of `low` to `high`.

    A class's probability is its rows in the release by its rows in the population. With a `low`
    above 0 a class of the population without any released row breaks the model as well.
    """

    low: float
    high: float
    population: Any

    def __post_init__(self) -> None:
        _hold(0 <= self.low <= self.high <= 1, "presence is bounded by 0 ≤ low ≤ high ≤ 1")


Model = KAnonymity | LDiversity | TCloseness | KMap | DeltaPresence


def checked(models: Sequence[Model], sensitive: Sequence[str]) -> None:
    """Raise ModelsInvalid where models are missing, miss their column, or contradict."""
    _hold(bool(models), "no model is asked for")
    for model in models:
        if isinstance(model, LDiversity | TCloseness):
            _hold(bool(sensitive), f"{model} needs a sensitive column, and none is named")
            _hold(
                model.of is None or model.of in sensitive,
                f"{model.of!r} is not among the sensitive columns",
            )
    populations = [each.population for each in models if isinstance(each, KMap | DeltaPresence)]
    _hold(
        all(each is populations[0] for each in populations),
        "two models are given different populations",
    )
    _apart(
        [each for each in models if isinstance(each, DeltaPresence)],
    )


def at_least_rows(models: Sequence[Model]) -> int:
    """Return how many rows a class needs to keep `models`, whatever the rows hold.

    Each kind of l-diversity needs l different values, and so l rows.
    """
    least = 1
    for model in models:
        match model:
            case KAnonymity(k):
                least = max(least, k)
            case LDiversity(l=needed):
                least = max(least, math.ceil(needed - 1e-9))
            case _:
                pass
    return least


def k_of(models: Sequence[Model]) -> int:
    """Return the largest k of k-anonymity that is asked for, 1 where none is."""
    return max((model.k for model in models if isinstance(model, KAnonymity)), default=1)


def _apart(presences: Sequence[DeltaPresence]) -> None:
    low = max((each.low for each in presences), default=0.0)
    high = min((each.high for each in presences), default=1.0)
    _hold(low <= high, f"presence would be at least {low} and at most {high}")


def _hold(true: bool, fault: str) -> None:
    if not true:
        raise ModelsInvalid(fault)
