"""Numbers that name people or their things, told apart by their form and their check digits.

Each function takes one text and says whether it is such a number. A check digit is what keeps a
sensor's number from being taken for somebody's: of random digits, 1 in 11 passes modulus 11.
"""

import re
from datetime import date

from .patterns import pattern

_CPR = r"(\d{2})(\d{2})(\d{2})[- ]?(\d{4})"
_CPR_WEIGHTS = (4, 3, 2, 7, 6, 5, 4, 3, 2, 1)
_CVR_WEIGHTS = (2, 7, 6, 5, 4, 3, 2, 1)
_NO_MODULUS_SINCE = 1960
_IBAN = r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}"
_IBAN_LENGTHS = {
    "DK": 18, "NO": 15, "SE": 24, "FI": 18, "DE": 22, "NL": 18, "BE": 16, "FR": 27, "GB": 22,
    "ES": 24, "IT": 27, "PL": 28, "AT": 20, "CH": 21, "IE": 22, "LU": 20, "PT": 25, "IS": 26,
    "FO": 18, "GL": 18, "EE": 20, "LV": 21, "LT": 20, "CZ": 24,
}  # fmt: skip
_EMAIL = r"[A-Za-z0-9._%+'-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,24}"
_OFFICES = (
    r"(?:info|kontakt|contact|post|mail|office|support|data|admin|hello|hej|service|kundeservice|"
    r"noreply|no-reply|webmaster|help|sales|salg|reception|kommunen?|borgerservice|press[e]?)"
    r"(?:[._+-][a-z0-9]+)?@.*"
)
_MAC = r"(?:[0-9A-Fa-f]{2}([:-]))(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}"
_PLATE = r"[A-ZÆØÅ]{2} ?\d{2} ?\d{3}"
_PHONE_ABROAD = r"(?:\+|00)[1-9]\d{0,2}[ -]?(?:\(0\))?\d(?:[ -]?\d){5,12}"
_PHONE_DANISH = r"[2-9]\d(?: \d{2}){3}|[2-9]\d{3} \d{4}|[2-9]\d{7}"
_GSRN_DIGITS = 18
_GLN_DIGITS = 13


def is_cpr(text: str) -> bool:
    """Say whether `text` is a Danish personal number: a date, and modulus 11 where it holds.

    Since 2007 numbers without modulus 11 are given to people born on a 1 January for whom no
    other is left. The CPR office's list of those days is not complete (cpr.dk, 10 May 2023: 1960
    to 1995), so every 1 January since 1960 is taken.
    """
    parts = pattern(_CPR).fullmatch(text.strip())
    if parts is None:
        return False
    day, month, year, serial = (int(part) for part in parts.groups())
    born = _born(day, month, year, serial // 1000)
    if born is None:
        return False
    if born.day == born.month == 1 and born.year >= _NO_MODULUS_SINCE:
        return True
    return _weighted("".join(parts.groups()), _CPR_WEIGHTS) % 11 == 0


def looks_like_cpr(text: str) -> bool:
    """Say whether `text` is a date and four digits, whatever modulus 11 says."""
    parts = pattern(_CPR).fullmatch(text.strip())
    if parts is None:
        return False
    day, month, year, serial = (int(part) for part in parts.groups())
    return _born(day, month, year, serial // 1000) is not None


def _born(day: int, month: int, year: int, seventh: int) -> date | None:
    """Return the day of birth; the seventh digit says in which century (cpr.dk)."""
    if seventh <= 3:  # noqa: PLR2004 - the CPR office's table
        century = 1900
    elif seventh in {4, 9}:
        century = 2000 if year <= 36 else 1900  # noqa: PLR2004 - the CPR office's table
    else:
        century = 2000 if year <= 57 else 1800  # noqa: PLR2004 - the CPR office's table
    try:
        return date(century + year, month, day)
    except ValueError:
        return None


def is_cvr(text: str) -> bool:
    """Say whether `text` is a Danish company number: eight digits, modulus 11."""
    digits = text.strip().upper().removeprefix("DK").strip()
    if len(digits) != len(_CVR_WEIGHTS) or not digits.isascii() or not digits.isdigit():
        return False
    return digits[0] != "0" and _weighted(digits, _CVR_WEIGHTS) % 11 == 0


def is_iban(text: str) -> bool:
    """Say whether `text` is a bank account number (ISO 13616): its length and modulus 97."""
    number = text.replace(" ", "").upper()
    if not pattern(_IBAN).fullmatch(number):
        return False
    if len(number) != _IBAN_LENGTHS.get(number[:2], len(number)):
        return False
    turned = number[4:] + number[:4]
    return int("".join(str(int(sign, 36)) for sign in turned)) % 97 == 1


def is_email(text: str) -> bool:
    """Say whether `text` is an e-mail address of somebody; a general mailbox is an office's."""
    address = text.strip()
    return bool(pattern(_EMAIL).fullmatch(address)) and not pattern(
        _OFFICES, re.IGNORECASE
    ).fullmatch(address)


def is_phone(text: str) -> bool:
    """Say whether `text` is written as a telephone number: with a country, or as Danes do."""
    return bool(pattern(_PHONE_ABROAD).fullmatch(text.strip()))


def is_danish_phone(text: str) -> bool:
    """Say whether `text` could be a Danish telephone number: any eight digits could."""
    return bool(pattern(_PHONE_DANISH).fullmatch(text.strip()))


def is_mac(text: str) -> bool:
    """Say whether `text` is the hardware address of a device (IEEE 802)."""
    return bool(pattern(_MAC).fullmatch(text.strip()))


def is_plate(text: str) -> bool:
    """Say whether `text` is written as a Danish number plate: two letters and five digits."""
    return bool(pattern(_PLATE).fullmatch(text.strip()))


def is_gsrn(text: str) -> bool:
    """Say whether `text` is a metering point (GSRN: 18 digits, GS1 check digit)."""
    return _gs1(text.strip(), _GSRN_DIGITS)


def is_gln(text: str) -> bool:
    """Say whether `text` is a party's place (GLN: 13 digits, GS1 check digit): nobody's person."""
    return _gs1(text.strip(), _GLN_DIGITS)


def _gs1(digits: str, length: int) -> bool:
    if len(digits) != length or not digits.isascii() or not digits.isdigit():
        return False
    # GS1 General Specifications §7.9: weights 3 and 1, the 3 beside the check digit.
    total = sum(int(digit) * (3, 1)[place % 2] for place, digit in enumerate(digits[-2::-1]))
    return (total + int(digits[-1])) % 10 == 0


def _weighted(digits: str, weights: tuple[int, ...]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True))
