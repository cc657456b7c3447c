"""Paying by card: asking the provider, and hearing what it says.

The provider is asked outside of every transaction, under an id that was written down before. So
whatever is killed or lost on the way is asked for again as the same, by the buyer or by a job.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from torvet import parties
from torvet.audit import Fact, record
from torvet.billing.invoices import Kind, invoice
from torvet.billing.model import HOUSE
from torvet.billing.profiles.service import profiles_of
from torvet.billing.shares.service import divide_soon
from torvet.kit.errors import ExchangeError
from torvet.kit.ids import new_id
from torvet.parties import Caller, Role
from torvet.ports.parts import Parts
from torvet.ports.payments import (
    CardEvent,
    PaymentsAway,
    PaymentSeen,
    PaymentsRefused,
    PaymentStage,
    RefundSeen,
    TakenBack,
    Wanted,
)

from . import card_store as store
from .booking import received, taken_back
from .errors import CardPaymentNotFound, NothingOwed
from .model import CardPayment, CardPaymentId, CardStage
from .refunds import apply_refund, ask_refund, cards_of

EXCHANGE = "exchange"
AT_ONCE_MAX = 50
ASK_AGAIN_AFTER = timedelta(minutes=1)
LOOK_AFTER = timedelta(minutes=10)
WAITS_MAX = timedelta(days=30)
"""How long an event is tried again: one of another's payment waits for what never comes."""
DONE, IGNORED = "done", "of no concern"

_It = TypeVar("_It")
_log = structlog.get_logger(__name__)


def pay_by_card(parts: Parts, caller: Caller, number: str) -> CardPayment:
    """Begin to pay what is owed of an invoice of your party; the payer goes to its `url`.

    Begun again while it is open it is the same payment. Raises NothingOwed, CardsUnavailable,
    PaymentsAway and PaymentsRefused; after the last two it can be begun again.
    """
    cards_of(parts)
    with parts.db.begin() as tx:
        found = invoice(tx, caller, number)
        parties.check(caller, Role.BUYER)
        if found.kind is not Kind.INVOICE or found.party_to != caller.party:
            raise NothingOwed(found.number)
        if found.owed.minor <= 0:
            raise NothingOwed(found.number)
        wanted = CardPayment(
            id=CardPaymentId(new_id("cp")),
            party=found.party_to,
            invoice=found.id,
            amount=found.owed,
            stage=CardStage.ASKED,
            asked_at=parts.clock.now(),
            asked_by=caller.actor,
        )
        payment = store.begin(tx, wanted)
        if payment.id == wanted.id:
            record(tx, _fact("card-payment-asked", payment, caller.actor, payment.asked_at))
    return payment if payment.url else ask(parts, payment)


def ask(parts: Parts, payment: CardPayment) -> CardPayment:
    """Ask the provider for a payment that is written down, as often as it takes."""
    with parts.db.begin() as tx:
        found = invoice(tx, None, payment.invoice)
        payee = profiles_of(tx, [HOUSE]).get(HOUSE)
    asked = cards_of(parts).ask(
        Wanted(
            id=payment.id,
            amount=payment.amount,
            words=f"Invoice {found.number}",
            reference=found.reference,
            payee=payee.name if payee else parts.settings.name,
            account=payee.iban if payee else "",
            back_to=f"{parts.settings.url}/invoices/{found.number}",
        )
    )
    with parts.db.begin() as tx:
        held = store.payment(tx, id_=payment.id)
        # A webhook may have been quicker than this answer.
        stage = CardStage.OPEN if held.stage is CardStage.ASKED else held.stage
        changed = replace(held, stage=stage, session=asked.session, url=asked.url)
        return store.keep(tx, changed)


def take_event(parts: Parts, body: bytes, signature: str) -> str:
    """Take in an event that the provider sent; return what came of it, once for each event.

    What cannot be understood yet, since another event has to come first, waits. Raises
    CardsUnavailable, and EventForged where the provider did not sign it now.
    """
    now = parts.clock.now()
    event = cards_of(parts).read_event(body, signature, now)
    with parts.db.begin() as tx:
        store.add_event(tx, event, body, now)
    return apply_event(parts, event)


def apply_event(parts: Parts, event: CardEvent) -> str:
    """Do what an event says where that was not done; say what came of it."""
    now = parts.clock.now()
    with parts.db.begin() as tx:
        if not store.hold_event(tx, event.id):
            return DONE
        try:
            with tx.begin_nested():
                outcome = _apply(tx, event, now)
        except CardPaymentNotFound:
            return "waits for its payment"
        store.end_event(tx, event.id, outcome)
        divide_soon(tx)
    return outcome


def _apply(tx: Connection, event: CardEvent, now: datetime) -> str:
    match event.about:
        case PaymentSeen() as seen:
            if not seen.id.startswith("cp_"):
                return IGNORED  # the operator sells other things over the same account
            apply_payment(tx, seen, at=now)
        case RefundSeen() as seen:
            apply_refund(tx, seen, at=now)
        case TakenBack() as taken:
            _apply_dispute(tx, taken, at=now)
        case None:
            return IGNORED
    return DONE


def apply_payment(tx: Connection, seen: PaymentSeen, *, at: datetime) -> CardPayment:
    """Write what the provider says of a payment; what is paid is booked, once, and stays paid."""
    held = store.payment(tx, id_=seen.id, session=seen.session)
    if held.stage is CardStage.PAID or seen.stage is PaymentStage.OPEN:
        return held
    intent = seen.intent or held.intent
    if seen.stage is PaymentStage.EXPIRED:
        expired = replace(held, stage=CardStage.EXPIRED, session=seen.session, intent=intent)
        return store.keep(tx, expired)
    transaction = received(
        tx, invoice_id=held.invoice, amount=seen.amount, source_key=held.id, at=at, by=EXCHANGE
    )
    paid = replace(
        held,
        stage=CardStage.PAID,
        # What was really paid, whatever was asked for.
        amount=seen.amount,
        session=seen.session,
        intent=intent,
        transaction=transaction,
    )
    record(tx, _fact("card-payment-paid", paid, EXCHANGE, at))
    return store.keep(tx, paid)


def _apply_dispute(tx: Connection, taken: TakenBack, *, at: datetime) -> None:
    """Book what the payer's bank took back, or gave again: the invoice is open, or paid again."""
    payment = store.payment(tx, intent=taken.intent)
    if taken.returned:
        key = f"card:{taken.dispute}-won"
        received(
            tx,
            invoice_id=payment.invoice,
            amount=taken.amount,
            source_key=key,
            at=at,
            by=EXCHANGE,
        )
        return
    key = f"card:{taken.dispute}"
    taken_back(
        tx, invoice_id=payment.invoice, amount=taken.amount, source_key=key, at=at, by=EXCHANGE
    )


def catch_up(parts: Parts) -> None:
    """Try events that wait once more, ask again what was lost, and look after what is open.

    Each by itself: what stands in the way of one does not stand in the way of the others. Where
    the provider is away the rest is left for the next time.
    """
    if parts.cards is None:
        return
    now = parts.clock.now()
    with parts.db.begin() as tx:
        events = store.events_waiting(tx, now - WAITS_MAX, AT_ONCE_MAX)
        refunds = store.refunds_asked(tx, AT_ONCE_MAX)
        asked = store.payments_in(tx, CardStage.ASKED, now - ASK_AGAIN_AFTER, AT_ONCE_MAX)
        open_ = store.payments_in(tx, CardStage.OPEN, now - LOOK_AFTER, AT_ONCE_MAX)
    _each_apart(_hear_again, parts, events)
    _each_apart(ask_refund, parts, refunds)
    _each_apart(_ask_again, parts, asked)
    _each_apart(_look_after, parts, open_)


def _each_apart(deed: Callable[[Parts, _It], object], parts: Parts, them: Sequence[_It]) -> None:
    for it in them:
        try:
            deed(parts, it)
        except PaymentsAway:
            raise
        except (ExchangeError, SQLAlchemyError):
            _log.exception("news of cards left for later", about=str(it)[:200])


def _hear_again(parts: Parts, event: tuple[str, bytes]) -> None:
    apply_event(parts, cards_of(parts).understand(event[1]))


def _ask_again(parts: Parts, payment: CardPayment) -> None:
    """Ask for a payment; one that the provider refuses is over, so that another can be begun."""
    try:
        ask(parts, payment)
    except PaymentsRefused:
        with parts.db.begin() as tx:
            held = store.payment(tx, id_=payment.id)
            if held.stage is CardStage.ASKED:
                store.keep(tx, replace(held, stage=CardStage.EXPIRED))


def _look_after(parts: Parts, payment: CardPayment) -> None:
    now = parts.clock.now()
    seen = cards_of(parts).look(payment.session or "")
    with parts.db.begin() as tx:
        apply_payment(tx, seen, at=now)
        divide_soon(tx)


def _fact(name: str, payment: CardPayment, by: str, at: datetime) -> Fact:
    return Fact(
        name=name,
        at=at,
        actor=by,
        subject=payment.id,
        parties=(payment.party,),
        body={
            "payment": payment.id,
            "invoice": payment.invoice,
            "amount": payment.amount.to_json(),
            **({"transaction": payment.transaction} if payment.transaction else {}),
        },
    )
