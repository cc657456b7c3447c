"""Statements and their lines as rows. Each function takes the transaction that it runs in."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Text, any_, cast, func, insert, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as insert_or

from torvet.billing.bank.model import Statement, StatementLine
from torvet.kit.money import Currency, Money

from .errors import LineDecided, LineNotFound
from .model import KeptStatement, Line, Meaning, Stage
from .tables import bank_files, bank_lines, bank_statements

_LOCK = 0x62616E6B  # "bank": of two who read the same file the second finds it read
KEY_PREFIX_MIN = 8


def one_reader(tx: Connection) -> None:
    """Let nobody else read statements until `tx` ends."""
    tx.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def file_is_known(tx: Connection, digest: str) -> bool:
    """Tell whether a file was read before."""
    query = select(bank_files.c.digest).where(bank_files.c.digest == digest)
    return tx.scalar(query) is not None


def add_file(tx: Connection, digest: str, *, at: datetime, by: str, lines: int, fresh: int) -> None:
    """Remember that a file was read."""
    values = {"digest": digest, "read_at": at, "read_by": by, "lines": lines, "fresh": fresh}
    tx.execute(insert(bank_files).values(values))


def add_statement(tx: Connection, statement: Statement, file: str) -> None:
    """Keep a statement's balances; one that comes again changes nothing."""
    opening, closing = statement.opening, statement.closing
    tx.execute(
        insert_or(bank_statements)
        .values(
            account=statement.account,
            id=statement.id,
            file=file,
            currency=statement.currency.value,
            opening=None if opening is None else opening.minor,
            closing=None if closing is None else closing.minor,
            closes_on=statement.closes_on,
        )
        .on_conflict_do_nothing()
    )


def seen(tx: Connection, keys: Collection[str]) -> set[str]:
    """Return those of `keys` that are there."""
    # One value, however many keys: a statement of a year has more than a question may have values.
    named = any_(cast(sorted(keys), ARRAY(Text)))
    query = select(bank_lines.c.key).where(bank_lines.c.key == named)
    return set(tx.scalars(query))


def add_lines(
    tx: Connection, statement: Statement, lines: Sequence[StatementLine], whys: Iterable[str]
) -> None:
    """Write lines that wait, each with the reason."""
    rows = [
        {
            "key": line.key,
            "account": statement.account,
            "statement": statement.id,
            "booked_on": line.booked_on,
            "amount": line.amount.minor,
            "currency": line.amount.currency.value,
            "named": list(line.references),
            "words": line.text,
            "other": line.debtor,
            "other_account": line.debtor_account,
            "stage": Stage.WAITING.value,
            "why": why,
        }
        for line, why in zip(lines, whys, strict=True)
    ]
    if rows:
        tx.execute(insert(bank_lines), rows)


def line(tx: Connection, key: str) -> Line:
    """Return the line of this key, or of the only key that begins so; nobody else decides it.

    Raises LineNotFound.
    """
    named = bank_lines.c.key == key
    if len(key) >= KEY_PREFIX_MIN:
        named = bank_lines.c.key.startswith(key, autoescape=True)
    rows = tx.execute(select(bank_lines).where(named).limit(2).with_for_update()).all()
    exactly = [row for row in rows if row.key == key] or rows
    if len(exactly) != 1:
        raise LineNotFound(key)
    return _line(exactly[0])


def write_why(tx: Connection, key: str, why: str) -> None:
    """Say why a line waits."""
    tx.execute(update(bank_lines).where(bank_lines.c.key == key).values(why=why))


def decide(
    tx: Connection,
    key: str,
    *,
    meaning: Meaning,
    about: str,
    transaction: str | None,
    at: datetime,
    by: str,
) -> None:
    """Write what a waiting line is; raise LineDecided where it is decided."""
    stage = Stage.APART if transaction is None else Stage.BOOKED
    written = tx.execute(
        update(bank_lines)
        .where(bank_lines.c.key == key, bank_lines.c.stage == Stage.WAITING.value)
        .values(
            stage=stage.value,
            meaning=meaning.value,
            about=about,
            transaction=transaction,
            decided_at=at,
            decided_by=by,
        )
    )
    if written.rowcount != 1:
        raise LineDecided(key, line(tx, key).meaning or "")


def lines_of(tx: Connection, stage: Stage | None, limit: int, skip: int = 0) -> list[Line]:
    """Return lines: those that wait the oldest first, all others the newest first."""
    order = bank_lines.c.booked_on
    query = select(bank_lines).limit(limit).offset(skip)
    if stage is not None:
        query = query.where(bank_lines.c.stage == stage.value)
    first = order if stage is Stage.WAITING else order.desc()
    return [_line(row) for row in tx.execute(query.order_by(first, bank_lines.c.key))]


def waiting_sum(tx: Connection, currency: Currency) -> tuple[int, Money]:
    """Return how many lines wait in `currency`, and their sum."""
    query = select(func.count(), func.coalesce(func.sum(bank_lines.c.amount), 0)).where(
        bank_lines.c.stage == Stage.WAITING.value, bank_lines.c.currency == currency.value
    )
    count, total = tx.execute(query).one()
    return int(count), Money(int(total), currency)


def statements(tx: Connection) -> list[KeptStatement]:
    """Return every statement in the order of its day and of being read, by account."""
    columns = bank_statements.c
    query = select(bank_statements).order_by(columns.account, columns.closes_on, columns.number)
    return [_statement(row) for row in tx.execute(query)]


def latest_statements(tx: Connection, limit: int) -> list[KeptStatement]:
    """Return the statements that were read last, the last one first."""
    query = select(bank_statements).order_by(bank_statements.c.number.desc()).limit(limit)
    return [_statement(row) for row in tx.execute(query)]


def _statement(row: Row[Any]) -> KeptStatement:
    currency = Currency(row.currency)
    return KeptStatement(
        account=row.account,
        id=row.id,
        file=row.file,
        opening=None if row.opening is None else Money(row.opening, currency),
        closing=None if row.closing is None else Money(row.closing, currency),
        closes_on=row.closes_on,
    )


def _line(row: Row[Any]) -> Line:
    return Line(
        key=row.key,
        account=row.account,
        statement=row.statement,
        booked_on=row.booked_on,
        amount=Money(row.amount, Currency(row.currency)),
        named=tuple(row.named),
        words=row.words,
        other=row.other,
        other_account=row.other_account,
        stage=Stage(row.stage),
        why=row.why,
        meaning=None if row.meaning is None else Meaning(row.meaning),
        about=row.about,
        transaction=row.transaction,
        decided_at=row.decided_at,
        decided_by=row.decided_by,
    )
