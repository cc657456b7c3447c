"""Posting, taking back, and what the books tell. Each in the transaction that it is handed."""

import secrets
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import psycopg
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from torvet.audit import Fact, leaf_of, record_all
from torvet.kit.ids import new_id
from torvet.kit.moments import to_text
from torvet.kit.money import Money
from torvet.ports.parts import Parts

from . import rules, store
from .errors import (
    AccountNotFound,
    EscrowShort,
    KeyReused,
    NothingToTakeBack,
    PostingInvalid,
    StatementTurned,
    TransactionNotFound,
)
from .model import (
    Account,
    AccountBalance,
    AccountKind,
    Line,
    Posted,
    Posting,
    Statement,
    Transaction,
    TransactionId,
)

POSTED = "posted"
"""The name of the fact that every transaction of the books leaves in the log."""
REVERSAL = "reversal"
REFUND = "refund"
ESCROW_LAW = "books_escrow"
SALT_BYTES = 16
STATEMENT_LINES_MAX = 10_000


def post(tx: Connection, posting: Posting, *, at: datetime, by: str) -> Posted:
    """Write `posting` into the books and its fact into the log, once for its key.

    Stands or falls with `tx`. Where the key is there already with the same content, nothing is
    written and the first transaction is returned. Nobody waits but for who posts under the same
    key, opens the same account for the first time, or takes from the same party's escrow.

    Raises PostingInvalid, KeyReused, or EscrowShort; `tx` must not commit then.
    """
    posted = _post(tx, posting, at=at, by=by)
    if posted.fresh:
        for line in _taken_from_escrow(posting):
            over = store.hold(tx, line.account)
            if over.minor > 0:
                raise _short(line, over - line.amount)
    return posted


def post_at_once(parts: Parts, posting: Posting, *, by: str) -> Posted:
    """Post as `post` does, as a deed of its own: one way to the database and back.

    The escrow's law is the database's own here. Raises what `post` raises; nothing is posted then.
    """
    wanted = _transaction_of(posting, at=parts.clock.now(), by=by)
    leaf = leaf_of(_fact(wanted))
    there = store.post_alone(parts.db, wanted, leaf)
    if there is not None:
        return _posted(wanted, there)
    # What was refused did nothing: once more, so that it raises what SQLAlchemy raises.
    with parts.db.connect() as plain:
        tx = plain.execution_options(isolation_level="AUTOCOMMIT")
        try:
            return _posted(wanted, store.post(tx, wanted, leaf))
        except IntegrityError as error:
            if _law_of(error) != ESCROW_LAW:
                raise
            for line in _taken_from_escrow(posting):
                held = store.hold(tx, line.account)
                if (held + line.amount).minor > 0:
                    raise _short(line, held) from None
            raise


def _post(tx: Connection, posting: Posting, *, at: datetime, by: str) -> Posted:
    wanted = _transaction_of(posting, at=at, by=by)
    return _posted(wanted, store.post(tx, wanted, leaf_of(_fact(wanted))))


def _posted(wanted: Transaction, there: tuple[TransactionId, bytes, bytes]) -> Posted:
    """Say what came of it, where `there` is who has the key now."""
    id_, salt_there, digest_there = there
    if id_ == wanted.id:
        return Posted(transaction=id_, fresh=True)
    if wanted.posting.digest(salt_there) != digest_there:
        raise KeyReused(wanted.posting.key, id_)
    return Posted(transaction=id_, fresh=False)


def post_many(
    tx: Connection, postings: Sequence[Posting], *, at: datetime, by: str
) -> list[TransactionId]:
    """Post many under keys that nobody has, such as numbers that were just given out.

    In a few statements however many there are. They take nothing from escrow and correct nothing.
    Raises PostingInvalid, and IntegrityError where a key is there; `tx` must not commit then.
    """
    wanted = [_transaction_of(posting, at=at, by=by) for posting in postings]
    assert not any(one.corrects or _taken_from_escrow(one) for one in postings)
    if wanted:
        store.post_many(tx, wanted)
        record_all(tx, [_fact(one) for one in wanted])
    return [one.id for one in wanted]


def _transaction_of(posting: Posting, *, at: datetime, by: str) -> Transaction:
    """Return the transaction that `posting` becomes; raise PostingInvalid where it can be none."""
    if faults := rules.faults_of(posting):
        raise PostingInvalid(posting.key, faults)
    salt = secrets.token_bytes(SALT_BYTES)
    return Transaction(
        id=TransactionId(new_id("lt")),
        at=at,
        posted_by=by,
        posting=posting,
        salt=salt,
        digest=posting.digest(salt),
    )


def _fact(wanted: Transaction) -> Fact:
    posting = wanted.posting
    body = {
        "key": posting.key,
        "kind": posting.kind,
        "lines": len(posting.lines),
        "digest": wanted.digest.hex(),
    }
    if posting.corrects:
        body["corrects"] = posting.corrects
    return Fact(
        name=POSTED,
        at=wanted.at,
        actor=wanted.posted_by,
        subject=wanted.id,
        parties=rules.told_to(posting.lines),
        body=body,
    )


def _taken_from_escrow(posting: Posting) -> list[Line]:
    """Return what is taken from escrow, in one order: nobody waits in a circle."""
    return sorted(
        (
            line
            for line in posting.lines
            if line.account.kind is AccountKind.ESCROW and line.amount.minor > 0
        ),
        key=lambda line: (line.account.party, line.account.currency),
    )


def _short(line: Line, balance: Money) -> EscrowShort:
    return EscrowShort(line.account.party, str(-balance), str(line.amount))


def _law_of(error: IntegrityError) -> str | None:
    return error.orig.diag.constraint_name if isinstance(error.orig, psycopg.Error) else None


def reverse(
    tx: Connection, transaction: TransactionId, *, key: str, words: str, at: datetime, by: str
) -> Posted:
    """Take back all that is left of `transaction`: with what was refunded before, it is undone.

    Raises TransactionNotFound, NothingToTakeBack where nothing is left of it or it is a
    correction itself, and what `post` raises.
    """
    done, left = _left_for(tx, transaction, key)
    if done is not None:
        return _done_before(done, key, kind=REVERSAL)
    if not left:
        raise NothingToTakeBack(transaction, "all of it was taken back before")
    lines = rules.opposite(left)
    posting = Posting(key=key, kind=REVERSAL, words=words, lines=lines, corrects=transaction)
    return post(tx, posting, at=at, by=by)


def refund(
    tx: Connection,
    transaction: TransactionId,
    part: Money,
    *,
    key: str,
    words: str,
    at: datetime,
    by: str,
) -> Posted:
    """Take back `part` of what `transaction` moved, from all its accounts in proportion.

    However many refunds there are, together with a reversal they take back what was there, never
    more. Raises as `reverse` does, and NothingToTakeBack where less than `part` is left.
    """
    done, left = _left_for(tx, transaction, key)
    if done is not None:
        return _done_before(done, key, kind=REFUND, part=part)
    try:
        lines = rules.part_to_take_back(left, part)
    except ValueError as error:
        raise NothingToTakeBack(transaction, str(error)) from None
    posting = Posting(key=key, kind=REFUND, words=words, lines=lines, corrects=transaction)
    return post(tx, posting, at=at, by=by)


def _done_before(done: Transaction, key: str, *, kind: str, part: Money | None = None) -> Posted:
    """Return the correction that has the key, where it is the one that is asked for."""
    moved = rules.debited(done.posting.lines)
    if done.posting.kind != kind or (part and moved != {part.currency: part.minor}):
        raise KeyReused(key, done.id)
    return Posted(transaction=done.id, fresh=False)


def _left_for(
    tx: Connection, transaction: TransactionId, key: str
) -> tuple[Transaction | None, tuple[Line, ...]]:
    """Return the correction that was posted under `key`, or else what there is to correct."""
    if not store.hold_transaction(tx, transaction):
        raise TransactionNotFound(transaction)
    done = store.by_key(tx, key)
    if done is not None and done.posting.corrects == transaction:
        return done, ()
    first = store.by_id(tx, transaction)
    assert first is not None, "what is held is there: the books are only ever added to"
    if first.posting.corrects is not None:
        raise NothingToTakeBack(transaction, "it is a correction itself")
    earlier = [one.posting.lines for one in store.corrections_of(tx, transaction)]
    return None, rules.left_of(first.posting.lines, earlier)


def transaction(tx: Connection, id_: TransactionId) -> Transaction:
    """Return one transaction; raise TransactionNotFound where there is none."""
    found = store.by_id(tx, id_)
    if found is None:
        raise TransactionNotFound(id_)
    return found


def held_balance(tx: Connection, account: Account) -> Money:
    """Return the balance of `account`; whoever else asks for it so waits until `tx` ends.

    For decisions that depend on it, such as a cap. Postings do not wait.
    """
    return store.hold(tx, account)


def accounts_of(tx: Connection, party: str) -> list[AccountBalance]:
    """Return the accounts of `party` with what was debited and credited to them."""
    return store.balances(tx, party)


def trial_balance(tx: Connection) -> list[AccountBalance]:
    """Return every account with its sums: in each currency, debits and credits are equal."""
    return store.balances(tx)


def whole_books(tx: Connection) -> Iterator[Transaction]:
    """Give every transaction in the order of time; no more than a page is held."""
    tx.execute(text("set local statement_timeout = 0"))
    return store.every_transaction(tx)


def statement(
    tx: Connection,
    account: Account,
    *,
    start: datetime,
    end: datetime,
    limit: int = STATEMENT_LINES_MAX,
) -> Statement:
    """Return what moved on `account` from `start` until before `end`, with a running balance.

    Raises AccountNotFound where nothing was ever posted to it, StatementTurned where `end` is
    not after `start`.
    """
    if not start < end:
        raise StatementTurned(to_text(start), to_text(end))
    key = store.key_of(tx, account)
    if key is None:
        raise AccountNotFound(str(account))
    most = min(limit, STATEMENT_LINES_MAX)
    opening, closing = store.moved(tx, key, account.currency, start, end)
    lines = store.lines_of(tx, key, opening, start=start, end=end, limit=most + 1)
    return Statement(
        account=account,
        start=start,
        end=end,
        opening=opening,
        lines=tuple(lines[:most]),
        closing=closing,
        complete=len(lines) <= most,
    )


def post_all(tx: Connection, postings: Iterable[Posting], *, at: datetime, by: str) -> list[Posted]:
    """Post several in one transaction, all or none; ordered by key against waiting in a circle."""
    done = {one.key: post(tx, one, at=at, by=by) for one in sorted(postings, key=lambda p: p.key)}
    return list(done.values())
