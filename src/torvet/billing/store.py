"""The books as rows. Each function takes the transaction that it runs in."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import psycopg
from sqlalchemy import Connection, Engine, Row, Select, case, func, select, text, true
from sqlalchemy.dialects.postgresql import aggregate_order_by

from torvet.kit.money import Currency, Money

from .model import (
    Account,
    AccountBalance,
    AccountKind,
    Line,
    Posting,
    StatementLine,
    Transaction,
    TransactionId,
)
from .tables import books_accounts as accounts
from .tables import books_entries as entries
from .tables import books_transactions as transactions

TRANSACTIONS_AT_A_TIME = 2_000
_PROOF = 0x70726F6F66  # "proof"

# Sent as it stands: every posting pays for it.
_POST = """
    select id, salt, digest from books_post(
        %(id)s, %(key)s, %(kind)s, %(words)s, %(at)s, %(by)s, %(corrects)s, %(salt)s, %(digest)s,
        %(leaf)s, %(kinds)s, %(owners)s, %(currencies)s, %(amounts)s)
"""


def post(tx: Connection, transaction: Transaction, leaf: str) -> tuple[TransactionId, bytes, bytes]:
    """Write `transaction` and its fact where its key is new; return who has the key now.

    That is the id, salt and digest of one transaction. Waits for whoever is posting under the
    same key at this moment.
    """
    row = tx.exec_driver_sql(_POST, _said(transaction, leaf)).one()
    return TransactionId(row[0]), row[1], row[2]


def post_alone(
    db: Engine, transaction: Transaction, leaf: str
) -> tuple[TransactionId, bytes, bytes] | None:
    """Post as a deed of one statement, put to the driver itself; None where it was refused.

    The pool's connection without SQLAlchemy's around it saves a tenth of a posting.
    """
    pooled = db.raw_connection()
    driver: Any = pooled.driver_connection
    try:
        driver.autocommit = True
        row = driver.execute(_POST, _said(transaction, leaf), prepare=True).fetchone()
    except psycopg.OperationalError:
        pooled.invalidate()  # the server may be gone: asking once more tells
        return None
    except psycopg.Error:
        row = None
    driver.autocommit = False
    pooled.close()
    return None if row is None else (TransactionId(row[0]), row[1], row[2])


def _said(transaction: Transaction, leaf: str) -> dict[str, Any]:
    posting = transaction.posting
    return {
        "id": transaction.id,
        "key": posting.key,
        "kind": posting.kind,
        "words": posting.words,
        "at": transaction.at,
        "by": transaction.posted_by,
        "corrects": posting.corrects,
        "salt": transaction.salt,
        "digest": transaction.digest,
        "leaf": leaf,
        "kinds": _array(line.account.kind.value for line in posting.lines),
        "owners": _array(f'"{line.account.party}"' for line in posting.lines),
        "currencies": _array(line.account.currency.value for line in posting.lines),
        "amounts": _array(str(line.amount.minor) for line in posting.lines),
    }


def _array(items: Iterable[str]) -> str:
    """Write an array as PostgreSQL reads it; the rules let no party through that has a quote."""
    return "{" + ",".join(items) + "}"


def hold(tx: Connection, account: Account) -> Money:
    """Return the balance of `account`; nobody else holds it until `tx` ends.

    Nothing where it was never opened. The sum is asked after the lock, so that it has all that
    whoever held it before has posted.
    """
    key = tx.scalar(select(accounts.c.id).where(*_named(account)).with_for_update())
    if key is None:
        return Money.zero(account.currency)
    total = tx.scalar(select(func.sum(entries.c.amount)).where(entries.c.account == key))
    return Money(int(total or 0), account.currency)


def hold_transaction(tx: Connection, transaction: TransactionId) -> bool:
    """Keep others from correcting `transaction` until `tx` ends; return whether it is there."""
    query = select(transactions.c.id).where(transactions.c.id == transaction).with_for_update()
    return tx.scalar(query) is not None


def by_id(tx: Connection, transaction: TransactionId) -> Transaction | None:
    """Return one transaction."""
    row = tx.execute(_WHOLE.where(transactions.c.id == transaction)).one_or_none()
    return _transaction(row) if row else None


def by_key(tx: Connection, key: str) -> Transaction | None:
    """Return the transaction that was posted under `key`."""
    row = tx.execute(_WHOLE.where(transactions.c.key == key)).one_or_none()
    return _transaction(row) if row else None


def corrections_of(tx: Connection, transaction: TransactionId) -> list[Transaction]:
    """Return what took something of `transaction` back, in order."""
    query = _WHOLE.where(transactions.c.corrects == transaction)
    return [_transaction(row) for row in tx.execute(query.order_by(transactions.c.id))]


def every_transaction(tx: Connection, *, by_id: bool = False) -> Iterator[Transaction]:
    """Give the whole books in the order of time, or of the bytes of their ids; holds a page."""
    order = [transactions.c.id.collate("C")] if by_id else [transactions.c.at, transactions.c.id]
    options = {"yield_per": TRANSACTIONS_AT_A_TIME}
    with tx.execute(_WHOLE.order_by(*order), execution_options=options) as rows:
        for row in rows:
            yield _transaction(row)


def balances(tx: Connection, party: str | None = None) -> list[AccountBalance]:
    """Return every account, or those of `party`, with its sums."""
    amount = entries.c.amount
    query = (
        select(
            accounts,
            func.coalesce(func.sum(case((amount > 0, amount), else_=0)), 0).label("debited"),
            func.coalesce(func.sum(case((amount < 0, -amount), else_=0)), 0).label("credited"),
        )
        .select_from(accounts.outerjoin(entries, entries.c.account == accounts.c.id))
        .group_by(accounts.c.id)
        .order_by(accounts.c.kind, accounts.c.party, accounts.c.currency)
    )
    if party is not None:
        query = query.where(accounts.c.party == party)
    return [_balance(row) for row in tx.execute(query)]


def key_of(tx: Connection, account: Account) -> int | None:
    """Return the number of `account`, or None where it was never opened."""
    return tx.scalar(select(accounts.c.id).where(*_named(account)))


def moved(
    tx: Connection, key: int, currency: Currency, start: datetime, end: datetime
) -> tuple[Money, Money]:
    """Return the balance of an account before `start`, and before `end`."""
    query = select(
        func.coalesce(func.sum(case((entries.c.at < start, entries.c.amount), else_=0)), 0),
        func.coalesce(func.sum(entries.c.amount), 0),
    ).where(entries.c.account == key, entries.c.at < end)
    opening, closing = tx.execute(query).one()
    return Money(int(opening), currency), Money(int(closing), currency)


def lines_of(
    tx: Connection, key: int, opening: Money, *, start: datetime, end: datetime, limit: int
) -> list[StatementLine]:
    """Return what moved on an account from `start` until before `end`, at most `limit`."""
    order = (entries.c.at, entries.c.transaction)
    query = (
        select(
            *(entries.c[name] for name in ("transaction", "at", "amount")),
            transactions.c.kind,
            transactions.c.words,
        )
        .join(transactions, transactions.c.id == entries.c.transaction)
        .where(entries.c.account == key, entries.c.at >= start, entries.c.at < end)
        .order_by(*order)
        .limit(limit)
    )
    found, balance = [], opening
    for row in tx.execute(query):
        amount = Money(row.amount, opening.currency)
        balance += amount
        found.append(
            StatementLine(
                transaction=TransactionId(row.transaction),
                at=row.at,
                kind=row.kind,
                words=row.words,
                amount=amount,
                balance=balance,
            )
        )
    return found


def _named(account: Account) -> tuple[Any, ...]:
    return (
        accounts.c.party == account.party,
        accounts.c.kind == account.kind.value,
        accounts.c.currency == account.currency.value,
    )


def _whole() -> Select[Any]:
    """Ask for transactions with their lines, in the order of the accounts.

    Accounts are looked up one by one, by key: no plan walks through all of them for a transaction,
    whatever was known of the tables when it was made.
    """
    account = (
        select(accounts.c.kind, accounts.c.party, accounts.c.currency)
        .where(accounts.c.id == entries.c.account)
        .limit(1)
        .lateral("account")
    )
    name = (account.c.kind, account.c.party, account.c.currency)
    lines = (
        select(
            func.array_agg(
                aggregate_order_by(func.jsonb_build_array(*name, entries.c.amount), *name)
            )
        )
        .select_from(entries.join(account, true()))
        .where(entries.c.transaction == transactions.c.id)
        .correlate(transactions)
        .scalar_subquery()
    )
    return select(transactions, lines.label("entries"))


_WHOLE = _whole()


def _transaction(row: Row[*tuple[Any, ...]]) -> Transaction:
    return Transaction(
        id=TransactionId(row.id),
        at=row.at,
        posted_by=row.posted_by,
        posting=Posting(
            key=row.key,
            kind=row.kind,
            words=row.words,
            corrects=TransactionId(row.corrects) if row.corrects else None,
            lines=_lines(row.entries or ()),
        ),
        salt=bytes(row.salt),
        digest=bytes(row.digest),
    )


def _lines(written: Sequence[Sequence[Any]]) -> tuple[Line, ...]:
    return tuple(
        Line(
            account=Account(kind=AccountKind(kind), party=party, currency=Currency(currency)),
            amount=Money(int(minor), Currency(currency)),
        )
        for kind, party, currency, minor in written
    )


def _balance(row: Row[*tuple[Any, ...]]) -> AccountBalance:
    currency = Currency(row.currency)
    return AccountBalance(
        account=Account(kind=AccountKind(row.kind), party=row.party, currency=currency),
        opened_at=row.opened_at,
        debited=Money(int(row.debited), currency),
        credited=Money(int(row.credited), currency),
    )


def prove_alone(tx: Connection) -> bool:
    """Let nobody else prove the books until `tx` ends; return False where somebody does."""
    return bool(tx.scalar(select(func.pg_try_advisory_xact_lock(_PROOF))))


def unbalanced(tx: Connection, limit: int) -> list[tuple[str, str]]:
    """Return transactions that break a law within themselves, and what is wrong with each."""
    return [(row.id, row.wrong) for row in tx.execute(_UNBALANCED, {"limit": limit})]


def overdone(tx: Connection, limit: int) -> list[str]:
    """Return transactions of which more was taken back than there was."""
    return list(tx.scalars(_OVERDONE, {"limit": limit}))


_UNBALANCED = text(
    """
    select coalesce(t.id, said.transaction) as id,
        case when t.id is null then 'has entries, and is not there itself'
             when said.entries is distinct from t.lines
                 then format('declares %s entries and has %s', t.lines, coalesce(said.entries, 0))
             when said.over is not null then format('does not balance: %s are over', said.over)
             when said.first <> t.at or said.last <> t.at then 'has entries of another moment'
        end as wrong
    from books_transactions t full join (
        select transaction, sum(entries) as entries, min(first) as first, max(last) as last,
            string_agg(format('%s %s', total, currency), ', ') filter (where total <> 0) as over
        from (
            select e.transaction, coalesce(a.currency, 'of no account') as currency,
                count(*) as entries, sum(e.amount) as total, min(e.at) as first, max(e.at) as last
            from books_entries e left join books_accounts a on a.id = e.account
            group by e.transaction, a.currency
        ) by_currency group by transaction
    ) said on said.transaction = t.id
    where t.id is null or said.entries is distinct from t.lines or said.over is not null
        or said.first <> t.at or said.last <> t.at
    order by 1 limit :limit
    """
)
_OVERDONE = text(
    """
    select distinct c.corrects as id
    from books_transactions c
    where c.corrects is not null and (
        not exists (select from books_transactions o where o.id = c.corrects and o.corrects is null)
        or exists (
            select from (
                select sum(e.amount) as rest,
                    coalesce(sum(e.amount) filter (where e.transaction = c.corrects), 0) as first
                from books_entries e
                where e.transaction = c.corrects or e.transaction in (
                    select t.id from books_transactions t where t.corrects = c.corrects)
                group by e.account
            ) by_account
            where rest not between least(first, 0) and greatest(first, 0)
        ))
    order by 1 limit :limit
    """
)


def post_many(tx: Connection, posted: Sequence[Transaction]) -> None:
    """Write transactions whose keys nobody has: accounts, transactions and entries, each at once.

    Raises IntegrityError where a key is there already.
    """
    lines = [(one, line) for one in posted for line in one.posting.lines]
    accounts_ = sorted(
        {
            (line.account.kind.value, line.account.party, line.account.currency.value)
            for _, line in lines
        }
    )
    tx.exec_driver_sql(
        _OPEN,
        {
            "kinds": [kind for kind, _, _ in accounts_],
            "owners": [party for _, party, _ in accounts_],
            "currencies": [currency for _, _, currency in accounts_],
            "at": min(one.at for one in posted),
        },
    )
    tx.exec_driver_sql(
        _WRITE,
        {
            "ids": [one.id for one in posted],
            "keys": [one.posting.key for one in posted],
            "kinds": [one.posting.kind for one in posted],
            "words": [one.posting.words for one in posted],
            "ats": [one.at for one in posted],
            "bys": [one.posted_by for one in posted],
            "lines": [len(one.posting.lines) for one in posted],
            "salts": [one.salt for one in posted],
            "digests": [one.digest for one in posted],
        },
    )
    tx.exec_driver_sql(
        _ENTER,
        {
            "ids": [one.id for one, _ in lines],
            "ats": [one.at for one, _ in lines],
            "kinds": [line.account.kind.value for _, line in lines],
            "owners": [line.account.party for _, line in lines],
            "currencies": [line.account.currency.value for _, line in lines],
            "amounts": [line.amount.minor for _, line in lines],
        },
    )


_OPEN = """
    insert into books_accounts (kind, party, currency, opened_at)
    select n.kind, n.party, n.currency, %(at)s
    from unnest(%(kinds)s::text[], %(owners)s::text[], %(currencies)s::text[])
        as n (kind, party, currency)
    where not exists (
        select from books_accounts a
        where a.party = n.party and a.kind = n.kind and a.currency = n.currency)
    order by n.kind, n.party, n.currency
    on conflict do nothing
"""
_WRITE = """
    insert into books_transactions (id, key, kind, words, at, posted_by, lines, salt, digest)
    select * from unnest(
        %(ids)s::text[], %(keys)s::text[], %(kinds)s::text[], %(words)s::text[],
        %(ats)s::timestamptz[], %(bys)s::text[], %(lines)s::smallint[], %(salts)s::bytea[],
        %(digests)s::bytea[])
"""
_ENTER = """
    insert into books_entries (transaction, account, at, amount)
    select n.id, a.id, n.at, n.amount
    from unnest(
        %(ids)s::text[], %(ats)s::timestamptz[], %(kinds)s::text[], %(owners)s::text[],
        %(currencies)s::text[], %(amounts)s::bigint[]) as n (id, at, kind, party, currency, amount)
    join books_accounts a on a.party = n.party and a.kind = n.kind and a.currency = n.currency
"""
