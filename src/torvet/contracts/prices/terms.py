"""Prices as JSON, and what makes one fit to be offered. All that is wrong is told at once.

Amounts are whole minor units with their currency. On the way in `"12.50 DKK"` will do.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from torvet.contracts import purposes
from torvet.contracts.errors import PriceInvalid
from torvet.kit.errors import ExchangeError
from torvet.kit.moments import from_text, to_text
from torvet.kit.money import UNIT_SCALE_MAX, Currency, Money, UnitPrice
from torvet.parties.model import PartyKind

from .model import (
    FREE,
    Case,
    Every,
    Free,
    OneOff,
    PerUse,
    Price,
    Rate,
    Subscription,
    Tariff,
    Tier,
    Tiering,
    Unit,
    currencies,
)

AMOUNT_MAX_MINOR = 10**11
"""A thousand million kroner: more is a slip of the pen."""
UNIT_MAX_MINOR = 10**8
"""A million kroner for one row, GB, request or answer."""
CASES_MAX = 20
RATES_MAX = 6
TIERS_MAX = 20
CODES_MAX = 50
PER_MAX = 10**9
QUANTITY_MAX = 10**12
TRIAL_DAYS_MAX = 366
FAULTS_MAX = 50
YEAR_FIRST, YEAR_LAST = 1970, 9998

_TARIFF_KEYS = frozenset({"rates", "trial_days", "at_least", "at_most"})
_SPAN_KEYS = frozenset({"valid_from", "valid_until"})
_UNIT_TEXT = re.compile(rf"(-?)([0-9]{{1,12}})(?:\.([0-9]{{1,{UNIT_SCALE_MAX}}}))? ([A-Z]{{3}})")
_MONEY_TEXT = re.compile(r"(-?[0-9]{1,12}(?:\.[0-9]{1,12})?) ([A-Z]{3})")

_CODES = frozenset(currency.value for currency in Currency)

E = TypeVar("E", bound=StrEnum)
T = TypeVar("T")


def to_json(price: Price) -> dict[str, Any]:
    """Return the stored form of `price`."""
    return {
        "cases": [
            {
                "purposes": list(case.purposes),
                "kinds": [kind.value for kind in case.kinds],
                **tariff_json(case.tariff),
            }
            for case in price.cases
        ],
        "valid_from": None if price.valid_from is None else to_text(price.valid_from),
        "valid_until": None if price.valid_until is None else to_text(price.valid_until),
    }


def tariff_json(tariff: Tariff) -> dict[str, Any]:
    """Return the stored form of `tariff`."""
    return {
        "rates": [_rate_json(rate) for rate in tariff.rates],
        "trial_days": tariff.trial_days,
        "at_least": None if tariff.at_least is None else tariff.at_least.to_json(),
        "at_most": None if tariff.at_most is None else tariff.at_most.to_json(),
    }


def from_json(written: object) -> Price:
    """Read a price; raise PriceInvalid with everything that is wrong.

    A price without `cases` is one tariff for everybody: `{"rates": […]}`.
    """
    pen = _Pen()
    price = _price(pen, written)
    if price is not None:
        _check_currencies(pen, tuple(case.tariff for case in price.cases))
    if pen.faults or price is None:
        raise PriceInvalid(tuple(pen.faults[:FAULTS_MAX]))
    return FREE if price == FREE else price


def tariff_from_json(written: object) -> Tariff:
    """Read a tariff; raise PriceInvalid with everything that is wrong."""
    pen = _Pen()
    found = pen.keyed(written, "the tariff", _TARIFF_KEYS)
    tariff = None if found is None else _tariff(pen, found, "the tariff")
    if tariff is not None:
        _check_currencies(pen, (tariff,))
    if pen.faults or tariff is None:
        raise PriceInvalid(tuple(pen.faults[:FAULTS_MAX]))
    return tariff


def _rate_json(rate: Rate) -> dict[str, Any]:
    match rate:
        case Free():
            return {"rate": rate.kind}
        case OneOff(amount):
            return {"rate": rate.kind, "amount": amount.to_json()}
        case Subscription(amount, every):
            return {"rate": rate.kind, "amount": amount.to_json(), "every": every.value}
        case PerUse():
            return {
                "rate": rate.kind,
                "unit": rate.unit.value,
                "per": rate.per,
                "tiers": [{"beyond": t.beyond, "price": t.price.to_json()} for t in rate.tiers],
                "tiering": rate.tiering.value,
                "free_monthly": rate.free_monthly,
            }


@dataclass(slots=True)
class _Pen:
    """Reads values, and notes where one is something else."""

    faults: list[str] = field(default_factory=list)

    def note(self, where: str, fault: str) -> None:
        self.faults.append(f"{where} {fault}")

    def keyed(self, value: object, where: str, keys: frozenset[str]) -> Mapping[str, Any] | None:
        if not isinstance(value, Mapping):
            self.note(where, "is no object")
            return None
        for key in value:
            if key not in keys:
                self.note(where, f"has {str(key)[:40]!r}, which means nothing here")
        return value

    def items(self, value: object, where: str, most: int) -> list[Any]:
        if not isinstance(value, list | tuple) or not 0 < len(value) <= most:
            self.note(where, f"is no list of 1 to {most}")
            return []
        return list(value)

    def whole(self, value: object, where: str, *, least: int, most: int) -> int:
        if type(value) is not int or not least <= value <= most:
            shown = repr(value)[:40]
            self.note(where, f"is {shown}, not a whole number of {least:,} to {most:,}")
            return least
        return value

    def one_of(self, kind: type[E], value: object, where: str) -> E | None:
        known = {each.value: each for each in kind}
        if not isinstance(value, str) or value not in known:
            self.note(where, f"is {str(value)[:40]!r}, not one of {', '.join(known)}")
            return None
        return known[value]

    def money(self, value: object, where: str) -> Money | None:
        found = self._read(money_of, value, where)
        if found is None:
            return None
        if found.minor < 0:
            self.note(where, f"is {found}, below zero")
        elif found.minor > AMOUNT_MAX_MINOR:
            self.note(where, f"is {found}, more than {Money(AMOUNT_MAX_MINOR, found.currency)}")
        elif found.minor == 0:
            self.note(where, "is nothing: say that it is free, or leave it out")
        else:
            return found
        return None

    def unit_price(self, value: object, where: str, per: int) -> UnitPrice | None:
        found = self._read(_unit_price_of, value, where)
        if found is None:
            return None
        said = f"{found.decimal_text()} {found.currency}"
        if found.amount < 0:
            self.note(where, f"is {said}, below zero")
        elif found.exact(1, per=per) > UNIT_MAX_MINOR:
            most = Money(UNIT_MAX_MINOR, found.currency)
            self.note(where, f"is {said}, more than {most} for one")
        else:
            return found
        return None

    def moment(self, value: object, where: str) -> datetime | None:
        if value is None:
            return None
        try:
            at = from_text(str(value))
        except (ValueError, OverflowError):
            self.note(where, f"is {str(value)[:40]!r}, no instant with its zone")
            return None
        if at.year in range(YEAR_FIRST, YEAR_LAST):
            return at
        self.note(where, f"is {to_text(at)}, beyond the calendar")
        return None

    def _read(self, reader: Callable[[object], T | None], value: object, where: str) -> T | None:
        found = reader(value)
        if found is None:
            shown = str(value)[:60]
            self.note(where, f"is {shown!r}, no amount of DKK or EUR such as '12.50 DKK'")
        return found


def money_of(value: object) -> Money | None:
    """Read `"12.50 DKK"` or `{"minor": 1250, "currency": "DKK"}`; None where it is neither."""
    try:
        if not isinstance(value, str):
            return Money.from_json(value)
        found = _MONEY_TEXT.fullmatch(value)
        if found is None or found[2] not in _CODES:
            return None
        return Money.from_decimal_text(found[1], Currency(found[2]))
    except ExchangeError:
        return None


def _unit_price_of(value: object) -> UnitPrice | None:
    if not isinstance(value, str):
        try:
            return UnitPrice.from_json(value)
        except ExchangeError:
            return None
    found = _UNIT_TEXT.fullmatch(value)
    if found is None or found[4] not in _CODES:
        return None
    behind = found[3] or ""
    amount = int(found[2] + behind)
    return UnitPrice(-amount if found[1] else amount, len(behind), Currency(found[4]))


def _price(pen: _Pen, written: object) -> Price | None:
    if isinstance(written, Mapping) and "cases" not in written:
        found = pen.keyed(written, "the price", _TARIFF_KEYS | _SPAN_KEYS)
        cases = [_tariff(pen, written, "the price")]
        whole = [Case(tariff=tariff) for tariff in cases if tariff is not None]
    else:
        found = pen.keyed(written, "the price", _SPAN_KEYS | {"cases"})
        items = [] if found is None else pen.items(found["cases"], "cases", CASES_MAX)
        read = [_case(pen, item, f"case {n}") for n, item in enumerate(items, 1)]
        whole = [case for case in read if case is not None]
        _check_reached(pen, whole)
    if found is None:
        return None
    start = pen.moment(found.get("valid_from"), "valid_from")
    end = pen.moment(found.get("valid_until"), "valid_until")
    if start is not None and end is not None and start >= end:
        pen.note("valid_until", "is not after valid_from")
    return Price(cases=tuple(whole), valid_from=start, valid_until=end)


def _check_reached(pen: _Pen, cases: list[Case]) -> None:
    for place, case in enumerate(cases[:-1], 1):
        if case.is_for_all:
            pen.note(f"case {place}", "is for everyone, so that none after it is ever reached")
            return


def _case(pen: _Pen, written: object, where: str) -> Case | None:
    found = pen.keyed(written, where, _TARIFF_KEYS | {"purposes", "kinds"})
    if found is None:
        return None
    codes = [
        _purpose(pen, code, f"{where}, purposes") for code in _listed(pen, found, "purposes", where)
    ]
    kinds = [
        pen.one_of(PartyKind, kind, f"{where}, kinds")
        for kind in _listed(pen, found, "kinds", where)
    ]
    tariff = _tariff(pen, found, where)
    if tariff is None:
        return None
    return Case(
        purposes=tuple(dict.fromkeys(code for code in codes if code is not None)),
        kinds=tuple(dict.fromkeys(kind for kind in kinds if kind is not None)),
        tariff=tariff,
    )


def _listed(pen: _Pen, found: Mapping[str, Any], key: str, where: str) -> list[Any]:
    value = found.get(key)
    return [] if value in (None, [], ()) else pen.items(value, f"{where}, {key},", CODES_MAX)


def _purpose(pen: _Pen, value: object, where: str) -> str | None:
    code = purposes.code_of(value) if isinstance(value, str) else None
    if code is None:
        pen.note(where, f"has {str(value)[:80]!r}, which is no purpose that is known here")
    return code


def _tariff(pen: _Pen, found: Mapping[str, Any], where: str) -> Tariff | None:
    items = pen.items(found.get("rates"), f"{where}, rates,", RATES_MAX)
    read = [_rate(pen, item, f"{where}, rate {n}") for n, item in enumerate(items, 1)]
    rates = tuple(rate for rate in read if rate is not None)
    least = _optional_money(pen, found.get("at_least"), f"{where}, at_least")
    most = _optional_money(pen, found.get("at_most"), f"{where}, at_most")
    days = pen.whole(
        found.get("trial_days", 0), f"{where}, trial_days,", least=0, most=TRIAL_DAYS_MAX
    )
    if len(rates) < max(len(items), 1):
        return None
    tariff = Tariff(rates=rates, trial_days=days, at_least=least, at_most=most)
    _check_together(pen, tariff, where)
    return tariff


def _optional_money(pen: _Pen, value: object, where: str) -> Money | None:
    return None if value is None else pen.money(value, where)


def _check_together(pen: _Pen, tariff: Tariff, where: str) -> None:
    """Note rates that cannot stand beside each other."""
    if len(tariff.rates) > 1 and any(isinstance(rate, Free) for rate in tariff.rates):
        pen.note(where, "is free and has other rates")
    said = [rate.unit.value if isinstance(rate, PerUse) else rate.kind for rate in tariff.rates]
    for twice in sorted({each for each in said if said.count(each) > 1}):
        pen.note(where, f"has two rates for {twice}")
    if tariff.is_free and tariff.trial_days:
        pen.note(where, "is free, so that there is nothing to try without paying")
    least, most = tariff.at_least, tariff.at_most
    if (least or most) and not tariff.uses:
        pen.note(where, "has at_least or at_most, and nothing that is paid by use")
    if least and most and least.currency is most.currency and least > most:
        pen.note(where, "has at_least above at_most")


def _check_currencies(pen: _Pen, tariffs: tuple[Tariff, ...]) -> None:
    found = currencies(tariffs)
    if len(found) > 1:
        pen.note("the price", f"mixes {' and '.join(sorted(found))}: one currency is wanted")


def _rate(pen: _Pen, written: object, where: str) -> Rate | None:
    match written:
        case {"rate": Free.kind}:
            pen.keyed(written, where, frozenset({"rate"}))
            return Free()
        case {"rate": OneOff.kind}:
            found = pen.keyed(written, where, frozenset({"rate", "amount"})) or {}
            amount = pen.money(found.get("amount"), f"{where}, amount")
            return None if amount is None else OneOff(amount)
        case {"rate": Subscription.kind}:
            found = pen.keyed(written, where, frozenset({"rate", "amount", "every"})) or {}
            amount = pen.money(found.get("amount"), f"{where}, amount")
            every = pen.one_of(Every, found.get("every"), f"{where}, every")
            return None if amount is None or every is None else Subscription(amount, every)
        case {"rate": PerUse.kind}:
            return _per_use(pen, written, where)
    kinds = ", ".join(kind.kind for kind in (Free, OneOff, Subscription, PerUse))
    pen.note(where, f"says none of {kinds} in `rate`")
    return None


def _per_use(pen: _Pen, written: object, where: str) -> PerUse | None:
    keys = frozenset({"rate", "unit", "per", "price", "tiers", "tiering", "free_monthly"})
    found = pen.keyed(written, where, keys) or {}
    unit = pen.one_of(Unit, found.get("unit"), f"{where}, unit")
    tiering = pen.one_of(Tiering, found.get("tiering", "graduated"), f"{where}, tiering")
    per = pen.whole(found.get("per", 1), f"{where}, per,", least=1, most=PER_MAX)
    free = pen.whole(
        found.get("free_monthly", 0), f"{where}, free_monthly,", least=0, most=QUANTITY_MAX
    )
    if ("price" in found) == ("tiers" in found):
        pen.note(where, "has to have either a price or tiers")
        return None
    written_tiers = found.get("tiers", [{"beyond": 0, "price": found.get("price")}])
    items = pen.items(written_tiers, f"{where}, tiers,", TIERS_MAX)
    tiers = [_tier(pen, item, f"{where}, tier {n}", per) for n, item in enumerate(items, 1)]
    known = tuple(tier for tier in tiers if tier is not None)
    if unit is None or tiering is None or not items or len(known) < len(items):
        return None
    starts = [tier.beyond for tier in known]
    if starts[0] != 0 or sorted(set(starts)) != starts:
        pen.note(where, f"has tiers beyond {starts}, and they begin at 0 and go up")
    if all(tier.price.amount == 0 for tier in known):
        pen.note(where, "costs nothing however much is used: say that it is free")
    return PerUse(unit=unit, per=per, tiers=known, tiering=tiering, free_monthly=free)


def _tier(pen: _Pen, written: object, where: str, per: int) -> Tier | None:
    found = pen.keyed(written, where, frozenset({"beyond", "price"}))
    if found is None:
        return None
    beyond = pen.whole(found.get("beyond", 0), f"{where}, beyond,", least=0, most=QUANTITY_MAX)
    price = pen.unit_price(found.get("price"), f"{where}, price", per)
    return None if price is None else Tier(beyond, price)
