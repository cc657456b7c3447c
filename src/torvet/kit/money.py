"""Money: whole minor units of one currency. Nothing is ever a float, and no two currencies mix.

The one rule of rounding is *half away from zero*: 0.5 øre become 1, -0.5 become -1, so that what
is taken back is what was charged. Whatever has to be divided among several is shared by largest
remainders, so that the parts are together what was divided.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import total_ordering
from typing import Any

from .errors import ExchangeError, Kind

MINOR_MAX = 2**53 - 1
"""The largest amount in minor units: 90 million million kroner, exact in JSON."""
UNIT_SCALE_MAX = 9
MINOR_DIGITS = 2
"""Digits behind the point of an amount: the krone has 100 øre, the euro 100 cent."""

_MINOR_PER_MAJOR = 10**MINOR_DIGITS
_NO_BREAK = "\u00a0"
_DECIMAL = re.compile(r"([+-]?)([0-9]{1,16})(?:\.([0-9]{1,12}))?")


class Currency(StrEnum):
    """The currencies of the exchange, by their ISO 4217 code. Each has two decimals."""

    DKK = "DKK"
    EUR = "EUR"


_CODES = frozenset(currency.value for currency in Currency)
_TYPED = re.compile(
    rf"\s*([+-]?[0-9]{{1,16}}(?:[.,][0-9]{{1,2}})?)\s*((?ai:{'|'.join(_CODES)}))?\s*"
)


@dataclass(eq=False)
class CurrencyMix(ExchangeError):
    """Two currencies met where only one can be."""

    kind, code = Kind.INVALID, "currency-mix"
    advice = "Keep to one currency: the exchange changes no money."
    one: str
    other: str

    def __str__(self) -> str:
        return f"{self.one} and {self.other} cannot be put together."


@dataclass(eq=False)
class AmountOutOfBounds(ExchangeError):
    """More money than is written exactly."""

    kind, code = Kind.INVALID, "amount-out-of-bounds"
    advice = f"An amount is at most {MINOR_MAX} minor units: check price and quantity."
    minor: str

    def __str__(self) -> str:
        return f"{self.minor} øre or cent are more than can be written exactly."


@dataclass(eq=False)
class AmountUnreadable(ExchangeError):
    """Something that should be an amount and is none."""

    kind, code = Kind.INVALID, "amount-unreadable"
    advice = "Write an amount like 1234.50; programs may write it in whole minor units."
    written: str

    def __str__(self) -> str:
        return f"{self.written!r} is no amount of money."


@total_ordering
@dataclass(frozen=True, slots=True)
class Money:
    """`minor` øre or cent of `currency`; below zero where it is owed the other way.

    Raises AmountOutOfBounds beyond ±MINOR_MAX. Every operation on two amounts raises CurrencyMix
    where their currencies differ; equality alone is simply false then.
    """

    minor: int
    currency: Currency

    def __post_init__(self) -> None:
        if type(self.minor) is not int or not isinstance(self.currency, Currency):
            raise TypeError(f"{self.minor!r} {self.currency!r}: whole minor units of a Currency")
        if not -MINOR_MAX <= self.minor <= MINOR_MAX:
            raise AmountOutOfBounds(str(self.minor))

    @classmethod
    def zero(cls, currency: Currency) -> "Money":
        return cls(0, currency)

    @classmethod
    def rounded(cls, minor: Fraction | int, currency: Currency) -> "Money":
        """Return the amount nearest to `minor` minor units, half away from zero."""
        return cls(round_half_away(Fraction(minor)), currency)

    @classmethod
    def total(cls, amounts: Sequence["Money"], currency: Currency) -> "Money":
        """Return the sum of `amounts`, nothing of `currency` where there are none."""
        for amount in amounts:
            _same(amount.currency, currency)
        return cls(sum(amount.minor for amount in amounts), currency)

    def __add__(self, other: "Money") -> "Money":
        _same(self.currency, other.currency)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        _same(self.currency, other.currency)
        return Money(self.minor - other.minor, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __abs__(self) -> "Money":
        return Money(abs(self.minor), self.currency)

    def __bool__(self) -> bool:
        return self.minor != 0

    def __lt__(self, other: "Money") -> bool:
        _same(self.currency, other.currency)
        return self.minor < other.minor

    def times(self, quantity: int | Decimal | Fraction) -> "Money":
        """Return this many times the amount, rounded half away from zero once."""
        return Money.rounded(self.minor * _exact(quantity), self.currency)

    def percent(self, percent: int | Decimal | Fraction) -> "Money":
        """Return `percent` hundredths of the amount, rounded half away from zero."""
        return self.times(_exact(percent) / 100)

    def share(self, parts: Sequence[int]) -> tuple["Money", ...]:
        """Divide the amount in proportion to `parts`, so that nothing is lost or made.

        By largest remainder: each gets its quota cut to whole minor units, and what is left goes
        one by one to those who lost most by the cut, to the first of equals. An amount below
        zero is shared as its opposite, so that taking back undoes sharing. Raises ValueError
        where a part is below zero, or all of them are nothing.
        """
        whole = sum(parts)
        if whole <= 0 or any(part < 0 for part in parts):
            raise ValueError(f"nothing can be shared by {tuple(parts)!r}")
        sign = -1 if self.minor < 0 else 1
        cut, lost = zip(*(divmod(abs(self.minor) * part, whole) for part in parts), strict=True)
        left = abs(self.minor) - sum(cut)
        most_lost = sorted(range(len(parts)), key=lambda one: -lost[one])[:left]
        more = set(most_lost)
        return tuple(
            Money(sign * (quota + (place in more)), self.currency)
            for place, quota in enumerate(cut)
        )

    def decimal_text(self) -> str:
        """Return the amount as XML and CSV want it: `-1234.50`, without its currency."""
        major, minor = divmod(abs(self.minor), _MINOR_PER_MAJOR)
        return f"{'-' if self.minor < 0 else ''}{major}.{minor:0{MINOR_DIGITS}}"

    @classmethod
    def from_decimal_text(cls, text: str, currency: Currency) -> "Money":
        """Read `1234.5`, `1234.50` or `1234.5000`.

        Raises AmountUnreadable where it is written in another way or finer than a minor unit.
        """
        found = _DECIMAL.fullmatch(text)
        if found is None:
            raise AmountUnreadable(text)
        sign, major, behind = found[1], found[2], (found[3] or "").ljust(MINOR_DIGITS, "0")
        if behind[MINOR_DIGITS:].strip("0"):
            raise AmountUnreadable(text)
        minor = int(major) * _MINOR_PER_MAJOR + int(behind[:MINOR_DIGITS])
        return cls(-minor if sign == "-" else minor, currency)

    @classmethod
    def typed(cls, text: str, currency: Currency) -> "Money":
        """Read what a person typed: `12.50`, `12,50` or `12.50 DKK`, else in `currency`.

        Raises AmountUnreadable. `1.250` is a thousand to some and one to others: it is neither.
        """
        found = _TYPED.fullmatch(text)
        if found is None:
            raise AmountUnreadable(text)
        number, code = found[1].replace(",", "."), found[2]
        return cls.from_decimal_text(number, Currency(code.upper()) if code else currency)

    def to_json(self) -> dict[str, Any]:
        """Return `{"minor": 123450, "currency": "DKK"}`."""
        return {"minor": self.minor, "currency": self.currency.value}

    @classmethod
    def from_json(cls, written: object) -> "Money":
        """Read what `to_json` wrote; raise AmountUnreadable where it is something else."""
        match written:
            case {"minor": int(minor), "currency": str(code), **rest} if (
                not rest and not isinstance(minor, bool) and code in _CODES
            ):
                return cls(minor, Currency(code))
        raise AmountUnreadable(repr(written))

    def said(self, language: str) -> str:
        """Return the amount for people: `1.234,50 kr.` in Danish, `DKK 1,234.50` in English."""
        major, minor = divmod(abs(self.minor), _MINOR_PER_MAJOR)
        return _said(
            f"{major:,}.{minor:0{MINOR_DIGITS}}", self.currency, language, negative=self.minor < 0
        )

    def __str__(self) -> str:
        return f"{self.decimal_text()} {self.currency}"


@dataclass(frozen=True, slots=True)
class UnitPrice:
    """What one unit costs: `amount` of 10^-`scale` kroner or euro.

    `UnitPrice(125, 4, Currency.DKK)` is 0.0125 kr., or 1.25 øre, for one. With scale 2 the amount
    is in minor units. Raises ValueError where `scale` is not in 0 … UNIT_SCALE_MAX.
    """

    amount: int
    scale: int
    currency: Currency

    def __post_init__(self) -> None:
        if type(self.amount) is not int or type(self.scale) is not int:
            raise TypeError(f"{self.amount!r} at scale {self.scale!r}: both are whole numbers")
        if not 0 <= self.scale <= UNIT_SCALE_MAX:
            raise ValueError(f"scale {self.scale} is not in 0 … {UNIT_SCALE_MAX}")
        if not -MINOR_MAX <= self.amount <= MINOR_MAX:
            raise AmountOutOfBounds(str(self.amount))

    def exact(self, quantity: int | Decimal | Fraction, *, per: int = 1) -> Fraction:
        """Return what `quantity` costs in minor units before it is rounded.

        `per` is how many of what is counted make the unit that is priced: 10**9 where bytes are
        counted and a GB has the price. Remainders are carried by adding up these.
        """
        return Fraction(self.amount * _MINOR_PER_MAJOR, 10**self.scale * per) * _exact(quantity)

    def times(self, quantity: int | Decimal | Fraction, *, per: int = 1) -> Money:
        """Return what `quantity` costs, rounded half away from zero once."""
        return Money.rounded(self.exact(quantity, per=per), self.currency)

    def decimal_text(self) -> str:
        """Return the price of one in kroner or euro, with `scale` decimals: `0.0125`."""
        return f"{Decimal(self.amount).scaleb(-self.scale):f}"

    def to_json(self) -> dict[str, Any]:
        """Return `{"amount": 125, "scale": 4, "currency": "DKK"}`."""
        return {"amount": self.amount, "scale": self.scale, "currency": self.currency.value}

    @classmethod
    def from_json(cls, written: object) -> "UnitPrice":
        """Read what `to_json` wrote; raise AmountUnreadable where it is something else."""
        match written:
            case {"amount": int(amount), "scale": int(scale), "currency": str(code), **rest} if (
                not rest
                and not isinstance(amount, bool)
                and not isinstance(scale, bool)
                and 0 <= scale <= UNIT_SCALE_MAX
                and code in _CODES
            ):
                return cls(amount, scale, Currency(code))
        raise AmountUnreadable(repr(written))

    def said(self, language: str) -> str:
        """Return the price for people, with two decimals or more: `0,0125 kr.`."""
        digits = self.scale
        number = abs(self.amount)
        while digits > MINOR_DIGITS and number % 10 == 0:
            number, digits = number // 10, digits - 1
        number *= 10 ** max(MINOR_DIGITS - digits, 0)
        digits = max(digits, MINOR_DIGITS)
        major, behind = divmod(number, 10**digits)
        return _said(
            f"{major:,}.{behind:0{digits}}", self.currency, language, negative=self.amount < 0
        )


def round_half_away(exact: Fraction) -> int:
    """Return the whole number nearest to `exact`; of two equally near the one farther from 0."""
    twice, whole = 2 * abs(exact.numerator) + exact.denominator, 2 * exact.denominator
    return twice // whole if exact >= 0 else -(twice // whole)


def _exact(quantity: int | Decimal | Fraction) -> Fraction:
    if isinstance(quantity, float):
        raise TypeError(f"{quantity!r} is a float: quantities are exact")
    return Fraction(quantity)


def _same(one: Currency, other: Currency) -> None:
    if one is not other:
        raise CurrencyMix(one.value, other.value)


def _said(number: str, currency: Currency, language: str, *, negative: bool) -> str:
    """Dress `number`, such as `1,234.50`, as CLDR does for Danish and for English."""
    minus = "-" if negative else ""
    if language == "da":
        danish = number.translate(str.maketrans(",.", ".,"))
        return f"{minus}{danish}{_NO_BREAK}{'kr.' if currency is Currency.DKK else '€'}"
    if currency is Currency.EUR:
        return f"{minus}€{number}"
    return f"{minus}DKK{_NO_BREAK}{number}"
