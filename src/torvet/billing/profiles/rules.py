"""What billing details must be: pure, so that a form can be told all that is wrong with it."""

import re
from collections.abc import Iterator

from torvet.billing.identifiers import (
    bic_fits,
    ean_fits,
    email_fits,
    iban_fits,
    vat_number_fits,
)
from torvet.parties.rules import cvr_fits

from .model import Profile

DENMARK = "DK"
TEXT_LENGTH_MAX = 200

_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)
_REGISTRATION = re.compile(r"[0-9]{4}", re.ASCII)
_ACCOUNT = re.compile(r"[0-9]{1,10}", re.ASCII)
_SCHEME = re.compile(r"[0-9]{4}", re.ASCII)
_ENDPOINT = re.compile(r"[0-9A-Za-z:._-]{1,50}", re.ASCII)


def faults_of(profile: Profile) -> tuple[str, ...]:
    """Return everything that is wrong with `profile`; nothing where it can be used."""
    return (
        *_address_faults(profile),
        *_number_faults(profile),
        *_vat_faults(profile),
        *_account_faults(profile),
    )


def _address_faults(it: Profile) -> Iterator[str]:
    named = {
        "the legal name": it.name,
        "the street": it.street,
        "the post code": it.post_code,
        "the city": it.city,
    }
    for what, text in named.items():
        if not text.strip():
            yield f"{what} is missing"
        elif not text.isprintable() or len(text) > TEXT_LENGTH_MAX:
            yield f"{what} is one line of at most {TEXT_LENGTH_MAX} characters"
    if not _COUNTRY.fullmatch(it.country):
        yield f"the country is two capital letters such as DK, not {it.country!r}"
    if it.language not in {"da", "en"}:
        yield f"documents are written in da or en, not {it.language!r}"


def _number_faults(it: Profile) -> Iterator[str]:
    if it.cvr and not cvr_fits(it.cvr):
        yield f"{it.cvr!r} is no CVR number: eight digits, of which the last checks the others"
    if it.cvr and it.country != DENMARK:
        yield f"a CVR number is Danish, and the address is in {it.country}"
    if it.ean and not ean_fits(it.ean):
        yield f"{it.ean!r} is no EAN: 13 digits, of which the last checks the others"
    if it.email and not email_fits(it.email):
        yield f"{it.email!r} is no e-mail address"
    if it.endpoint is not None:
        scheme, value = it.endpoint
        if not (_SCHEME.fullmatch(scheme) and _ENDPOINT.fullmatch(value)):
            yield f"{scheme}:{value} is no address in Peppol: four digits, a colon, and its value"
        elif scheme == "0088" and not ean_fits(value):
            yield f"{value!r} is no EAN, which scheme 0088 asks for"


def _vat_faults(it: Profile) -> Iterator[str]:
    if it.vat_registered and not it.vat_number:
        yield "who is registered for VAT gives the VAT number"
    if not it.vat_registered and it.vat_number:
        yield "a VAT number is given, and yet it says that it is not registered for VAT"
    if not it.vat_number:
        return
    if not vat_number_fits(it.vat_number, it.country):
        yield f"the address is in {it.country}, and {it.vat_number!r} is no VAT number of there"
    elif it.country == DENMARK and it.vat_number != DENMARK + it.cvr:
        yield "a Danish VAT number is the CVR number after DK"


def _account_faults(it: Profile) -> Iterator[str]:
    if it.iban and not iban_fits(it.iban):
        yield f"{it.iban!r} is no IBAN: its length or its check digits are wrong"
    if it.bic and not bic_fits(it.bic):
        yield f"{it.bic!r} is no BIC"
    if it.bic and not it.iban:
        yield "a BIC goes with an IBAN"
    if bool(it.registration) != bool(it.account):
        yield "a Danish account is a registration number and an account number"
    elif it.registration and not (
        _REGISTRATION.fullmatch(it.registration) and _ACCOUNT.fullmatch(it.account)
    ):
        yield "a Danish account is four digits, and at most ten"
