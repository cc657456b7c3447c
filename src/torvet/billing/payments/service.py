"""Reading bank statements, and deciding what a line is that does not say so itself."""

import hashlib
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from torvet import parties
from torvet.audit import Fact, record
from torvet.billing import escrow
from torvet.billing.bank.camt import read_statements, unseen
from torvet.billing.bank.matching import Register, words_of
from torvet.billing.bank.model import Statement, StatementLine
from torvet.billing.invoices import open_invoices
from torvet.billing.model import HOUSE
from torvet.billing.payouts import rules as payout_rules
from torvet.billing.payouts import store as payout_store
from torvet.billing.profiles.service import profiles_of
from torvet.billing.shares.service import divide_soon
from torvet.kit.errors import ExchangeError
from torvet.parties import Caller, Scope
from torvet.ports.parts import Parts

from . import booking, store
from .errors import LineDecided, OtherAccount
from .model import Decision, Imported, KeptStatement, Line, PaysInvoices, Stage
from .rules import Clear, Doubtful, Reading, is_account, reading_of

EXCHANGE = "exchange"
LINES_PAGE = 500
KEY_PREFIX_MIN = store.KEY_PREFIX_MIN
WHY_MAX = 500
_CANDIDATES_TOLD = 5
_HOLD_LETTER = "h"


def read_file(parts: Parts, caller: Caller | None, document: bytes) -> Imported:
    """Take in a camt.053 file: for the operator, or for the bank's own folder.

    Its lines that name exactly one open invoice, hold or payout and are exactly its amount are
    booked; all others wait for a person. Read again, or overlapping another, it says nothing new.
    Raises StatementUnreadable and OtherAccount: then nothing of it is taken.
    """
    if caller is not None:
        parties.check(caller, Scope.OPERATE)
    by = EXCHANGE if caller is None else caller.actor
    statements = read_statements(document)
    digest = hashlib.sha256(document).hexdigest()
    lines = sum(len(each.lines) for each in statements)
    now = parts.clock.now()
    with parts.db.begin() as tx:
        store.one_reader(tx)
        escrow.settle_alone(tx)
        if store.file_is_known(tx, digest):
            return Imported(file=digest, known=True, lines=lines, fresh=0, booked=0, waiting=0)
        _check_account(tx, statements)
        fresh = [(each, _fresh(tx, each, digest)) for each in statements]
        count = sum(len(new) for _, new in fresh)
        store.add_file(tx, digest, at=now, by=by, lines=lines, fresh=count)
        booked = _book_all(tx, (line for _, new in fresh for line in new), at=now, by=by)
        divide_soon(tx)
        done = Imported(
            file=digest,
            known=False,
            lines=lines,
            fresh=count,
            booked=booked,
            waiting=count - booked,
        )
        record(tx, _file_fact(done, now, by))
    return done


def _check_account(tx: Connection, statements: Iterable[Statement]) -> None:
    own = profiles_of(tx, [HOUSE]).get(HOUSE)
    account = payout_rules.account_of(own) if own else None
    iban = account.iban if account else ""
    for each in statements:
        if not is_account(each.account, iban):
            raise OtherAccount(each.account, iban or "not given in its billing details")


def _fresh(tx: Connection, statement: Statement, file: str) -> tuple[StatementLine, ...]:
    store.add_statement(tx, statement, file)
    new = unseen(statement.lines, store.seen(tx, [line.key for line in statement.lines]))
    store.add_lines(tx, statement, new, ["" for _ in new])
    return new


def _book_all(tx: Connection, lines: Iterable[StatementLine], *, at: datetime, by: str) -> int:
    register = Register(open_invoices(tx))
    booked = 0
    for line in lines:
        reading = _read(tx, line, register)
        if isinstance(reading, Clear):
            reading = _booked(tx, line, reading, at=at, by=by)
        match reading:
            case Clear(decision=PaysInvoices(invoices=((number, _),))):
                register.forget(number)
                booked += 1
            case Clear():
                booked += 1
            case Doubtful():
                store.write_why(tx, line.key, _why(reading))
    return booked


def _read(tx: Connection, line: StatementLine, register: Register) -> Reading:
    words = words_of(line)
    found = payout_store.by_transfers(tx, words)
    holds = {
        word: hold
        for word in words
        if word.startswith(_HOLD_LETTER)
        and (hold := escrow.hold_named(tx, word.upper())) is not None
    }
    return reading_of(line, register, holds, {one.transfer.casefold(): one for one in found})


def _booked(
    tx: Connection, line: StatementLine, reading: Clear, *, at: datetime, by: str
) -> Reading:
    """Book a line that is clear; where that is not possible by now, a person looks at it."""
    try:
        with tx.begin_nested():
            _decide(tx, store.line(tx, line.key), reading.decision, at=at, by=by)
    except ExchangeError as fault:
        return Doubtful(why=str(fault))
    return reading


def _decide(tx: Connection, line: Line, decision: Decision, *, at: datetime, by: str) -> Line:
    meaning, about, transaction = booking.book(tx, line, decision, at=at, by=by)
    store.decide(tx, line.key, meaning=meaning, about=about, transaction=transaction, at=at, by=by)
    return store.line(tx, line.key)


def _why(reading: Doubtful) -> str:
    told = ", ".join(reading.candidates[:_CANDIDATES_TOLD])
    return f"{reading.why} ({told})"[:WHY_MAX] if told else reading.why[:WHY_MAX]


def decide(parts: Parts, caller: Caller, key: str, decision: Decision) -> Line:
    """Say what a waiting line is, as the operator: it is booked so, or set apart.

    Raises LineNotFound, LineDecided, DecisionUnfit, and what stands in the way of the booking.
    """
    parties.check(caller, Scope.OPERATE)
    now = parts.clock.now()
    with parts.db.begin() as tx:
        escrow.settle_alone(tx)
        line = store.line(tx, key)
        if line.stage is not Stage.WAITING:
            raise LineDecided(line.key, line.meaning or "")
        decided = _decide(tx, line, decision, at=now, by=caller.actor)
        record(tx, _decided_fact(decided, now, caller.actor))
        divide_soon(tx)
    return decided


def lines_of(
    tx: Connection,
    caller: Caller,
    stage: Stage | None = Stage.WAITING,
    *,
    skip: int = 0,
    limit: int = LINES_PAGE,
) -> list[Line]:
    """Return lines of statements to the operator: those that wait, the oldest first."""
    parties.check(caller, Scope.OPERATE)
    return store.lines_of(tx, stage, min(limit, LINES_PAGE), skip)


def statements_of(tx: Connection, caller: Caller, most: int) -> list[KeptStatement]:
    """Return the statements that were read to the operator, the last ones first."""
    parties.check(caller, Scope.OPERATE)
    return store.latest_statements(tx, most)


def _file_fact(done: Imported, at: datetime, by: str) -> Fact:
    return Fact(
        name="bank-file-read",
        at=at,
        actor=by,
        subject=done.file,
        parties=(),
        body={
            "file": done.file,
            "lines": done.lines,
            "fresh": done.fresh,
            "booked": done.booked,
            "waiting": done.waiting,
        },
    )


def _decided_fact(line: Line, at: datetime, by: str) -> Fact:
    return Fact(
        name="bank-line-decided",
        at=at,
        actor=by,
        subject=line.key,
        parties=(),
        body={
            "line": line.key,
            "meaning": line.meaning or "",
            "about": line.about or "",
            **({"transaction": line.transaction} if line.transaction else {}),
        },
    )
