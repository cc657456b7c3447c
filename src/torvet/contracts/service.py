"""What parties do with offers and contracts. One function is one deed, in one transaction."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from torvet import catalogue, parties
from torvet.audit import record
from torvet.catalogue import Dataset, Visibility
from torvet.parties import SHARE, Caller, PartyId, PartyNotFound, Role
from torvet.ports.parts import Parts

from . import facts, ordering, store
from .agreeing import Wish, check_terms, sign
from .clauses import Clause
from .errors import (
    ClauseInvalid,
    ContractNotFound,
    NotProvider,
    OfferMoved,
    OfferNotFound,
    OfferProposed,
    OfferWithdrawn,
    OtherSide,
    OwnOffer,
    PreviewShowsMore,
    WrongStage,
)
from .levels.model import NO_LEVELS, ServiceLevels
from .model import (
    Approval,
    Contract,
    Offer,
    OfferId,
    OfferStage,
    Stage,
    projection_of_clauses,
)
from .orders import NO_ORDER, Order
from .periods import month_of
from .prices.model import FREE, Price, Tariff
from .terms import check_levels, digest_of, fitted, purpose_code

OFFERS_MAX = 500
CONTRACTS_MAX = 1_000
AUDIENCE_MAX = 500
HOUR = timedelta(hours=1)
PREVIEWED = OfferId("of_preview")
"""Of an offer that is not made yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An offer as its provider writes it."""

    title: str
    clauses: tuple[Clause, ...]
    approval: Approval = Approval.AT_ONCE
    audience: tuple[str, ...] | None = None
    """Short names of the parties that may accept; None is everyone who sees the dataset."""
    price: Price = FREE
    levels: ServiceLevels = NO_LEVELS
    preview_acknowledged: bool = False


def make_offer(parts: Parts, caller: Caller, slug: str, draft: Draft) -> Offer:
    """Offer a dataset under terms that fit its newest release."""
    with parts.db.begin() as tx:
        drawn = _drawn(parts, tx, caller, slug, draft)
        offer = replace(drawn, id=OfferId(parts.new_id("of")))
        store.add_offer(tx, offer)
        record(tx, facts.of_offer("offer-made", offer, caller.actor, offer.made_at))
    return offer


def preview_offer(parts: Parts, caller: Caller, slug: str, draft: Draft) -> Offer:
    """Return the offer that `make_offer` would make, to be read before it is; nothing is written.

    Raises what `make_offer` raises.
    """
    with parts.db.begin() as tx:
        return _drawn(parts, tx, caller, slug, draft)


def _drawn(parts: Parts, tx: Connection, caller: Caller, slug: str, draft: Draft) -> Offer:
    dataset = own_dataset(tx, caller, slug)
    clauses = fitted(draft.clauses, column_types(tx, dataset.id))
    check_levels(draft.levels, draft.price)
    if not draft.preview_acknowledged:
        _check_preview(tx, dataset, clauses)
    return Offer(
        id=PREVIEWED,
        dataset=dataset.id,
        provider=dataset.provider,
        title=draft.title,
        clauses=clauses,
        approval=draft.approval,
        audience=_audience(tx, draft.audience),
        price=draft.price,
        levels=draft.levels,
        made_at=parts.clock.now(),
        made_by=caller.account,
        digest=digest_of(
            dataset.id,
            draft.title,
            draft.approval,
            clauses,
            draft.price,
            levels=draft.levels,
        ),
    )


def withdraw_offer(parts: Parts, caller: Caller, offer_id: str) -> Offer:
    """Close an offer. Contracts made from it stand; doing it twice is no fault."""
    now = parts.clock.now()
    with parts.db.begin() as tx:
        offer = visible_offer(tx, caller, offer_id)
        if offer.provider != caller.party:
            raise OfferNotFound(offer_id)
        parties.check(caller, Role.STEWARD)
        if store.withdraw(tx, offer_id):
            offer = replace(offer, stage=OfferStage.WITHDRAWN, version=offer.version + 1)
            record(tx, facts.of_offer("offer-withdrawn", offer, caller.actor, now))
    return offer


def accept(
    parts: Parts,
    caller: Caller,
    offer_id: str,
    *,
    purpose: str,
    note: str = "",
    seen: str = "",
    order: Order = NO_ORDER,
) -> Contract:
    """Accept an offer, or ask to where its provider approves; terms and tariff are copied.

    `seen` is the digest of the terms that the buyer read, and has to be there where something is
    to be paid: where they are others now, nothing is agreed. The second of two acceptances is
    told which contract there is. Who had a trial or this month's free allowance before asks the
    provider for another.
    """
    now = parts.clock.now()
    code = purpose_code(purpose)
    with parts.db.begin() as tx:
        offer = visible_offer(tx, caller, offer_id, hold=True)
        parties.check(caller, Role.BUYER)
        assert caller.party is not None, "a buyer buys for a party"
        _check_acceptable(tx, caller.party, offer, purpose=code, now=now, seen=seen)
        tariff = ordering.tariff_of(tx, caller.party, offer, code, now=now, seen=seen, order=order)
        at_once = offer.approval is Approval.AT_ONCE
        if at_once and _is_free_again(tx, caller.party, offer, tariff, now):
            at_once = False
        stage = Stage.AGREED if at_once else Stage.REQUESTED
        wish = Wish(
            consumer=caller.party,
            purpose=code,
            note=note,
            tariff=tariff,
            order=order,
            account=caller.account,
        )
        return sign(parts, tx, offer, wish, stage=stage, actor=caller.actor)


def approve(parts: Parts, caller: Caller, contract_id: str) -> Contract:
    """Agree to what a consumer asked for, as the provider."""
    now = parts.clock.now()
    with parts.db.begin() as tx:
        held = _as_provider(tx, caller, contract_id)
        _need(held, Stage.REQUESTED)
        offer = store.offer(tx, held.offer)
        check_terms(tx, offer, held.consumer, purpose=held.purpose, now=now)
        agreed = store.replace(tx, replace(held, stage=Stage.AGREED, agreed_at=now))
        record(tx, facts.of_contract("contract-agreed", agreed, caller.actor, now, offer.digest))
    return agreed


def refuse(parts: Parts, caller: Caller, contract_id: str, reason: str) -> Contract:
    """Turn down what a consumer asked for, and say why, as the provider."""
    with parts.db.begin() as tx:
        held = _as_provider(tx, caller, contract_id)
        _need(held, Stage.REQUESTED)
        return _close(tx, parts, caller, held, stage=Stage.REFUSED, reason=reason)


def revoke(parts: Parts, caller: Caller, contract_id: str, reason: str) -> Contract:
    """Take an agreed contract back, and say why, as the provider; the next read is refused."""
    with parts.db.begin() as tx:
        held = _as_provider(tx, caller, contract_id)
        _need(held, Stage.AGREED)
        return _close(tx, parts, caller, held, stage=Stage.REVOKED, reason=reason)


def end(parts: Parts, caller: Caller, contract_id: str, reason: str = "") -> Contract:
    """End an agreed contract, or take a request back; both parties may end what is agreed."""
    with parts.db.begin() as tx:
        held = known_contract(tx, caller, contract_id)
        if caller.party == held.consumer:
            parties.check(caller, Role.BUYER)
            if held.stage is not Stage.REQUESTED:
                _need(held, Stage.AGREED)
        else:
            parties.check(caller, Role.STEWARD)
            _need(held, Stage.AGREED)
        return _close(tx, parts, caller, held, stage=Stage.ENDED, reason=reason)


def cancel(parts: Parts, tx: Connection, contract_id: str, *, reason: str) -> Contract:
    """End a contract in the exchange's own name, in `tx`; one that is over stays as it is."""
    held = store.contract(tx, contract_id)
    if held.stage not in {Stage.REQUESTED, Stage.AGREED}:
        return held
    return _close(tx, parts, None, held, stage=Stage.ENDED, reason=reason)


def close_overdue(parts: Parts, contract_id: str) -> bool:
    """End a contract whose validity is over; a request that nobody answered is refused."""
    now = parts.clock.now()
    with parts.db.begin() as tx:
        held = store.contract(tx, contract_id)
        live = held.stage in {Stage.AGREED, Stage.REQUESTED}
        if not live or held.ends_at is None or held.ends_at > now:
            return False
        stage = Stage.ENDED if held.stage is Stage.AGREED else Stage.REFUSED
        _close(tx, parts, None, held, stage=stage, reason="its validity is over")
    return True


def visible_offer(tx: Connection, caller: Caller, offer_id: str, *, hold: bool = False) -> Offer:
    """Return an offer that the caller's party made or may accept; raise OfferNotFound.

    With `hold` nobody withdraws it until the transaction ends.
    """
    offer = store.open_offer(tx, offer_id) if hold else store.offer(tx, offer_id)
    party = _trading_party(caller)
    if offer.provider == party:
        return offer
    try:
        catalogue.visible_dataset(tx, offer.dataset, caller)
    except (catalogue.DatasetNotFound, catalogue.DatasetWithdrawn) as hidden:
        raise OfferNotFound(offer_id) from hidden
    if not offer.is_for(party):
        raise OfferNotFound(offer_id)
    return offer


def offers_of(tx: Connection, caller: Caller, slug: str) -> list[Offer]:
    """Return the dataset's offers, newest first: its provider sees all, others what is for them."""
    dataset = catalogue.visible_dataset(tx, slug, caller)
    found = store.offers_of_dataset(tx, dataset.id, OFFERS_MAX)
    party = _trading_party(caller)
    if dataset.provider == party:
        return found
    return [o for o in found if o.stage is OfferStage.OPEN and o.is_for(party)]


def known_contract(tx: Connection, caller: Caller, contract_id: str) -> Contract:
    """Return a contract of the caller's party; raise ContractNotFound for anyone else's.

    A token that was made for one share alone knows of that contract only.
    """
    contract = store.contract(tx, contract_id)
    knows = not _is_for_shares(caller) or caller.may(SHARE + contract.id)
    if not contract.concerns(caller.party) or not knows:
        raise ContractNotFound(contract_id)
    return contract


def readable_contract(tx: Connection, caller: Caller, contract_id: str) -> Contract:
    """Return a contract under which the caller may try to read; see `known_contract`."""
    contract = known_contract(tx, caller, contract_id)
    if not caller.may(SHARE + contract.id):
        parties.check(caller, Role.READER)
    return contract


def _trading_party(caller: Caller) -> PartyId | None:
    """Return the party whose offers the caller may see: nobody's for a token of one share."""
    return None if _is_for_shares(caller) else caller.party


def _is_for_shares(caller: Caller) -> bool:
    return bool(caller.scopes) and all(scope.startswith(SHARE) for scope in caller.scopes)


def own_dataset(tx: Connection, caller: Caller, slug: str) -> Dataset:
    """Return a dataset that the caller may offer; raise NotProvider, or what hides it."""
    dataset = catalogue.visible_dataset(tx, slug, caller)
    if dataset.provider != caller.party:
        raise NotProvider(dataset.slug)
    parties.check(caller, Role.STEWARD)
    return dataset


def stated_hours(dataset: Dataset) -> int | None:
    """Return within how many hours a dataset says that it is brought up to date, if it does."""
    stated = catalogue.stated_interval(dataset)
    return None if stated is None else max(math.ceil(stated / HOUR), 1)


def column_types(tx: Connection, dataset: str) -> dict[str, str] | None:
    """Return the columns of the newest release and their types, None where there is none yet."""
    try:
        newest = catalogue.release(tx, dataset, None)
    except catalogue.ReleaseNotFound:
        return None
    return {column.name: column.type.value for column in newest.columns}


def _check_preview(tx: Connection, dataset: Dataset, clauses: tuple[Clause, ...]) -> None:
    withheld, rows = _beyond(tx, dataset, clauses)
    if withheld or rows:
        raise PreviewShowsMore(withheld, rows)


@catalogue.before_preview_changes
def _check_standing_offers(tx: Connection, before: Dataset, after: Dataset) -> None:
    """Raise PreviewShowsMore where everyone would newly see what an open offer withholds."""
    for offer in store.offers_of_dataset(tx, after.id, OFFERS_MAX):
        if offer.stage is not OfferStage.OPEN:
            continue
        known, knew_rows = _beyond(tx, before, offer.clauses)
        withheld, rows = _beyond(tx, after, offer.clauses)
        more = tuple(name for name in withheld if name not in known)
        if more or (rows and not knew_rows):
            raise PreviewShowsMore(more, rows and not knew_rows)


def _beyond(
    tx: Connection, dataset: Dataset, clauses: tuple[Clause, ...]
) -> tuple[tuple[str, ...], bool]:
    """Return what the preview shows beyond an offer: its columns, and whether rows."""
    shown = projection_of_clauses(clauses)
    preview = dataset.preview
    if dataset.visibility is Visibility.METADATA or preview.rows == 0:
        return (), False
    there = preview.columns
    if there is None:
        there = tuple(column_types(tx, dataset.id) or ())
    withheld = tuple(name for name in there if not shown.shows(name))
    return withheld, shown.filter is not None and bool(there)


def _audience(tx: Connection, slugs: Iterable[str] | None) -> tuple[PartyId, ...] | None:
    if slugs is None:
        return None
    named = dict.fromkeys(slugs)
    # Before anybody is looked up: a form may name as many as it likes.
    if not 0 < len(named) <= AUDIENCE_MAX:
        raise ClauseInvalid("audience", f"it names {len(named)} parties; leave it out for everyone")
    return tuple(_party(tx, slug) for slug in named)


def _party(tx: Connection, slug: str) -> PartyId:
    try:
        return parties.party_by_slug(tx, slug).id
    except PartyNotFound as unknown:
        raise ClauseInvalid("audience", f"there is no party {slug[:80]!r}") from unknown


def _check_acceptable(
    tx: Connection, consumer: PartyId, offer: Offer, *, purpose: str, now: datetime, seen: str
) -> None:
    if offer.provider == consumer:
        raise OwnOffer(offer.id)
    if offer.stage is OfferStage.PROPOSED:
        raise OfferProposed(offer.id)
    if offer.stage is not OfferStage.OPEN:
        raise OfferWithdrawn(offer.id)
    if seen and seen != offer.digest:
        gone, new = ordering.differences(store.seen_offer(tx, offer.dataset, seen), offer)
        raise OfferMoved(offer.id, offer.digest, gone, new)
    check_terms(tx, offer, consumer, purpose=purpose, now=now)


def _is_free_again(
    tx: Connection, consumer: PartyId, offer: Offer, tariff: Tariff, now: datetime
) -> bool:
    """Say whether `consumer`, or another party of its owner, had for free what this would give.

    Else a trial lasts for as long as somebody ends its contract on the last day of each, or has
    one organisation after another.
    """
    allowed = any(rate.free_monthly for rate in tariff.uses)
    if not tariff.trial_days and not allowed:
        return False
    alike = parties.owned_alike(tx, consumer)
    had = store.last_had(tx, offer.dataset, consumer, alike, now)
    return had is not None and (tariff.trial_days > 0 or had >= month_of(now).start)


def _as_provider(tx: Connection, caller: Caller, contract_id: str) -> Contract:
    contract = known_contract(tx, caller, contract_id)
    if contract.provider != caller.party:
        raise OtherSide(contract_id, "provider")
    parties.check(caller, Role.STEWARD)
    return contract


def _need(contract: Contract, stage: Stage) -> None:
    if contract.stage is not stage:
        raise WrongStage(contract.id, contract.stage.value, stage.value)


def _close(
    tx: Connection,
    parts: Parts,
    caller: Caller | None,
    held: Contract,
    *,
    stage: Stage,
    reason: str,
) -> Contract:
    """Write a last stage and its fact.

    The share's tokens stay: they open nothing any more, and whoever holds one is told why.
    """
    now = parts.clock.now()
    closed = store.replace(tx, replace(held, stage=stage, ended_at=now, reason=reason))
    actor = facts.EXCHANGE if caller is None else caller.actor
    record(tx, facts.of_contract(f"contract-{stage.value}", closed, actor, now))
    return closed
