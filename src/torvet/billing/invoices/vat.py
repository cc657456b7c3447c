"""How VAT falls on a sale by a Danish exchange's provider: versioned rules, as values. Pure.

Where a sale is not covered, nothing is guessed: VatUndecided is raised.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from .errors import VatUndecided
from .identifiers import VAT_FORMS
from .model import InvoiceParty, VatCategory, VatTreatment


@dataclass(frozen=True, slots=True, kw_only=True)
class VatRules:
    """What is law in Denmark from `since` on."""

    version: str
    since: date
    standard_percent: Decimal
    reverse_charge_reason: str
    exempt_reason: str
    member_states: frozenset[str]


RULES = (
    VatRules(
        version="dk-1992",
        since=date(1992, 1, 1),
        standard_percent=Decimal(25),
        reverse_charge_reason="Reverse charge: the buyer accounts for VAT (2006/112/EC, art. 196)",
        exempt_reason="The seller is below the registration threshold (momsloven § 48)",
        member_states=frozenset(VAT_FORMS) - {"EL"} | {"GR"},
    ),
)
"""The newest last."""


def rules_on(day: date) -> VatRules:
    """Return the rules in force on `day`. Raises VatUndecided before the first."""
    in_force = [rules for rules in RULES if rules.since <= day]
    if not in_force:
        raise VatUndecided(f"the rules of {day} are not kept")
    return in_force[-1]


def treatment_of(seller: InvoiceParty, buyer: InvoiceParty, on: date) -> VatTreatment:
    """Return how VAT falls on data sold by `seller` to `buyer` on `on` (momsloven §§ 16, 33, 48).

    A seller without a VAT number sells exempt; within Denmark the standard rate; to a business
    of another member state that gives its VAT number, reverse charge. Raises VatUndecided else.
    """
    rules = rules_on(on)
    if seller.address is None or seller.address.country != "DK":
        raise VatUndecided("the seller is not in Denmark")
    if buyer.address is None:
        raise VatUndecided("the buyer has no address")
    if seller.vat_number is None:
        return VatTreatment(
            category=VatCategory.EXEMPT, percent=Decimal(0), reason=rules.exempt_reason
        )
    if buyer.address.country == "DK":
        return VatTreatment(category=VatCategory.STANDARD, percent=rules.standard_percent)
    if buyer.address.country not in rules.member_states:
        raise VatUndecided(f"the buyer is in {buyer.address.country}, outside the EU")
    if buyer.vat_number is None:
        raise VatUndecided("a buyer in another member state gives no VAT number")
    return VatTreatment(
        category=VatCategory.REVERSE_CHARGE,
        percent=Decimal(0),
        reason=rules.reverse_charge_reason,
    )
