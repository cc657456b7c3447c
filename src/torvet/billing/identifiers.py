"""Numbers that name parties and accounts, and what tells a right one from a slip of the pen."""

import re

_CVR = re.compile(r"[1-9][0-9]{7}", re.ASCII)
_GLN = re.compile(r"[0-9]{13}", re.ASCII)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}", re.ASCII)
_IBAN_LENGTHS = {"DK": 18, "FO": 18, "GL": 18, "SE": 24, "NO": 15, "FI": 18, "DE": 22, "NL": 18}
_BIC = re.compile(r"[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?", re.ASCII)
_IBAN_MODULUS = 97

VAT_FORMS = {
    "AT": r"U[0-9]{8}",
    "BE": r"[01][0-9]{9}",
    "BG": r"[0-9]{9,10}",
    "CY": r"[0-9]{8}[A-Z]",
    "CZ": r"[0-9]{8,10}",
    "DE": r"[0-9]{9}",
    "DK": r"[1-9][0-9]{7}",
    "EE": r"[0-9]{9}",
    "EL": r"[0-9]{9}",
    "ES": r"[A-Z0-9][0-9]{7}[A-Z0-9]",
    "FI": r"[0-9]{8}",
    "FR": r"[A-Z0-9]{2}[0-9]{9}",
    "HR": r"[0-9]{11}",
    "HU": r"[0-9]{8}",
    "IE": r"[0-9][A-Z0-9+*][0-9]{5}[A-Z]{1,2}",
    "IT": r"[0-9]{11}",
    "LT": r"([0-9]{9}|[0-9]{12})",
    "LU": r"[0-9]{8}",
    "LV": r"[0-9]{11}",
    "MT": r"[0-9]{8}",
    "NL": r"[0-9]{9}B[0-9]{2}",
    "PL": r"[0-9]{10}",
    "PT": r"[0-9]{9}",
    "RO": r"[0-9]{2,10}",
    "SE": r"[0-9]{12}",
    "SI": r"[0-9]{8}",
    "SK": r"[0-9]{10}",
}
"""How a VAT number of each member state goes on after its two letters (the VIES list)."""

_VAT_PREFIX = {"GR": "EL"}


def cvr_has_its_form(cvr: str) -> bool:
    """Tell whether `cvr` is eight digits; that a party's own is right, its registration checks."""
    return _CVR.fullmatch(cvr) is not None


def ean_fits(ean: str) -> bool:
    """Tell whether `ean` is 13 digits of which the last checks the others (GS1, modulo 10)."""
    if _GLN.fullmatch(ean) is None:
        return False
    weighed = sum(int(digit) * (1, 3)[place % 2] for place, digit in enumerate(ean))
    return weighed % 10 == 0


def vat_number_fits(number: str, country: str) -> bool:
    """Tell whether `number` can be one of `country`, which writes it with its own two letters."""
    prefix = _VAT_PREFIX.get(country, country)
    form = VAT_FORMS.get(prefix, r"[A-Z0-9]{2,13}")
    return re.fullmatch(prefix + form, number, re.ASCII) is not None


def iban_fits(iban: str) -> bool:
    """Tell whether `iban` has its country's length and the right check digits (ISO 13616)."""
    if _IBAN.fullmatch(iban) is None or len(iban) != _IBAN_LENGTHS.get(iban[:2], len(iban)):
        return False
    digits = "".join(str(int(sign, 36)) for sign in iban[4:] + iban[:4])
    return int(digits) % _IBAN_MODULUS == 1


def bic_fits(bic: str) -> bool:
    """Tell whether `bic` has the form of ISO 9362."""
    return _BIC.fullmatch(bic) is not None


def email_fits(email: str) -> bool:
    """Tell whether `email` can be one: something, an at sign, and a name with a dot."""
    return _EMAIL.fullmatch(email) is not None
