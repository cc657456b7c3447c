"""How terms become a contract: the same whether they were offered or negotiated."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from torvet import catalogue, parties
from torvet.audit import record
from torvet.parties import PartyId
from torvet.ports.parts import Parts

from . import facts, store
from .clauses import Ask
from .errors import AlreadyContracted, TermsNotMet
from .model import Contract, ContractId, Offer, Stage
from .orders import Order
from .prices.model import Tariff
from .rules import objections_to_accepting

_SHARE_SLUG_MAX = 200
_SHARE_SUFFIX = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a consumer brings to an offer: who it is, for what, at which tariff."""

    consumer: PartyId
    purpose: str
    note: str
    tariff: Tariff
    order: Order
    account: str | None


def sign(
    parts: Parts, tx: Connection, offer: Offer, wish: Wish, *, stage: Stage, actor: str
) -> Contract:
    """Write the contract that `offer` and `wish` make, at `stage`, and its fact.

    Clauses, tariff and service levels are its own copy. Raises AlreadyContracted, with the one
    there is, where the consumer has a live contract of the offer.
    """
    now = parts.clock.now()
    contract = Contract(
        id=ContractId(parts.new_id("ct")),
        offer=offer.id,
        dataset=offer.dataset,
        provider=offer.provider,
        consumer=wish.consumer,
        purpose=wish.purpose,
        note=wish.note,
        clauses=offer.clauses,
        stage=stage,
        share=_share_name(parts, catalogue.dataset(tx, offer.dataset).slug),
        tariff=wish.tariff,
        levels=offer.levels,
        order=wish.order,
        requested_at=now,
        requested_by=wish.account,
        agreed_at=now if stage is Stage.AGREED else None,
    )
    if not store.add_contract(tx, contract):
        live = store.live_contract(tx, offer.id, wish.consumer)
        raise AlreadyContracted(offer.id, "" if live is None else live.id)
    record(tx, facts.of_contract(f"contract-{stage.value}", contract, actor, now, offer.digest))
    return contract


def check_terms(
    tx: Connection, offer: Offer, consumer: PartyId, *, purpose: str, now: datetime
) -> None:
    """Raise TermsNotMet where `consumer` could never read under the terms for `purpose`."""
    region = parties.party(tx, consumer).region
    ask = Ask(reader=consumer, purpose=purpose, at=now, region=region)
    found = objections_to_accepting(offer.clauses, ask)
    if found:
        raise TermsNotMet(offer.id, tuple(str(objection.words) for objection in found))


def _share_name(parts: Parts, slug: str) -> str:
    # The end of an id is random: thirty bits beside the slug keep names apart and unguessed.
    suffix = parts.new_id("sh")[-_SHARE_SUFFIX:]
    return f"{slug[:_SHARE_SLUG_MAX]}-{suffix}"
