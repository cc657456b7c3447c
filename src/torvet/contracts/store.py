"""Offers and contracts as rows. Each function takes the transaction that it runs in."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    Connection,
    RowMapping,
    Text,
    and_,
    bindparam,
    cast,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert

from torvet.kit.money import Money
from torvet.parties.model import PartyId
from torvet.ports.question import Question

from . import news, terms
from .clauses import Clause
from .errors import ContractMoved, ContractNotFound, OfferNotFound
from .levels import model as service_levels
from .levels.model import NO_LEVELS, ServiceLevels
from .model import Approval, Contract, ContractId, Offer, OfferId, OfferStage, Stage
from .orders import NO_ORDER, Order
from .prices import terms as price_terms
from .prices.model import FREE, NOTHING, Tariff
from .tables import contracts, offers

CLAUSES_KEPT = 4_096
LIVE = (Stage.REQUESTED.value, Stage.AGREED.value)


def add_offer(tx: Connection, offer: Offer) -> None:
    tx.execute(
        insert(offers).values(
            id=offer.id,
            dataset=offer.dataset,
            provider=offer.provider,
            title=offer.title,
            clauses=[terms.to_json(clause) for clause in offer.clauses],
            approval=offer.approval.value,
            audience=None if offer.audience is None else list(offer.audience),
            price=None if offer.price == FREE else price_terms.to_json(offer.price),
            levels=service_levels.to_json(offer.levels) if offer.levels else None,
            stage=offer.stage.value,
            made_at=offer.made_at,
            made_by=offer.made_by,
            digest=offer.digest,
            version=offer.version,
        )
    )


def offer(tx: Connection, offer_id: str) -> Offer:
    """Return the offer; raise OfferNotFound."""
    row = tx.execute(select(offers).where(offers.c.id == offer_id)).mappings().one_or_none()
    if row is None:
        raise OfferNotFound(offer_id)
    return _offer(row)


def open_offer(tx: Connection, offer_id: str) -> Offer:
    """Return the offer and keep it from being withdrawn until the transaction ends."""
    found = select(offers).where(offers.c.id == offer_id).with_for_update(read=True)
    row = tx.execute(found).mappings().one_or_none()
    if row is None:
        raise OfferNotFound(offer_id)
    return _offer(row)


def offers_of_dataset(tx: Connection, dataset: str, limit: int) -> list[Offer]:
    """Return offers of a dataset, newest first; where there are too many, open ones before others.

    Without what is only proposed: however much a consumer proposes, it hides no offer.
    """
    wanted = select(offers).where(
        offers.c.dataset == dataset, offers.c.stage != OfferStage.PROPOSED.value
    )
    order = ((offers.c.stage == OfferStage.OPEN.value).desc(), offers.c.id.desc())
    rows = tx.execute(wanted.order_by(*order).limit(limit)).mappings()
    return sorted((_offer(row) for row in rows), key=lambda offer: offer.id, reverse=True)


def seen_offer(tx: Connection, dataset: str, digest: str) -> Offer | None:
    """Return an offer of the dataset, open or not, whose terms have the digest."""
    wanted = select(offers).where(offers.c.dataset == dataset, offers.c.digest == digest)
    row = tx.execute(wanted.order_by(offers.c.id.desc()).limit(1)).mappings().one_or_none()
    return None if row is None else _offer(row)


def withdraw(tx: Connection, offer_id: str) -> bool:
    """Close the offer; say whether this call did."""
    closed = tx.execute(
        update(offers)
        .where(offers.c.id == offer_id, offers.c.stage == OfferStage.OPEN.value)
        .values(stage=OfferStage.WITHDRAWN.value, version=offers.c.version + 1)
    )
    return closed.rowcount == 1


def add_contract(tx: Connection, contract: Contract) -> bool:
    """Write a new contract; return False where its consumer has a live one of this offer."""
    written = tx.execute(
        insert(contracts)
        .values(
            id=contract.id,
            offer=contract.offer,
            dataset=contract.dataset,
            provider=contract.provider,
            consumer=contract.consumer,
            purpose=contract.purpose,
            note=contract.note,
            clauses=[terms.to_json(clause) for clause in contract.clauses],
            stage=contract.stage.value,
            share=contract.share,
            tariff=None if contract.tariff == NOTHING else price_terms.tariff_json(contract.tariff),
            levels=service_levels.to_json(contract.levels) if contract.levels else None,
            purchase_order=contract.order.purchase_order or None,
            ean=contract.order.ean or None,
            cap=None if contract.order.cap is None else contract.order.cap.to_json(),
            prepaid=contract.order.prepaid,
            requested_at=contract.requested_at,
            requested_by=contract.requested_by,
            agreed_at=contract.agreed_at,
            ends_at=contract.ends_at,
            ended_at=contract.ended_at,
            reason=contract.reason,
            version=contract.version,
        )
        .on_conflict_do_nothing(
            index_elements=["offer", "consumer"],
            # Written out: a prepared statement's parameters prove no partial index.
            index_where=text("stage in ('requested', 'agreed')"),
        )
        .returning(contracts.c.id)
    )
    if written.one_or_none() is None:
        return False
    news.note(tx, contract)
    return True


def live_contract(tx: Connection, offer_id: str, consumer: str) -> Contract | None:
    """Return the one requested or agreed contract of the offer and the consumer."""
    wanted = select(contracts).where(
        contracts.c.offer == offer_id,
        contracts.c.consumer == consumer,
        contracts.c.stage.in_(LIVE),
    )
    row = tx.execute(wanted).mappings().one_or_none()
    return None if row is None else contract_of(row)


def last_had(
    tx: Connection, dataset: str, consumer: str, alike: Sequence[str], at: datetime
) -> datetime | None:
    """Return when a contract of a dataset was last had that a new one would repeat, if one was.

    One that the consumer had is over; one that a party of the same owner has may stand at `at`.
    """
    ended = func.max(func.coalesce(contracts.c.ended_at, at))
    over = select(ended).where(
        contracts.c.dataset == dataset,
        contracts.c.agreed_at.is_not(None),
        or_(
            and_(contracts.c.consumer == consumer, contracts.c.ended_at.is_not(None)),
            contracts.c.consumer.in_(list(alike)),
        ),
    )
    had: datetime | None = tx.scalar(over)
    return had


def contract(tx: Connection, contract_id: str) -> Contract:
    """Return the contract; raise ContractNotFound."""
    row = _BY_ID.ask(tx, wanted=contract_id)
    if row is None:
        raise ContractNotFound(contract_id)
    return _read(row)


def contracts_by_id(tx: Connection, wanted: Sequence[str]) -> dict[str, Contract]:
    """Return those of `wanted` that are there, by their ids."""
    # As one array: a list of parameters takes longer to write than to look up.
    rows = tx.execute(
        _WRITTEN.where(contracts.c.id == func.any(cast(list(wanted), ARRAY(Text))))
    ).mappings()
    return {row["id"]: _read(row) for row in rows}


def contract_by_share(tx: Connection, share: str) -> Contract:
    """Return the contract whose share it is; raise ContractNotFound."""
    wanted = select(contracts).where(contracts.c.share == share.lower())
    row = tx.execute(wanted).mappings().one_or_none()
    if row is None:
        raise ContractNotFound(share)
    return contract_of(row)


def contracts_of(
    tx: Connection,
    party: str,
    stage: Stage | None,
    *,
    dataset: str | None = None,
    after: str | None = None,
    limit: int,
) -> list[Contract]:
    """Return contracts that `party` gives or takes, newest first; `after` is the last id seen."""
    mine = or_(contracts.c.provider == party, contracts.c.consumer == party)
    wanted = select(contracts).where(mine).order_by(contracts.c.id.desc()).limit(limit)
    if stage is not None:
        wanted = wanted.where(contracts.c.stage == stage.value)
    if dataset is not None:
        wanted = wanted.where(contracts.c.dataset == dataset)
    if after is not None:
        wanted = wanted.where(contracts.c.id < after)
    return [contract_of(row) for row in tx.execute(wanted).mappings()]


def agreed_with(
    tx: Connection, consumer: str, *, only: Sequence[str] | None, after: str, limit: int
) -> list[Contract]:
    """Return agreed contracts of `consumer` by share name; `only` narrows them to some ids."""
    wanted = (
        select(contracts)
        .where(
            contracts.c.consumer == consumer,
            contracts.c.stage == Stage.AGREED.value,
            contracts.c.share > after,
        )
        .order_by(contracts.c.share)
        .limit(limit)
    )
    if only is not None:
        wanted = wanted.where(contracts.c.id.in_(only))
    return [contract_of(row) for row in tx.execute(wanted).mappings()]


def promising(tx: Connection, *, after: str, limit: int) -> list[Contract]:
    """Return contracts that were agreed and promise service levels, ended ones too, by their id."""
    wanted = select(contracts).where(
        contracts.c.levels.is_not(None), contracts.c.agreed_at.is_not(None), contracts.c.id > after
    )
    rows = tx.execute(wanted.order_by(contracts.c.id).limit(limit)).mappings()
    return [contract_of(row) for row in rows]


def overdue(tx: Connection, at: datetime, limit: int) -> Sequence[str]:
    """Return ids of live contracts whose validity is over at `at`, the oldest end first."""
    wanted = (
        select(contracts.c.id)
        .where(and_(contracts.c.stage.in_(LIVE), contracts.c.ends_at <= at))
        .order_by(contracts.c.ends_at)
        .limit(limit)
    )
    return tx.scalars(wanted).all()


def replace(tx: Connection, changed: Contract) -> Contract:
    """Write `changed` over the version it was read from; whoever comes second is told."""
    written = tx.execute(
        update(contracts)
        .where(contracts.c.id == changed.id, contracts.c.version == changed.version)
        .values(
            stage=changed.stage.value,
            cap=None if changed.order.cap is None else changed.order.cap.to_json(),
            agreed_at=changed.agreed_at,
            ended_at=changed.ended_at,
            reason=changed.reason,
            version=changed.version + 1,
        )
        .returning(contracts)
    )
    row = written.mappings().one_or_none()
    if row is None:
        raise ContractMoved(changed.id)
    news.note(tx, changed)
    return contract_of(row)


def _offer(row: RowMapping) -> Offer:
    audience = row["audience"]
    return Offer(
        id=OfferId(row["id"]),
        dataset=row["dataset"],
        provider=PartyId(row["provider"]),
        title=row["title"],
        clauses=_clauses(row["clauses"]),
        approval=Approval(row["approval"]),
        audience=None if audience is None else tuple(PartyId(party) for party in audience),
        price=FREE if row["price"] is None else price_terms.from_json(row["price"]),
        levels=_levels(row["levels"]),
        stage=OfferStage(row["stage"]),
        made_at=row["made_at"],
        made_by=row["made_by"],
        digest=row["digest"],
        version=row["version"],
    )


def contract_of(row: RowMapping) -> Contract:
    """Return the contract that a row of `contracts` holds."""
    clauses, levels = _clauses(row["clauses"]), _levels(row["levels"])
    return _contract(row, clauses, _tariff(row["tariff"]), levels)


def _contract(
    row: Mapping[str, Any] | RowMapping,
    clauses: tuple[Clause, ...],
    tariff: Tariff,
    levels: ServiceLevels,
) -> Contract:
    return Contract(
        id=ContractId(row["id"]),
        offer=OfferId(row["offer"]),
        dataset=row["dataset"],
        provider=PartyId(row["provider"]),
        consumer=PartyId(row["consumer"]),
        purpose=row["purpose"],
        note=row["note"],
        clauses=clauses,
        stage=Stage(row["stage"]),
        share=row["share"],
        tariff=tariff,
        levels=levels,
        order=_order(row),
        requested_at=row["requested_at"],
        requested_by=row["requested_by"],
        agreed_at=row["agreed_at"],
        ended_at=row["ended_at"],
        reason=row["reason"],
        version=row["version"],
    )


def _read(row: Mapping[str, Any] | RowMapping) -> Contract:
    """Return the contract that a row of `_WRITTEN` holds; its terms are read once."""
    clauses, levels = _clauses_in(row["written"]), _levels_in(row["promised"])
    return _contract(row, clauses, _tariff_in(row["priced"]), levels)


def _clauses(rows: list[dict[str, Any]]) -> tuple[Clause, ...]:
    return tuple(terms.from_json(row) for row in rows)


def _tariff(written: dict[str, Any] | None) -> Tariff:
    return NOTHING if written is None else price_terms.tariff_from_json(written)


def _levels(written: dict[str, Any] | None) -> ServiceLevels:
    return NO_LEVELS if written is None else service_levels.from_json(written)


def _order(row: Mapping[str, Any] | RowMapping) -> Order:
    number, ean, cap = row["purchase_order"], row["ean"], row["cap"]
    if number is None and ean is None and cap is None and not row["prepaid"]:
        return NO_ORDER
    return Order(
        purchase_order=number or "",
        ean=ean or "",
        cap=None if cap is None else Money.from_json(cap),
        prepaid=row["prepaid"],
    )


@lru_cache(CLAUSES_KEPT)
def _clauses_in(written: str) -> tuple[Clause, ...]:
    return _clauses(json.loads(written))


@lru_cache(CLAUSES_KEPT)
def _tariff_in(written: str | None) -> Tariff:
    return NOTHING if written is None else _tariff(json.loads(written))


@lru_cache(CLAUSES_KEPT)
def _levels_in(written: str | None) -> ServiceLevels:
    return NO_LEVELS if written is None else _levels(json.loads(written))


# Asked with every read, so built once. The terms come as their text, which is read once too.
_WRITTEN = select(
    *(each for each in contracts.c if each.name not in {"clauses", "tariff", "levels"}),
    cast(contracts.c.clauses, Text).label("written"),
    cast(contracts.c.tariff, Text).label("priced"),
    cast(contracts.c.levels, Text).label("promised"),
)
_BY_ID = Question(_WRITTEN.where(contracts.c.id == bindparam("wanted")))
