"""Giving back what was paid too much: to the card that it came from, or by transfer."""

import hashlib
from datetime import datetime

from sqlalchemy import Connection

from torvet import parties
from torvet.audit import Fact, record
from torvet.billing import service as books
from torvet.billing.errors import KeyReused
from torvet.billing.invoices import IssuedInvoice, invoice, settle
from torvet.billing.invoices.store import hold
from torvet.billing.model import TransactionId
from torvet.billing.payouts import store as payout_store
from torvet.billing.payouts.model import Payout
from torvet.billing.payouts.service import pay_back
from torvet.kit.ids import new_id
from torvet.kit.money import Money
from torvet.parties import Caller, Scope
from torvet.ports.parts import Parts
from torvet.ports.payments import (
    CardPayments,
    CardsUnavailable,
    GiveBack,
    PaymentsAway,
    PaymentsRefused,
    RefundSeen,
    RefundStage,
)

from . import card_store as store
from .booking import taken_back
from .errors import NotOverpaid
from .model import CardPayment, CardRefund, CardRefundStage, CardStage

EXCHANGE = "exchange"
REASON_MAX = 200
_ID_DIGITS = 32


def cards_of(parts: Parts) -> CardPayments:
    """Return the card provider; raise CardsUnavailable where none is set."""
    if parts.cards is None:
        raise CardsUnavailable
    return parts.cards


def refund(
    parts: Parts,
    caller: Caller,
    number: str,
    *,
    amount: Money | None,
    reason: str,
    key: str | None = None,
) -> CardRefund | Payout:
    """Give back what was paid too much of an invoice: to the card it came from, or by transfer.

    For the operator; all of it where no amount is named. It is taken from the books at once, and
    once for its `key`, where it has one. Raises NotOverpaid, KeyReused.
    """
    parties.check(caller, Scope.OPERATE)
    now = parts.clock.now()
    with parts.db.begin() as tx:
        found = overpaid(tx, number)
        own = new_id("cr") if key is None else _id_under(found, key)
        if (done := ordered_as(tx, found.id, own)) is not None:
            if amount is not None and amount != done.amount:
                raise KeyReused(key or own, done.transaction)
            return done
        back = -found.owed if amount is None else amount
        if back.minor <= 0 or back > -found.owed:
            raise NotOverpaid(found.number, str(-found.owed), str(back))
        made = order_back(tx, found, back, key=own, reason=reason, at=now, by=caller.actor)
    return made if isinstance(made, Payout) else ask_refund(parts, made)


def _id_under(found: IssuedInvoice, key: str) -> str:
    """Return the id of the refund of an invoice that has `key`: the same, however often asked."""
    return f"cr_{hashlib.sha256(f'{found.id}:{key}'.encode()).hexdigest()[:_ID_DIGITS]}"


def ordered_as(tx: Connection, invoice: str, key: str) -> CardRefund | Payout | None:
    """Return what was ordered back of an invoice, by its id, under `key`."""
    cards = store.refunds_of(tx, store.payments_of(tx, invoice))
    by_transfer = payout_store.by_source(tx, f"{key}:{invoice}")
    return next((one for one in cards if one.id == key), by_transfer)


def overpaid(tx: Connection, number: str) -> IssuedInvoice:
    """Return an invoice as it is; nobody else settles it until `tx` ends."""
    found = invoice(tx, None, number)
    hold(tx, found.id)
    return invoice(tx, None, found.id)


def order_back(
    tx: Connection,
    found: IssuedInvoice,
    back: Money,
    *,
    key: str,
    reason: str,
    at: datetime,
    by: str,
) -> CardRefund | Payout:
    """Take `back` from the books, to go to the card that has so much left, or by transfer.

    `found` is held and has as much paid too much. Under `key`, which is new and has no colon. A
    refund to a card is asked for with `ask_refund` when `tx` has committed; where that is killed,
    a job asks.
    """
    card = _card_for(tx, found, back)
    if card is None:
        return pay_back(
            tx, invoice=found.id, party=found.party_to, amount=back, key=key, at=at, by=by
        )
    done = taken_back(tx, invoice_id=found.id, amount=back, source_key=key, at=at, by=by)
    made = CardRefund(
        id=key,
        payment=card.id,
        amount=back,
        reason=reason.strip()[:REASON_MAX],
        stage=CardRefundStage.ASKED,
        transaction=done,
        asked_at=at,
        asked_by=by,
    )
    store.add_refund(tx, made)
    record(tx, _refund_fact("card-refund-asked", made, card.party, by, at))
    return made


def _card_for(tx: Connection, found: IssuedInvoice, back: Money) -> CardPayment | None:
    """Return the payment by card that has so much left to give back."""
    for payment in store.payments_of(tx, found.id):
        left = payment.amount.minor - store.refunded(tx, payment.id)
        if payment.stage is CardStage.PAID and left >= back.minor:
            return payment
    return None


def refunds_of(tx: Connection, found: IssuedInvoice) -> list[CardRefund | Payout]:
    """Return all that goes or went back of an invoice by itself or by the operator, in order."""
    cards = store.refunds_of(tx, store.payments_of(tx, found.id))
    transfers = payout_store.paid_back(tx, found.party_to, found.id)
    return sorted([*cards, *transfers], key=lambda one: (_ordered_at(one), one.id))


def may_see_payments(caller: Caller, found: IssuedInvoice) -> bool:
    """Say whether `caller` is told how a document is paid: who pays it, and the operator."""
    return caller.may(Scope.OPERATE) or caller.party == found.party_to


def _ordered_at(one: CardRefund | Payout) -> datetime:
    return one.asked_at if isinstance(one, CardRefund) else one.made_at


def ask_refund(parts: Parts, made: CardRefund) -> CardRefund:
    """Ask the provider for a refund that is written down; what it refuses is put back.

    Where it is away the refund stays asked for, and a job asks again under the same id.
    """
    with parts.db.begin() as tx:
        payment = store.payment(tx, id_=made.payment)
    give = GiveBack(id=made.id, intent=payment.intent or "", amount=made.amount)
    try:
        seen = cards_of(parts).give_back(give)
    except PaymentsAway:
        return made
    except PaymentsRefused as refused:
        with parts.db.begin() as tx:
            return _failed(tx, made.id, refused.said, at=parts.clock.now())
    with parts.db.begin() as tx:
        return apply_refund(tx, seen, at=parts.clock.now())


def apply_refund(tx: Connection, seen: RefundSeen, *, at: datetime) -> CardRefund:
    """Write what the provider says of a refund; one that failed is put back, also afterwards.

    One that somebody made at the provider itself is booked like ours.
    """
    held = store.refund(tx, id_=seen.id, name=seen.refund) or _adopted(tx, seen, at=at)
    if held.stage is CardRefundStage.FAILED:
        return held
    if seen.stage is RefundStage.FAILED:
        store.keep_refund(tx, held, refund=seen.refund)
        return _failed(tx, held.id, "the provider says that it failed", at=at)
    done = seen.stage is RefundStage.DONE or held.stage is CardRefundStage.DONE
    stage = CardRefundStage.DONE if done else held.stage
    after = store.keep_refund(tx, held, stage=stage, refund=seen.refund)
    if after.stage is not held.stage:
        payment = store.payment(tx, id_=held.payment)
        record(tx, _refund_fact("card-refund-done", after, payment.party, EXCHANGE, at))
    return after


def _adopted(tx: Connection, seen: RefundSeen, *, at: datetime) -> CardRefund:
    payment = store.payment(tx, intent=seen.intent)
    done = taken_back(
        tx,
        invoice_id=payment.invoice,
        amount=seen.amount,
        source_key=f"card:{seen.refund}",
        at=at,
        by=EXCHANGE,
    )
    made = CardRefund(
        id=new_id("cr"),
        payment=payment.id,
        amount=seen.amount,
        reason="made at the card provider",
        stage=CardRefundStage.ASKED,
        transaction=done,
        asked_at=at,
        asked_by=EXCHANGE,
        refund=seen.refund,
    )
    store.add_refund(tx, made)
    return made


def _failed(tx: Connection, refund_id: str, why: str, *, at: datetime) -> CardRefund:
    held = store.refund(tx, id_=refund_id)
    assert held is not None, "refunds are never taken away"
    if held.stage is CardRefundStage.FAILED:
        return held
    payment = store.payment(tx, id_=held.payment)
    words = "A refund to a card that failed"
    key = f"refund-back:{held.id}"
    taken = TransactionId(held.transaction)
    done = books.reverse(tx, taken, key=key, words=words, at=at, by=EXCHANGE).transaction
    settle(tx, payment.invoice, held.amount, done, at=at)
    failed = store.keep_refund(tx, held, stage=CardRefundStage.FAILED, put_back=done)
    record(tx, _refund_fact("card-refund-failed", failed, payment.party, EXCHANGE, at, why=why))
    return failed


def _refund_fact(
    name: str, made: CardRefund, party: str, by: str, at: datetime, *, why: str = ""
) -> Fact:
    return Fact(
        name=name,
        at=at,
        actor=by,
        subject=made.id,
        parties=(party,),
        body={
            "refund": made.id,
            "payment": made.payment,
            "amount": made.amount.to_json(),
            "transaction": made.transaction,
            "reason": made.reason,
            **({"why": why} if why else {}),
        },
    )
