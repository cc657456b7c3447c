"""Bank statements in camt.053 (ISO 20022), versions 001.02 to 001.14.

What the versions changed is where things stand, not what they are called: a status became an
element with a code (06), a party moved into `Pty` (08), a transaction's amount stands beside its
details (04). Both places are looked at, whatever the file says its version is.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Collection, Iterator
from datetime import date
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from torvet.kit.canonical import canonical
from torvet.kit.errors import ExchangeError
from torvet.kit.money import Currency, Money

from .errors import StatementUnreadable
from .model import Statement, StatementLine

BYTES_MAX = 50 * 2**20
_VERSION = re.compile(r"\{urn:iso:std:iso:20022:tech:xsd:camt\.053\.001\.(\d\d)\}Document")
_ANY = "{*}"
_BOOKED = "BOOK"
# A day's booked balances; one that continues the day before is told as that one's closing.
_OPENING, _CLOSING = ("OPBD", "PRCD"), ("CLBD",)
_NO_REFERENCES = {"NOTPROVIDED", "NONREF"}


def read_statements(document: bytes) -> tuple[Statement, ...]:
    """Return the statements of a camt.053 `document`.

    An entry that was booked as a batch becomes a line for each of its transactions. Entries that
    are not booked are counted only. Raises StatementUnreadable where the file is none, is above
    BYTES_MAX, is in a currency that is not ours, or where a batch's parts are not its amount:
    then nothing of it is taken.
    """
    if len(document) > BYTES_MAX:
        raise StatementUnreadable(f"it is above {BYTES_MAX:,} bytes")
    try:
        root = fromstring(document, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as fault:
        raise StatementUnreadable(f"it is no XML that we open: {fault}") from fault
    if _VERSION.fullmatch(root.tag) is None:
        raise StatementUnreadable(f"it is a {root.tag!r}")
    try:
        return tuple(_statement(each) for each in root.findall(_path("BkToCstmrStmt/Stmt")))
    except StatementUnreadable:
        raise
    except (ValueError, ExchangeError) as fault:
        raise StatementUnreadable(f"a value is none: {fault}") from fault


def unseen(lines: Collection[StatementLine], seen: Collection[str]) -> tuple[StatementLine, ...]:
    """Return the `lines` whose keys are not `seen`, each once: files may overlap and come twice."""
    known = set(seen)
    fresh = []
    for line in lines:
        if line.key not in known:
            known.add(line.key)
            fresh.append(line)
    return tuple(fresh)


def _statement(element: Element) -> Statement:
    account = _text(element, "Acct/Id/IBAN") or _text(element, "Acct/Id/Othr/Id")
    if account is None:
        raise StatementUnreadable("a statement does not name its account")
    entries = element.findall(_path("Ntry"))
    booked = [entry for entry in entries if _status(entry) == _BOOKED]
    currency = Currency(_text(element, "Acct/Ccy") or _currency_of(entries))
    lines = _lines(account, booked)
    opening, _ = _balance(element, _OPENING)
    closing, closes_on = _balance(element, _CLOSING)
    if opening is not None and closing is not None:
        moved = Money.total([line.amount for line in lines], currency)
        if opening + moved != closing:
            raise StatementUnreadable(f"{opening} and {moved} moved do not make {closing}")
    return Statement(
        id=_must(element, "Id"),
        account=account,
        currency=currency,
        lines=lines,
        pending=len(entries) - len(booked),
        opening=opening,
        closing=closing,
        closes_on=closes_on,
    )


def _balance(element: Element, codes: tuple[str, ...]) -> tuple[Money | None, date | None]:
    """Return the first booked balance that the statement tells under one of `codes`."""
    for code in codes:
        for each in element.findall(_path("Bal")):
            if _text(each, "Tp/CdOrPrtry/Cd") == code:
                on = (_text(each, "Dt/Dt") or _must(each, "Dt/DtTm"))[:10]
                return _signed(_money(each, "Amt"), each), date.fromisoformat(on)
    return None, None


def _currency_of(entries: list[Element]) -> str:
    for entry in entries:
        amount = entry.find(_path("Amt"))
        if amount is not None:
            return amount.get("Ccy", "")
    return Currency.DKK.value


def _status(entry: Element) -> str:
    return _text(entry, "Sts/Cd") or _must(entry, "Sts")


def _lines(account: str, entries: list[Element]) -> tuple[StatementLine, ...]:
    """Read the booked `entries`; of those alike in all but their place, each has its own key."""
    alike: Counter[str] = Counter()
    lines = []
    for entry in entries:
        for line in _entry(account, entry):
            alike[line.key] += 1
            times = alike[line.key]
            key = line.key if times == 1 else f"{line.key}-{times}"
            lines.append(_with_key(line, key))
    return tuple(lines)


def _with_key(line: StatementLine, key: str) -> StatementLine:
    return StatementLine(
        key=key,
        booked_on=line.booked_on,
        amount=line.amount,
        references=line.references,
        text=line.text,
        debtor=line.debtor,
        debtor_account=line.debtor_account,
        returned=line.returned,
    )


def _entry(account: str, entry: Element) -> Iterator[StatementLine]:
    whole = _signed(_money(entry, "Amt"), entry)
    details = entry.findall(_path("NtryDtls/TxDtls"))
    if not details:
        yield _line(account, entry, entry, whole)
        return
    if len(details) == 1:
        yield _line(account, entry, details[0], whole)
        return
    parts = [_signed(_part(each), each if _sign(each) else entry) for each in details]
    if Money.total(parts, whole.currency) != whole:
        raise StatementUnreadable(f"a batch of {whole} has parts that are not together so much")
    for each, amount in zip(details, parts, strict=True):
        yield _line(account, entry, each, amount)


def _line(account: str, entry: Element, details: Element, amount: Money) -> StatementLine:
    booked_on = date.fromisoformat(
        (_text(entry, "BookgDt/Dt") or _must(entry, "BookgDt/DtTm"))[:10]
    )
    debtor = _text(details, "RltdPties/Dbtr/Pty/Nm") or _text(details, "RltdPties/Dbtr/Nm")
    references = tuple(_references(details))
    free = " ".join(_texts(details, "RmtInf/Ustrd")) or _text(entry, "AddtlNtryInf") or ""
    own = _text(details, "Refs/AcctSvcrRef") or _text(entry, "AcctSvcrRef")
    content = [account, own, booked_on.isoformat(), str(amount), list(references), free, debtor]
    return StatementLine(
        key=hashlib.sha256(canonical(content)).hexdigest(),
        booked_on=booked_on,
        amount=amount,
        references=references,
        text=free,
        debtor=debtor,
        debtor_account=_text(details, "RltdPties/DbtrAcct/Id/IBAN")
        or _text(details, "RltdPties/DbtrAcct/Id/Othr/Id"),
        returned=details.find(_path("RtrInf")) is not None,
    )


def _references(details: Element) -> Iterator[str]:
    structured = _texts(details, "RmtInf/Strd/CdtrRefInf/Ref")
    documents = _texts(details, "RmtInf/Strd/RfrdDocInf/Nb")
    for reference in (*structured, *documents, *_texts(details, "Refs/EndToEndId")):
        if reference not in _NO_REFERENCES:
            yield reference


def _part(details: Element) -> Money:
    for path in ("Amt", "AmtDtls/TxAmt/Amt"):
        if details.find(_path(path)) is not None:
            return _money(details, path)
    raise StatementUnreadable("a transaction of a batch has no amount")


def _sign(element: Element) -> str | None:
    return _text(element, "CdtDbtInd")


def _signed(amount: Money, element: Element) -> Money:
    """Return `amount` as it moves the account; a reversal is told with the sign it has itself."""
    sign = _must(element, "CdtDbtInd")
    if sign not in {"CRDT", "DBIT"}:
        raise StatementUnreadable(f"an entry is neither credit nor debit but {sign!r}")
    return amount if sign == "CRDT" else -amount


def _money(parent: Element, path: str) -> Money:
    element = parent.find(_path(path))
    if element is None:
        raise StatementUnreadable(f"{path} is missing")
    return Money.from_decimal_text((element.text or "").strip(), Currency(element.get("Ccy", "")))


def _must(parent: Element, path: str) -> str:
    text = _text(parent, path)
    if text is None:
        raise StatementUnreadable(f"{path} is missing")
    return text


def _text(parent: Element, path: str) -> str | None:
    element = parent.find(_path(path))
    text = "" if element is None else (element.text or "").strip()
    return text or None


def _texts(parent: Element, path: str) -> list[str]:
    found = ((each.text or "").strip() for each in parent.findall(_path(path)))
    return [text for text in found if text]


def _path(path: str) -> str:
    return "/".join(_ANY + step for step in path.split("/"))
