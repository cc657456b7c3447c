"""The names that writer and reader of UBL 2.1 share: namespaces, profiles, codes."""

from .model import Kind

INVOICE_NS = "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
CREDIT_NOTE_NS = "urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2"
CAC_NS = "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
CBC_NS = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"

_NORM = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:"
BILLING = (_NORM + "billing:3.0", "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0")
SELF_BILLING = (_NORM + "selfbilling:3.0", "urn:fdc:peppol.eu:2017:poacc:selfbilling:01:1.0")

DANISH_TRANSFER, CARD, SEPA_TRANSFER, CLEARING = "42", "48", "58", "97"
VAT, OTHER_TAX = "VAT", "TAX"
REVERSE_CHARGE_CODE = "VATEX-EU-AE"


def profile_of(kind: Kind) -> tuple[str, str]:
    """Return CustomizationID and ProfileID: Peppol's billing, or its self-billing."""
    return SELF_BILLING if kind.self_billed else BILLING
