"""What the interface answers about offers and contracts: rich enough for a page of its own."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Self

from pydantic import BaseModel, Field
from sqlalchemy import Connection

from torvet import catalogue, parties
from torvet.kit import filters
from torvet.parties import Caller

from . import purposes, terms
from .clauses import Ask, Clause
from .levels import model as service_levels
from .levels import words as level_words
from .levels.model import ServiceLevels
from .model import Approval, Contract, Offer, OfferStage, Projection, Stage
from .orders import Order
from .prices import terms as price_terms
from .prices import words as price_words
from .prices.model import Price, Tariff
from .purposes import Purpose
from .rules import Refused, Verdict
from .sentences import Sentence


class Words(BaseModel):
    """The same in Danish and in English."""

    da: str
    en: str

    @classmethod
    def of(cls, sentence: Sentence) -> Self:
        return cls(da=sentence.da, en=sentence.en)


class Lines(BaseModel):
    """Sentences in Danish and in English, one for each clause."""

    da: list[str]
    en: list[str]

    @classmethod
    def of(cls, agreed: Offer | Contract) -> Self:
        return cls(da=terms.said(agreed, "da"), en=terms.said(agreed, "en"))

    @classmethod
    def of_sentences(cls, sentences: Sequence[Sentence]) -> Self:
        return cls(da=[each.da for each in sentences], en=[each.en for each in sentences])


class TermSheet(BaseModel):
    """One clause: as programs read it, and as people do."""

    clause: dict[str, Any]
    words: Words

    @classmethod
    def of(cls, clause: Clause) -> Self:
        return cls(clause=terms.to_json(clause), words=Words.of(clause.words()))


class PriceSheet(BaseModel):
    """What is to be paid, without VAT: as programs read it, and as people do."""

    free: bool
    price: dict[str, Any] = Field(description="Cases of an offer, or the tariff of a contract.")
    words: Lines

    @classmethod
    def of_price(cls, price: Price) -> Self:
        said = price_words.of_price(price)
        return cls(
            free=price.is_free, price=price_terms.to_json(price), words=Lines.of_sentences(said)
        )

    @classmethod
    def of_tariff(cls, tariff: Tariff) -> Self:
        said = price_words.of_tariff(tariff)
        return cls(
            free=tariff.is_free,
            price=price_terms.tariff_json(tariff),
            words=Lines.of_sentences(said),
        )


class LevelsSheet(BaseModel):
    """What the provider promises of its service: as programs read it, and as people do."""

    promised: dict[str, Any] = Field(description="Levels, and what a breach of each gives back.")
    words: Lines

    @classmethod
    def of(cls, levels: ServiceLevels, paid: Price | Tariff) -> Self | None:
        if not levels:
            return None
        said = level_words.of_levels(levels, paid)
        return cls(promised=service_levels.to_json(levels), words=Lines.of_sentences(said))


class OrderSheet(BaseModel):
    """What the buyer added: its order number, where invoices go, and its spending cap."""

    purchase_order: str
    ean: str
    cap: dict[str, Any] | None = Field(description="Minor units and their currency, a month.")
    prepaid: bool = Field(description="Reading stops when what is held is used up.")

    @classmethod
    def of(cls, order: Order) -> Self:
        return cls(
            purchase_order=order.purchase_order,
            ean=order.ean,
            cap=None if order.cap is None else order.cap.to_json(),
            prepaid=order.prepaid,
        )


class ShownSheet(BaseModel):
    """The part of every release that is shared; null is all of it."""

    columns: list[str] | None
    filter: str | None

    @classmethod
    def of(cls, shown: Projection) -> Self:
        return cls(
            columns=None if shown.columns is None else list(shown.columns),
            filter=None if shown.filter is None else filters.to_text(shown.filter),
        )


class PartySheet(BaseModel):
    """A party, as others see it."""

    id: str
    slug: str
    name: str


class DatasetSheet(BaseModel):
    """A dataset, as far as an offer names it."""

    id: str
    slug: str
    title: dict[str, str]


class PurposeSheet(BaseModel):
    """A purpose of the Data Privacy Vocabulary."""

    code: str
    iri: str
    broader: list[str]
    words: Words

    @classmethod
    def of(cls, purpose: Purpose) -> Self:
        return cls(
            code=purpose.code,
            iri=purpose.iri,
            broader=list(purpose.broader),
            words=Words.of(purpose.label),
        )


class PurposesSheet(BaseModel):
    """All purposes that are known here."""

    items: list[PurposeSheet]


class OfferSheet(BaseModel):
    """An offer and its terms. `digest` says which terms, so that a buyer can hold on to them."""

    id: str
    dataset: DatasetSheet
    provider: PartySheet
    title: str
    terms: list[TermSheet]
    words: Lines
    price: PriceSheet
    levels: LevelsSheet | None
    shows: ShownSheet
    approval: Approval
    audience: list[str] | None = Field(description="Short names; told to the provider only.")
    stage: OfferStage
    made_at: datetime
    digest: str


class OffersSheet(BaseModel):
    """A dataset's offers, newest first."""

    items: list[OfferSheet]


class UsedSheet(BaseModel):
    """What was used of the limits so far. Only contracts with limits are counted."""

    rows_today: int
    requests_this_minute: int


class ContractSheet(BaseModel):
    """A contract: who, what, for which purpose, under which terms, and how far it has come."""

    id: str
    offer: str
    dataset: DatasetSheet
    provider: PartySheet
    consumer: PartySheet
    purpose: PurposeSheet
    note: str
    terms: list[TermSheet]
    words: Lines
    price: PriceSheet = Field(description="What this contract costs: frozen when it was accepted.")
    levels: LevelsSheet | None = Field(description="What was promised when it was accepted.")
    order: OrderSheet
    shows: ShownSheet
    stage: Stage
    stage_words: Words
    share: str = Field(description="The Delta Sharing name under which it is read.")
    requested_at: datetime
    agreed_at: datetime | None
    ends_at: datetime | None
    ended_at: datetime | None
    reason: str
    version: int


class ContractsSheet(BaseModel):
    """Contracts, newest first. `next` is the `after` of the next page, null on the last."""

    items: list[ContractSheet]
    next: str | None


class ObjectionSheet(BaseModel):
    """One thing that stands in the way."""

    source: str = Field(description="`stage`, `reader`, or the clause.")
    words: Words


class ExplanationSheet(BaseModel):
    """Whether a read would be allowed now, and if not, everything that stands in its way."""

    contract: str
    allowed: bool
    reasons: list[str] = Field(description="In English; see `objections` for both languages.")
    objections: list[ObjectionSheet]
    used: UsedSheet
    words: Lines = Field(description="The terms, duties that never object among them.")

    @classmethod
    def of(cls, contract: Contract, verdict: Verdict, ask: Ask) -> Self:
        found = verdict.objections if isinstance(verdict, Refused) else ()
        return cls(
            contract=contract.id,
            allowed=not found,
            reasons=[objection.words.en for objection in found],
            objections=[
                ObjectionSheet(source=objection.source, words=Words.of(objection.words))
                for objection in found
            ],
            used=UsedSheet(
                rows_today=ask.rows_today, requests_this_minute=ask.requests_this_minute
            ),
            words=Lines.of(contract),
        )


def offer_sheets(tx: Connection, caller: Caller, offers: Sequence[Offer]) -> list[OfferSheet]:
    """Return the sheets of offers, with a query for all datasets and one for all parties."""
    datasets = _datasets(tx, {offer.dataset for offer in offers})
    audience = {party for offer in offers for party in offer.audience or ()}
    known = _parties(tx, {offer.provider for offer in offers} | audience)
    return [
        OfferSheet(
            id=offer.id,
            dataset=datasets[offer.dataset],
            provider=known[offer.provider],
            title=offer.title,
            terms=[TermSheet.of(clause) for clause in offer.clauses],
            words=Lines.of(offer),
            price=PriceSheet.of_price(offer.price),
            levels=LevelsSheet.of(offer.levels, offer.price),
            shows=ShownSheet.of(offer.projection),
            approval=offer.approval,
            audience=(
                [known[party].slug for party in offer.audience]
                if offer.audience is not None and offer.provider == caller.party
                else None
            ),
            stage=offer.stage,
            made_at=offer.made_at,
            digest=offer.digest,
        )
        for offer in offers
    ]


def contract_sheets(tx: Connection, contracts: Sequence[Contract]) -> list[ContractSheet]:
    """Return the sheets of contracts, with a query for all datasets and one for all parties."""
    datasets = _datasets(tx, {contract.dataset for contract in contracts})
    sides = {side for contract in contracts for side in (contract.provider, contract.consumer)}
    known = _parties(tx, sides)
    return [
        ContractSheet(
            id=contract.id,
            offer=contract.offer,
            dataset=datasets[contract.dataset],
            provider=known[contract.provider],
            consumer=known[contract.consumer],
            purpose=PurposeSheet.of(purposes.PURPOSES[contract.purpose]),
            note=contract.note,
            terms=[TermSheet.of(clause) for clause in contract.clauses],
            words=Lines.of(contract),
            price=PriceSheet.of_tariff(contract.tariff),
            levels=LevelsSheet.of(contract.levels, contract.tariff),
            order=OrderSheet.of(contract.order),
            shows=ShownSheet.of(contract.projection),
            stage=contract.stage,
            stage_words=Words.of(contract.stage.words()),
            share=contract.share,
            requested_at=contract.requested_at,
            agreed_at=contract.agreed_at,
            ends_at=contract.ends_at,
            ended_at=contract.ended_at,
            reason=contract.reason,
            version=contract.version,
        )
        for contract in contracts
    ]


def _datasets(tx: Connection, ids: set[str]) -> dict[str, DatasetSheet]:
    return {
        str(key): DatasetSheet(id=found.id, slug=found.slug, title=dict(found.title))
        for key, found in catalogue.datasets_by_id(tx, sorted(ids)).items()
    }


def _parties(tx: Connection, ids: set[parties.PartyId]) -> dict[str, PartySheet]:
    return {
        str(key): PartySheet(id=found.id, slug=found.slug, name=found.name)
        for key, found in parties.parties_by_id(tx, ids).items()
    }
