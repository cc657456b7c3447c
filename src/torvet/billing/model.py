"""Accounts, postings and what the books tell of them. Values, no I/O."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from torvet.kit.money import Currency, Money

TransactionId = NewType("TransactionId", str)

HOUSE = ""
"""The party of accounts that are the exchange's own."""


class AccountKind(StrEnum):
    """What an account is for. Assets grow by debits, all others by credits."""

    BANK = "bank"
    RECEIVABLE = "receivable"
    PAYABLE = "payable"
    ESCROW = "escrow"
    REVENUE = "revenue"
    VAT = "vat"
    FEE = "fee"
    CONTRIBUTOR = "contributor"


ASSETS = frozenset({AccountKind.BANK, AccountKind.RECEIVABLE})
HOUSE_ONLY = frozenset({AccountKind.BANK, AccountKind.FEE})
PARTY_ONLY = frozenset(
    {AccountKind.RECEIVABLE, AccountKind.PAYABLE, AccountKind.ESCROW, AccountKind.CONTRIBUTOR}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One account: what it is for, whose (a party, or HOUSE), and in which currency."""

    kind: AccountKind
    party: str
    currency: Currency

    def __str__(self) -> str:
        whose = f" of {self.party}" if self.party else ""
        return f"{self.kind}{whose} in {self.currency}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What moves on one account: above zero a debit, below zero a credit."""

    account: Account
    amount: Money


def debit(kind: AccountKind, party: str, amount: Money) -> Line:
    """Return the line that debits `party`'s account of `kind` by `amount`."""
    account = Account(kind=kind, party=party, currency=amount.currency)
    return Line(account=account, amount=amount)


def credit(kind: AccountKind, party: str, amount: Money) -> Line:
    """Return the line that credits `party`'s account of `kind` with `amount`."""
    return debit(kind, party, -amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """A transaction to be posted.

    `key` names what it stands for (`charge:ct_…:2026-06-01T12Z`), so that it is posted once
    however often that is tried. `words` are read by every party of the transaction. `corrects` is
    the transaction that it takes back, wholly or in part.
    """

    key: str
    kind: str
    words: str
    lines: tuple[Line, ...]
    corrects: TransactionId | None = None

    def digest(self, salt: bytes) -> bytes:
        """Return SHA-256 over `salt` and the canonical JSON of what is posted.

        It stands in the log too, which all parties of a transaction read: without the salt, that
        nobody is told, one could guess what the others got.
        """
        lines = sorted(
            (
                line.account.kind.value,
                line.account.party,
                line.account.currency.value,
                line.amount.minor,
            )
            for line in self.lines
        )
        said = [self.key, self.kind, self.words, self.corrects, lines]
        # Lists of texts and whole numbers are canonical (RFC 8785) as they are.
        written = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(salt + written.encode()).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """What came of posting: the transaction, and whether it is new or was there already."""

    transaction: TransactionId
    fresh: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """A transaction as it stands in the books; its lines in the order of their accounts."""

    id: TransactionId
    at: datetime
    posted_by: str
    posting: Posting
    salt: bytes
    digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountBalance:
    """An account with what was ever debited and credited to it, both zero or more."""

    account: Account
    opened_at: datetime
    debited: Money
    credited: Money

    @property
    def balance(self) -> Money:
        """Debits less credits."""
        return self.debited - self.credited


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLine:
    """One entry of an account, and its balance after it."""

    transaction: TransactionId
    at: datetime
    kind: str
    words: str
    amount: Money
    balance: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What moved on one account from `start` until before `end`, the oldest first.

    `closing` is the balance at `end`, also where `complete` is false: more entries are there than
    were asked for.
    """

    account: Account
    start: datetime
    end: datetime
    opening: Money
    lines: tuple[StatementLine, ...]
    closing: Money
    complete: bool
