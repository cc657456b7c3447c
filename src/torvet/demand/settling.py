"""How a request goes on: all pledges that stand turn together, and money goes with them.

Everything here happens to a request whose row the transaction holds, so that of two who race one
comes second and sees what the first did.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from torvet.audit import record_all
from torvet.billing import escrow
from torvet.kit.money import Money
from torvet.ports.parts import Parts

from . import answer_store, facts, rules, store
from .model import (
    ALIVE,
    Answer,
    AnswerStage,
    Pledge,
    PledgeStage,
    Request,
    Stage,
)

WORDS = {
    Stage.LAPSED: "the goal was not reached by the deadline",
    Stage.FAILED: "nothing was delivered by the last day",
    Stage.WITHDRAWN: "its owner withdrew it",
}


def settle_due(parts: Parts, request_id: str) -> bool:
    """Do what time alone does to a request; say whether there was anything to do.

    However often this is called, by however many processes: what is done is done once.
    """
    with parts.db.begin() as tx:
        request = store.request(tx, request_id, locked=True)
        at = rules.moment_of(request, parts.clock.now())
        stage = rules.due_stage(request, _promised_by(tx, request), at)
        if stage is None:
            return False
        close(tx, request, stage, reason=WORDS[stage], at=at, actor=facts.EXCHANGE)
        return True


def _promised_by(tx: Connection, request: Request) -> datetime | None:
    if request.answer is None:
        return None
    return answer_store.answer(tx, request.id, request.answer).deliver_by


def close(
    tx: Connection, request: Request, stage: Stage, *, reason: str, at: datetime, actor: str
) -> Request:
    """Bring a request to an end without delivery: every pledge is free, and its money goes back."""
    pledges = store.pledges_of(tx, request.id, ALIVE)
    free(tx, pledges, words=reason, at=at, actor=actor)
    if request.answer is not None:
        answer = answer_store.answer(tx, request.id, request.answer)
        failed = replace(answer, stage=AnswerStage.FAILED, closed_at=at)
        answer_store.replace(tx, failed)
    closed = replace(request, stage=stage, closed_at=at, touched_at=at, reason=reason)
    write(tx, closed)
    told = [pledge.party for pledge in pledges] + [
        answer.provider for answer in answer_store.answers_of(tx, request.id, 100)
    ]
    record_all(tx, facts.of_request(f"wanted-{stage.value}", closed, actor, at, told=told))
    return closed


def free(
    tx: Connection, pledges: Iterable[Pledge], *, words: str, at: datetime, actor: str
) -> None:
    """Free pledges, and give back all that is held for them."""
    for pledge in sorted(pledges, key=lambda one: (one.party, one.id)):
        freed = replace(pledge, stage=PledgeStage.FREED, share=None, closed_at=at)
        store.replace_pledges(tx, [returned(tx, freed, words=words, at=at, actor=actor)])


def returned(tx: Connection, pledge: Pledge, *, words: str, at: datetime, actor: str) -> Pledge:
    """Give back all that is held for a pledge, and take nothing more in for it."""
    if pledge.hold is None or pledge.settled:
        return pledge
    said = f"Pledge to {pledge.request} given back: {words}"
    escrow.give_back_all(
        tx, pledge.hold, key=f"pledge:{pledge.id}:back", words=said, at=at, by=actor
    )
    return replace(pledge, settled=True)


def count_in(
    tx: Connection, request: Request, pledge: Pledge, *, at: datetime, actor: str
) -> tuple[Request, Pledge]:
    """Let a pledge count: where it reaches the goal, all pledges bind in this very transaction."""
    bound = request.stage is Stage.BOUND
    counted = replace(pledge, stage=PledgeStage.BOUND if bound else PledgeStage.MADE)
    store.replace_pledges(tx, [counted])
    summed = replace(request, pledged=request.pledged + pledge.amount, touched_at=at)
    if bound or not rules.is_reached(summed):
        write(tx, summed)
        return summed, counted
    reached = replace(summed, stage=Stage.BOUND, bound_at=at)
    pledges = store.pledges_of(tx, request.id)
    turn(tx, pledges, PledgeStage.BOUND, at)
    write(tx, reached)
    told = [one.party for one in pledges] + [
        answer.provider for answer in answer_store.answers_of(tx, request.id, 100)
    ]
    record_all(tx, facts.of_request("pledges-bound", reached, actor, at, told=told))
    return reached, replace(counted, stage=PledgeStage.BOUND)


def turn(tx: Connection, pledges: Sequence[Pledge], stage: PledgeStage, at: datetime) -> None:
    """Bring all pledges that stand to `stage`."""
    store.replace_pledges(tx, rules.turned(pledges, stage, at))


def with_shares(pledges: Sequence[Pledge], price: Money) -> tuple[Pledge, ...]:
    """Return the pledges, each with its part of the price."""
    if not pledges:
        return ()
    shares = rules.shares_of(price, pledges)
    return tuple(
        replace(pledge, share=share) for pledge, share in zip(pledges, shares, strict=True)
    )


def write(tx: Connection, changed: Request, answer: Answer | None = None) -> None:
    """Write a request with the next instant at which time moves it."""
    promised = answer.deliver_by if answer is not None else None
    if answer is None and changed.stage is Stage.PROMISED:
        promised = _promised_by(tx, changed)
    newer = replace(changed, version=changed.version + 1)
    store.replace_request(tx, newer, rules.due_at(newer, promised))
