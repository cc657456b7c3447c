"""Billing details of one party: whom an invoice names, and where money goes. Values, no I/O."""

from dataclasses import dataclass

from torvet.billing.model import HOUSE


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What a party gave; texts that it did not give are empty, and `party` HOUSE is the exchange.

    `country` is of ISO 3166-1. Money goes to `iban`, or within Denmark to `registration` and
    `account`. `endpoint` is an address in Peppol, scheme and value, where another is wanted than
    follows from EAN, CVR or VAT number. `version` is 0 for one that nobody has given yet.
    """

    party: str
    name: str
    street: str = ""
    post_code: str = ""
    city: str = ""
    country: str = "DK"
    cvr: str = ""
    vat_registered: bool = False
    vat_number: str = ""
    ean: str = ""
    endpoint: tuple[str, str] | None = None
    email: str = ""
    iban: str = ""
    bic: str = ""
    registration: str = ""
    account: str = ""
    language: str = "da"
    version: int = 0

    @property
    def is_the_exchange(self) -> bool:
        return self.party == HOUSE

    @property
    def can_be_paid(self) -> bool:
        """Whether it says where money goes."""
        return bool(self.iban or (self.registration and self.account))
