"""Disputes as rows. Each function takes the transaction that it runs in."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert

from .errors import DisputeNotFound, DisputeOver
from .model import (
    LIVE,
    About,
    Decision,
    Dispute,
    DisputeId,
    DisputeStage,
    Exhibit,
    Outcome,
    amount_of,
)
from .tables import dispute_evidence as evidence
from .tables import disputes

_LIVE = tuple(sorted(stage.value for stage in LIVE))


def add(tx: Connection, new: Dispute) -> bool:
    """Write a dispute; return False where the same is disputed already."""
    written = tx.execute(
        insert(disputes)
        .values(
            id=new.id,
            contract=new.contract,
            provider=new.provider,
            consumer=new.consumer,
            opened_at=new.opened_at,
            opened_by=new.opened_by,
            about=new.about.value,
            subject=new.subject,
            begins_at=new.begins_at,
            ends_at=new.ends_at,
            stage=new.stage.value,
            answer_until=new.answer_until,
            decide_until=new.decide_until,
            reason="",
            version=new.version,
        )
        .on_conflict_do_nothing(
            index_elements=["contract", "about", "subject"],
            # Written out: a prepared statement's parameters prove no partial index.
            index_where=text("stage in ('open', 'answered')"),
        )
        .returning(disputes.c.id)
    )
    return written.one_or_none() is not None


def live(tx: Connection, contract: str, about: About, subject: str) -> str:
    """Return the id of the dispute about the same, empty where there is none."""
    query = select(disputes.c.id).where(
        disputes.c.contract == contract,
        disputes.c.about == about.value,
        disputes.c.subject == subject,
        disputes.c.stage.in_(_LIVE),
    )
    return str(tx.scalar(query) or "")


def live_under(tx: Connection, contract: str) -> int:
    """Return how many disputes there are under a contract that are not over."""
    query = select(func.count()).where(disputes.c.contract == contract, disputes.c.stage.in_(_LIVE))
    return int(tx.execute(query).scalar_one())


def dispute(tx: Connection, dispute_id: str, *, locked: bool = False) -> Dispute:
    """Return a dispute; with `locked` nobody else moves it. Raises DisputeNotFound."""
    query = select(disputes).where(disputes.c.id == dispute_id)
    row = tx.execute(query.with_for_update() if locked else query).one_or_none()
    if row is None:
        raise DisputeNotFound(dispute_id)
    return _dispute(row)


def disputes_of(
    tx: Connection, party: str | None, *, live_only: bool, after: str | None, limit: int
) -> list[Dispute]:
    """Return the newest disputes of `party`, or of all."""
    query = select(disputes).order_by(disputes.c.id.desc()).limit(limit)
    if party is not None:
        query = query.where(or_(disputes.c.provider == party, disputes.c.consumer == party))
    if live_only:
        query = query.where(disputes.c.stage.in_(_LIVE))
    if after is not None:
        query = query.where(disputes.c.id < after)
    return [_dispute(row) for row in tx.execute(query)]


def move(
    tx: Connection,
    held: Dispute,
    stage: DisputeStage,
    *,
    answered_at: datetime | None = None,
    decision: Decision | None = None,
) -> Dispute:
    """Write how far a dispute has come over the version it was read from; else DisputeOver."""
    values: dict[str, Any] = {"stage": stage.value, "version": held.version + 1}
    if answered_at is not None:
        values["answered_at"] = answered_at
    if decision is not None:
        values |= {
            "decided_at": decision.decided_at,
            "decided_by": decision.decided_by,
            "outcome": decision.outcome.value,
            "reason": decision.reason,
            "amount": None if decision.amount is None else decision.amount.minor,
            "currency": None if decision.amount is None else decision.amount.currency.value,
            "credit_note": decision.credit_note,
        }
    row = tx.execute(
        update(disputes)
        .where(disputes.c.id == held.id, disputes.c.version == held.version)
        .values(**values)
        .returning(disputes)
    ).one_or_none()
    if row is None:
        raise DisputeOver(held.id, "moved meanwhile")
    return _dispute(row)


def add_evidence(tx: Connection, dispute_id: str, found: Iterable[Exhibit]) -> int:
    """Write facts that a dispute rests on; those that are there stay. Return how many are new."""
    rows = [
        {"dispute": dispute_id, "position": one.position, "name": one.name, "at": one.at}
        for one in found
    ]
    if not rows:
        return 0
    written = insert(evidence).values(rows).on_conflict_do_nothing()
    return len(tx.execute(written.returning(evidence.c.position)).all())


def evidence_of(tx: Connection, dispute_id: str, limit: int) -> list[Exhibit]:
    """Return the facts that a dispute rests on, the oldest first."""
    query = select(evidence).where(evidence.c.dispute == dispute_id)
    rows = tx.execute(query.order_by(evidence.c.at, evidence.c.position).limit(limit))
    return [Exhibit(position=row.position, name=row.name, at=row.at) for row in rows]


def overdue(tx: Connection, at: datetime, limit: int) -> Sequence[str]:
    """Return open disputes whose answer is overdue."""
    query = select(disputes.c.id).where(
        disputes.c.stage == DisputeStage.OPEN.value, disputes.c.answer_until <= at
    )
    return tx.scalars(query.order_by(disputes.c.id).limit(limit)).all()


def _dispute(row: Row[Any]) -> Dispute:
    decision = None
    if row.outcome is not None:
        decision = Decision(
            outcome=Outcome(row.outcome),
            reason=row.reason,
            amount=amount_of(row.amount, row.currency),
            decided_at=row.decided_at,
            decided_by=row.decided_by,
            credit_note=row.credit_note,
        )
    return Dispute(
        id=DisputeId(row.id),
        contract=row.contract,
        provider=row.provider,
        consumer=row.consumer,
        opened_at=row.opened_at,
        opened_by=row.opened_by,
        about=About(row.about),
        subject=row.subject,
        begins_at=row.begins_at,
        ends_at=row.ends_at,
        stage=DisputeStage(row.stage),
        answer_until=row.answer_until,
        decide_until=row.decide_until,
        answered_at=row.answered_at,
        decision=decision,
        version=row.version,
    )
