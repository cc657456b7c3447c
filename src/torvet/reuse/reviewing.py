"""Reviews by who held a contract and really read, and what the provider says to them."""

from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy import Connection

from torvet import catalogue, metering, parties
from torvet.audit import record
from torvet.catalogue import Rating
from torvet.contracts import Contract
from torvet.parties import Caller, Role, Scope
from torvet.ports.parts import Parts

from . import facts, review_store, rules
from .errors import NeverRead, ReviewHidden, ReviewInvalid, ReviewNotFound
from .model import Review, ReviewId, ReviewStage, ReviewVersion, Side, Stars
from .service import held_contract

_BEFORE_ALL = datetime(1970, 1, 1, tzinfo=UTC)


def write(parts: Parts, caller: Caller, contract_id: str, *, stars: Stars, words: str) -> Review:
    """Review what was read under a contract, or write a new version of one's review.

    Raises NeverRead where nothing was read, ReviewHidden where the operator hid it.
    """
    faults = rules.faults_of_stars(stars)
    if faults:
        raise ReviewInvalid(faults)
    now = parts.clock.now()
    with parts.db.begin() as tx:
        contract = held_contract(tx, caller, contract_id)
        if not _was_read(tx, contract, now):
            raise NeverRead(contract_id)
        new = Review(
            id=ReviewId(parts.new_id("rv")),
            contract=contract.id,
            dataset=contract.dataset,
            provider=contract.provider,
            author=contract.consumer,
            stage=ReviewStage.SHOWN,
            stars=stars,
            words=words,
            made_at=now,
            changed_at=now,
        )
        written = new if review_store.add(tx, new) else _edited(tx, new)
        version = ReviewVersion(
            side=Side.AUTHOR, version=written.versions, stars=stars, words=words, at=now
        )
        review_store.add_version(tx, written.id, version, caller.account)
        _rate(tx, written)
        record(tx, facts.of_review("review-written", written, caller.actor, now))
    return written


def _edited(tx: Connection, new: Review) -> Review:
    held = review_store.review_of(tx, new.contract)
    if held.stage is ReviewStage.HIDDEN:
        raise ReviewHidden(held.id, held.reason)
    edited = replace(
        held,
        stage=ReviewStage.SHOWN,
        stars=new.stars,
        words=new.words,
        versions=held.versions + 1,
        changed_at=new.changed_at,
    )
    review_store.replace(tx, edited)
    return edited


def withdraw(parts: Parts, caller: Caller, contract_id: str) -> Review:
    """Take one's review back: its stars count no more. Its versions are kept."""
    now = parts.clock.now()
    with parts.db.begin() as tx:
        contract = held_contract(tx, caller, contract_id)
        held = review_store.review_of(tx, contract.id)
        if held.stage is ReviewStage.WITHDRAWN:
            return held
        gone = replace(held, stage=ReviewStage.WITHDRAWN, changed_at=now, reason="")
        review_store.replace(tx, gone)
        _rate(tx, gone)
        record(tx, facts.of_review("review-withdrawn", gone, caller.actor, now))
    return gone


def answer(parts: Parts, caller: Caller, review_id: str, words: str) -> Review:
    """Answer a review as the provider: once, and then by new versions of that answer."""
    now = parts.clock.now()
    with parts.db.begin() as tx:
        held = review_store.review(tx, review_id)
        if held.provider != caller.party or held.stage is ReviewStage.WITHDRAWN:
            raise ReviewNotFound(review_id)
        parties.check(caller, Role.STEWARD)
        if held.stage is ReviewStage.HIDDEN:
            raise ReviewHidden(review_id, held.reason)
        answered = replace(
            held, answer=words, answer_versions=held.answer_versions + 1, answered_at=now
        )
        review_store.replace(tx, answered)
        version = ReviewVersion(
            side=Side.PROVIDER,
            version=answered.answer_versions,
            stars=None,
            words=words,
            at=now,
        )
        review_store.add_version(tx, held.id, version, caller.account)
        record(tx, facts.of_review("review-answered", answered, caller.actor, now))
    return answered


def hide(parts: Parts, caller: Caller, review_id: str, reason: str) -> Review:
    """Hide unlawful words as the operator, for a reason that everybody reads."""
    parties.check(caller, Scope.OPERATE)
    return _staged(parts, caller, review_id, ReviewStage.SHOWN, ReviewStage.HIDDEN, reason)


def show_again(parts: Parts, caller: Caller, review_id: str) -> Review:
    """Show a review again that the operator hid."""
    parties.check(caller, Scope.OPERATE)
    return _staged(parts, caller, review_id, ReviewStage.HIDDEN, ReviewStage.SHOWN, "")


def _staged(  # noqa: PLR0917 - from one stage to another, for a reason
    parts: Parts,
    caller: Caller,
    review_id: str,
    before: ReviewStage,
    after: ReviewStage,
    reason: str,
) -> Review:
    now = parts.clock.now()
    with parts.db.begin() as tx:
        held = review_store.review(tx, review_id)
        if held.stage is after:
            return held
        if held.stage is not before:
            raise ReviewNotFound(review_id)
        moved = replace(held, stage=after, reason=reason)
        review_store.replace(tx, moved)
        _rate(tx, moved)
        record(tx, facts.of_review(f"review-{after.value}", moved, caller.actor, now))
    return moved


def versions_of(tx: Connection, caller: Caller, review_id: str) -> list[ReviewVersion]:
    """Return the history of a review: of a hidden one to its two sides and the operator alone."""
    held = review_store.review(tx, review_id)
    within = caller.party in {held.author, held.provider} or caller.may(Scope.OPERATE)
    if held.stage is not ReviewStage.SHOWN and not within:
        raise ReviewNotFound(review_id)
    catalogue.visible_dataset(tx, held.dataset, caller)
    return review_store.versions_of(tx, review_id)


def _was_read(tx: Connection, contract: Contract, now: datetime) -> bool:
    mine = frozenset({str(contract.consumer)})
    used = metering.total_of(tx, mine, start=_BEFORE_ALL, end=now, contract=contract.id)
    return used.requests > 0


def _rate(tx: Connection, review: Review) -> None:
    """Write what the dataset's reviews say together, after whoever else counts them."""
    review_store.hold_dataset(tx, review.dataset)
    many, stars = review_store.sums_of(tx, review.dataset)
    catalogue.rate(tx, review.dataset, Rating(reviews=many, stars=stars))
