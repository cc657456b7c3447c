"""Pledging money, and taking it back while that is possible. One deed is one transaction."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from torvet import parties
from torvet.audit import record
from torvet.billing import escrow
from torvet.contracts import NO_ORDER, OneOff, Order, Tariff, order_faults, purpose_code
from torvet.kit.moments import to_text
from torvet.kit.money import Money
from torvet.parties import Caller, Role
from torvet.ports.parts import Parts

from . import answer_store, facts, rules, settling, store
from .errors import AlreadyPledged, NoPledge, PledgeBinds, PledgeRefused
from .model import (
    ALIVE,
    AnswerStage,
    Pledge,
    PledgeId,
    PledgeKind,
    PledgeStage,
    Request,
)
from .service import join_in, joinable

PLEDGES_MAX = 1_000
"""Pledges of one request that stand: the fact that they bind names every one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PledgeWish:
    """What a party pledges, for what, and how its invoice is to be sent."""

    amount: Money
    kind: PledgeKind = PledgeKind.PROMISE
    purpose: str = ""
    """A DPV purpose; empty is what one joined for, or else the request's own."""
    use: str = ""
    order: Order = NO_ORDER


def pledge(parts: Parts, caller: Caller, request_id: str, wish: PledgeWish) -> Pledge:
    """Pledge money to a request, and join it.

    A promise counts at once, a prepaid pledge when its money is there. The pledge that reaches
    the goal binds all of them. Raises PledgeRefused, AlreadyPledged, RequestOver.
    """
    parties.check(caller, Role.BUYER)
    assert caller.party is not None, "a buyer buys for a party"
    with parts.db.begin() as tx:
        request, at = joinable(tx, parts, caller, request_id)
        reasons = _objections(tx, caller, request, wish)
        if reasons:
            raise PledgeRefused(request_id, reasons)
        before = store.join_of(tx, request.id, caller.party)
        meant = request.wanted.purpose if before is None else before.purpose
        code = purpose_code(wish.purpose) if wish.purpose else meant
        use = wish.use or ("" if before is None else before.use)
        request = join_in(tx, request, caller, use=use, purpose=code, at=at)
        made = Pledge(
            id=PledgeId(parts.new_id("pl")),
            request=request.id,
            party=caller.party,
            amount=wish.amount,
            kind=wish.kind,
            purpose=code,
            order=wish.order,
            stage=PledgeStage.WAITING,
            made_at=at,
            made_by=caller.account,
        )
        if not store.add_pledge(tx, made):
            there = store.pledge_of(tx, request.id, caller.party)
            raise AlreadyPledged(request_id, "" if there is None else there.id)
        return _begun(tx, request, made, at=at, actor=caller.actor)


def _begun(tx: Connection, request: Request, made: Pledge, *, at: datetime, actor: str) -> Pledge:
    """Let a promise count; open a hold for what is prepaid, which counts when it is filled."""
    if made.kind is PledgeKind.PROMISE:
        record(tx, facts.of_pledge("pledge-made", request, made, actor, at))
        return settling.count_in(tx, request, made, at=at, actor=actor)[1]
    hold = escrow.open_hold(
        tx,
        party=made.party,
        currency=made.amount.currency,
        purpose=escrow.Purpose.PLEDGE,
        subject=made.id,
        at=at,
    )
    waiting = replace(made, hold=hold.id)
    store.replace_pledges(tx, [waiting])
    record(tx, facts.of_pledge("pledge-made", request, waiting, actor, at))
    return waiting


def take_back(parts: Parts, caller: Caller, request_id: str) -> Pledge:
    """Take a pledge back as long as it does not bind; what is held for it goes back.

    Raises NoPledge, PledgeBinds, RequestOver.
    """
    parties.check(caller, Role.BUYER)
    assert caller.party is not None, "a buyer buys for a party"
    with parts.db.begin() as tx:
        request, at = joinable(tx, parts, caller, request_id)
        there = store.pledge_of(tx, request.id, caller.party)
        if there is None or there.stage not in ALIVE:
            raise NoPledge(request_id)
        if there.stage is PledgeStage.BOUND:
            assert request.bound_at is not None, "pledges bind when their request does"
            raise PledgeBinds(request_id, to_text(request.bound_at))
        back = replace(there, stage=PledgeStage.TAKEN_BACK, closed_at=at)
        back = settling.returned(tx, back, words="taken back", at=at, actor=caller.actor)
        store.replace_pledges(tx, [back])
        if there.stands:
            request = replace(request, pledged=request.pledged - there.amount)
        settling.write(tx, replace(request, touched_at=at))
        record(tx, facts.of_pledge("pledge-taken-back", request, back, caller.actor, at))
    return back


def look_for_money(parts: Parts, pledge_id: str, request_id: str) -> bool:
    """Let a prepaid pledge count whose money is there; say whether it does now.

    Money that comes when the request is over goes back.
    """
    with parts.db.begin() as tx:
        request = store.request(tx, request_id, locked=True)
        at = rules.moment_of(request, parts.clock.now())
        waiting = store.pledges_of(tx, request.id, (PledgeStage.WAITING,))
        found = next((one for one in waiting if one.id == pledge_id), None)
        if found is None or found.hold is None:
            return False
        hold = escrow.held(tx, escrow.Purpose.PLEDGE, found.id)
        if hold is None or hold.rest < found.amount or rules.is_over(request, at):
            return False
        paid = settling.count_in(tx, request, found, at=at, actor=facts.EXCHANGE)
        record(tx, facts.of_pledge("pledge-paid-in", *paid, facts.EXCHANGE, at))
        return True


def _objections(
    tx: Connection, caller: Caller, request: Request, wish: PledgeWish
) -> tuple[str, ...]:
    goal = request.wanted.goal
    if goal is None:
        return ("nothing is pledged to this request: join it instead",)
    if wish.amount.currency is not goal.currency:
        return (f"{goal.currency} is pledged here, and {wish.amount.currency} is offered",)
    found = []
    if wish.amount.minor < rules.PLEDGE_MIN_MINOR:
        found.append(f"a pledge is at least {Money(rules.PLEDGE_MIN_MINOR, goal.currency)}")
    assert caller.party is not None, "whoever pledges acts for a party"
    buyer = parties.party(tx, caller.party)
    found.extend(order_faults(wish.order, buyer, Tariff(rates=(OneOff(wish.amount),))))
    answers = answer_store.answers_of(tx, request.id, PLEDGES_MAX)
    if any(a.provider == caller.party and a.stage is AnswerStage.OFFERED for a in answers):
        found.append("your party answered this request: nobody pays itself")
    if len(store.pledges_of(tx, request.id, ALIVE)) >= PLEDGES_MAX:
        found.append(f"{PLEDGES_MAX:,} parties pledged already")
    return tuple(found)
