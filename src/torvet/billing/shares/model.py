"""Agreements to share income, and what came of them. Values, no I/O."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from torvet.kit.money import Money

PORTION_WHOLE = 10_000
"""A portion is told in hundredths of a percent."""


class Way(StrEnum):
    """How what is shared is divided among the members."""

    EQUAL = "equal"
    """Everyone gets the same."""
    CONTRIBUTION = "contribution"
    """In proportion to the weight of each: rows, sensors, hours."""
    COLUMNS = "columns"
    """By what each adds to the uses, which need columns that the members bring (Shapley)."""
    TABLE = "table"
    """By what each adds to the worth of coalitions, as the provider states it (Shapley)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A party that shares in the income: its weight, or the columns that it brings."""

    party: str
    weight: int = 1
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """What these members are worth together, in any unit that is the same for all."""

    members: tuple[str, ...]
    worth: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Which portion of a provider's income is shared, how, and with whom; nobody: not any more."""

    portion: int
    way: Way
    members: tuple[Member, ...]
    worths: tuple[Worth, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """One version of a dataset's terms. It holds for what is sold from `made_at` on."""

    dataset: str
    version: int
    provider: str
    terms: Terms
    made_at: datetime
    made_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """How an amount was divided; the last three where values were sampled.

    `error` is the most by which a member's part of the whole may be wrong, in minor units of the
    income, with 99 % confidence for all members together.
    """

    way: Way
    seed: int | None = None
    pairs: int | None = None
    error: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one member gets of one division; below zero where it is taken back."""

    party: str
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Division:
    """What came of one sale, or was taken back by one credit note, for one contract.

    `source` is document and contract. `income` is the provider's own of it without VAT, `shared`
    the portion that goes to the members: the sum of `parts`.
    """

    source: str
    sale: str
    contract: str
    dataset: str
    version: int
    provider: str
    income: Money
    shared: Money
    parts: tuple[Part, ...]
    how: How


@dataclass(frozen=True, slots=True, kw_only=True)
class Earned:
    """What a member got of one division, and when."""

    source: str
    sale: str
    dataset: str
    version: int
    provider: str
    income: Money
    shared: Money
    amount: Money
    how: How
    at: datetime
