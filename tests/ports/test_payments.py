"""Both ways to be paid through one suite, and what is each one's own."""

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from served import Cards, cards
from torvet.backends.bank_transfer import BankByFiles
from torvet.backends.card_payments import ANSWER_BYTES_MAX, CardProvider
from torvet.kit.money import Currency, Money
from torvet.ports.payments import (
    EventForged,
    GiveBack,
    PaymentsAway,
    PaymentsRefused,
    PaymentStage,
    RefundStage,
)

from .payments_suite import WANTED, PaymentsSuite

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


class TestBank(PaymentsSuite):
    @pytest.fixture
    def way(self, tmp_path):
        return BankByFiles(tmp_path / "bank")

    @pytest.fixture
    def paid(self):
        return "DK5000400440116243"

    def test_a_transfer_in_euro_is_told_as_banks_scan_it(self, way):
        asked = way.ask(replace(WANTED, amount=Money(1_000, Currency.EUR)))

        lines = asked.instructions.split("\n")
        assert lines[0] == "BCD"
        assert lines[6:] == [WANTED.account, "EUR10.00", "", WANTED.reference]

    def test_a_payment_file_is_left_whole_and_never_written_over(self, way, tmp_path):
        way.send("a.xml", b"first")
        way.send("a.xml", b"second")

        assert [f.name for f in (tmp_path / "bank/out").iterdir()] == ["a.xml"]
        assert (tmp_path / "bank/out/a.xml").read_bytes() == b"first"

    def test_statements_come_in_order_and_are_put_away(self, way, tmp_path):
        assert list(way.arrived()) == []
        for name in ("b.xml", "a.xml", ".half.xml"):
            (tmp_path / "bank/in" / name).write_bytes(name.encode())

        assert [name for name, _ in way.arrived()] == ["a.xml", "b.xml"]
        way.taken("a.xml", readable=True)
        way.taken("b.xml", readable=False)
        way.taken("b.xml", readable=False)

        assert list(way.arrived()) == []
        assert (tmp_path / "bank/read/a.xml").exists()
        assert (tmp_path / "bank/unreadable/b.xml").exists()

    def test_without_a_folder_a_person_carries_the_files(self):
        by_hand = BankByFiles(None)
        by_hand.send("a.xml", b"x")

        assert not by_hand.connected
        assert list(by_hand.arrived()) == []


class Endless(BaseHTTPRequestHandler):
    """Answers as long as somebody reads, up to a hundred times what may be read."""

    sent = 0

    def do_POST(self):
        self.send_response(200)
        self.end_headers()
        piece = b" " * 2**16
        try:
            while Endless.sent < 100 * ANSWER_BYTES_MAX:
                self.wfile.write(piece)
                Endless.sent += len(piece)
        except OSError:
            return

    def log_message(self, *_):
        pass


def test_an_answer_without_end_is_not_read_to_its_end(provider):
    with ThreadingHTTPServer(("127.0.0.1", 0), Endless) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        card = _card(provider, endpoint=f"http://127.0.0.1:{server.server_port}")
        with closing(card), pytest.raises(PaymentsAway, match="above 1,048,576 bytes"):
            card.ask(WANTED)
        server.shutdown()

    assert 0 < Endless.sent < 50 * ANSWER_BYTES_MAX


@pytest.fixture(scope="module")
def provider():
    with cards() as started:
        yield started


@pytest.fixture
def card(provider):
    made = _card(provider)
    provider.test("faults", next="")
    yield made
    made.close()


def _card(provider, *, key=Cards.KEY, pause=lambda _: None, endpoint=None):
    return CardProvider(
        endpoint or provider.endpoint,
        secret_key=key,
        webhook_secret=Cards.WEBHOOK_SECRET,
        timeout_s=0.4,
        pause=pause,
    )


def _paid(provider, card, name):
    session = card.ask(replace(WANTED, id=name)).session
    provider.test(f"pay/{session}")
    return card.look(session)


class TestCard(PaymentsSuite):
    @pytest.fixture
    def way(self, card):
        return card

    @pytest.fixture
    def paid(self, provider, card):
        return _paid(provider, card, "cp_to_refund").intent

    def test_a_payment_is_open_and_then_paid(self, provider, card):
        session = card.ask(replace(WANTED, id="cp_open")).session
        assert card.look(session).stage is PaymentStage.OPEN

        seen = _paid(provider, card, "cp_open")

        assert (seen.id, seen.stage, seen.amount) == ("cp_open", PaymentStage.PAID, WANTED.amount)

    @pytest.mark.parametrize("fault", ["away", "silent", "slow"])
    def test_what_fails_on_the_way_is_asked_again_and_happens_once(self, provider, card, fault):
        before = provider.test("tally")["sessions"]
        provider.test("faults", next=f"{fault},{fault}")

        card.ask(replace(WANTED, id=f"cp_{fault}"))

        assert provider.test("tally")["sessions"] == before + 1

    def test_a_refund_whose_answer_was_lost_is_made_once(self, provider, card):
        intent = _paid(provider, card, "cp_lost").intent
        before = provider.test("tally")["refunds"]
        provider.test("faults", next="silent")

        seen = card.give_back(GiveBack(id="cr_lost", intent=intent, amount=WANTED.amount))

        assert seen.stage is RefundStage.DONE
        assert card.look_refund(seen.refund) == seen
        assert provider.test("tally")["refunds"] == before + 1

    def test_a_provider_that_stays_away_is_said_to_be(self, provider, card):
        provider.test("faults", next="away,away,away")

        with pytest.raises(PaymentsAway, match="answers 503"):
            card.ask(WANTED)

    def test_a_provider_that_is_not_there_is_said_to_be(self, provider):
        nobody = _card(provider, endpoint="http://127.0.0.1:9")

        with closing(nobody), pytest.raises(PaymentsAway):
            nobody.ask(WANTED)

    def test_what_the_provider_refuses_is_said_in_its_words(self, provider, card):
        intent = _paid(provider, card, "cp_small").intent

        with pytest.raises(PaymentsRefused, match="greater than charge"):
            card.give_back(
                GiveBack(id="cr_big", intent=intent, amount=WANTED.amount + WANTED.amount)
            )
        stranger = _card(provider, key="another")
        with closing(stranger), pytest.raises(PaymentsRefused, match="Invalid API Key"):
            stranger.ask(WANTED)

    def test_a_key_is_not_used_for_another_payment(self, card):
        card.ask(replace(WANTED, id="cp_key"))

        with pytest.raises(PaymentsRefused, match="another request"):
            card.ask(replace(WANTED, id="cp_key", amount=Money(1, Currency.DKK)))

    def test_an_event_tells_what_was_paid(self, provider, card):
        seen = _paid(provider, card, "cp_event")

        event = card.read_event(*provider.events(NOW)[-1], NOW)

        assert event.kind == "checkout.session.completed"
        assert event.about == seen

    @pytest.mark.parametrize(
        ("change", "later", "why"),
        [
            (lambda body, proof: (body + b" ", proof), 0, "signature is wrong"),
            (lambda body, proof: (body, proof[:-1] + "x"), 0, "signature is wrong"),
            (lambda body, _proof: (body, ""), 0, "no signature"),
            (lambda body, proof: (body, proof.replace("t=", "t=1,t=")), 0, "no signature"),
            (lambda body, proof: (body, proof), 301, "more than 300 seconds"),
            (lambda body, proof: (body, proof), -301, "more than 300 seconds"),
        ],
    )
    def test_what_the_provider_did_not_sign_now_is_forged(self, provider, card, change, later, why):
        _paid(provider, card, "cp_forged")
        body, proof = change(*provider.events(NOW)[-1])

        with pytest.raises(EventForged, match=why):
            card.read_event(body, proof, NOW + timedelta(seconds=later))

    def test_without_a_secret_every_event_is_forged(self, provider, card):
        _paid(provider, card, "cp_secret")
        card._webhook_secret = ""

        with pytest.raises(EventForged, match="no secret"):
            card.read_event(*provider.events(NOW)[-1], NOW)

    def test_one_of_several_signatures_is_enough(self, provider, card):
        _paid(provider, card, "cp_rolled")
        body, proof = provider.events(NOW)[-1]

        rolled = proof.replace(",v1=", f",v1={'0' * 64},v1=")
        assert card.read_event(body, rolled, NOW).about is not None
