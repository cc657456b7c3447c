"""What is held, as rows. Each function takes the transaction that it runs in."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import Connection, Row, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from torvet.billing.invoices.tables import invoices
from torvet.billing.model import TransactionId
from torvet.kit.money import Currency, Money

from .errors import HoldNotFound
from .model import Hold, HoldId, Move, Moved, Purpose, Sums
from .tables import escrow_holds as holds
from .tables import escrow_moves as moves
from .tables import payout_stops as stops

_LOCK = 0x657363726F77  # "escrow"


def settle_alone(tx: Connection) -> None:
    """Let nobody else pay invoices with held money until `tx` ends.

    For a deed that moves several invoices and holds, in whatever order; before it holds any.
    """
    tx.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def settle_beside(tx: Connection) -> None:
    """Let no deed that settles alone begin until `tx` ends; before anything else is held."""
    tx.execute(select(func.pg_advisory_xact_lock_shared(_LOCK)))


def open_hold(tx: Connection, hold: Hold) -> Hold:
    """Write `hold` where there is none for its purpose and subject; return the one there is."""
    tx.execute(
        insert(holds)
        .values(
            id=hold.id,
            party=hold.party,
            currency=hold.currency.value,
            purpose=hold.purpose.value,
            subject=hold.subject,
            reference=hold.reference,
            rest=hold.rest.minor,
            opened_at=hold.opened_at,
        )
        .on_conflict_do_nothing(index_elements=["purpose", "subject"])
    )
    there = find(tx, hold.purpose, hold.subject)
    assert there is not None, "it was written, or there before"
    return there


def find(tx: Connection, purpose: Purpose, subject: str, *, locked: bool = False) -> Hold | None:
    """Return what is held for one thing; with `locked` nobody else moves it until `tx` ends."""
    query = select(holds).where(holds.c.purpose == purpose.value, holds.c.subject == subject)
    row = tx.execute(query.with_for_update() if locked else query).one_or_none()
    return None if row is None else _hold(row)


def hold(tx: Connection, hold_id: str, *, locked: bool = False) -> Hold:
    """Return a hold; with `locked` nobody else moves it until `tx` ends. Raises HoldNotFound."""
    query = select(holds).where(holds.c.id == hold_id)
    row = tx.execute(query.with_for_update() if locked else query).one_or_none()
    if row is None:
        raise HoldNotFound(hold_id)
    return _hold(row)


def named(tx: Connection, reference: str) -> Hold | None:
    """Return the hold that a bank transfer names."""
    row = tx.execute(select(holds).where(holds.c.reference == reference)).one_or_none()
    return None if row is None else _hold(row)


def holds_of(tx: Connection, party: str | None, limit: int) -> list[Hold]:
    """Return the newest holds of `party`, or of all."""
    query = select(holds).order_by(holds.c.id.desc()).limit(limit)
    if party is not None:
        query = query.where(holds.c.party == party)
    return [_hold(row) for row in tx.execute(query)]


def open_holds(tx: Connection) -> Iterator[Hold]:
    """Give every hold that takes money in."""
    for row in tx.execute(select(holds).where(holds.c.closed_at.is_(None)).order_by(holds.c.id)):
        yield _hold(row)


def filled(tx: Connection) -> list[str]:
    """Return the holds of contracts in which something is left."""
    query = select(holds.c.id).where(holds.c.purpose == Purpose.PREPAID.value, holds.c.rest > 0)
    return list(tx.scalars(query.order_by(holds.c.id)))


def open_for(tx: Connection, contract: str) -> list[str]:
    """Return the invoices that say something of a contract and are owed, the oldest first."""
    return list(tx.scalars(_OPEN_FOR, {"contract": contract}))


def with_vat(tx: Connection, contract: str) -> Fraction | None:
    """Return what an amount becomes with VAT by the contract's newest invoice, if there is one."""
    row = tx.execute(_WITH_VAT, {"contract": contract}).one_or_none()
    return None if row is None else Fraction(row.gross, row.net)


def hand_on(tx: Connection, hold_id: str, purpose: Purpose, subject: str) -> None:
    """Let what is held be for something else of the same party."""
    moved = update(holds).where(holds.c.id == hold_id)
    tx.execute(moved.values(purpose=purpose.value, subject=subject))


def close(tx: Connection, hold_id: str, at: datetime) -> None:
    """Take nothing more in."""
    tx.execute(update(holds).where(holds.c.id == hold_id).values(closed_at=at))


def add_move(tx: Connection, moved: Moved) -> None:
    """Write a movement, and the rest after it."""
    effect = moved.amount.minor if moved.move.adds else -moved.amount.minor
    tx.execute(
        insert(moves).values(
            key=moved.key,
            hold=moved.hold,
            at=moved.at,
            move=moved.move.value,
            amount=effect,
            transaction=moved.transaction,
            invoice=moved.invoice,
            words=moved.words,
        )
    )
    tx.execute(update(holds).where(holds.c.id == moved.hold).values(rest=holds.c.rest + effect))


def move(tx: Connection, key: str) -> Moved | None:
    """Return the movement that was made under `key`."""
    row = tx.execute(_MOVES.where(moves.c.key == key)).one_or_none()
    return None if row is None else _moved(row)


def moves_of(tx: Connection, hold_id: str, limit: int) -> list[Moved]:
    """Return the movements of a hold, the oldest first."""
    query = _MOVES.where(moves.c.hold == hold_id).order_by(moves.c.at, moves.c.key)
    return [_moved(row) for row in tx.execute(query.limit(limit))]


def sums(tx: Connection, wanted: Sequence[Hold]) -> dict[HoldId, Sums]:
    """Return what came in, was used and was given back of each of `wanted`."""
    query = select(moves.c.hold, moves.c.move, func.sum(moves.c.amount).label("total"))
    named = moves.c.hold.in_([one.id for one in wanted])
    found = {
        (row.hold, Move(row.move)): int(row.total)
        for row in tx.execute(query.where(named).group_by(moves.c.hold, moves.c.move))
    }

    def total(one: Hold, *kinds: Move) -> Money:
        return Money(sum(found.get((one.id, kind), 0) for kind in kinds), one.currency)

    return {
        one.id: Sums(
            paid_in=total(one, Move.HELD),
            used=-total(one, Move.RELEASED, Move.PUT_BACK),
            returned=-total(one, Move.GIVEN_BACK),
        )
        for one in wanted
    }


def paid_to(tx: Connection, invoice: str) -> list[Moved]:
    """Return what was released to `invoice` and put back from it, the oldest first."""
    query = _MOVES.where(moves.c.invoice == invoice).order_by(moves.c.at, moves.c.key)
    return [_moved(row) for row in tx.execute(query)]


def numbers(tx: Connection, wanted: Sequence[str]) -> dict[str, str]:
    """Return the numbers of invoices by their ids."""
    query = select(invoices.c.id, invoices.c.number).where(invoices.c.id.in_(list(wanted)))
    return {row.id: row.number for row in tx.execute(query)}


def rests(tx: Connection) -> dict[tuple[str, Currency], Money]:
    """Return the sum of all rests by party and currency."""
    query = select(holds.c.party, holds.c.currency, func.sum(holds.c.rest).label("rest"))
    return {
        (row.party, Currency(row.currency)): Money(int(row.rest), Currency(row.currency))
        for row in tx.execute(query.group_by(holds.c.party, holds.c.currency))
    }


def crooked(tx: Connection, limit: int) -> list[tuple[str, str]]:
    """Return holds whose rest or moves are not what the books say, and what is wrong."""
    return [(row.id, row.wrong) for row in tx.execute(_CROOKED, {"limit": limit})]


def stop(tx: Connection, invoice: str, contract: str, *, cause: str, at: datetime) -> None:
    """Keep what a sale says of a contract from being paid out."""
    written = insert(stops).values(invoice=invoice, contract=contract, cause=cause, since=at)
    tx.execute(written.on_conflict_do_nothing())


def lift(tx: Connection, cause: str, at: datetime) -> None:
    """Let everything that `cause` stopped be paid out again."""
    tx.execute(
        update(stops)
        .where(stops.c.cause == cause, stops.c.lifted_at.is_(None))
        .values(lifted_at=at)
    )


def stopped(tx: Connection, invoices: Sequence[str]) -> frozenset[str]:
    """Return those of `invoices` whose money is not to be paid out for now."""
    query = select(stops.c.invoice).where(
        stops.c.invoice.in_(list(invoices)), stops.c.lifted_at.is_(None)
    )
    return frozenset(tx.scalars(query))


_MOVES = select(moves, holds.c.currency).join_from(moves, holds, holds.c.id == moves.c.hold)

_OPEN_FOR = text(
    """
    select i.id from invoice_sales s join invoices i on i.id = s.invoice
    where s.contract = :contract and s.invoice = s.sale and i.net + i.vat
        - (select coalesce(sum(n.net + n.vat), 0) from invoices n where n.preceding = i.id)
        - (select coalesce(sum(p.amount), 0) from invoice_payments p where p.invoice = i.id) > 0
    order by i.id
    """
)
_WITH_VAT = text(
    """
    select i.net, i.net + i.vat as gross
    from invoice_sales s join invoices i on i.id = s.invoice
    where s.contract = :contract and s.invoice = s.sale and i.net > 0
    order by i.id desc limit 1
    """
)

_CROOKED = text(
    """
    select h.id, case
        when h.rest is distinct from coalesce(sum(m.amount), 0)
            then format('says that %s are left, and its moves make %s', h.rest,
                        coalesce(sum(m.amount), 0))
        else 'has moves that the books know otherwise' end as wrong
    from escrow_holds h left join escrow_moves m on m.hold = h.id
        left join lateral (
            select -e.amount as amount from books_entries e
            join books_accounts a on a.id = e.account
            where e.transaction = m.transaction and a.kind = 'escrow' and a.party = h.party
              and a.currency = h.currency) booked on true
    group by h.id, h.rest
    having h.rest is distinct from coalesce(sum(m.amount), 0)
        or bool_or(m.key is not null and m.amount is distinct from booked.amount)
    order by h.id limit :limit
    """
)


def _hold(row: Row[*tuple[Any, ...]]) -> Hold:
    currency = Currency(row.currency)
    return Hold(
        id=HoldId(row.id),
        party=row.party,
        currency=currency,
        purpose=Purpose(row.purpose),
        subject=row.subject,
        reference=row.reference,
        rest=Money(row.rest, currency),
        opened_at=row.opened_at,
        closed_at=row.closed_at,
    )


def _moved(row: Row[*tuple[Any, ...]]) -> Moved:
    return Moved(
        key=row.key,
        hold=HoldId(row.hold),
        at=row.at,
        move=Move(row.move),
        amount=Money(abs(row.amount), Currency(row.currency)),
        transaction=TransactionId(row.transaction),
        invoice=row.invoice,
        words=row.words,
    )
