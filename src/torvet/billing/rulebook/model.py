"""Rules about money as values: one version, and what it holds. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from torvet.contracts.sentences import Sentence
from torvet.kit.money import Currency, Money
from torvet.parties.model import PartyKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Fee:
    """What the exchange keeps of a sale: `percent` of the price without VAT, at least `least`."""

    percent: Decimal
    least: int
    """In minor units of the sale's own currency."""

    def of(self, net: Money) -> Money:
        """Return the fee of a sale, rounded half away from zero and never more than the sale.

        What is given back has its fee given back, in percent: the least of a sale stays.
        """
        fee = net.percent(self.percent)
        if net.minor <= 0:
            return fee
        return min(max(fee, Money(self.least, net.currency)), net)


@dataclass(frozen=True, slots=True, kw_only=True)
class VatRules:
    """The VAT of Denmark: the rate, who is in the union, and the reasons for there being none."""

    standard_percent: Decimal
    member_states: frozenset[str]
    reverse_charge: Sentence
    exempt: Sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class KronerRate:
    """What one euro is in kroner, since when and according to whom."""

    kroner: Decimal
    as_of: date
    source: str

    def in_kroner(self, amount: Money) -> Money:
        """Return an amount of euro in kroner, rounded half away from zero."""
        return Money(amount.minor, Currency.DKK).times(self.kroner)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceLevel:
    """What is promised where an offer promises nothing of its own."""

    availability_percent: Decimal
    support_hours: int
    credit_percent: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """One version of the rules, in force from `since` until the next one is."""

    version: str
    since: date
    fees: Mapping[PartyKind, Fee]
    payment_days: int
    payout_days: int
    vat: VatRules
    euro: KronerRate
    service_level: ServiceLevel
    rounding: Sentence

    def fee_for(self, kind: PartyKind) -> Fee:
        """Return the fee of a provider of `kind`: the same for all of them."""
        return self.fees[kind]
