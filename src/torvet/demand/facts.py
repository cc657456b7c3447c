"""What the demand slice tells the log.

Who joins and pledges knows the owner of the request, and nobody of the others: where several are
told of the same, each has a fact of its own.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from torvet.audit import Fact
from torvet.contracts.levels.model import to_json
from torvet.kit.moments import to_text

from .model import Answer, Pledge, Request

EXCHANGE = "exchange"


def of_request(
    name: str,
    request: Request,
    actor: str,
    at: datetime,
    *,
    told: Iterable[str] = (),
    more: dict[str, object] | None = None,
) -> tuple[Fact, ...]:
    """Tell how far a request has come, to its owner and to whoever else is `told`."""
    body: dict[str, object] = {
        "request": request.id,
        "stage": request.stage.value,
        "joined": request.joined,
        "pledged": request.pledged.to_json(),
    }
    if request.reason:
        body["reason"] = request.reason
    whole = Fact(
        name=name, at=at, actor=actor, subject=request.id, parties=(), body=body | (more or {})
    )
    return _told_apart(whole, request, told)


def of_wish(request: Request, actor: str, at: datetime) -> tuple[Fact, ...]:
    """Tell that data is wanted: to its circle, where it has one."""
    wanted = request.wanted
    goal = {} if wanted.goal is None else {"goal": wanted.goal.to_json()}
    more: dict[str, object] = {
        "purpose": wanted.purpose,
        "theme": wanted.theme,
        "deadline": to_text(wanted.deadline),
        "deliver_by": to_text(wanted.deliver_by),
        **goal,
    }
    return of_request("data-wanted", request, actor, at, told=wanted.circle or (), more=more)


def of_pledge(name: str, request: Request, pledge: Pledge, actor: str, at: datetime) -> Fact:
    """Tell of one pledge, to who gave it and to the request's owner."""
    return Fact(
        name=name,
        at=at,
        actor=actor,
        subject=request.id,
        parties=tuple(dict.fromkeys((request.owner, pledge.party))),
        body={
            "request": request.id,
            "pledge": pledge.id,
            "party": pledge.party,
            "amount": pledge.amount.to_json(),
            "kind": pledge.kind.value,
            "stage": pledge.stage.value,
        },
    )


def of_answer(
    name: str,
    request: Request,
    answer: Answer,
    actor: str,
    at: datetime,
    *,
    told: Iterable[str] = (),
) -> tuple[Fact, ...]:
    """Tell of a provider's answer, to the provider, the owner and whoever else is `told`."""
    whole = Fact(
        name=name,
        at=at,
        actor=actor,
        subject=request.id,
        parties=(),
        body={
            "request": request.id,
            "answer": answer.id,
            "provider": answer.provider,
            "price": answer.price.to_json(),
            "deliver_by": to_text(answer.deliver_by),
            "stage": answer.stage.value,
            **({"levels": to_json(answer.levels)} if answer.levels else {}),
        },
    )
    return _told_apart(whole, request, (answer.provider, *told))


def _told_apart(whole: Fact, request: Request, told: Iterable[str]) -> tuple[Fact, ...]:
    """Return one fact where one beside the owner is told, else one for each.

    Who did it is told to the owner alone then: that names somebody as well.
    """
    others = [party for party in dict.fromkeys(told) if party != request.owner]
    if len(others) <= 1:
        return (replace(whole, parties=(request.owner, *others)),)
    copies = (replace(whole, parties=(party,), actor=EXCHANGE) for party in others)
    return (replace(whole, parties=(request.owner,)), *copies)
