"""The books for other programs: CSV, a line an entry, and Beancount's own language.

Beancount: https://beancount.github.io/docs/beancount_language_syntax.html. Debits are above zero
there as here, and every transaction carries its id, key and moment as metadata. Days are UTC's.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from enum import StrEnum

from torvet.kit.moments import to_text

from .model import Account, AccountBalance, AccountKind, Line, Transaction

COLUMNS = (
    "transaction", "at", "kind", "key", "words", "posted_by", "corrects",
    "account", "party", "currency", "debit", "credit",
)  # fmt: skip

# What a spreadsheet takes for a formula (OWASP, "CSV Injection").
_RUNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

_ROOTS = {
    AccountKind.BANK: "Assets:Bank",
    AccountKind.RECEIVABLE: "Assets:Receivable",
    AccountKind.PAYABLE: "Liabilities:Payable",
    AccountKind.ESCROW: "Liabilities:Escrow",
    AccountKind.CONTRIBUTOR: "Liabilities:Contributor",
    AccountKind.VAT: "Liabilities:VAT",
    AccountKind.REVENUE: "Income:Revenue",
    AccountKind.FEE: "Income:Fee",
}
_OWN = "Exchange"


class BooksFormat(StrEnum):
    """How the books are written."""

    CSV = "csv"
    BEANCOUNT = "beancount"


def to_csv(books: Iterable[Transaction]) -> Iterator[str]:
    """Write `books` as CSV (RFC 4180), a line for each entry under one line of names.

    Accountants open it in a spreadsheet: a text that would run there gets an apostrophe in front.
    """
    page = io.StringIO()
    writer = csv.writer(page)
    writer.writerow(COLUMNS)
    for one in books:
        for line in one.posting.lines:
            writer.writerow(_cells(one, line))
        yield page.getvalue()
        page.seek(0)
        page.truncate()
    yield page.getvalue()


def _cells(one: Transaction, line: Line) -> tuple[str, ...]:
    amount, account, posting = line.amount, line.account, one.posting
    over = amount.minor > 0
    return (
        one.id,
        to_text(one.at),
        posting.kind,
        _harmless(posting.key),
        _harmless(posting.words),
        _harmless(one.posted_by),
        posting.corrects or "",
        account.kind.value,
        account.party,
        account.currency.value,
        amount.decimal_text() if over else "",
        "" if over else abs(amount).decimal_text(),
    )


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(_RUNS) else text


def to_beancount(
    balances: Iterable[AccountBalance], books: Iterable[Transaction], *, until: datetime
) -> Iterator[str]:
    """Write `books` so that `bean-check` proves them again.

    Accounts are opened, transactions follow in the order of time, and the balance of every
    account is asserted on the day after the last one, at the earliest after `until`.
    """
    accounts = list(balances)
    yield 'option "title" "Torvet"\n'
    for currency in sorted({one.account.currency for one in accounts}):
        yield f'option "operating_currency" "{currency}"\n'
    yield "\n"
    opened: dict[Account, str] = {}
    last = until
    for one in books:
        for line in one.posting.lines:
            if line.account not in opened:
                name = opened[line.account] = account_name(line.account)
                yield f"{one.at:%Y-%m-%d} open {name} {line.account.currency}\n"
        yield from _transaction(one)
        last = max(last, one.at)
    day = last + timedelta(days=1)
    for held in accounts:
        if held.account in opened:
            name, balance = opened[held.account], held.balance
            yield f"{day:%Y-%m-%d} balance {name}  {balance.decimal_text()} {balance.currency}\n"


def account_name(account: Account) -> str:
    """Return Beancount's name of `account`: `Assets:Receivable:PT-01K9…:DKK`."""
    whose = account.party.replace("_", "-").upper() or _OWN
    return f"{_ROOTS[account.kind]}:{whose}:{account.currency}"


def _transaction(one: Transaction) -> Iterator[str]:
    posting = one.posting
    yield f"\n{one.at:%Y-%m-%d} * {_quoted(posting.kind)} {_quoted(posting.words)}\n"
    yield f"  id: {_quoted(one.id)}\n  key: {_quoted(posting.key)}\n"
    yield f"  at: {_quoted(to_text(one.at))}\n"
    if posting.corrects:
        yield f"  corrects: {_quoted(posting.corrects)}\n"
    for line in posting.lines:
        amount = line.amount
        yield f"  {account_name(line.account)}  {amount.decimal_text()} {amount.currency}\n"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
