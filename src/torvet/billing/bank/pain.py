"""Payouts as a payment file in pain.001.001.09 (ISO 20022), as Danish banks take it."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from torvet.billing.identifiers import bic_fits, iban_fits
from torvet.kit.money import Currency, Money

from .errors import PayoutRefused
from .model import Payout, PayoutAccount, PayoutFile

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
PAYOUTS_MAX = 10_000
NAME_MAX, REFERENCE_MAX = 70, 140

_ID = re.compile(r"[A-Za-z0-9+?/:().,'-]{1,35}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)


def to_pain(file: PayoutFile) -> bytes:
    """Return `file` as a CustomerCreditTransferInitiation in UTF-8, one block for each currency.

    Every block and the whole tell how many transfers they have and their sum (`CtrlSum` of the
    whole adds up figures of all currencies, as ISO 20022 defines it). Raises PayoutRefused with
    all that is wrong.
    """
    faults = tuple(_faults(file))
    if faults:
        raise PayoutRefused(faults)
    root = Element("Document", {"xmlns": NAMESPACE})
    initiation = SubElement(root, "CstmrCdtTrfInitn")
    _header(SubElement(initiation, "GrpHdr"), file)
    for currency in Currency:
        payouts = [each for each in file.payouts if each.amount.currency is currency]
        if payouts:
            _block(SubElement(initiation, "PmtInf"), file, currency, payouts)
    indent(root)
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True))


def _faults(file: PayoutFile) -> Iterator[str]:
    if not file.payouts:
        yield "there is nothing to pay"
    if len(file.payouts) > PAYOUTS_MAX:
        yield f"there are {len(file.payouts):,} payouts, and {PAYOUTS_MAX:,} are most"
    if file.made_at.tzinfo is None:
        yield "it does not say in which zone it was made"
    elif file.pay_on < file.made_at.date():
        yield f"it should be paid on {file.pay_on}, before it was made"
    # A block's id is the file's with its currency behind it.
    if _ID.fullmatch(f"{file.id}-DKK") is None:
        yield f"{file.id!r} is no message id of at most 31 plain signs"
    yield from _account_faults(file.payer)
    for payout_id, times in Counter(each.id for each in file.payouts).items():
        if times > 1:
            yield f"payout {payout_id!r} is there {times} times"
    for payout in file.payouts:
        yield from _payout_faults(payout)


def _payout_faults(payout: Payout) -> Iterator[str]:
    if _ID.fullmatch(payout.id) is None:
        yield f"{payout.id!r} is no id of at most 35 plain signs"
    if payout.amount.minor <= 0:
        yield f"payout {payout.id!r} is of {payout.amount}"
    if not _printable(payout.reference, REFERENCE_MAX):
        yield f"payout {payout.id!r} has no reference of at most {REFERENCE_MAX} signs"
    yield from _account_faults(payout.to)


def _account_faults(account: PayoutAccount) -> Iterator[str]:
    if not _printable(account.name, NAME_MAX):
        yield f"{account.name!r} is no name of at most {NAME_MAX} signs"
    if _COUNTRY.fullmatch(account.country) is None:
        yield f"{account.name!r} is in no country: {account.country!r}"
    if not iban_fits(account.iban):
        yield f"{account.iban!r} is no IBAN: its length or its check digits are wrong"
    if account.bic is not None and not bic_fits(account.bic):
        yield f"{account.bic!r} is no BIC"


def _printable(text: str, most: int) -> bool:
    return bool(text.strip()) and len(text) <= most and _CONTROL.search(text) is None


def _header(element: Element, file: PayoutFile) -> None:
    _text(element, "MsgId", file.id)
    _text(element, "CreDtTm", file.made_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    _counts(element, file.payouts)
    _text(SubElement(element, "InitgPty"), "Nm", file.payer.name)


def _block(element: Element, file: PayoutFile, currency: Currency, payouts: list[Payout]) -> None:
    _text(element, "PmtInfId", f"{file.id}-{currency}")
    _text(element, "PmtMtd", "TRF")
    _counts(element, payouts)
    if currency is Currency.EUR:
        _text(SubElement(SubElement(element, "PmtTpInf"), "SvcLvl"), "Cd", "SEPA")
    _text(SubElement(element, "ReqdExctnDt"), "Dt", file.pay_on.isoformat())
    _owner(SubElement(element, "Dbtr"), file.payer)
    _account(SubElement(element, "DbtrAcct"), file.payer, currency)
    _agent(SubElement(element, "DbtrAgt"), file.payer)
    _text(element, "ChrgBr", "SLEV" if currency is Currency.EUR else "SHAR")
    for payout in payouts:
        _transfer(SubElement(element, "CdtTrfTxInf"), payout)


def _transfer(element: Element, payout: Payout) -> None:
    _text(SubElement(element, "PmtId"), "EndToEndId", payout.id)
    amount = SubElement(
        SubElement(element, "Amt"), "InstdAmt", {"Ccy": payout.amount.currency.value}
    )
    amount.text = payout.amount.decimal_text()
    if payout.to.bic is not None:
        _agent(SubElement(element, "CdtrAgt"), payout.to)
    _owner(SubElement(element, "Cdtr"), payout.to)
    _account(SubElement(element, "CdtrAcct"), payout.to, None)
    _text(SubElement(element, "RmtInf"), "Ustrd", payout.reference)


def _owner(element: Element, account: PayoutAccount) -> None:
    _text(element, "Nm", account.name)
    _text(SubElement(element, "PstlAdr"), "Ctry", account.country)


def _account(element: Element, account: PayoutAccount, currency: Currency | None) -> None:
    _text(SubElement(element, "Id"), "IBAN", account.iban)
    if currency is not None:
        _text(element, "Ccy", currency.value)


def _agent(element: Element, account: PayoutAccount) -> None:
    institution = SubElement(element, "FinInstnId")
    if account.bic is not None:
        _text(institution, "BICFI", account.bic)
    else:
        _text(SubElement(institution, "Othr"), "Id", "NOTPROVIDED")


def _counts(element: Element, payouts: tuple[Payout, ...] | list[Payout]) -> None:
    _text(element, "NbOfTxs", str(len(payouts)))
    # A sum of figures, whatever they are of: no amount of money.
    minor = sum(each.amount.minor for each in payouts)
    _text(element, "CtrlSum", Money(minor, Currency.DKK).decimal_text())


def _text(parent: Element, name: str, text: str) -> None:
    SubElement(parent, name).text = text
