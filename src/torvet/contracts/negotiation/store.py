"""Negotiations as rows. Each function takes the transaction that it runs in."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, insert, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert as insert_unless

from torvet.contracts import store as terms_store
from torvet.contracts.model import ContractId, OfferId
from torvet.contracts.orders import Order
from torvet.kit.money import Money
from torvet.parties.model import PartyId

from .errors import NegotiationNotFound
from .model import Negotiation, NegotiationId, NegotiationStage, Round, Side
from .tables import negotiation_rounds as rounds
from .tables import negotiations


def add(tx: Connection, made: Negotiation) -> bool:
    """Write a new negotiation; return False where its consumer has an open one of the offer."""
    written = tx.execute(
        insert_unless(negotiations)
        .values(**_row(made))
        .on_conflict_do_nothing(
            index_elements=["start", "consumer"], index_where=text("stage = 'open'")
        )
        .returning(negotiations.c.id)
    )
    return written.one_or_none() is not None


def add_round(tx: Connection, negotiation: str, said: Round) -> None:
    """Write a round and the terms that it proposes."""
    terms_store.add_offer(tx, said.terms)
    tx.execute(
        insert(rounds).values(
            negotiation=negotiation,
            number=said.number,
            side=said.side.value,
            offer=said.terms.id,
            words=said.words,
            at=said.at,
            by=said.by,
        )
    )


def change(tx: Connection, changed: Negotiation) -> None:
    """Write a negotiation that this transaction holds."""
    values = _row(changed)
    tx.execute(update(negotiations).where(negotiations.c.id == changed.id).values(**values))


def one(tx: Connection, negotiation: str, *, hold: bool = False) -> Negotiation:
    """Return a negotiation, with `hold` until the end for nobody else; NegotiationNotFound."""
    wanted = select(negotiations).where(negotiations.c.id == negotiation)
    row = tx.execute(wanted.with_for_update() if hold else wanted).mappings().one_or_none()
    if row is None:
        raise NegotiationNotFound(negotiation)
    return _negotiation(row)


def open_one(tx: Connection, start: str, consumer: str) -> Negotiation | None:
    """Return the open negotiation of an offer by a consumer."""
    wanted = select(negotiations).where(
        negotiations.c.start == start,
        negotiations.c.consumer == consumer,
        negotiations.c.stage == NegotiationStage.OPEN.value,
    )
    row = tx.execute(wanted).mappings().one_or_none()
    return None if row is None else _negotiation(row)


def of_party(tx: Connection, party: str, *, after: str | None, limit: int) -> list[Negotiation]:
    """Return what `party` negotiates or did, newest first; `after` is the last id seen."""
    mine = or_(negotiations.c.provider == party, negotiations.c.consumer == party)
    wanted = select(negotiations).where(mine).order_by(negotiations.c.id.desc()).limit(limit)
    if after is not None:
        wanted = wanted.where(negotiations.c.id < after)
    return [_negotiation(row) for row in tx.execute(wanted).mappings()]


def rounds_of(tx: Connection, negotiation: str, *, only: int | None = None) -> list[Round]:
    """Return the rounds with their terms, in order; `only` is the number of the one wanted."""
    wanted = select(rounds).where(rounds.c.negotiation == negotiation).order_by(rounds.c.number)
    if only is not None:
        wanted = wanted.where(rounds.c.number == only)
    return [
        Round(
            number=row["number"],
            side=Side(row["side"]),
            terms=terms_store.offer(tx, row["offer"]),
            words=row["words"],
            at=row["at"],
            by=row["by"],
        )
        for row in tx.execute(wanted).mappings().all()
    ]


def _row(it: Negotiation) -> dict[str, Any]:
    return {
        "id": it.id,
        "start": it.start,
        "dataset": it.dataset,
        "provider": it.provider,
        "consumer": it.consumer,
        "purpose": it.purpose,
        "purchase_order": it.order.purchase_order,
        "ean": it.order.ean,
        "cap": None if it.order.cap is None else it.order.cap.to_json(),
        "prepaid": it.order.prepaid,
        "stage": it.stage.value,
        "rounds": it.rounds,
        "last_side": it.last_side.value,
        "opened_at": it.opened_at,
        "ended_at": it.ended_at,
        "contract": it.contract,
        "reason": it.reason,
    }


def _negotiation(row: Mapping[Any, Any]) -> Negotiation:
    cap, contract = row["cap"], row["contract"]
    return Negotiation(
        id=NegotiationId(row["id"]),
        start=OfferId(row["start"]),
        dataset=row["dataset"],
        provider=PartyId(row["provider"]),
        consumer=PartyId(row["consumer"]),
        purpose=row["purpose"],
        order=Order(
            purchase_order=row["purchase_order"],
            ean=row["ean"],
            cap=None if cap is None else Money.from_json(cap),
            prepaid=row["prepaid"],
        ),
        stage=NegotiationStage(row["stage"]),
        rounds=row["rounds"],
        last_side=Side(row["last_side"]),
        opened_at=row["opened_at"],
        ended_at=row["ended_at"],
        contract=None if contract is None else ContractId(contract),
        reason=row["reason"],
    )
