"""Holding, releasing and giving back. Each in the transaction that it is handed.

Every movement has a key and happens once under it. The books know one escrow account for each
party and currency; what each amount is for stands here, and both always agree.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from torvet.billing import service as books
from torvet.billing.errors import KeyReused
from torvet.billing.model import HOUSE, AccountKind, Posting, TransactionId, credit, debit
from torvet.kit.ids import new_id
from torvet.kit.money import Currency, Money

from . import store
from .errors import AmountNotHeld, HoldClosed, HoldNotFound, HoldShort
from .model import HeldStatement, Hold, HoldId, Move, Moved, Purpose, Sums

HOLDS_MAX = 1_000
MOVES_MAX = 10_000
_REFERENCE_DIGITS = 12


def open_hold(
    tx: Connection,
    *,
    party: str,
    currency: Currency,
    purpose: Purpose,
    subject: str,
    at: datetime,
) -> Hold:
    """Return the hold of `subject`, opened where there was none, with nothing in it.

    Its reference is what the party writes on the transfer that fills it. Raises HoldNotFound
    where the subject's money is held for another party or in another currency.
    """
    id_ = HoldId(new_id("es"))
    wanted = Hold(
        id=id_,
        party=party,
        currency=currency,
        purpose=purpose,
        subject=subject,
        reference=f"H{id_[-_REFERENCE_DIGITS:].upper()}",
        rest=Money.zero(currency),
        opened_at=at,
    )
    there = store.open_hold(tx, wanted)
    if (there.party, there.currency) != (party, currency):
        raise HoldNotFound(there.id)
    return there


def hold(
    tx: Connection, hold_id: str, amount: Money, *, key: str, words: str, at: datetime, by: str
) -> Moved:
    """Take in money that came by the bank: Dr bank, Cr escrow of the party.

    `key` names the bank's line or the card's charge, so that it is held once. Raises HoldNotFound,
    HoldClosed, AmountNotHeld, KeyReused; `tx` must not commit then.
    """
    held = store.hold(tx, hold_id, locked=True)
    if done := _done(tx, key, held, Move.HELD, amount):
        return done
    if held.closed_at is not None:
        raise HoldClosed(hold_id)
    _check_amount(held, amount)
    lines = (
        debit(AccountKind.BANK, HOUSE, amount),
        credit(AccountKind.ESCROW, held.party, amount),
    )
    posting = Posting(key=f"escrow:{key}", kind="escrow-held", words=words, lines=lines)
    posted = books.post(tx, posting, at=at, by=by)
    return _moved(
        tx, held, Move.HELD, amount, key=key, words=words, at=at, transaction=posted.transaction
    )


def release(
    tx: Connection,
    hold_id: str,
    amount: Money,
    *,
    invoice: str,
    key: str,
    words: str,
    at: datetime,
    by: str,
) -> Moved:
    """Pay an invoice of the same party with what is held: Dr escrow, Cr receivable.

    Raises HoldNotFound, HoldShort where less is left, AmountNotHeld, KeyReused.
    """
    asked = Taken(move=Move.RELEASED, amount=amount, key=key, words=words, invoice=invoice)
    return _take(tx, hold_id, asked, at=at, by=by)


def give_back(
    tx: Connection, hold_id: str, amount: Money, *, key: str, words: str, at: datetime, by: str
) -> Moved:
    """Give held money back to its party: Dr escrow, Cr bank.

    Raises HoldNotFound, HoldShort where less is left, AmountNotHeld, KeyReused.
    """
    asked = Taken(move=Move.GIVEN_BACK, amount=amount, key=key, words=words)
    return _take(tx, hold_id, asked, at=at, by=by)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What is to be taken of a hold, and what for."""

    move: Move
    amount: Money
    key: str
    words: str
    invoice: str | None = None


def _take(tx: Connection, hold_id: str, asked: Taken, *, at: datetime, by: str) -> Moved:
    """Take of a hold what is left of it at most, once under the key."""
    held = store.hold(tx, hold_id, locked=True)
    amount = asked.amount
    if done := _done(tx, asked.key, held, asked.move, amount):
        return done
    _check_amount(held, amount)
    _check_rest(held, amount)
    gets = (
        credit(AccountKind.RECEIVABLE, held.party, amount)
        if asked.move is Move.RELEASED
        else credit(AccountKind.BANK, HOUSE, amount)
    )
    posting = Posting(
        key=f"escrow:{asked.key}",
        kind=f"escrow-{asked.move.value}",
        words=asked.words,
        lines=(debit(AccountKind.ESCROW, held.party, amount), gets),
    )
    posted = books.post(tx, posting, at=at, by=by)
    return _moved(
        tx,
        held,
        asked.move,
        amount,
        key=asked.key,
        words=asked.words,
        at=at,
        transaction=posted.transaction,
        invoice=asked.invoice,
    )


def give_back_all(
    tx: Connection, hold_id: str, *, key: str, words: str, at: datetime, by: str
) -> Moved | None:
    """Give back whatever is left and take nothing more in; return what was given, if anything."""
    held = store.hold(tx, hold_id, locked=True)
    done = store.move(tx, key)
    moved = done
    if done is None and held.rest:
        moved = give_back(tx, hold_id, held.rest, key=key, words=words, at=at, by=by)
    if held.closed_at is None:
        store.close(tx, hold_id, at)
    return moved


def hand_on(tx: Connection, hold_id: str, contract: str) -> Hold:
    """Hold for a contract from now on what was held for the pledge that it came of.

    It pays the contract's invoices as other prepaid money does. Raises HoldNotFound, HoldClosed.
    """
    held = store.hold(tx, hold_id, locked=True)
    if held.closed_at is not None:
        raise HoldClosed(hold_id)
    store.hand_on(tx, hold_id, Purpose.PREPAID, contract)
    return replace(held, purpose=Purpose.PREPAID, subject=contract)


def put_back(
    tx: Connection, invoice: str, amount: Money, *, key: str, words: str, at: datetime, by: str
) -> tuple[Moved, ...]:
    """Hold again what had paid `invoice`, as far as it did, since `amount` of it was credited.

    The newest release first, each by a refund of its own transaction. What others paid of the
    invoice is not touched. Returns nothing where nothing held had paid it.
    """
    paid = store.paid_to(tx, invoice)
    left = amount
    found: list[Moved] = []
    for number, one in enumerate(
        reversed([each for each in paid if each.move is Move.RELEASED]), 1
    ):
        own = f"{key}:{number}"
        if done := store.move(tx, own):
            found.append(done)
            left -= done.amount
            continue
        part = min(left, _unreturned(one, paid))
        if part.minor <= 0:
            continue
        held = store.hold(tx, one.hold, locked=True)
        posted = books.refund(
            tx, one.transaction, part, key=f"escrow:{own}", words=words, at=at, by=by
        )
        moved = _moved(
            tx,
            held,
            Move.PUT_BACK,
            part,
            key=own,
            words=words,
            at=at,
            transaction=posted.transaction,
            invoice=invoice,
        )
        paid.append(moved)
        found.append(moved)
        left -= part
    return tuple(found)


def _unreturned(released: Moved, paid: Iterable[Moved]) -> Money:
    """Return how much of `released` was not put back: to the same hold, later ones first."""
    same = [one for one in paid if one.hold == released.hold]
    back = Money.total(
        [one.amount for one in same if one.move is Move.PUT_BACK], released.amount.currency
    )
    later = [one for one in same if one.move is Move.RELEASED]
    for one in reversed(later):
        if one.key == released.key:
            return one.amount - min(one.amount, back)
        back -= min(one.amount, back)
    return Money.zero(released.amount.currency)


def statement(tx: Connection, hold_id: str, *, party: str | None = None) -> HeldStatement:
    """Return a hold with its movements; with `party`, only where it is theirs (HoldNotFound)."""
    found = store.hold(tx, hold_id)
    if party is not None and found.party != party:
        raise HoldNotFound(hold_id)
    return HeldStatement(hold=found, moves=tuple(store.moves_of(tx, hold_id, MOVES_MAX)))


def held(tx: Connection, purpose: Purpose, subject: str) -> Hold | None:
    """Return what is held for a contract or a pledge, None where nothing ever was."""
    return store.find(tx, purpose, subject)


def held_of(tx: Connection, party: str | None = None) -> list[Hold]:
    """Return the newest holds of `party`, or of all parties: what is held, and for what."""
    return store.holds_of(tx, party, HOLDS_MAX)


def sums_of(tx: Connection, wanted: Sequence[Hold]) -> dict[HoldId, Sums]:
    """Return what came into each hold, what was used of it, and what was given back."""
    return store.sums(tx, wanted) if wanted else {}


def hold_named(tx: Connection, reference: str) -> Hold | None:
    """Return the hold whose reference stands on a bank transfer."""
    return store.named(tx, reference)


def _check_amount(held: Hold, amount: Money) -> None:
    if amount.currency is not held.currency:
        raise AmountNotHeld(str(amount), f"what is held is in {held.currency}")
    if amount.minor <= 0:
        raise AmountNotHeld(str(amount), "it is not above zero")


def _check_rest(held: Hold, amount: Money) -> None:
    if held.rest < amount:
        raise HoldShort(held.id, str(held.rest), str(amount))


def _done(tx: Connection, key: str, held: Hold, move: Move, amount: Money) -> Moved | None:
    """Return the movement that has the key, where it is the one that is asked for."""
    done = store.move(tx, key)
    if done is not None and (done.hold, done.move, done.amount) != (held.id, move, amount):
        raise KeyReused(key, done.transaction)
    return done


def _moved(
    tx: Connection,
    held: Hold,
    move: Move,
    amount: Money,
    *,
    key: str,
    words: str,
    at: datetime,
    transaction: TransactionId,
    invoice: str | None = None,
) -> Moved:
    moved = Moved(
        key=key,
        hold=held.id,
        at=at,
        move=move,
        amount=amount,
        transaction=transaction,
        invoice=invoice,
        words=words,
    )
    store.add_move(tx, moved)
    return moved
