"""Terms that were agreed elsewhere, such as in answer to a data request, become a contract here."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from torvet import catalogue, parties
from torvet.audit import record
from torvet.parties import PartyId
from torvet.ports.parts import Parts

from . import facts, orders, store
from .agreeing import Wish, check_terms, sign
from .clauses import Clause
from .errors import TermsNotMet
from .levels.model import NO_LEVELS, ServiceLevels
from .model import Approval, Contract, Offer, OfferId, OfferStage, Stage
from .orders import Order
from .prices.model import FREE, NOTHING, Case, Price, Tariff
from .terms import check_levels, digest_of, fitted


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal:
    """What one consumer gets of a dataset, and for what; the provider is the dataset's own."""

    dataset: str
    title: str
    clauses: tuple[Clause, ...]
    tariff: Tariff
    consumer: PartyId
    purpose: str
    note: str
    order: Order
    account: str | None
    levels: ServiceLevels = NO_LEVELS


def conclude(parts: Parts, tx: Connection, deal: Deal, *, actor: str) -> Contract:
    """Make the private offer and the contract that `deal` is, in the caller's transaction.

    The offer is withdrawn at once: nobody accepts it again. Raises TermsNotMet where the consumer
    could never read under these terms, and what `fitted` and `check_levels` raise where they do
    not fit the release or the price.
    """
    now = parts.clock.now()
    offer = _offer(parts, tx, deal, now)
    check_terms(tx, offer, deal.consumer, purpose=deal.purpose, now=now)
    faults = orders.faults_of(deal.order, parties.party(tx, deal.consumer), deal.tariff)
    if faults:
        raise TermsNotMet(offer.id, faults)
    store.add_offer(tx, offer)
    record(tx, facts.of_offer("offer-made", offer, actor, now))
    wish = Wish(
        consumer=deal.consumer,
        purpose=deal.purpose,
        note=deal.note,
        tariff=deal.tariff,
        order=deal.order,
        account=deal.account,
    )
    made = sign(parts, tx, offer, wish, stage=Stage.AGREED, actor=actor)
    store.withdraw(tx, offer.id)
    return made


def _offer(parts: Parts, tx: Connection, deal: Deal, now: datetime) -> Offer:
    dataset = catalogue.dataset(tx, deal.dataset)
    newest = catalogue.release(tx, dataset.id, None)
    types = {column.name: column.type.value for column in newest.columns}
    clauses = fitted(deal.clauses, types)
    price = FREE if deal.tariff == NOTHING else Price(cases=(Case(tariff=deal.tariff),))
    check_levels(deal.levels, price)
    return Offer(
        id=OfferId(parts.new_id("of")),
        dataset=dataset.id,
        provider=dataset.provider,
        title=deal.title,
        clauses=clauses,
        approval=Approval.AT_ONCE,
        audience=(deal.consumer,),
        price=price,
        levels=deal.levels,
        stage=OfferStage.OPEN,
        made_at=now,
        made_by=None,
        digest=digest_of(
            dataset.id, deal.title, Approval.AT_ONCE, clauses, price, levels=deal.levels
        ),
    )
