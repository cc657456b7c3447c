"""What a buyer adds to an acceptance so that the invoice arrives and stays within bounds."""

import re
from dataclasses import dataclass

from torvet.kit.money import Money
from torvet.parties.model import Party, PartyKind

from .prices.model import Tariff

PURCHASE_ORDER_MAX = 60
EAN_DIGITS = 13

_PURCHASE_ORDER = re.compile(rf"[^\x00-\x20\x7f]([^\x00-\x1f\x7f]{{0,{PURCHASE_ORDER_MAX - 1}}})?")
_EAN = re.compile(rf"[0-9]{{{EAN_DIGITS}}}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """The buyer's own reference, its electronic address, and the most it will spend a month."""

    purchase_order: str = ""
    ean: str = ""
    """GLN of thirteen digits, the EAN number of Danish authorities; empty where there is none."""
    cap: Money | None = None
    prepaid: bool = False
    """Whether it is paid before it is used: reading stops when what is held is used up."""


NO_ORDER = Order()


def is_ean(text: str) -> bool:
    """Say whether `text` is a GLN: 13 digits, the last a check digit (GS1 General Specs §7.9.1)."""
    if not _EAN.fullmatch(text):
        return False
    weighted = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(text))
    return weighted % 10 == 0


def faults_of(order: Order, buyer: Party, tariff: Tariff) -> tuple[str, ...]:
    """Return everything that keeps `buyer` from ordering under `tariff`; nothing where it may.

    A Danish public body receives invoices by NemHandel alone, so it names its EAN where anything
    is to be paid.
    """
    found = []
    if order.purchase_order and not _PURCHASE_ORDER.fullmatch(order.purchase_order):
        found.append(
            f"the purchase order number is no line of 1 to {PURCHASE_ORDER_MAX} characters"
        )
    if order.ean and not is_ean(order.ean):
        found.append(f"{order.ean[:40]!r} is no EAN: 13 digits, of which the last is a check digit")
    if not order.ean and needs_ean(buyer, tariff):
        found.append("a public body names its EAN, for its invoices are sent there")
    if order.cap is not None:
        found.extend(faults_of_cap(order.cap, tariff))
    if order.prepaid and tariff.is_free:
        found.append("nothing is to be paid, so nothing can be paid before")
    return tuple(found)


def needs_ean(buyer: Party, tariff: Tariff) -> bool:
    """Say whether invoices to `buyer` under `tariff` need an EAN."""
    danish = buyer.region.partition("-")[0] == "DK"
    return danish and buyer.kind is PartyKind.PUBLIC and not tariff.is_free


def faults_of_cap(cap: Money, tariff: Tariff) -> list[str]:
    """Return everything that keeps `cap` from being a cap on what `tariff` costs."""
    if not tariff.uses:
        return ["a spending cap is for prices that depend on use, and this one does not"]
    if cap.currency is not tariff.currency:
        return [f"the spending cap is in {cap.currency}, and the price in {tariff.currency}"]
    if cap.minor <= 0:
        return [f"a spending cap of {cap} would allow nothing"]
    if tariff.at_least is not None and cap < tariff.at_least:
        return [f"the spending cap of {cap} is below what use costs at least, {tariff.at_least}"]
    return []
