"""Answers of providers as rows. Each function takes the transaction that it runs in."""

from sqlalchemy import Connection, RowMapping, func, select, update
from sqlalchemy.dialects.postgresql import insert

from torvet.contracts import NO_LEVELS, clause_from_json, clause_to_json
from torvet.contracts.levels.model import from_json as levels_from_json
from torvet.contracts.levels.model import to_json as levels_to_json
from torvet.kit.money import Currency, Money
from torvet.parties.model import PartyId

from .errors import AnswerNotFound
from .model import Answer, AnswerId, AnswerStage, RequestId, Vote
from .tables import wanted_answers as answers


def add(tx: Connection, answer: Answer) -> None:
    tx.execute(insert(answers).values(id=answer.id, **_values(answer)))


def replace(tx: Connection, changed: Answer) -> None:
    """Write an answer, whose request's row the transaction holds."""
    tx.execute(update(answers).where(answers.c.id == changed.id).values(**_values(changed)))


def answer(tx: Connection, request_id: str, answer_id: str) -> Answer:
    """Return an answer to a request; raise AnswerNotFound."""
    wanted = select(answers).where(answers.c.id == answer_id, answers.c.request == request_id)
    row = tx.execute(wanted).mappings().one_or_none()
    if row is None:
        raise AnswerNotFound(answer_id)
    return _answer(row)


def answers_of(tx: Connection, request_id: str, limit: int) -> list[Answer]:
    """Return the answers to a request, the first first."""
    wanted = select(answers).where(answers.c.request == request_id).order_by(answers.c.id)
    return [_answer(row) for row in tx.execute(wanted.limit(limit)).mappings()]


def answers_by(tx: Connection, provider: str, limit: int) -> list[Answer]:
    """Return the answers of one provider, the newest first."""
    wanted = select(answers).where(answers.c.provider == provider).order_by(answers.c.id.desc())
    return [_answer(row) for row in tx.execute(wanted.limit(limit)).mappings()]


def count(tx: Connection, request_id: str) -> int:
    many = select(func.count()).select_from(answers).where(answers.c.request == request_id)
    return tx.scalar(many) or 0


def _values(answer: Answer) -> dict[str, object]:
    return {
        "request": answer.request,
        "provider": answer.provider,
        "dataset": answer.dataset,
        "words": answer.words,
        "price_minor": answer.price.minor,
        "currency": answer.price.currency.value,
        "clauses": [clause_to_json(clause) for clause in answer.clauses],
        "levels": levels_to_json(answer.levels) if answer.levels else None,
        "deliver_by": answer.deliver_by,
        "stage": answer.stage.value,
        "votes": {party: vote.value for party, vote in answer.votes.items()},
        "made_at": answer.made_at,
        "made_by": answer.made_by,
        "closed_at": answer.closed_at,
    }


def _answer(row: RowMapping) -> Answer:
    return Answer(
        id=AnswerId(row["id"]),
        request=RequestId(row["request"]),
        provider=PartyId(row["provider"]),
        dataset=row["dataset"],
        words=row["words"],
        price=Money(row["price_minor"], Currency(row["currency"])),
        clauses=tuple(clause_from_json(clause) for clause in row["clauses"]),
        levels=NO_LEVELS if row["levels"] is None else levels_from_json(row["levels"]),
        deliver_by=row["deliver_by"],
        stage=AnswerStage(row["stage"]),
        votes={PartyId(party): Vote(vote) for party, vote in row["votes"].items()},
        made_at=row["made_at"],
        made_by=row["made_by"],
        closed_at=row["closed_at"],
    )
