"""What the demand slice tells the log."""

from collections.abc import Iterable
from datetime import datetime

from torvet.audit import Fact
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
) -> Fact:
    """Tell how far a request has come, to its owner and to whoever else is `told`."""
    body: dict[str, object] = {
        "request": request.id,
        "stage": request.stage.value,
        "joined": request.joined,
        "pledged": request.pledged.to_json(),
    }
    if request.reason:
        body["reason"] = request.reason
    return Fact(
        name=name,
        at=at,
        actor=actor,
        subject=request.id,
        parties=_told(request, told),
        body=body | (more or {}),
    )


def of_wish(request: Request, actor: str, at: datetime) -> Fact:
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
        parties=_told(request, (pledge.party,)),
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
) -> Fact:
    """Tell of a provider's answer, to the provider, the owner and whoever else is `told`."""
    return Fact(
        name=name,
        at=at,
        actor=actor,
        subject=request.id,
        parties=_told(request, (answer.provider, *told)),
        body={
            "request": request.id,
            "answer": answer.id,
            "provider": answer.provider,
            "price": answer.price.to_json(),
            "deliver_by": to_text(answer.deliver_by),
            "stage": answer.stage.value,
        },
    )


def _told(request: Request, told: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((request.owner, *told)))
