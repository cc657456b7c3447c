"""What a column's values say, whatever its name is."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pyarrow as pa

from .checksums import (
    is_cpr,
    is_cvr,
    is_danish_phone,
    is_email,
    is_gsrn,
    is_iban,
    is_mac,
    is_phone,
    is_plate,
)
from .looking import ColumnLook
from .patterns import pattern
from .people import is_first_name, is_persons_name

EXAMINED_MAX = 2_000
SEEN_MIN = 3
"""Fewer values than this prove nothing by their form, unless all of them pass."""
_CPR_DIGITS = 10
_NEARLY_ALL = 0.9
_MOST = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A form that values may have: how many must, and what that says."""

    kind: str
    words: str
    fits: Callable[[str], bool]
    share_min: float
    texts_only: bool = True
    names_only: bool = False
    """Only where the column's name says so too: too much else has this form."""
    personal: bool = True


_STREET = (
    r"(?:vej|gade|allé|alle|plads|stræde|sti|torv|park|boulevard|have|bro|street|road|avenue|"
    r"square|lane|skole|kirke|centret?|hallen?|museum|a/s|aps|i/s)$"
)


def _persons_name(text: str) -> bool:
    return is_persons_name(text) and not pattern(_STREET, re.IGNORECASE).search(text.strip())


FORMS = (
    Form(kind="cpr", words="personal numbers (date and modulus 11)", fits=is_cpr,
         share_min=_MOST, texts_only=False),
    Form(kind="meter", words="metering points (GSRN, check digit)", fits=is_gsrn,
         share_min=_MOST, texts_only=False),
    Form(kind="account", words="bank accounts (IBAN, modulus 97)", fits=is_iban, share_min=_MOST),
    Form(kind="email", words="e-mail addresses of people", fits=is_email, share_min=_MOST),
    Form(kind="device", words="hardware addresses (MAC)", fits=is_mac, share_min=_MOST),
    Form(kind="phone", words="telephone numbers with their country", fits=is_phone,
         share_min=_MOST),
    Form(kind="phone", words="Danish telephone numbers", fits=is_danish_phone,
         share_min=_MOST, texts_only=False, names_only=True),
    Form(kind="vehicle", words="number plates", fits=is_plate, share_min=_NEARLY_ALL),
    Form(kind="name", words="names of people", fits=_persons_name, share_min=_MOST),
    Form(kind="name", words="first names", fits=is_first_name, share_min=0.6),
    Form(kind="company", words="company numbers (CVR, modulus 11)", fits=is_cvr,
         share_min=_NEARLY_ALL, texts_only=False, personal=False),
)  # fmt: skip

_WITHIN = (
    ("cpr", "a personal number", r"\b\d{6}-\d{4}\b", is_cpr),
    ("email", "an e-mail address of a person",
     r"[A-Za-z0-9._%+'-]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,24}", is_email),
    ("account", "a bank account", r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}\b", is_iban),
    ("meter", "a metering point", r"\b57\d{16}\b", is_gsrn),
    ("device", "a hardware address",
     r"\b(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}\b", is_mac),
    ("phone", "a telephone number", r"\+\d{2}[ -]?\d{2}(?:[ -]?\d){4,8}\b", is_phone),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """What values were recognised as: `passed` of `examined`, and the sentence about it."""

    kind: str
    sentence: str
    personal: bool = True


def recognised(column: ColumnLook, *, named: str = "") -> Recognised | None:
    """Return what most values of `column` are, or None; `named` is what its name says it is.

    No value is quoted: the sentence may be shown to people who may not see any.
    """
    values = _written(column)[:EXAMINED_MAX]
    for form in FORMS:
        if form.texts_only and not column.texts:
            continue
        if form.names_only and named != form.kind:
            continue
        passed = sum(1 for value in values if form.fits(value))
        if passed and passed >= form.share_min * len(values) and _enough(passed, len(values)):
            return Recognised(
                kind=form.kind,
                sentence=f"{passed:,} of {len(values):,} different values are {form.words}",
                personal=form.personal,
            )
    return None


def within_texts(column: ColumnLook) -> Recognised | None:
    """Return what some texts of `column` hold among other words, or None."""
    for kind, words, form, fits in _WITHIN:
        found = pattern(form).findall
        holding = sum(1 for text in column.hits if any(fits(each) for each in found(text)))
        if holding:
            some = "a text holds" if holding == 1 else f"at least {holding:,} texts hold"
            return Recognised(kind=kind, sentence=f"{some} {words}")
    return None


def _enough(passed: int, examined: int) -> bool:
    return passed >= SEEN_MIN or passed == examined


def _written(column: ColumnLook) -> Sequence[str]:
    """Return the values as they would be written: whole numbers without a point, with zeros."""
    if column.texts:
        return column.values
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        return ()
    return [_whole(value) for value in column.values]


def _whole(value: str) -> str:
    digits = value.removesuffix(".0")
    # A number keeps no leading zero: nine digits may be a personal number of the 1st to the 9th.
    return digits.zfill(_CPR_DIGITS) if len(digits) == _CPR_DIGITS - 1 else digits
