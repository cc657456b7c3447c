"""What the interface answers about negotiations: every round, and what it changed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Self

from pydantic import BaseModel, Field
from sqlalchemy import Connection

from torvet.contracts import store as terms_store
from torvet.contracts.sheets import OfferSheet, OrderSheet, PartySheet, Words, offer_sheets
from torvet.parties import Caller, parties_by_id

from .model import Change, Negotiation, NegotiationStage, Round, Side
from .rules import changes


class ChangeSheet(BaseModel):
    """One thing that the terms say otherwise; null is where they say nothing of it."""

    about: str = Field(description="`title`, `price`, `service-levels`, or the kind of a clause.")
    before: Words | None
    after: Words | None

    @classmethod
    def of(cls, change: Change) -> Self:
        return cls(
            about=change.about,
            before=None if change.before is None else Words.of(change.before),
            after=None if change.after is None else Words.of(change.after),
        )


class RoundSheet(BaseModel):
    """What one side proposed, and how it differs from what lay on the table before."""

    number: int
    side: Side
    at: datetime
    words: str
    terms: OfferSheet
    changes: list[ChangeSheet]


class NegotiationSheet(BaseModel):
    """A negotiation, without its rounds."""

    id: str
    offer: str = Field(description="The offer that it began from.")
    stage: NegotiationStage
    turn: Side | None = Field(description="Who may agree to what is on the table.")
    dataset: str
    provider: PartySheet
    consumer: PartySheet
    purpose: str
    order: OrderSheet
    rounds: int
    opened_at: datetime
    ended_at: datetime | None
    contract: str | None
    reason: str


class NegotiationsSheet(BaseModel):
    """Negotiations, newest first. `next` is the `after` of the next page, null on the last."""

    items: list[NegotiationSheet]
    next: str | None


class TableSheet(NegotiationSheet):
    """A negotiation with all its rounds; the last is what lies on the table."""

    said: list[RoundSheet]
    changes: list[ChangeSheet] = Field(description="From the first offer to the last round.")
    seen: str = Field(description="The digest of what lies on the table.")


def negotiation_sheets(tx: Connection, found: Sequence[Negotiation]) -> list[NegotiationSheet]:
    """Return the sheets of negotiations, with one query for all parties."""
    known = parties_by_id(tx, {side for it in found for side in (it.provider, it.consumer)})
    sides = {
        key: PartySheet(id=party.id, slug=party.slug, name=party.name)
        for key, party in known.items()
    }
    return [
        NegotiationSheet(
            id=it.id,
            offer=it.start,
            stage=it.stage,
            turn=it.turn,
            dataset=it.dataset,
            provider=sides[it.provider],
            consumer=sides[it.consumer],
            purpose=it.purpose,
            order=OrderSheet.of(it.order),
            rounds=it.rounds,
            opened_at=it.opened_at,
            ended_at=it.ended_at,
            contract=it.contract,
            reason=it.reason,
        )
        for it in found
    ]


def table_sheet(
    tx: Connection, caller: Caller, found: Negotiation, said: Sequence[Round]
) -> TableSheet:
    """Return the whole negotiation."""
    start = terms_store.offer(tx, found.start)
    terms = [one.terms for one in said]
    before = [start, *terms]
    shown = offer_sheets(tx, caller, terms)
    rounds = [
        RoundSheet(
            number=one.number,
            side=one.side,
            at=one.at,
            words=one.words,
            terms=sheet,
            changes=[ChangeSheet.of(change) for change in changes(was, one.terms)],
        )
        for one, sheet, was in zip(said, shown, before, strict=False)
    ]
    return TableSheet(
        **negotiation_sheets(tx, [found])[0].model_dump(),
        said=rounds,
        changes=[ChangeSheet.of(change) for change in changes(start, terms[-1])],
        seen=terms[-1].digest,
    )
