"""The whole books checked: what triggers keep, computed again, and held against the log.

What triggers and rights may miss, sums and digests do not: an entry changed by whoever switched
the triggers off, a transaction that is gone, one that the log knows nothing of.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from sqlalchemy import Connection

from torvet.audit import Fact, facts_named
from torvet.kit.moments import to_text
from torvet.kit.money import Currency, Money
from torvet.ports.moment import one_moment
from torvet.ports.parts import Parts

from . import rules, store
from .charges import faults_of_charges
from .errors import ProofUnderWay
from .escrow import faults_of_holds
from .guards import beside, unguarded
from .invoices import invoice_faults
from .model import AccountBalance, AccountKind, Transaction
from .payments import faults_of_payments
from .payouts import faults_of_payouts
from .service import POSTED
from .shares import faults_of_shares

FAULTS_MAX = 100
TRIGGERS = (
    "books_accounts_kept",
    "books_transactions_kept",
    "books_entries_kept",
    "books_transactions_proven",
    "books_entries_timely",
)
"""Those that keep the ledger, each on the table that it is named after."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """A law of the books, and at most FAULTS_MAX faults against it in plain words."""

    law: str
    faults: tuple[str, ...]

    @property
    def holds(self) -> bool:
        return not self.faults


@dataclass(frozen=True, slots=True, kw_only=True)
class BooksReport:
    """What came of it: how much was checked, and what of every law."""

    transactions: int
    accounts: int
    turnover: tuple[Money, ...]
    laws: tuple[Proven, ...]

    @property
    def faults(self) -> tuple[str, ...]:
        """What is wrong where, at most FAULTS_MAX faults."""
        return tuple(fault for one in self.laws for fault in one.faults)[:FAULTS_MAX]

    @property
    def ok(self) -> bool:
        """Whether every law of the books holds."""
        return all(one.holds for one in self.laws)


@dataclass(slots=True)
class _Inspection:
    transactions: int = 0
    balances: list[AccountBalance] = field(default_factory=list)


_Look = Callable[[Connection, _Inspection], Iterator[str]]


def check_books(parts: Parts) -> BooksReport:
    """Prove every law of the books anew, and say what is wrong where.

    Sees one moment of them, reads them once, and blocks nobody. The laws: each transaction
    balances in every currency and has the entries that it declares; nothing was changed or
    taken away since it was posted, as the log bears witness; corrections take back no more than
    there was; no escrow is overdrawn; all debits are all credits; the triggers are on guard. Then
    those of documents, as `invoice_faults` tells them, of statements, of shares and of charges.

    Raises ProofUnderWay: one at a time keeps the machine busy enough.
    """
    return _reported(parts, (*_OF_THE_LEDGER, *_OF_THE_ROOMS), alone=True)


def check_ledger(parts: Parts) -> BooksReport:
    """Prove the laws of the ledger alone, whatever documents and rooms say of it."""
    return _reported(parts, _OF_THE_LEDGER)


def _reported(
    parts: Parts, laws: Iterable[tuple[str, _Look]], *, alone: bool = False
) -> BooksReport:
    seen = _Inspection()
    with one_moment(parts.db) as tx:
        if alone and not store.prove_alone(tx):
            raise ProofUnderWay
        proven = tuple(
            Proven(law=law, faults=tuple(islice(look(tx, seen), FAULTS_MAX))) for law, look in laws
        )
    return BooksReport(
        transactions=seen.transactions,
        accounts=len(seen.balances),
        turnover=tuple(_turnover(seen.balances)),
        laws=proven,
    )


def _unguarded(tx: Connection, _: _Inspection) -> Iterator[str]:
    for name in unguarded(tx, *TRIGGERS):
        yield f"the trigger {name} is gone or switched off: the books are not kept"


def _unbalanced(tx: Connection, _: _Inspection) -> Iterator[str]:
    for id_, wrong in store.unbalanced(tx, FAULTS_MAX):
        yield f"transaction {id_} {wrong}"


def _overdone(tx: Connection, _: _Inspection) -> Iterator[str]:
    for id_ in store.overdone(tx, FAULTS_MAX):
        yield f"more was taken back of transaction {id_} than it moved"


def _faults_of_transactions(tx: Connection, seen: _Inspection) -> Iterator[str]:
    """Hold every transaction against its fact, and every fact against its transaction."""
    own = ((one.id, one) for one in store.every_transaction(tx, by_id=True))
    for id_, one, facts in beside(facts_named(tx, POSTED), own):
        if one is None:
            yield f"transaction {id_} is gone: the log knows it, and the books do not"
            continue
        seen.transactions += 1
        yield from _faults_of(one, facts)


def _faults_of(one: Transaction, facts: list[Fact]) -> Iterator[str]:
    name = f"transaction {one.id}"
    if one.posting.digest(one.salt) != one.digest:
        yield f"{name} says something else than when it was posted"
    for fault in rules.faults_of(one.posting):
        yield f"{name}: {fault}"
    if len(facts) != 1:
        yield f"{name} has {len(facts)} facts in the log instead of one"
        return
    fact = facts[0]
    if fact.body.get("digest") != one.digest.hex():
        yield f"{name} is not what the log bears witness of"
    if (fact.at, fact.actor) != (one.at, one.posted_by):
        yield f"{name} was posted at {to_text(fact.at)} by {fact.actor}, and says otherwise"


def _faults_of_balances(tx: Connection, seen: _Inspection) -> Iterator[str]:
    seen.balances = store.balances(tx)
    over: dict[Currency, int] = {}
    for one in seen.balances:
        over[one.account.currency] = over.get(one.account.currency, 0) + one.balance.minor
        if one.account.kind is AccountKind.ESCROW and one.balance.minor > 0:
            yield f"{one.account} is overdrawn by {one.balance}"
    for currency, minor in sorted(over.items()):
        if minor:
            yield f"all debits and all credits differ by {Money(minor, currency)}"


def _turnover(balances: list[AccountBalance]) -> Iterator[Money]:
    for currency in Currency:
        debited = [one.debited for one in balances if one.account.currency is currency]
        if debited:
            yield Money.total(debited, currency)


def _of_room(faults: Callable[[Connection], Iterator[str]]) -> _Look:
    return lambda tx, _: faults(tx)


_OF_THE_LEDGER: tuple[tuple[str, _Look], ...] = (
    ("The triggers that keep the ledger are on guard.", _unguarded),
    ("Each transaction balances in every currency, and has all its entries.", _unbalanced),
    ("Corrections take back no more than there was.", _overdone),
    (
        "Nothing was changed or taken away since it was posted, as the log bears witness.",
        _faults_of_transactions,
    ),
    ("No escrow is overdrawn, and all debits are all credits.", _faults_of_balances),
)
_OF_THE_ROOMS: tuple[tuple[str, _Look], ...] = (
    (
        "Documents are numbered without a gap, are what was charged, and were posted as sent.",
        _of_room(invoice_faults),
    ),
    (
        "Books, bank statements, cards and payouts tell the same; no statement is missing.",
        _of_room(faults_of_payments),
    ),
    ("Payouts are what their lines come to.", _of_room(faults_of_payouts)),
    ("Shares of income come to the income that they divide.", _of_room(faults_of_shares)),
    ("What is held for parties is what escrow has.", _of_room(faults_of_holds)),
    (
        "Charges are what the metered use comes to: deriving them again adds nothing.",
        _of_room(faults_of_charges),
    ),
)
