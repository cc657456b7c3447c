"""Prices as fields of a form: `contracts/price_fields.html` shows them, and here they are read.

`price_0_…` are the fields of the price for everybody, `price_1_…` and further ones those of another
price for some purposes or kinds of consumer. All that JSON can say of a price can be said here.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from torvet.contracts.errors import PriceInvalid
from torvet.contracts.prices.model import (
    FREE,
    Case,
    Free,
    OneOff,
    PerUse,
    Price,
    Subscription,
    Tariff,
    Tiering,
    Unit,
    currencies,
)
from torvet.contracts.prices.terms import CASES_MAX, FAULTS_MAX, from_json
from torvet.kit.entered import Entered, whole_number
from torvet.kit.errors import ExchangeError
from torvet.kit.moments import to_text
from torvet.kit.money import AmountUnreadable, Currency, Money, UnitPrice

from .clauses import Fields, moment_entered, moment_field

CASES_SHOWN = 3
"""How many other prices a form asks for; one more wherever all of them are used."""

_SHOWN_MAX = 60
_THREE = 3
_UNIT_TYPED = re.compile(
    rf"(-?)([0-9]{{1,12}})(?:([.,])([0-9]{{1,9}}))?\s*((?ai:{'|'.join(Currency)}))?"
)
_TYPED = ("once", "subscription", "at_least", "at_most", "trial_days")
_TYPED_OF_UNIT = ("price", "per", "free", "tiers")
_WORDS = {
    "at_least": "the least a month",
    "at_most": "the most a month",
    "trial_days": "days of trial",
    "free_monthly": "free each month",
    "valid_from": "valid from",
    "valid_until": "valid until",
    "per": "for how many",
    "amount": "amount",
}


def price_entered(entered: Entered) -> Price:
    """Read what was entered as a price; raise PriceInvalid with everything that is wrong.

    Nothing entered is free of charge.
    """
    reading = _Reading(entered, _currency(entered))
    cases = [reading.case(_prefix(n), f"other price {n}") for n in cases_used(entered)]
    only_named = entered.has("price_only_named")
    if not only_named:
        cases.append(reading.case(_prefix(0), "the price"))
    elif _is_used(entered, _prefix(0)):
        reading.faults.append("there is a price for everybody, and nobody but those named may buy")
    elif not cases:
        reading.faults.append("nobody may buy: name a purpose or a kind of consumer")
    written = {"cases": cases, **{side: reading.moment(side) for side in _SPAN}}
    faults = list(reading.faults)
    try:
        price = from_json(written) if cases else FREE
    except PriceInvalid as wrong:
        faults += [reading.in_words(fault) for fault in wrong.faults]
    if faults:
        raise PriceInvalid(tuple(faults[:FAULTS_MAX]))
    return price


def price_fields(price: Price) -> Fields:
    """Return the fields in which `price` stands, for a form that begins with it."""
    if price == FREE:
        return {}
    everybody = price.cases[-1] if price.cases[-1].is_for_all else None
    others = price.cases if everybody is None else price.cases[:-1]
    fields: Fields = {}
    if everybody is None:
        fields["price_only_named"] = ("yes",)
    else:
        fields |= _case_fields(_prefix(0), everybody)
    for number, case in enumerate(others, 1):
        fields |= _case_fields(_prefix(number), case)
    for currency in currencies(tuple(case.tariff for case in price.cases)):
        fields["price_currency"] = (currency.value,)
    fields["price_valid_from"] = moment_field(price.valid_from)
    fields["price_valid_until"] = moment_field(price.valid_until)
    return fields


def cases_used(entered: Entered) -> list[int]:
    """Return the numbers of the other prices that say anything."""
    return [n for n in range(1, CASES_MAX) if _is_used(entered, _prefix(n))]


def cases_shown(entered: Entered) -> int:
    """Return for how many other prices a form with `entered` has fields."""
    used = cases_used(entered)
    return min(max(CASES_SHOWN, *used, len(used) + 1) if used else CASES_SHOWN, CASES_MAX - 1)


_SPAN = ("valid_from", "valid_until")


def _prefix(number: int) -> str:
    return f"price_{number}_"


def _is_used(entered: Entered, prefix: str) -> bool:
    typed = [*_TYPED, *(f"{unit}_{what}" for unit in Unit for what in _TYPED_OF_UNIT)]
    chosen = any(entered.each(f"{prefix}{name}") for name in ("purposes", "kinds"))
    return chosen or any(entered.has(prefix + name) for name in typed)


def _currency(entered: Entered) -> Currency:
    said = entered.line("price_currency")
    return Currency(said) if said in set(Currency) else Currency.DKK


@dataclass(slots=True)
class _Reading:
    """Turns fields into the JSON of a price, and remembers what its parts are called."""

    entered: Entered
    currency: Currency
    faults: list[str] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    cases: int = 0

    def case(self, prefix: str, name: str) -> dict[str, Any]:
        self.cases += 1
        place = f"case {self.cases}"
        rates: list[dict[str, Any]] = []
        for said, rate in self._rates(prefix, name):
            rates.append(rate)
            self.names[f"{place}, rate {len(rates)}"] = f"{name}, {said}"
        self.names[place] = name
        written: dict[str, Any] = {
            "purposes": list(self.entered.each(f"{prefix}purposes")),
            "kinds": list(self.entered.each(f"{prefix}kinds")),
            "rates": rates or [{"rate": Free.kind}],
            "trial_days": self._number(f"{prefix}trial_days", 0),
        }
        for bound in ("at_least", "at_most"):
            if self.entered.has(prefix + bound):
                written[bound] = self._amount(prefix + bound, f"{name}, {_WORDS[bound]}")
        return written

    def moment(self, side: str) -> str | None:
        said = self.entered.line(f"price_{side}")
        if not said:
            return None
        try:
            return to_text(moment_entered(said))
        except (ValueError, OverflowError):
            self.faults.append(f"{_WORDS[side]} is {said[:_SHOWN_MAX]!r}, no day or hour")
            return None

    def in_words(self, fault: str) -> str:
        """Return a fault of the JSON as one of the form."""
        for place in sorted(self.names, key=len, reverse=True):
            if fault.startswith(place):
                fault = self.names[place] + fault[len(place) :]
                break
        where, verb, rest = fault.partition(" is ")
        for key, words in _WORDS.items():
            where = re.sub(rf"(?<![\w-]){key}\b", words, where)
        return where + verb + rest

    def _rates(self, prefix: str, name: str) -> list[tuple[str, dict[str, Any]]]:
        entered, found = self.entered, []
        if entered.has(f"{prefix}once"):
            amount = self._amount(f"{prefix}once", f"{name}, once")
            found.append(("once", {"rate": OneOff.kind, "amount": amount}))
        if entered.has(f"{prefix}subscription"):
            amount = self._amount(f"{prefix}subscription", f"{name}, subscription")
            every = entered.line(f"{prefix}every") or "month"
            rate = {"rate": Subscription.kind, "amount": amount, "every": every}
            found.append(("subscription", rate))
        for unit in Unit:
            begin = f"{prefix}{unit}_"
            if any(entered.has(begin + what) for what in _TYPED_OF_UNIT):
                said = f"by {unit}"
                found.append((said, self._use(begin, unit, f"{name}, {said}")))
        return found

    def _use(self, begin: str, unit: Unit, name: str) -> dict[str, Any]:
        first = {"beyond": 0, "price": self._unit_price(self.entered.line(f"{begin}price"), name)}
        tiers = [self._tier(line, name) for line in self.entered.lines(f"{begin}tiers")]
        later = [tier for tier in tiers if tier is not None]
        return {
            "rate": PerUse.kind,
            "unit": unit.value,
            "per": self._number(f"{begin}per", 1),
            "tiers": [first, *later],
            "tiering": self.entered.line(f"{begin}tiering") or Tiering.GRADUATED.value,
            "free_monthly": self._number(f"{begin}free", 0),
        }

    def _tier(self, line: str, name: str) -> dict[str, Any] | None:
        beyond, _, price = (part.strip() for part in line.partition(":"))
        number = whole_number(beyond)
        if number is None or not price:
            said = line[:_SHOWN_MAX]
            self.faults.append(f"{name}, {said!r} is no tier: write it like 1000000: 9.75")
            return None
        return {"beyond": number, "price": self._unit_price(price, f"{name}, beyond {beyond}")}

    def _number(self, name: str, otherwise: int) -> int | str:
        said = self.entered.line(name)
        number = whole_number(said)
        return otherwise if not said else said if number is None else number

    # What cannot be read is a fault already: a price of 1 stands in for it, so that the rest of
    # what is wrong is found as well.

    def _amount(self, name: str, words: str) -> dict[str, Any]:
        said = self.entered.line(name)
        try:
            return Money.typed(said, self.currency).to_json()
        except AmountUnreadable:
            self._unreadable(words, said)
        except ExchangeError as wrong:
            self.faults.append(f"{words}: {str(wrong).rstrip('.')}")
        return Money(1, self.currency).to_json()

    def _unit_price(self, said: str, words: str) -> dict[str, Any]:
        found = _UNIT_TYPED.fullmatch(said)
        if found is None or (found[3] == "," and int(found[2]) and len(found[4]) == _THREE):
            self._unreadable(words, said)
            return UnitPrice(1, 0, self.currency).to_json()
        amount, behind = int(found[2] + (found[4] or "")), found[4] or ""
        currency = Currency(found[5].upper()) if found[5] else self.currency
        return UnitPrice(-amount if found[1] else amount, len(behind), currency).to_json()

    def _unreadable(self, words: str, said: str) -> None:
        if said:
            shown = said[:_SHOWN_MAX]
            self.faults.append(f"{words}: {shown!r} is no amount such as 12.50")
        else:
            self.faults.append(f"{words}: no amount is named")


def _case_fields(prefix: str, case: Case) -> Fields:
    fields: Fields = {
        f"{prefix}purposes": case.purposes,
        f"{prefix}kinds": tuple(kind.value for kind in case.kinds),
        **_tariff_fields(prefix, case.tariff),
    }
    return fields


def _tariff_fields(prefix: str, tariff: Tariff) -> Fields:
    fields: Fields = {}
    for rate in tariff.rates:
        match rate:
            case OneOff(amount):
                fields[f"{prefix}once"] = (amount.decimal_text(),)
            case Subscription(amount, every):
                fields[f"{prefix}subscription"] = (amount.decimal_text(),)
                fields[f"{prefix}every"] = (every.value,)
            case PerUse():
                fields |= _use_fields(f"{prefix}{rate.unit}_", rate)
            case Free():
                pass
    for name, bound in (("at_least", tariff.at_least), ("at_most", tariff.at_most)):
        if bound is not None:
            fields[prefix + name] = (bound.decimal_text(),)
    if tariff.trial_days:
        fields[f"{prefix}trial_days"] = (str(tariff.trial_days),)
    return fields


def _use_fields(begin: str, rate: PerUse) -> Fields:
    first, *later = rate.tiers
    tiers = "\n".join(f"{tier.beyond}: {tier.price.decimal_text()}" for tier in later)
    return {
        f"{begin}price": (first.price.decimal_text(),),
        f"{begin}per": (str(rate.per),),
        f"{begin}free": (str(rate.free_monthly),) if rate.free_monthly else (),
        f"{begin}tiers": (tiers,) if tiers else (),
        f"{begin}tiering": (rate.tiering.value,),
    }
