"""Providers answer, those who pay decide, and what was promised is delivered or not."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from torvet import catalogue, contracts, parties
from torvet.audit import record_all
from torvet.catalogue import Dataset, DatasetNotFound
from torvet.contracts import (
    NO_LEVELS,
    NO_ORDER,
    Case,
    Clause,
    Deal,
    Price,
    ServiceLevels,
    check_levels,
    fitted,
    in_order,
)
from torvet.contracts.service import stated_hours
from torvet.kit.errors import ExchangeError
from torvet.kit.money import Money
from torvet.parties import Caller, Role
from torvet.ports.parts import Parts

from . import answer_store, facts, paying, rules, settling, store
from .errors import AnswerRefused, NotDelivered, NotOwner, NoVote, RequestOver
from .model import (
    ALIVE,
    LIVE,
    Answer,
    AnswerId,
    AnswerStage,
    Pledge,
    PledgeStage,
    Request,
    Stage,
    Vote,
    paid_once,
)
from .service import held, visible_request

ANSWERS_MAX = 100
CANDIDATES_MAX = 200
TITLE_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerWish:
    """What a provider would deliver."""

    words: str
    price: Money
    clauses: tuple[Clause, ...]
    deliver_by: datetime
    dataset: str | None = None
    """Short name of a dataset of its own that is there; None is one that is planned."""
    levels: ServiceLevels = NO_LEVELS
    """What every contract that comes of it promises."""


def answer(parts: Parts, caller: Caller, request_id: str, wish: AnswerWish) -> Answer:
    """Answer a request as a provider: with a dataset that is there, or one that is planned.

    Raises RequestOver, AnswerRefused, and what offers do where terms or service levels make no
    sense: with a price, no level gives anything back, as what is paid once belongs to no month.
    """
    parties.check(caller, Role.STEWARD)
    assert caller.party is not None, "a steward keeps a party's data"
    with parts.db.begin() as tx:
        request, at = held(tx, parts, caller, request_id)
        if request.stage not in {Stage.OPEN, Stage.BOUND}:
            raise RequestOver(request_id, request.stage.words().en)
        dataset = None if wish.dataset is None else _own(tx, caller, wish.dataset)
        reasons = (
            *rules.faults_of_answer(request, wish.price, wish.deliver_by, at),
            *_faults_of_party(tx, caller, request),
        )
        if reasons:
            raise AnswerRefused(request_id, reasons)
        made = Answer(
            id=AnswerId(parts.new_id("an")),
            request=request.id,
            provider=caller.party,
            dataset=None if dataset is None else dataset.id,
            words=wish.words,
            price=wish.price,
            clauses=_clauses(tx, dataset, wish.clauses),
            levels=_levels(wish),
            deliver_by=wish.deliver_by,
            stage=AnswerStage.OFFERED,
            votes={},
            made_at=at,
            made_by=caller.account,
        )
        answer_store.add(tx, made)
        settling.write(tx, replace(request, touched_at=at))
        told = _payers(tx, request)
        record_all(
            tx, facts.of_answer("wanted-answered", request, made, caller.actor, at, told=told)
        )
    return made


def _clauses(
    tx: Connection, dataset: Dataset | None, clauses: tuple[Clause, ...]
) -> tuple[Clause, ...]:
    """Return the terms in order; those of a dataset that is there are held against its columns."""
    if dataset is None:
        return in_order(clauses)
    return fitted(clauses, _types(tx, dataset))


def _levels(wish: AnswerWish) -> ServiceLevels:
    check_levels(wish.levels, Price(cases=(Case(tariff=paid_once(wish.price)),)))
    return wish.levels


def hours_stated(parts: Parts, caller: Caller, slug: str | None) -> int | None:
    """Return how often the provider's dataset says that it is brought up to date, in hours.

    None where it says nothing, or is planned: then nothing is promised `as-stated`.
    """
    if slug is None:
        return None
    with parts.db.begin() as tx:
        return stated_hours(_own(tx, caller, slug))


def withdraw_answer(parts: Parts, caller: Caller, request_id: str, answer_id: str) -> Answer:
    """Take an answer back, as its provider; one that was accepted fails, and all pledges with it.

    Whoever cannot deliver says so with this, before the promised day.
    """
    parties.check(caller, Role.STEWARD)
    with parts.db.begin() as tx:
        request, at = held(tx, parts, caller, request_id)
        found = answer_store.answer(tx, request.id, answer_id)
        if found.provider != caller.party:
            raise NotOwner(request_id)
        if found.stage is AnswerStage.ACCEPTED and request.stage is Stage.PROMISED:
            words = "the provider said that it cannot deliver"
            settling.close(tx, request, Stage.FAILED, reason=words, at=at, actor=caller.actor)
            return answer_store.answer(tx, request.id, answer_id)
        if found.stage is not AnswerStage.OFFERED:
            raise AnswerRefused(request_id, (f"it is {found.stage.value}",))
        gone = replace(found, stage=AnswerStage.WITHDRAWN, closed_at=at)
        answer_store.replace(tx, gone)
        told = _payers(tx, request)
        record_all(
            tx, facts.of_answer("answer-withdrawn", request, gone, caller.actor, at, told=told)
        )
    return gone


def vote(
    parts: Parts, caller: Caller, request_id: str, answer_id: str, *, vote: Vote
) -> tuple[Request, Answer]:
    """Say yes or no to an answer, as the owner or with what one pledged.

    It is accepted at the moment in which more than half of the money says yes; who says nothing
    goes with the owner. Raises NoVote, AnswerRefused with all that stands in the way of a yes.
    """
    parties.check(caller, Role.BUYER)
    assert caller.party is not None, "a buyer buys for a party"
    with parts.db.begin() as tx:
        request, at = held(tx, parts, caller, request_id)
        found = answer_store.answer(tx, request.id, answer_id)
        pledges = store.pledges_of(tx, request.id)
        if caller.party not in {request.owner, *(one.party for one in pledges)}:
            raise NoVote(request_id)
        if found.stage is not AnswerStage.OFFERED:
            raise AnswerRefused(request_id, (f"it is {found.stage.value}",))
        reasons = rules.objections_to(found, request, at) if vote is Vote.YES else ()
        if reasons:
            raise AnswerRefused(request_id, reasons)
        heard = replace(found, votes={**found.votes, caller.party: vote})
        answer_store.replace(tx, heard)
        told = (caller.party,)
        record_all(tx, facts.of_answer("answer-voted", request, heard, caller.actor, at, told=told))
        settling.write(tx, request := replace(request, touched_at=at))
        acceptable = not rules.objections_to(heard, request, at)
        if acceptable and rules.carried(heard.votes, request.owner, pledges):
            return _accept(tx, request, heard, pledges, at=at, actor=caller.actor)
    return request, heard


def _accept(
    tx: Connection,
    request: Request,
    answer: Answer,
    pledges: list[Pledge],
    *,
    at: datetime,
    actor: str,
) -> tuple[Request, Answer]:
    accepted = replace(answer, stage=AnswerStage.ACCEPTED)
    answer_store.replace(tx, accepted)
    store.replace_pledges(tx, settling.with_shares(pledges, answer.price))
    promised = replace(request, stage=Stage.PROMISED, answer=answer.id, touched_at=at)
    settling.write(tx, promised, accepted)
    told = [pledge.party for pledge in pledges]
    record_all(tx, facts.of_answer("answer-accepted", promised, accepted, actor, at, told=told))
    return promised, accepted


def deliver(parts: Parts, caller: Caller, request_id: str, slug: str) -> Request:
    """Hand over what was promised: a contract for every pledger, all of them or none.

    The dataset has to be the provider's own, with a release that has every wanted column, and
    every pledger has to be able to see it and to read under the terms of the answer. Each contract
    costs its pledger's share once, and is invoiced like any other. Raises NotDelivered.
    """
    parties.check(caller, Role.STEWARD)
    with parts.db.begin() as tx:
        request, at = held(tx, parts, caller, request_id)
        if request.stage is not Stage.PROMISED or request.answer is None:
            raise RequestOver(request_id, request.stage.words().en)
        accepted = answer_store.answer(tx, request.id, request.answer)
        if accepted.provider != caller.party:
            raise NotOwner(request_id)
        if at >= accepted.deliver_by:
            raise RequestOver(request_id, "past the promised day")
        dataset = _own(tx, caller, slug)
        pledges = store.pledges_of(tx, request.id)
        reasons = _missing(tx, request, accepted, dataset, pledges)
        if reasons:
            raise NotDelivered(request_id, reasons)
        handover = _Handover(
            request=request, answer=accepted, dataset=dataset, at=at, actor=caller.actor
        )
        paid = [_concluded(parts, tx, handover, pledge) for pledge in pledges]
        store.replace_pledges(tx, paid)
        late = [one for one in store.pledges_of(tx, request.id, ALIVE) if not one.stands]
        settling.free(tx, late, words="delivered without it", at=at, actor=caller.actor)
        return _fulfilled(tx, handover, paid)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Handover:
    """What is handed over to whom, and when."""

    request: Request
    answer: Answer
    dataset: Dataset
    at: datetime
    actor: str


def _concluded(parts: Parts, tx: Connection, it: _Handover, pledge: Pledge) -> Pledge:
    """Make the contract of one pledge: its share is paid once."""
    share = pledge.share or Money.zero(pledge.amount.currency)
    title = next(iter(it.request.wanted.title.values()))
    deal = Deal(
        dataset=it.dataset.id,
        title=f"Wanted: {title}"[:TITLE_MAX],
        clauses=it.answer.clauses,
        tariff=paid_once(share),
        levels=it.answer.levels,
        consumer=pledge.party,
        purpose=pledge.purpose,
        note=f"Pledged to data request {it.request.id}",
        order=pledge.order if share else NO_ORDER,
        account=pledge.made_by,
    )
    made = contracts.conclude(parts, tx, deal, actor=it.actor)
    paid = replace(pledge, stage=PledgeStage.PAID, contract=made.id, closed_at=it.at)
    return paying.hand_over(tx, paid, at=it.at, actor=it.actor)


def _fulfilled(tx: Connection, it: _Handover, paid: list[Pledge]) -> Request:
    dataset = it.dataset.id
    delivered = replace(it.answer, stage=AnswerStage.DELIVERED, dataset=dataset, closed_at=it.at)
    answer_store.replace(tx, delivered)
    done = replace(
        it.request, stage=Stage.FULFILLED, dataset=dataset, closed_at=it.at, touched_at=it.at
    )
    settling.write(tx, done)
    told = [it.answer.provider, *(pledge.party for pledge in paid)]
    more: dict[str, object] = {"dataset": dataset, "price": it.answer.price.to_json()}
    record_all(
        tx, facts.of_request("wanted-fulfilled", done, it.actor, it.at, told=told, more=more)
    )
    return done


def _missing(
    tx: Connection,
    request: Request,
    accepted: Answer,
    dataset: Dataset,
    pledges: list[Pledge],
) -> tuple[str, ...]:
    """Return everything that keeps a dataset from being what was promised."""
    types = _types(tx, dataset)
    if types is None:
        return (f"dataset {dataset.slug} has no release",)
    lacking = [name for name in request.wanted.columns if name not in types]
    found = [f"it has no column {', '.join(lacking)}"] if lacking else []
    if accepted.dataset is not None and accepted.dataset != dataset.id:
        found.append("the answer that was accepted is about another dataset")
    shown = contracts.projection_of_clauses(accepted.clauses)
    hidden = [name for name in request.wanted.columns if name in types and not shown.shows(name)]
    if hidden:
        found.append(f"the terms leave out column {', '.join(hidden)}")
    blind = [one.party for one in pledges if not catalogue.may_see(dataset, one.party)]
    if blind:
        found.append(f"{len(blind)} of those who pledged cannot see the dataset: open it to them")
    try:
        fitted(accepted.clauses, types)
    except ExchangeError as unfit:
        found.append(str(unfit).rstrip("."))
    return tuple(found)


def candidates(
    tx: Connection, caller: Caller, request_id: str
) -> list[tuple[Dataset, tuple[str, ...]]]:
    """Return the provider's datasets, each with everything that keeps it from being delivered.

    One that the answer named is the only one. Raises RequestOver, NotOwner.
    """
    parties.check(caller, Role.STEWARD)
    request = visible_request(tx, caller, request_id)
    if request.stage is not Stage.PROMISED or request.answer is None:
        raise RequestOver(request_id, request.stage.words().en)
    accepted = answer_store.answer(tx, request.id, request.answer)
    if accepted.provider != caller.party:
        raise NotOwner(request_id)
    pledges = store.pledges_of(tx, request.id)
    return [
        (dataset, _missing(tx, request, accepted, dataset, pledges))
        for dataset in catalogue.datasets_of(tx, accepted.provider)[:CANDIDATES_MAX]
        if accepted.dataset in {None, dataset.id}
    ]


def answers_by(tx: Connection, caller: Caller) -> list[Answer]:
    """Return the answers of the caller's own party, the newest first."""
    parties.check(caller, Role.READER)
    return [] if caller.party is None else answer_store.answers_by(tx, caller.party, ANSWERS_MAX)


def answers_of(tx: Connection, caller: Caller, request: Request) -> list[Answer]:
    """Return the answers: all to who decides on them and to all who may see the request.

    Those that were withdrawn are told to their provider alone.
    """
    found = answer_store.answers_of(tx, request.id, ANSWERS_MAX)
    gone = AnswerStage.WITHDRAWN
    return [one for one in found if one.stage is not gone or one.provider == caller.party]


def _faults_of_party(tx: Connection, caller: Caller, request: Request) -> tuple[str, ...]:
    found = []
    if request.owner == caller.party:
        found.append("it is your own request")
    there = answer_store.answers_of(tx, request.id, ANSWERS_MAX)
    if any(one.provider == caller.party and one.stage is AnswerStage.OFFERED for one in there):
        found.append("your party has an answer to it: withdraw that one first")
    if len(there) >= ANSWERS_MAX:
        found.append(f"it has {ANSWERS_MAX} answers")
    if any(one.party == caller.party for one in store.pledges_of(tx, request.id, ALIVE)):
        found.append("your party pledged to it: nobody pays itself")
    return tuple(found)


def _payers(tx: Connection, request: Request) -> list[str]:
    if request.stage not in LIVE:
        return []
    return [pledge.party for pledge in store.pledges_of(tx, request.id)]


def _own(tx: Connection, caller: Caller, slug: str) -> Dataset:
    dataset = catalogue.visible_dataset(tx, slug, caller)
    if dataset.provider != caller.party:
        raise DatasetNotFound(slug)
    return dataset


def _types(tx: Connection, dataset: Dataset) -> dict[str, str] | None:
    try:
        newest = catalogue.release(tx, dataset.id, None)
    except catalogue.ReleaseNotFound:
        return None
    return {column.name: column.type.value for column in newest.columns}
