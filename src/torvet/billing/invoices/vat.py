"""How VAT falls on a sale: by the rulebook's version, as values. Pure.

Where a sale is not covered, nothing is guessed: VatUndecided is raised.
"""

from decimal import Decimal

from torvet.billing.rulebook.model import VatRules

from .errors import VatUndecided
from .model import InvoiceParty, VatCategory, VatTreatment

DENMARK = "DK"


def treatment_of(
    seller: InvoiceParty, buyer: InvoiceParty, rules: VatRules, *, language: str = "en"
) -> VatTreatment:
    """Return how VAT falls on data sold by `seller` to `buyer` (momsloven §§ 16, 33, 46, 48).

    A Danish seller without a VAT number sells exempt; within Denmark the standard rate; from one
    member state to a business of another that gives its VAT number, reverse charge. Raises
    VatUndecided else.
    """
    if seller.address is None or buyer.address is None:
        raise VatUndecided("seller or buyer has no address")
    sold_from, sold_to = seller.address.country, buyer.address.country
    if sold_from not in rules.member_states:
        raise VatUndecided(f"the seller is in {sold_from}, outside the EU")
    if sold_from != DENMARK and (sold_to != DENMARK or seller.vat_number is None):
        raise VatUndecided(f"the seller is in {sold_from}, and gives no VAT number or sells on")
    if seller.vat_number is None:
        reason = rules.exempt[language]
        return VatTreatment(category=VatCategory.EXEMPT, percent=Decimal(0), reason=reason)
    if sold_from == sold_to:
        return VatTreatment(category=VatCategory.STANDARD, percent=rules.standard_percent)
    if sold_to not in rules.member_states:
        raise VatUndecided(f"the buyer is in {sold_to}, outside the EU")
    if buyer.vat_number is None:
        raise VatUndecided("a buyer in another member state gives no VAT number")
    reason = rules.reverse_charge[language]
    return VatTreatment(category=VatCategory.REVERSE_CHARGE, percent=Decimal(0), reason=reason)
