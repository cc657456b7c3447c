"""Where a party gets its documents: its address in Peppol, from the numbers that it gave."""

import re

from .model import Endpoint, InvoiceParty

EAN, CVR, SWEDISH_ORGANISATION = "0088", "0184", "0007"
_SWEDISH_VAT = re.compile(r"SE([0-9]{10})[0-9]{2}", re.ASCII)

_VAT_ENDPOINTS = {
    "AT": "9914", "BE": "9925", "BG": "9926", "CY": "9928", "CZ": "9929", "DE": "9930",
    "EE": "9931", "EL": "9933", "ES": "9920", "FI": "0213", "FR": "9957", "HR": "9934",
    "HU": "9910", "IE": "9935", "IT": "0211", "LT": "9937", "LU": "9938", "LV": "9939",
    "MT": "9943", "NL": "9944", "PL": "9945", "PT": "9946", "RO": "9947",
    "SI": "9949", "SK": "9950",
}  # fmt: skip


def endpoint_of(party: InvoiceParty) -> Endpoint | None:
    """Return where `party` gets its documents, or None where nothing that it gave tells.

    In this order: what it chose, its EAN, its CVR number, its VAT number (of a Swedish one the ten
    digits that are the organisation's). An e-mail address is no address in Peppol.
    """
    if party.endpoint is not None:
        return party.endpoint
    if party.ean is not None:
        return Endpoint(scheme=EAN, value=party.ean)
    if party.cvr is not None:
        return Endpoint(scheme=CVR, value=party.cvr)
    number = party.vat_number or ""
    if (swedish := _SWEDISH_VAT.fullmatch(number)) is not None:
        return Endpoint(scheme=SWEDISH_ORGANISATION, value=swedish[1])
    if number[:2] in _VAT_ENDPOINTS:
        return Endpoint(scheme=_VAT_ENDPOINTS[number[:2]], value=number)
    return None
