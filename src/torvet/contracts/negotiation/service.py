"""What two parties do to come to terms. One function is one deed, in one transaction.

A round's terms are an offer that is only proposed: nobody but the two sees it, and nobody can
accept it as others are. Agreeing makes a contract of it at once, whatever the first offer's
approval was, for both sides have said yes.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from torvet import catalogue, parties
from torvet.audit import Fact, record
from torvet.contracts import ordering, service
from torvet.contracts import store as terms_store
from torvet.contracts.agreeing import Wish, check_terms, sign
from torvet.contracts.clauses import Clause
from torvet.contracts.errors import OfferWithdrawn, OwnOffer
from torvet.contracts.levels.model import ServiceLevels
from torvet.contracts.model import Approval, Contract, Offer, OfferId, OfferStage, Stage
from torvet.contracts.orders import NO_ORDER, Order
from torvet.contracts.prices.model import Price
from torvet.contracts.terms import check_levels, digest_of_offer, fitted, purpose_code
from torvet.parties import Caller, Role
from torvet.ports.parts import Parts

from . import store
from .errors import (
    NegotiationMoved,
    NegotiationNotFound,
    NegotiationOver,
    NegotiationThere,
    NothingProposed,
    NotYourTurn,
    RoundsExhausted,
)
from .model import Negotiation, NegotiationId, NegotiationStage, Round, Side
from .rules import changes

ROUNDS_MAX = 50
NEGOTIATIONS_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What a side wants otherwise; None leaves it as the last round has it."""

    clauses: tuple[Clause, ...] | None = None
    price: Price | None = None
    levels: ServiceLevels | None = None
    title: str | None = None
    words: str = ""


def propose(
    parts: Parts,
    caller: Caller,
    offer_id: str,
    proposal: Proposal,
    *,
    purpose: str,
    order: Order = NO_ORDER,
) -> Negotiation:
    """Answer an open offer with other terms, as a consumer.

    Raises NothingProposed, NegotiationThere, and what accepting the offer would raise of its
    visibility. Nothing is bought: the provider agrees, or answers with terms of its own.
    """
    code = purpose_code(purpose)
    with parts.db.begin() as tx:
        start = service.visible_offer(tx, caller, offer_id, hold=True)
        parties.check(caller, Role.BUYER)
        assert caller.party is not None, "a buyer buys for a party"
        if start.provider == caller.party:
            raise OwnOffer(start.id)
        if start.stage is not OfferStage.OPEN:
            raise OfferWithdrawn(start.id)
        made = Negotiation(
            id=NegotiationId(parts.new_id("ng")),
            start=start.id,
            dataset=start.dataset,
            provider=start.provider,
            consumer=caller.party,
            purpose=code,
            order=order,
            stage=NegotiationStage.OPEN,
            rounds=1,
            last_side=Side.CONSUMER,
            opened_at=parts.clock.now(),
        )
        terms = _proposed(parts, tx, caller, proposal, held=made, last=start)
        if not store.add(tx, made):
            there = store.open_one(tx, start.id, caller.party)
            raise NegotiationThere(start.id, "" if there is None else there.id)
        _say(parts, tx, caller, made, terms=terms, words=proposal.words)
    return made


def answer(
    parts: Parts, caller: Caller, negotiation_id: str, proposal: Proposal, *, seen: str
) -> Negotiation:
    """Put other terms on the table, as either side; `seen` is the digest of those that lie there.

    Raises NegotiationMoved where others lie there by now, NegotiationOver, NothingProposed,
    RoundsExhausted.
    """
    with parts.db.begin() as tx:
        held, side, last = _held(tx, caller, negotiation_id, seen=seen)
        if held.rounds >= ROUNDS_MAX:
            raise RoundsExhausted(held.id, ROUNDS_MAX)
        terms = _proposed(parts, tx, caller, proposal, held=held, last=last.terms)
        moved = replace(held, rounds=held.rounds + 1, last_side=side)
        store.change(tx, moved)
        _say(parts, tx, caller, moved, terms=terms, words=proposal.words)
    return moved


def agree(parts: Parts, caller: Caller, negotiation_id: str, *, seen: str) -> Contract:
    """Take the terms that the other side proposed: they are a contract from then on.

    Raises NotYourTurn, NegotiationMoved, NegotiationOver, and what accepting an offer raises of
    terms, price and order.
    """
    now = parts.clock.now()
    with parts.db.begin() as tx:
        held, side, last = _held(tx, caller, negotiation_id, seen=seen)
        if side is last.side:
            raise NotYourTurn(held.id)
        terms = last.terms
        if side is Side.CONSUMER:
            catalogue.visible_dataset(tx, terms.dataset, caller)
        check_terms(tx, terms, held.consumer, purpose=held.purpose, now=now)
        tariff = ordering.tariff_of(
            tx,
            held.consumer,
            terms,
            held.purpose,
            now=now,
            seen=terms.digest,
            order=held.order,
        )
        wish = Wish(
            consumer=held.consumer,
            purpose=held.purpose,
            note=last.words,
            tariff=tariff,
            order=held.order,
            account=caller.account if side is Side.CONSUMER else last.by,
        )
        contract = sign(parts, tx, terms, wish, stage=Stage.AGREED, actor=caller.actor)
        done = replace(held, stage=NegotiationStage.AGREED, ended_at=now, contract=contract.id)
        store.change(tx, done)
        record(tx, _fact("negotiation-agreed", done, caller, now, terms.digest))
    return contract


def end(parts: Parts, caller: Caller, negotiation_id: str, reason: str) -> Negotiation:
    """Leave the table, as either side; the other is told why."""
    now = parts.clock.now()
    with parts.db.begin() as tx:
        held, _, _ = _held(tx, caller, negotiation_id, seen=None)
        done = replace(held, stage=NegotiationStage.ENDED, ended_at=now, reason=reason)
        store.change(tx, done)
        record(tx, _fact("negotiation-ended", done, caller, now, ""))
    return done


def known_negotiation(
    tx: Connection, caller: Caller, negotiation_id: str
) -> tuple[Negotiation, list[Round]]:
    """Return a negotiation of the caller's party with its rounds; raise NegotiationNotFound."""
    found = store.one(tx, negotiation_id)
    _side(found, caller)
    return found, store.rounds_of(tx, found.id)


def negotiations_of(
    tx: Connection, caller: Caller, *, after: str | None = None, limit: int = NEGOTIATIONS_MAX
) -> list[Negotiation]:
    """Return what the caller's party negotiates or did, newest first."""
    parties.check(caller, Role.READER)
    assert caller.party is not None, "a reader reads for a party"
    return store.of_party(tx, caller.party, after=after, limit=min(limit, NEGOTIATIONS_MAX))


def _held(
    tx: Connection, caller: Caller, negotiation_id: str, *, seen: str | None
) -> tuple[Negotiation, Side, Round]:
    """Return an open negotiation that nobody else changes meanwhile, and its last round."""
    held = store.one(tx, negotiation_id, hold=True)
    side = _side(held, caller)
    parties.check(caller, Role.BUYER if side is Side.CONSUMER else Role.STEWARD)
    if held.stage is not NegotiationStage.OPEN:
        raise NegotiationOver(held.id, held.stage.value)
    (last,) = store.rounds_of(tx, held.id, only=held.rounds)
    if seen is not None and seen != last.terms.digest:
        _, new = ordering.differences(terms_store.seen_offer(tx, held.dataset, seen), last.terms)
        raise NegotiationMoved(held.id, last.terms.digest, new)
    return held, side, last


def _side(held: Negotiation, caller: Caller) -> Side:
    side = held.side_of(caller.party)
    if side is None:
        raise NegotiationNotFound(held.id)
    return side


def _proposed(
    parts: Parts,
    tx: Connection,
    caller: Caller,
    proposal: Proposal,
    *,
    held: Negotiation,
    last: Offer,
) -> Offer:
    """Return the whole terms that `proposal` makes of `last`, an offer for this consumer alone."""
    types = service.column_types(tx, held.dataset)
    clauses = last.clauses if proposal.clauses is None else fitted(proposal.clauses, types)
    drawn = replace(
        last,
        id=OfferId(parts.new_id("of")),
        title=last.title if proposal.title is None else proposal.title,
        clauses=clauses,
        price=last.price if proposal.price is None else proposal.price,
        levels=last.levels if proposal.levels is None else proposal.levels,
        approval=Approval.AT_ONCE,
        audience=(held.consumer,),
        stage=OfferStage.PROPOSED,
        made_at=parts.clock.now(),
        made_by=caller.account,
        version=1,
    )
    if not changes(last, drawn):
        raise NothingProposed
    check_levels(drawn.levels, drawn.price)
    return replace(drawn, digest=digest_of_offer(drawn))


def _say(
    parts: Parts, tx: Connection, caller: Caller, held: Negotiation, *, terms: Offer, words: str
) -> None:
    now = parts.clock.now()
    said = Round(
        number=held.rounds,
        side=held.last_side,
        terms=terms,
        words=words,
        at=now,
        by=caller.account,
    )
    store.add_round(tx, held.id, said)
    record(tx, _fact("terms-proposed", held, caller, now, terms.digest))


def _fact(name: str, held: Negotiation, caller: Caller, at: datetime, digest: str) -> Fact:
    body: dict[str, object] = {
        "negotiation": held.id,
        "offer": held.start,
        "dataset": held.dataset,
        "round": held.rounds,
        "side": held.last_side.value,
    }
    if digest:
        body["terms"] = digest
    if held.contract is not None:
        body["contract"] = held.contract
    if held.reason:
        body["reason"] = held.reason
    return Fact(
        name=name,
        at=at,
        actor=caller.actor,
        subject=held.id,
        parties=(held.provider, held.consumer),
        body=body,
    )
