"""Cards: paid once, given back once, whatever is lost, repeated, forged or out of order."""

from dataclasses import replace
from datetime import timedelta

import httpx2
import pytest

from served import cards as card_provider
from torvet.backends.card_payments import CardProvider
from torvet.billing import check_books
from torvet.billing.invoices import Status, credit
from torvet.billing.payments import (
    CardRefundStage,
    CardStage,
    IsCardMoney,
    IsCost,
    NothingOwed,
    ask_for,
    decide,
    faults_of_payments,
    give_back,
    lines_of,
    pay_by_card,
    reconciled,
    refund,
    take_event,
)
from torvet.billing.payments import card_store as store
from torvet.billing.payments.cards import catch_up
from torvet.billing.payouts import Payout
from torvet.ports.payments import CardsUnavailable, EventForged, PaymentsAway

from .conftest import BUYER, LATER, THE_OPERATOR, Market, caller_for, kr

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def provider():
    with card_provider() as started:
        yield started


@pytest.fixture
def till(market, provider):
    """The market with a card provider beside the bank."""
    cards = CardProvider(
        provider.endpoint,
        secret_key=provider.KEY,
        webhook_secret=provider.WEBHOOK_SECRET,
        timeout_s=2,
        pause=lambda _: None,
    )
    provider.test("faults", next="")
    yield replace(market, parts=replace(market.parts, cards=cards))
    cards.close()


def begin(till, invoice):
    return pay_by_card(till.parts, caller_for(invoice.party_to), invoice.number)


def events(till, provider, session=None):
    """The provider's events, signed now, of one session where it is named."""
    told = provider.events(till.parts.clock.now())
    return [each for each in told if session is None or session.encode() in each[0]]


def paid(till, provider, amount=10_000, **of_sale):
    invoice = till.sold(amount, **of_sale)
    payment = begin(till, invoice)
    provider.test(f"pay/{payment.session}")
    (event,) = events(till, provider, payment.session)
    assert take_event(till.parts, *event) == "done"
    return invoice, payment


def kept(till, payment):
    with till.parts.db.begin() as tx:
        return store.payment(tx, id_=payment.id)


def test_a_card_pays_an_invoice(till, provider):
    invoice, payment = paid(till, provider)

    assert payment.url.startswith("https://cards.example/")
    assert kept(till, payment).stage is CardStage.PAID
    assert till.invoice(invoice.id).status is Status.PAID
    assert till.balance("receivable", invoice.party_to) == 0
    assert check_books(till.parts).ok


def test_a_payment_that_is_begun_again_is_the_same(till, provider):
    invoice = till.sold(10_000)
    sessions = provider.test("tally")["sessions"]

    assert begin(till, invoice) == begin(till, invoice)
    assert provider.test("tally")["sessions"] == sessions + 1


def test_an_event_that_comes_again_pays_once(till, provider):
    invoice, payment = paid(till, provider)
    (event,) = events(till, provider, payment.session)

    for _ in range(3):
        assert take_event(till.parts, *event) == "done"

    assert till.invoice(invoice.id).paid == invoice.gross
    # The same news under another name: the payment is paid already.
    provider.test(f"pay/{payment.session}")
    take_event(till.parts, *events(till, provider, payment.session)[-1])
    assert till.invoice(invoice.id).paid == invoice.gross


def test_a_forged_event_pays_nothing(till, provider):
    invoice = till.sold(10_000)
    payment = begin(till, invoice)
    provider.test(f"pay/{payment.session}")
    ((body, proof),) = events(till, provider, payment.session)

    for forged in (
        (body, proof[:-1] + "0" if proof[-1] != "0" else proof[:-1] + "1"),
        (body.replace(b"12500", b"1"), proof),
        (body, ""),
    ):
        with pytest.raises(EventForged):
            take_event(till.parts, *forged)
    till.parts.clock.advance(timedelta(minutes=6))
    with pytest.raises(EventForged, match="seconds from now"):
        take_event(till.parts, body, proof)

    assert till.invoice(invoice.id).status is Status.OPEN


def test_a_payment_that_went_through_while_its_answer_was_lost_is_found(till, provider):
    invoice = till.sold(10_000)
    provider.test("faults", next="silent,silent,silent")
    with pytest.raises(PaymentsAway):
        begin(till, invoice)

    # The same one is there when it is asked for again, by the buyer or by the job.
    till.parts.clock.advance(timedelta(minutes=2))
    sessions = provider.test("tally")["sessions"]
    catch_up(till.parts)
    payment = begin(till, invoice)
    assert payment.stage is CardStage.OPEN
    assert provider.test("tally")["sessions"] == sessions

    # And where no event arrives, the job looks after it.
    provider.test(f"pay/{payment.session}")
    till.parts.clock.advance(timedelta(minutes=20))
    catch_up(till.parts)
    assert till.invoice(invoice.id).status is Status.PAID


def test_a_payment_that_is_refused_stands_in_no_others_way(till, provider):
    refused, invoice = till.sold(10_000), till.sold(20_000)
    for one in (refused, invoice):
        provider.test("faults", next="away,away,away")
        with pytest.raises(PaymentsAway):
            begin(till, one)
    with till.parts.db.begin() as tx:
        (asked,) = store.payments_of(tx, refused.id)
    # Whoever uses the key for something else is refused from then on.
    headers = {"Authorization": f"Bearer {provider.KEY}", "Idempotency-Key": asked.id}
    taken = {"line_items[0][price_data][unit_amount]": "1"}
    httpx2.post(f"{provider.endpoint}/v1/checkout/sessions", headers=headers, data=taken)

    till.parts.clock.advance(timedelta(minutes=2))
    catch_up(till.parts)

    assert kept(till, asked).stage is CardStage.EXPIRED
    assert begin(till, invoice).stage is CardStage.OPEN
    assert begin(till, refused).id != asked.id


def test_an_event_that_is_quicker_than_the_answer_is_understood(till, provider):
    invoice = till.sold(10_000)
    provider.test("faults", next="silent,silent,silent")
    with pytest.raises(PaymentsAway):
        begin(till, invoice)
    number = provider.test("tally")["sessions"]
    session = next(
        f"cs_test_{n}" for n in range(number * 5, 0, -1) if _is_there(provider, f"cs_test_{n}")
    )

    provider.test(f"pay/{session}")
    (event,) = events(till, provider, session)

    assert take_event(till.parts, *event) == "done"
    assert till.invoice(invoice.id).status is Status.PAID


def _is_there(provider, session):
    headers = {"Authorization": f"Bearer {provider.KEY}"}
    url = f"{provider.endpoint}/v1/checkout/sessions/{session}"
    return httpx2.get(url, headers=headers).status_code == 200


def test_paid_stays_paid_when_older_news_come_later(till, provider):
    invoice = till.sold(10_000)
    payment = begin(till, invoice)
    provider.test(f"expire/{payment.session}")
    provider.test(f"pay/{payment.session}")
    expired, done = events(till, provider, payment.session)

    take_event(till.parts, *done)
    take_event(till.parts, *expired)

    assert kept(till, payment).stage is CardStage.PAID
    assert till.invoice(invoice.id).status is Status.PAID


def test_a_session_that_ran_out_makes_room_for_another(till, provider):
    invoice = till.sold(10_000)
    first = begin(till, invoice)
    provider.test(f"expire/{first.session}")
    take_event(till.parts, *events(till, provider, first.session)[0])

    second = begin(till, invoice)

    assert second.id != first.id
    # Whoever still pays the first has paid: the money is there.
    provider.test(f"pay/{first.session}")
    take_event(till.parts, *events(till, provider, first.session)[-1])
    assert till.invoice(invoice.id).status is Status.PAID


def credited(till, invoice, net):
    with till.parts.db.begin() as tx:
        credit(
            tx,
            invoice.id,
            part=net,
            reason="As agreed",
            key=f"card:{invoice.id}",
            at=till.parts.clock.now(),
            by="x",
        )


def test_what_was_credited_goes_back_to_the_card_once(till, provider):
    invoice, payment = paid(till, provider)
    credited(till, invoice, kr(4_000))

    made = refund(till.parts, THE_OPERATOR, invoice.number, amount=None, reason="credited")

    assert (made.payment, made.amount, made.stage) == (
        payment.id,
        kr(5_000),
        CardRefundStage.DONE,
    )
    assert till.invoice(invoice.id).owed == kr(0)
    take_event(till.parts, *events(till, provider)[-1])
    assert till.invoice(invoice.id).owed == kr(0)
    assert check_books(till.parts).ok


def given(till, invoice, part, key):
    """Give back within a transaction that commits, as a process that is killed then leaves it."""
    parts = till.parts
    with parts.db.begin() as tx:
        return give_back(
            tx,
            invoice.id,
            part=part,
            reason="A breach",
            key=f"{invoice.id}:{key}",
            at=parts.clock.now(),
            by="x",
        )


def test_what_is_given_back_goes_to_the_card_it_came_from(till, provider):
    invoice, payment = paid(till, provider)

    done = given(till, invoice, kr(4_000), "a")
    ask_for(till.parts, [done.note.id])
    ask_for(till.parts, [done.note.id])

    with till.parts.db.begin() as tx:
        (made,) = store.refunds_of(tx, [payment])
    assert (made.amount, made.stage) == (kr(5_000), CardRefundStage.DONE)
    assert till.invoice(invoice.id).owed == kr(0)
    assert check_books(till.parts).ok


def test_whoever_is_killed_before_the_card_is_asked_changes_nothing_but_time(till, provider):
    invoice, payment = paid(till, provider)
    before = provider.test("tally")["refunds"]

    given(till, invoice, kr(4_000), "a")
    given(till, invoice, kr(4_000), "a")  # started again: it has been credited
    assert provider.test("tally")["refunds"] == before
    catch_up(till.parts)
    catch_up(till.parts)

    with till.parts.db.begin() as tx:
        (made,) = store.refunds_of(tx, [payment])
    assert (made.amount, made.stage) == (kr(5_000), CardRefundStage.DONE)
    assert provider.test("tally")["refunds"] == before + 1


def test_a_provider_that_is_away_is_asked_again_for_what_is_given_back(till, provider):
    invoice, payment = paid(till, provider)
    done = given(till, invoice, kr(1), "a")
    provider.test("faults", next="silent,silent,silent")

    ask_for(till.parts, [done.note.id])

    with till.parts.db.begin() as tx:
        assert store.refunds_of(tx, [payment])[0].stage is CardRefundStage.ASKED
    catch_up(till.parts)
    with till.parts.db.begin() as tx:
        assert store.refunds_of(tx, [payment])[0].stage is CardRefundStage.DONE
    ask_for(replace(till.parts, cards=None), [given(till, invoice, kr(1), "b").note.id])
    with till.parts.db.begin() as tx:
        assert store.refunds_of(tx, [payment])[1].stage is CardRefundStage.ASKED
    catch_up(till.parts)


def test_a_refund_whose_answer_was_lost_is_made_once(till, provider):
    invoice, _ = paid(till, provider)
    credited(till, invoice, kr(10_000))
    before = provider.test("tally")["refunds"]
    provider.test("faults", next="silent,silent,silent")

    made = refund(till.parts, THE_OPERATOR, invoice.number, amount=None, reason="credited")
    assert made.stage is CardRefundStage.ASKED

    catch_up(till.parts)
    with till.parts.db.begin() as tx:
        assert store.refund(tx, id_=made.id).stage is CardRefundStage.DONE
    assert provider.test("tally")["refunds"] == before + 1


def test_a_refund_that_fails_later_is_owed_again(till, provider):
    invoice, _ = paid(till, provider)
    credited(till, invoice, kr(10_000))
    made = refund(till.parts, THE_OPERATOR, invoice.number, amount=None, reason="credited")
    with till.parts.db.begin() as tx:
        name = store.refund(tx, id_=made.id).refund

    provider.test(f"fail-refund/{name}")
    for _ in range(2):
        take_event(till.parts, *events(till, provider)[-1])

    assert till.invoice(invoice.id).owed == kr(-12_500)
    assert check_books(till.parts).ok
    # With a card that takes nothing, it goes by transfer where the card has too little left.
    again = refund(till.parts, THE_OPERATOR, invoice.number, amount=None, reason="again")
    assert again.amount == kr(12_500)


def test_a_refund_made_at_the_provider_is_booked_like_ours(till, provider):
    invoice, payment = paid(till, provider)
    with till.parts.db.begin() as tx:
        intent = store.payment(tx, id_=payment.id).intent
    _refund_by_hand(provider, intent, 500)

    take_event(till.parts, *events(till, provider)[-1])

    assert till.invoice(invoice.id).owed == kr(500)
    assert check_books(till.parts).ok


def _refund_by_hand(provider, intent, amount):
    headers = {"Authorization": f"Bearer {provider.KEY}"}
    form = {"payment_intent": intent, "amount": str(amount)}
    assert httpx2.post(f"{provider.endpoint}/v1/refunds", data=form, headers=headers).is_success


def test_what_a_payers_bank_takes_back_is_owed_again(till, provider):
    invoice, payment = paid(till, provider)
    provider.test(f"dispute/{payment.session}/funds_withdrawn")
    withdrawn = events(till, provider)[-1]
    provider.test(f"dispute/{payment.session}/funds_reinstated")
    reinstated = events(till, provider)[-1]

    take_event(till.parts, *withdrawn)
    assert till.invoice(invoice.id).owed == invoice.gross
    for _ in range(2):
        take_event(till.parts, *reinstated)
    assert till.invoice(invoice.id).status is Status.PAID


def test_an_event_about_a_payment_that_is_not_known_yet_waits_for_it(till, provider):
    invoice = till.sold(10_000)
    payment = begin(till, invoice)
    provider.test(f"pay/{payment.session}")
    provider.test(f"dispute/{payment.session}/funds_withdrawn")
    first = events(till, provider)[-1]

    assert take_event(till.parts, *first) == "waits for its payment"
    take_event(till.parts, *events(till, provider, payment.session)[0])
    catch_up(till.parts)

    assert till.invoice(invoice.id).owed == invoice.gross


def test_the_providers_transfer_to_the_bank_moves_no_money_twice(till, provider):
    """Its costs are booked beside it."""
    invoice, _ = paid(till, provider)
    till.bank.comes_in(invoice.gross, words="Cards, batch 7")
    till.bank.goes_out(kr(175), words="Cards, cost of batch 7")
    till.read()
    with till.parts.db.begin() as tx:
        waiting = {line.words: line.key for line in lines_of(tx, THE_OPERATOR)}
    before = till.balance("bank")

    decide(till.parts, THE_OPERATOR, waiting["Cards, batch 7"], IsCardMoney())
    decide(till.parts, THE_OPERATOR, waiting["Cards, cost of batch 7"], IsCost())

    assert till.balance("bank") == before - 175
    with till.parts.db.begin() as tx:
        assert list(faults_of_payments(tx)) == []
        assert reconciled(tx)[0].difference == kr(0)


def test_an_invoice_paid_by_transfer_goes_back_by_transfer(till):
    buyer = till.square.party(replace(BUYER, iban="DK5000400440116243"))
    invoice = till.sold(10_000, buyer=buyer)
    till.paid(invoice)
    credited(till, invoice, kr(10_000))

    made = refund(till.parts, THE_OPERATOR, invoice.number, amount=None, reason="credited")

    assert isinstance(made, Payout)


def test_what_is_paid_or_of_others_is_not_paid_by_card(till, provider, parts):
    invoice, _ = paid(till, provider)
    with pytest.raises(NothingOwed):
        begin(till, invoice)
    other = Market(parts, till.square, till.bank).sold(5_000)
    with pytest.raises(CardsUnavailable):
        pay_by_card(parts, caller_for(other.party_to), other.number)
    assert till.parts.clock.now() >= LATER
