"""Payments by card, refunds and events as rows. Each function takes its transaction."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or

from torvet.kit.money import Currency, Money
from torvet.ports.payments import CardEvent

from .errors import CardPaymentNotFound
from .model import CardPayment, CardPaymentId, CardRefund, CardRefundStage, CardStage
from .tables import card_events, card_payments, card_refunds

_LIVE = [CardStage.ASKED.value, CardStage.OPEN.value]


def begin(tx: Connection, payment: CardPayment) -> CardPayment:
    """Write a payment that is to be asked for; return the live one of its invoice, if there is."""
    made = insert_or(card_payments).values(_payment_row(payment)).on_conflict_do_nothing()
    if tx.scalar(made.returning(card_payments.c.id)) is not None:
        return payment
    live = select(card_payments).where(
        card_payments.c.invoice == payment.invoice, card_payments.c.stage.in_(_LIVE)
    )
    return _payment(tx.execute(live).one())


def payment(tx: Connection, *, id_: str = "", session: str = "", intent: str = "") -> CardPayment:
    """Return the payment of our id, or of the provider's session or intent, held until `tx` ends.

    Raises CardPaymentNotFound.
    """
    columns = card_payments.c
    wanted = ((columns.id, id_), (columns.session, session), (columns.intent, intent))
    named = or_(*(column == value for column, value in wanted if value))
    row = tx.execute(select(card_payments).where(named).with_for_update()).one_or_none()
    if row is None:
        raise CardPaymentNotFound(id_ or session or intent)
    return _payment(row)


def keep(tx: Connection, changed: CardPayment) -> CardPayment:
    """Write a payment over itself; it is held."""
    tx.execute(
        update(card_payments).where(card_payments.c.id == changed.id).values(_payment_row(changed))
    )
    return changed


def payments_of(tx: Connection, invoice: str) -> list[CardPayment]:
    """Return the payments of an invoice, the oldest first."""
    query = select(card_payments).where(card_payments.c.invoice == invoice)
    return [_payment(row) for row in tx.execute(query.order_by(card_payments.c.id))]


def payments_in(
    tx: Connection, stage: CardStage, before: datetime, limit: int
) -> list[CardPayment]:
    """Return payments in `stage` that were asked for before, the oldest first."""
    query = select(card_payments).where(
        card_payments.c.stage == stage.value, card_payments.c.asked_at <= before
    )
    return [_payment(row) for row in tx.execute(query.order_by(card_payments.c.id).limit(limit))]


def add_refund(tx: Connection, made: CardRefund) -> None:
    """Write a refund."""
    tx.execute(insert(card_refunds).values(_refund_row(made)))


def refund(tx: Connection, *, id_: str = "", name: str = "") -> CardRefund | None:
    """Return the refund of our id, or of the provider's name, held until `tx` ends."""
    wanted = ((card_refunds.c.id, id_), (card_refunds.c.refund, name))
    named = or_(*(column == value for column, value in wanted if value))
    row = tx.execute(select(card_refunds).where(named).with_for_update()).one_or_none()
    return None if row is None else _refund(row)


def keep_refund(tx: Connection, before: CardRefund, **changed: Any) -> CardRefund:
    """Write a refund over itself; it is held."""
    after = replace(before, **changed)
    tx.execute(
        update(card_refunds).where(card_refunds.c.id == before.id).values(_refund_row(after))
    )
    return after


def refunded(tx: Connection, payment_id: str) -> int:
    """Return how much of a payment went back or is on its way, in minor units."""
    total = select(func.coalesce(func.sum(card_refunds.c.amount), 0)).where(
        card_refunds.c.payment == payment_id,
        card_refunds.c.stage != CardRefundStage.FAILED.value,
    )
    return int(tx.scalar(total) or 0)


def refunds_of(tx: Connection, payments: Sequence[CardPayment]) -> list[CardRefund]:
    """Return the refunds of some payments."""
    ids = [each.id for each in payments]
    query = select(card_refunds).where(card_refunds.c.payment.in_(ids))
    return [_refund(row) for row in tx.execute(query.order_by(card_refunds.c.id))]


def refunds_asked(tx: Connection, limit: int) -> list[CardRefund]:
    """Return refunds of which nobody knows whether the provider heard."""
    query = select(card_refunds).where(card_refunds.c.stage == CardRefundStage.ASKED.value)
    return [_refund(row) for row in tx.execute(query.order_by(card_refunds.c.id).limit(limit))]


def add_event(tx: Connection, event: CardEvent, body: bytes, at: datetime) -> bool:
    """Keep an event as it was signed; return whether it is new."""
    made = (
        insert_or(card_events)
        .values(id=event.id, kind=event.kind, made_at=event.made_at, body=body, received_at=at)
        .on_conflict_do_nothing()
    )
    return tx.scalar(made.returning(card_events.c.id)) is not None


def hold_event(tx: Connection, id_: str) -> bool:
    """Hold an event that waits until `tx` ends; return whether it waits."""
    query = select(card_events.c.outcome).where(card_events.c.id == id_).with_for_update()
    row = tx.execute(query).one_or_none()
    return row is not None and row.outcome is None


def end_event(tx: Connection, id_: str, outcome: str) -> None:
    """Write what came of an event."""
    tx.execute(update(card_events).where(card_events.c.id == id_).values(outcome=outcome))


def events_waiting(tx: Connection, since: datetime, limit: int) -> list[tuple[str, bytes]]:
    """Return events since then that nothing could be made of yet, in the order they were made."""
    query = (
        select(card_events.c.id, card_events.c.body)
        .where(card_events.c.outcome.is_(None), card_events.c.received_at > since)
        .order_by(card_events.c.made_at, card_events.c.id)
        .limit(limit)
    )
    return [(row.id, bytes(row.body)) for row in tx.execute(query)]


def _payment_row(one: CardPayment) -> dict[str, Any]:
    return {
        "id": one.id,
        "party": one.party,
        "invoice": one.invoice,
        "amount": one.amount.minor,
        "currency": one.amount.currency.value,
        "stage": one.stage.value,
        "session": one.session,
        "url": one.url,
        "intent": one.intent,
        "transaction": one.transaction,
        "asked_at": one.asked_at,
        "asked_by": one.asked_by,
    }


def _payment(row: Row[Any]) -> CardPayment:
    return CardPayment(
        id=CardPaymentId(row.id),
        party=row.party,
        invoice=row.invoice,
        amount=Money(row.amount, Currency(row.currency)),
        stage=CardStage(row.stage),
        asked_at=row.asked_at,
        asked_by=row.asked_by,
        session=row.session,
        url=row.url,
        intent=row.intent,
        transaction=row.transaction,
    )


def _refund_row(one: CardRefund) -> dict[str, Any]:
    return {
        "id": one.id,
        "payment": one.payment,
        "amount": one.amount.minor,
        "currency": one.amount.currency.value,
        "reason": one.reason,
        "stage": one.stage.value,
        "refund": one.refund,
        "transaction": one.transaction,
        "put_back": one.put_back,
        "asked_at": one.asked_at,
        "asked_by": one.asked_by,
    }


def _refund(row: Row[Any]) -> CardRefund:
    return CardRefund(
        id=row.id,
        payment=CardPaymentId(row.payment),
        amount=Money(row.amount, Currency(row.currency)),
        reason=row.reason,
        stage=CardRefundStage(row.stage),
        transaction=row.transaction,
        asked_at=row.asked_at,
        asked_by=row.asked_by,
        refund=row.refund,
        put_back=row.put_back,
    )
