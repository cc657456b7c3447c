"""What was measured, asked and promised, as rows. Each takes the transaction that it runs in."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from torvet.contracts import Measure
from torvet.kit.moments import from_text, to_text
from torvet.kit.money import Money

from .errors import QuestionNotFound
from .model import (
    Credit,
    Finding,
    HourSeen,
    KeptReport,
    MaintenanceId,
    Message,
    Planned,
    Question,
    QuestionId,
    Report,
    Side,
    amount_of,
)
from .tables import (
    service_hours,
    service_maintenance,
    service_questions,
    service_reports,
    trust_messages,
)


def see(
    tx: Connection,
    contract: str,
    hour: datetime,
    bit: int,
    *,
    failed: bool = False,
    by_provider: bool = False,
) -> int:
    """Set the bits of a slot; return those of the hour that are failed now.

    A slot that once failed has failed, whatever is seen in it afterwards.
    """
    new = insert(service_hours).values(
        contract=contract,
        hour=hour,
        seen=bit,
        failed=bit if failed else 0,
        by_provider=bit if failed and by_provider else 0,
    )
    written = new.on_conflict_do_update(
        index_elements=["contract", "hour"],
        set_={
            name: service_hours.c[name].op("|")(new.excluded[name])
            for name in ("seen", "failed", "by_provider")
        },
    )
    return int(tx.execute(written.returning(service_hours.c.failed)).scalar_one())


def is_seen(tx: Connection, contracts: Sequence[str], hour: datetime, bit: int) -> frozenset[str]:
    """Return those of `contracts` whose slot was looked at already."""
    query = select(service_hours.c.contract).where(
        service_hours.c.contract.in_(list(contracts)),
        service_hours.c.hour == hour,
        service_hours.c.seen.op("&")(bit) != 0,
    )
    return frozenset(tx.scalars(query))


def hours(tx: Connection, contract: str, start: datetime, end: datetime) -> list[HourSeen]:
    """Return what was seen of a contract from the hour of `start` until before `end`."""
    columns = service_hours.c
    query = select(service_hours).where(
        columns.contract == contract, columns.hour >= start, columns.hour < end
    )
    return [
        HourSeen(hour=row.hour, seen=row.seen, failed=row.failed, by_provider=row.by_provider)
        for row in tx.execute(query.order_by(columns.hour))
    ]


def plan(tx: Connection, planned: Planned) -> None:
    """Write announced work."""
    tx.execute(
        insert(service_maintenance).values(
            id=planned.id,
            dataset=planned.dataset,
            begins_at=planned.begins_at,
            ends_at=planned.ends_at,
            announced_at=planned.announced_at,
            announced_by=planned.announced_by,
            words=planned.words,
        )
    )


def call_off(tx: Connection, id_: str, dataset: str, at: datetime) -> Planned | None:
    """Take announced work back; None where there is none, or it is over or taken back."""
    row = tx.execute(
        update(service_maintenance)
        .where(
            service_maintenance.c.id == id_,
            service_maintenance.c.dataset == dataset,
            service_maintenance.c.withdrawn_at.is_(None),
            service_maintenance.c.ends_at > at,
        )
        .values(withdrawn_at=at)
        .returning(service_maintenance)
    ).one_or_none()
    return None if row is None else _planned(row)


def planned(tx: Connection, dataset: str, start: datetime, end: datetime) -> list[Planned]:
    """Return work on a dataset that touches the time from `start` until `end`."""
    columns = service_maintenance.c
    query = select(service_maintenance).where(
        columns.dataset == dataset, columns.begins_at < end, columns.ends_at > start
    )
    return [_planned(row) for row in tx.execute(query.order_by(columns.begins_at, columns.id))]


def announced(tx: Connection, dataset: str, limit: int) -> list[Planned]:
    """Return work on a dataset that was not called off, the last `limit` to end, in order."""
    columns = service_maintenance.c
    query = select(service_maintenance).where(
        columns.dataset == dataset, columns.withdrawn_at.is_(None)
    )
    last = query.order_by(columns.ends_at.desc(), columns.id).limit(limit)
    return [_planned(row) for row in tx.execute(last)][::-1]


def _planned(row: Row[Any]) -> Planned:
    return Planned(
        id=MaintenanceId(row.id),
        dataset=row.dataset,
        begins_at=row.begins_at,
        ends_at=row.ends_at,
        announced_at=row.announced_at,
        announced_by=row.announced_by,
        words=row.words,
        withdrawn_at=row.withdrawn_at,
    )


def add_question(tx: Connection, question: Question) -> None:
    """Write a question with what is said in it first."""
    tx.execute(
        insert(service_questions).values(
            id=question.id,
            contract=question.contract,
            asked_at=question.asked_at,
            title=question.title,
        )
    )
    for message in question.messages:
        add_message(tx, question.id, message)


def question(tx: Connection, question_id: str, *, locked: bool = False) -> Question:
    """Return a question with all that was said; raise QuestionNotFound."""
    query = select(service_questions).where(service_questions.c.id == question_id)
    row = tx.execute(query.with_for_update() if locked else query).one_or_none()
    if row is None:
        raise QuestionNotFound(question_id)
    return _question(row, messages(tx, question_id))


def questions_of(tx: Connection, contract: str, limit: int) -> list[Question]:
    """Return the newest questions of a contract, without what was said in them."""
    query = select(service_questions).where(service_questions.c.contract == contract)
    rows = tx.execute(query.order_by(service_questions.c.id.desc()).limit(limit))
    return [_question(row, ()) for row in rows]


def waiting_in(tx: Connection, contract: str, start: datetime, end: datetime) -> list[Question]:
    """Return questions that waited for a first answer between `start` and `end`."""
    columns = service_questions.c
    query = select(service_questions).where(
        columns.contract == contract,
        columns.asked_at < end,
        or_(columns.answered_at.is_(None), columns.answered_at >= start),
    )
    return [_question(row, ()) for row in tx.execute(query.order_by(columns.asked_at))]


def answer(tx: Connection, question_id: str, at: datetime) -> None:
    """Write that a question has its first answer, where it had none."""
    tx.execute(
        update(service_questions)
        .where(service_questions.c.id == question_id, service_questions.c.answered_at.is_(None))
        .values(answered_at=at)
    )


def close_question(tx: Connection, question_id: str, at: datetime) -> None:
    """Write that nothing more is wanted."""
    tx.execute(
        update(service_questions).where(service_questions.c.id == question_id).values(closed_at=at)
    )


def add_message(tx: Connection, about: str, message: Message) -> None:
    """Write what was said."""
    tx.execute(
        insert(trust_messages).values(
            about=about,
            number=message.number,
            side=message.side.value,
            account=message.account,
            at=message.at,
            words=message.words,
        )
    )


def messages(tx: Connection, about: str) -> tuple[Message, ...]:
    """Return all that was said about something, in order."""
    query = select(trust_messages).where(trust_messages.c.about == about)
    return tuple(
        Message(
            number=row.number, side=Side(row.side), account=row.account, at=row.at, words=row.words
        )
        for row in tx.execute(query.order_by(trust_messages.c.number))
    )


def said_so_far(tx: Connection, about: str) -> int:
    """Return how many messages there are."""
    query = select(func.count()).where(trust_messages.c.about == about)
    return int(tx.execute(query).scalar_one())


def _question(row: Row[Any], said: tuple[Message, ...]) -> Question:
    return Question(
        id=QuestionId(row.id),
        contract=row.contract,
        asked_at=row.asked_at,
        title=row.title,
        answered_at=row.answered_at,
        closed_at=row.closed_at,
        messages=said,
    )


def keep(tx: Connection, kept: KeptReport) -> bool:
    """Write the report on a month that is over; return False where there is one already."""
    report = kept.report
    written = tx.execute(
        insert(service_reports)
        .values(
            contract=report.contract,
            month=report.month,
            provider=kept.provider,
            consumer=kept.consumer,
            made_at=report.made_at,
            report=report_json(report),
            percent=report.percent,
            credit=kept.credit.value,
        )
        .on_conflict_do_nothing()
        .returning(service_reports.c.contract)
    )
    return written.one_or_none() is not None


def kept(tx: Connection, contract: str, month: str, *, locked: bool = False) -> KeptReport | None:
    """Return the report on a month that is over; with `locked` nobody else credits it."""
    query = select(service_reports).where(
        service_reports.c.contract == contract, service_reports.c.month == month
    )
    row = tx.execute(query.with_for_update() if locked else query).one_or_none()
    return None if row is None else _kept(row)


def kept_of(tx: Connection, contract: str, limit: int) -> list[KeptReport]:
    """Return the reports on a contract's months, the newest first."""
    query = select(service_reports).where(service_reports.c.contract == contract)
    rows = tx.execute(query.order_by(service_reports.c.month.desc()).limit(limit))
    return [_kept(row) for row in rows]


def last_month(tx: Connection, contract: str) -> str | None:
    """Return the newest month that has its report."""
    query = select(func.max(service_reports.c.month)).where(service_reports.c.contract == contract)
    found = tx.scalar(query)
    return None if found is None else str(found)


def uncredited(tx: Connection, limit: int) -> list[tuple[str, str]]:
    """Return the contracts and months whose breaches are to be given back, the oldest first."""
    columns = service_reports.c
    query = select(columns.contract, columns.month).where(columns.credit == Credit.WAITING.value)
    rows = tx.execute(query.order_by(columns.month, columns.contract).limit(limit))
    return [(row.contract, row.month) for row in rows]


def credited(
    tx: Connection,
    contract: str,
    month: str,
    *,
    credit: Credit,
    amount: Money | None,
    notes: Sequence[str],
    at: datetime,
) -> None:
    """Write what was given back for a month."""
    tx.execute(
        update(service_reports)
        .where(service_reports.c.contract == contract, service_reports.c.month == month)
        .values(
            credit=credit.value,
            credited_at=at,
            amount=None if amount is None else amount.minor,
            currency=None if amount is None else amount.currency.value,
            notes=list(notes),
        )
    )


def report_json(report: Report) -> dict[str, Any]:
    """Return a report as it is kept and as its fact tells it."""
    return {
        "start": to_text(report.start),
        "end": to_text(report.end),
        "findings": [
            {
                "measure": one.measure.value,
                "promised": one.promised,
                "measured": one.measured,
                "percent": one.percent,
                "figures": dict(one.figures),
            }
            for one in report.findings
        ],
        "percent": report.percent,
        "evidence": list(report.evidence),
    }


def _kept(row: Row[Any]) -> KeptReport:
    written = row.report
    return KeptReport(
        report=Report(
            contract=row.contract,
            month=row.month,
            start=from_text(written["start"]),
            end=from_text(written["end"]),
            made_at=row.made_at,
            findings=tuple(
                Finding(
                    measure=Measure(one["measure"]),
                    promised=one["promised"],
                    measured=one["measured"],
                    percent=one["percent"],
                    figures=one["figures"],
                )
                for one in written["findings"]
            ),
            percent=written["percent"],
            evidence=tuple(written["evidence"]),
        ),
        provider=row.provider,
        consumer=row.consumer,
        credit=Credit(row.credit),
        amount=amount_of(row.amount, row.currency),
        notes=tuple(row.notes or ()),
        credited_at=row.credited_at,
    )
