"""What consumers owe in return under their contracts, and what they have done of it.

A duty is open from the agreement on, done when its consumer says so with words that the provider
reads, and opened anew where the provider does not find it done: its days count from then.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, RowMapping, select
from sqlalchemy.dialects.postgresql import insert

from torvet import parties
from torvet.audit import Fact, record
from torvet.parties import Caller, Role
from torvet.ports.parts import Parts

from .clauses import DUTIES, Clause, GiveBack, StateBenefit
from .errors import DutyNotFound, OtherSide, WrongStage
from .model import Contract, Stage
from .service import known_contract
from .tables import contract_duties as done

_HELD_UNDER = frozenset({Stage.AGREED, Stage.ENDED, Stage.REVOKED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """A duty of one contract, and how it stands."""

    clause: Clause
    due_at: datetime | None
    """When it is overdue; None where it has no days, or is done."""
    done_at: datetime | None = None
    words: str = ""
    reason: str = ""
    """Why the provider opened it anew."""


def duties_of(tx: Connection, contract: Contract) -> tuple[Duty, ...]:
    """Return the duties of a contract, done and open."""
    clauses = _duties_in(contract)
    if not clauses or contract.agreed_at is None:
        return ()
    rows = _rows(tx, contract.id)
    return tuple(_duty(clause, contract.agreed_at, rows.get(clause.kind)) for clause in clauses)


def open_duties(tx: Connection, contract: Contract) -> tuple[tuple[str, datetime], ...]:
    """Return what is not done of a contract's timed duties, and since when its days count.

    Asks nothing of the database where the contract has none: it is asked before every read.
    """
    timed = [one for one in _duties_in(contract) if isinstance(one, GiveBack | StateBenefit)]
    if not timed or contract.agreed_at is None:
        return ()
    rows = _rows(tx, contract.id)
    found = []
    for clause in timed:
        row = rows.get(clause.kind)
        if row is None or row["done_at"] is None:
            found.append((clause.kind, contract.agreed_at if row is None else row["counts_from"]))
    return tuple(found)


def do(parts: Parts, caller: Caller, contract_id: str, kind: str, words: str) -> Duty:
    """Say that a duty is done, and how, as the consumer; the provider reads the words."""
    with parts.db.begin() as tx:
        contract = known_contract(tx, caller, contract_id)
        if contract.consumer != caller.party:
            raise OtherSide(contract_id, "consumer")
        parties.check(caller, Role.BUYER)
        return mark_done(tx, contract, kind, words, at=parts.clock.now(), actor=caller.actor)


def mark_done(
    tx: Connection, contract: Contract, kind: str, words: str, *, at: datetime, actor: str
) -> Duty:
    """Write that a duty is done; doing it twice says it anew. Raises DutyNotFound."""
    clause = _the_duty(contract, kind)
    assert contract.agreed_at is not None, "a contract that is held was agreed"
    new = insert(done).values(
        contract=contract.id,
        clause=kind,
        done_at=at,
        words=words,
        counts_from=contract.agreed_at,
        reason="",
    )
    changed = {"done_at": new.excluded.done_at, "words": new.excluded.words, "reason": ""}
    tx.execute(new.on_conflict_do_update(index_elements=["contract", "clause"], set_=changed))
    record(tx, _fact("duty-done", contract, {"duty": kind, "words": words}, actor, at))
    return Duty(clause=clause, due_at=None, done_at=at, words=words)


def reopen(parts: Parts, caller: Caller, contract_id: str, kind: str, reason: str) -> Duty:
    """Say that what was given in return is not what was owed, as the provider; days count anew."""
    at = parts.clock.now()
    with parts.db.begin() as tx:
        contract = known_contract(tx, caller, contract_id)
        if contract.provider != caller.party:
            raise OtherSide(contract_id, "provider")
        parties.check(caller, Role.STEWARD)
        clause = _the_duty(contract, kind)
        row = _rows(tx, contract.id).get(kind)
        if row is None or row["done_at"] is None:
            raise DutyNotFound(contract_id, kind)
        tx.execute(
            done.update()
            .where(done.c.contract == contract.id, done.c.clause == kind)
            .values(done_at=None, counts_from=at, reason=reason)
        )
        told = {"duty": kind, "reason": reason}
        record(tx, _fact("duty-reopened", contract, told, caller.actor, at))
    return Duty(clause=clause, due_at=_due(clause, at), words=row["words"], reason=reason)


def _the_duty(contract: Contract, kind: str) -> Clause:
    clause = next((one for one in _duties_in(contract) if one.kind == kind), None)
    if clause is None:
        raise DutyNotFound(contract.id, kind)
    if contract.stage not in _HELD_UNDER or contract.agreed_at is None:
        raise WrongStage(contract.id, contract.stage.value, Stage.AGREED.value)
    return clause


def _duties_in(contract: Contract) -> list[Clause]:
    return [clause for clause in contract.clauses if isinstance(clause, DUTIES)]


def _rows(tx: Connection, contract_id: str) -> dict[str, RowMapping]:
    rows = tx.execute(select(done).where(done.c.contract == contract_id)).mappings()
    return {row["clause"]: row for row in rows}


def _duty(clause: Clause, agreed_at: datetime, row: RowMapping | None) -> Duty:
    if row is None:
        return Duty(clause=clause, due_at=_due(clause, agreed_at))
    is_done = row["done_at"] is not None
    return Duty(
        clause=clause,
        due_at=None if is_done else _due(clause, row["counts_from"]),
        done_at=row["done_at"],
        words=row["words"],
        reason=row["reason"],
    )


def _due(clause: Clause, since: datetime) -> datetime | None:
    match clause:
        case GiveBack(days=days) | StateBenefit(days=days):
            return since + timedelta(days=days)
        case _:
            return None


def _fact(name: str, contract: Contract, told: dict[str, str], actor: str, at: datetime) -> Fact:
    return Fact(
        name=name,
        at=at,
        actor=actor,
        subject=contract.id,
        parties=(contract.provider, contract.consumer),
        body={"contract": contract.id, "dataset": contract.dataset, **told},
    )
