"""A bank to try things with: it keeps an account, takes payment files and writes statements.

Statements are camt.053.001.08 (ISO 20022) with their balances, as Danish banks write them.
"""

from dataclasses import dataclass, field
from datetime import date
from xml.etree.ElementTree import Element, SubElement, tostring

from defusedxml.ElementTree import fromstring

from torvet.kit.money import Currency, Money

_STATEMENT = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"
_ANY = "{*}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """What moved: `reference` as a payer gives it, `transfer` the EndToEndId of who ordered it."""

    amount: Money
    number: int
    other: str = ""
    reference: str = ""
    transfer: str = ""
    words: str = ""
    returned: bool = False


@dataclass(slots=True)
class Bank:
    """One account at a bank, in one currency."""

    iban: str
    currency: Currency = Currency.DKK
    balance: Money = field(init=False)
    _numbers: int = 0
    _statements: int = 0
    _told: Money = field(init=False)
    _movements: list[Movement] = field(default_factory=list)
    _messages: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.balance = self._told = Money.zero(self.currency)

    def comes_in(
        self, amount: Money, reference: str = "", *, other: str = "Somebody", words: str = ""
    ) -> None:
        """Let somebody pay into the account."""
        self._move(amount, other=other, reference=reference, words=words)

    def goes_out(self, amount: Money, *, words: str = "", other: str = "Somebody") -> None:
        """Let money leave the account: a fee, or what its owner pays by hand."""
        self._move(-amount, other=other, words=words)

    def takes(self, payment_file: bytes) -> list[str]:
        """Make the transfers of a pain.001 file, once for its message id; return what they are."""
        root = fromstring(payment_file, forbid_dtd=True)
        message = root.findtext(_path("CstmrCdtTrfInitn/GrpHdr/MsgId")) or ""
        if message in self._messages:
            return []
        self._messages.add(message)
        made = []
        for each in root.findall(f".//{_ANY}CdtTrfTxInf"):
            amount = each.find(_path("Amt/InstdAmt"))
            transfer = each.findtext(_path("PmtId/EndToEndId")) or ""
            if amount is None or amount.get("Ccy") != self.currency:
                continue
            paid = Money.from_decimal_text(amount.text or "", self.currency)
            name = each.findtext(_path("Cdtr/Nm")) or ""
            self._move(-paid, other=name, transfer=transfer)
            made.append(transfer)
        return made

    def sends_back(self, transfer: str, amount: Money, *, why: str = "AC04") -> None:
        """Let a transfer come back that went out before."""
        self._move(amount, transfer=transfer, words=f"Returned: {why}", returned=True)

    def statement(self, on: date) -> bytes:
        """Write what moved since the last statement."""
        self._statements += 1
        root = Element("Document", {"xmlns": _STATEMENT})
        message = SubElement(root, "BkToCstmrStmt")
        _text(message, "GrpHdr/MsgId", f"M{self._statements}")
        said = SubElement(message, "Stmt")
        _text(said, "Id", f"{self.iban[-6:]}-{self._statements}")
        _text(said, "Acct/Id/IBAN", self.iban)
        _text(said, "Acct/Ccy", self.currency)
        _balance(said, "OPBD", self._told, on)
        _balance(said, "CLBD", self.balance, on)
        for movement in self._movements:
            _entry(said, movement, on)
        self._told = self.balance
        self._movements.clear()
        return bytes(tostring(root, encoding="utf-8", xml_declaration=True))

    def _move(
        self,
        amount: Money,
        *,
        other: str = "",
        reference: str = "",
        transfer: str = "",
        words: str = "",
        returned: bool = False,
    ) -> None:
        self._numbers += 1
        self.balance += amount
        self._movements.append(
            Movement(
                amount=amount,
                number=self._numbers,
                other=other,
                reference=reference,
                transfer=transfer,
                words=words,
                returned=returned,
            )
        )


def _balance(said: Element, code: str, amount: Money, on: date) -> None:
    told = SubElement(said, "Bal")
    _text(told, "Tp/CdOrPrtry/Cd", code)
    _amount(told, amount)
    _text(told, "Dt/Dt", on.isoformat())


def _entry(said: Element, movement: Movement, on: date) -> None:
    entry = SubElement(said, "Ntry")
    _amount(entry, movement.amount)
    _text(entry, "Sts/Cd", "BOOK")
    _text(entry, "BookgDt/Dt", on.isoformat())
    _text(entry, "AcctSvcrRef", f"B{movement.number:08}")
    details = SubElement(SubElement(entry, "NtryDtls"), "TxDtls")
    _text(details, "Refs/EndToEndId", movement.transfer or "NOTPROVIDED")
    side = "Dbtr" if movement.amount.minor > 0 else "Cdtr"
    _text(details, f"RltdPties/{side}/Pty/Nm", movement.other or "Somebody")
    remittance = SubElement(details, "RmtInf")
    if movement.words:
        _text(remittance, "Ustrd", movement.words)
    if movement.reference:
        _text(remittance, "Strd/CdtrRefInf/Ref", movement.reference)
    if movement.returned:
        _text(details, "RtrInf/Rsn/Cd", "AC04")


def _amount(parent: Element, amount: Money) -> None:
    SubElement(parent, "Amt", {"Ccy": amount.currency.value}).text = abs(amount).decimal_text()
    _text(parent, "CdtDbtInd", "DBIT" if amount.minor < 0 else "CRDT")


def _text(parent: Element, path: str, text: str) -> None:
    *steps, last = path.split("/")
    for step in steps:
        found = parent.find(step)
        parent = SubElement(parent, step) if found is None else found
    SubElement(parent, last).text = text


def _path(path: str) -> str:
    return "/".join(_ANY + step for step in path.split("/"))
