"""What a decision about money means in the books. Each in the transaction that it is handed."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from torvet.audit import Fact, record
from torvet.billing import escrow
from torvet.billing import service as books
from torvet.billing.invoices import IssuedInvoice, Kind, invoice, settle
from torvet.billing.model import HOUSE, AccountKind, Posting, credit, debit
from torvet.billing.payouts import service as payouts
from torvet.billing.payouts import store as payout_store
from torvet.billing.rules import merged
from torvet.kit.money import Money

from .errors import DecisionUnfit
from .model import (
    Decision,
    Fills,
    IsApart,
    IsCardMoney,
    IsCost,
    IsPayout,
    Line,
    Meaning,
    PaysInvoices,
)

RECEIVED = "payment-received"
REASON_MAX = 300

Booked = tuple[Meaning, str, str | None]
"""What a line is, what it is about, and its transaction; None where the books do not move."""


def book(tx: Connection, line: Line, decision: Decision, *, at: datetime, by: str) -> Booked:
    """Do what `decision` says of `line`; raise DecisionUnfit where the line cannot be that."""
    match decision:
        case PaysInvoices(invoices=named):
            paid = _allocated(tx, line, named)
            key, words = line.key, "Paid by transfer"
            transaction = _received(tx, paid, source_key=key, words=words, at=at, by=by)
            return Meaning.INVOICE, ", ".join(one.number for one, _ in paid), transaction
        case Fills(hold=hold):
            return Meaning.HELD, hold, _held(tx, line, hold, at=at, by=by)
        case IsPayout(payout=named_payout):
            return _payout(tx, line, named_payout, at=at)
        case IsCost():
            return Meaning.COST, "", _cost(tx, line, at=at, by=by)
        case IsCardMoney():
            return Meaning.CARD, "", None
        case IsApart(reason=reason):
            said = reason.strip()[:REASON_MAX]
            if not said:
                raise DecisionUnfit(line.key, "a reason is kept with it, and none is given")
            return Meaning.OTHER, said, None


def received(
    tx: Connection, *, invoice_id: str, amount: Money, source_key: str, at: datetime, by: str
) -> str:
    """Take in money for an invoice: Dr bank, Cr receivable, once for each `source_key`.

    More or less than is owed may come. Returns the transaction. Raises InvoiceNotFound,
    KeyReused; `tx` must not commit then.
    """
    found = invoice(tx, None, invoice_id)
    paid = [(found, amount)]
    return _received(tx, paid, source_key=source_key, words="Paid", at=at, by=by)


def taken_back(
    tx: Connection, *, invoice_id: str, amount: Money, source_key: str, at: datetime, by: str
) -> str:
    """Give money of an invoice back: Dr receivable, Cr bank; it is owed again as far as it was.

    Once for each `source_key`. Returns the transaction.
    """
    found = invoice(tx, None, invoice_id)
    lines = (
        debit(AccountKind.RECEIVABLE, found.party_to, amount),
        credit(AccountKind.BANK, HOUSE, amount),
    )
    words = f"Paid back of invoice {found.number}"
    posting = Posting(key=f"payment:{source_key}", kind="payment-back", words=words, lines=lines)
    posted = books.post(tx, posting, at=at, by=by)
    if posted.fresh:
        settle(tx, found.id, -amount, posted.transaction, at=at)
        record(tx, _fact("payment-back", found, amount, posted.transaction, at=at, by=by))
    return posted.transaction


def _received(
    tx: Connection,
    paid: Sequence[tuple[IssuedInvoice, Money]],
    *,
    source_key: str,
    words: str,
    at: datetime,
    by: str,
) -> str:
    numbers = ", ".join(one.number for one, _ in paid)
    lines = merged(
        line
        for one, amount in paid
        for line in (
            debit(AccountKind.BANK, HOUSE, amount),
            credit(AccountKind.RECEIVABLE, one.party_to, amount),
        )
    )
    posting = Posting(
        key=f"payment:{source_key}", kind="payment", words=f"{words}: {numbers}"[:300], lines=lines
    )
    posted = books.post(tx, posting, at=at, by=by)
    if posted.fresh:
        for one, amount in paid:
            settle(tx, one.id, amount, posted.transaction, at=at)
            record(tx, _fact(RECEIVED, one, amount, posted.transaction, at=at, by=by))
    return posted.transaction


def _fact(
    name: str, paid: IssuedInvoice, amount: Money, transaction: str, *, at: datetime, by: str
) -> Fact:
    return Fact(
        name=name,
        at=at,
        actor=by,
        subject=paid.id,
        parties=(paid.party_to,),
        body={
            "invoice": paid.id,
            "number": paid.number,
            "amount": amount.to_json(),
            "transaction": transaction,
        },
    )


def _allocated(
    tx: Connection, line: Line, named: Sequence[tuple[str, Money | None]]
) -> list[tuple[IssuedInvoice, Money]]:
    """Return what of the line pays which invoice: the first all that the others leave."""
    if line.amount.minor <= 0:
        raise DecisionUnfit(line.key, "money went out")
    found = [(invoice(tx, None, one), amount) for one, amount in named]
    if not found or len({one.id for one, _ in found}) < len(found):
        raise DecisionUnfit(line.key, "each invoice is named once, and one at least")
    for one, amount in found:
        if one.kind is not Kind.INVOICE:
            raise DecisionUnfit(line.key, f"{one.number} is no invoice that a buyer pays")
        if one.net.currency is not line.amount.currency:
            raise DecisionUnfit(line.key, f"{one.number} is in {one.net.currency}")
        if amount is not None and (
            amount.currency is not line.amount.currency or amount.minor <= 0
        ):
            raise DecisionUnfit(line.key, f"{amount} is no part of {line.amount}")
    fixed = [amount for _, amount in found if amount is not None]
    open_ = [one for one, amount in found if amount is None]
    rest = line.amount - Money.total(fixed, line.amount.currency)
    if len(open_) > 1 or rest.minor < 0 or bool(open_) != (rest.minor > 0):
        raise DecisionUnfit(line.key, f"the parts are not together {line.amount}")
    return [(one, rest if amount is None else amount) for one, amount in found]


def _held(tx: Connection, line: Line, name: str, *, at: datetime, by: str) -> str:
    if line.amount.minor <= 0:
        raise DecisionUnfit(line.key, "money went out")
    named = escrow.hold_named(tx, name)
    moved = escrow.hold(
        tx,
        named.id if named else name,
        line.amount,
        key=f"payment:{line.key}",
        words="Paid by transfer, to be held",
        at=at,
        by=by,
    )
    return moved.transaction


def _payout(tx: Connection, line: Line, payout_id: str, *, at: datetime) -> Booked:
    payout = payout_store.get(tx, payout_id)
    if abs(line.amount) != payout.amount:
        raise DecisionUnfit(line.key, f"payout {payout.id} is of {payout.amount}")
    if line.amount.minor < 0:
        return Meaning.PAYOUT, payout.id, payouts.went_out(tx, payout, line.key, at=at)
    why = (line.words or "the bank sent it back")[:REASON_MAX]
    done = payouts.came_back(tx, payout, line.key, why=why, at=at)
    return Meaning.RETURN, payout.id, done


def _cost(tx: Connection, line: Line, *, at: datetime, by: str) -> str:
    """Post what the bank takes against the exchange's fees: it is their cost."""
    lines = (
        debit(AccountKind.FEE, HOUSE, -line.amount),
        debit(AccountKind.BANK, HOUSE, line.amount),
    )
    posting = Posting(
        key=f"payment:{line.key}", kind="bank-cost", words="Costs of bank and cards", lines=lines
    )
    return books.post(tx, posting, at=at, by=by).transaction
