"""A dispute is opened, answered and decided once; what is decided is done, and proven."""

import json
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from torvet.audit import log_key, seal
from torvet.audit.papers import key_json
from torvet.audit.verifier import verify_files
from torvet.billing import check_books
from torvet.billing.escrow import (
    Move,
    Purpose,
    held,
    release_due,
    statement,
    stopped,
)
from torvet.billing.invoices import NotCredited, Status, invoice
from torvet.contracts import ContractNotFound, Stage
from torvet.contracts import contract as contract_of
from torvet.kit.money import Money
from torvet.parties import NotAllowed
from torvet.trust import deciding, disputes, evidence, support
from torvet.trust.deciding import Ruling
from torvet.trust.errors import (
    DecisionEarly,
    DisputeNotFound,
    DisputeOver,
    DisputeThere,
    DisputeUnfit,
    QuestionClosed,
)
from torvet.trust.model import About, DisputeStage, Outcome

from .conftest import DAILY, START, kr

pytestmark = pytest.mark.slow


@pytest.fixture
def sold(town):
    """A month that Bo was invoiced, under a contract of its own: contract and invoice."""
    before = {one.id for one in town.invoices()}
    contract = town.promised(DAILY)
    town.month_over()
    (new,) = [one for one in town.invoices() if one.id not in before]
    return contract, new


def opened(town, contract, about=About.SERVICE, subject="", by=None):
    by = by or town.cast.bo
    return disputes.open_dispute(
        town.parts, by, contract.id, about=about, subject=subject, words="It was not there."
    )


def answered(town, contract, about=About.SERVICE, subject=""):
    found = opened(town, contract, about, subject)
    return disputes.write(town.parts, town.cast.alma, found.id, "It was.")


def ruled(town, found, outcome, amount=None, named=None):
    ruling = Ruling(outcome=outcome, reason="As the log says.", amount=amount, invoice=named)
    return deciding.decide(town.parts, town.operator, found.id, ruling)


def stopped_now(town, bought):
    with town.parts.db.begin() as tx:
        return stopped(tx, [bought.id])


def test_while_an_invoice_is_disputed_its_money_stays(town, sold):
    contract, bought = sold

    found = opened(town, contract, About.INVOICE, bought.number)

    assert found.subject == bought.id
    assert stopped_now(town, bought) == {bought.id}
    disputes.withdraw(town.parts, town.cast.bo, found.id)
    assert stopped_now(town, bought) == frozenset()


def test_a_rejected_dispute_gives_nothing_back(town, sold):
    contract, bought = sold
    found = answered(town, contract, About.INVOICE, bought.number)

    decided = ruled(town, found, Outcome.REJECTED)

    assert decided.stage is DisputeStage.DECIDED
    with town.parts.db.begin() as tx:
        assert invoice(tx, None, bought.id).credited == kr(0)
    assert stopped_now(town, bought) == frozenset()


def test_what_is_credited_is_a_credit_note(town, sold):
    contract, bought = sold
    found = answered(town, contract, About.INVOICE, bought.number)

    decided = ruled(town, found, Outcome.CREDITED, kr(3_000))

    with town.parts.db.begin() as tx:
        note = invoice(tx, None, decided.decision.credit_note)
        after = invoice(tx, None, bought.id)
    assert (note.net, note.preceding) == (kr(3_000), bought.id)
    assert after.credited_net == kr(3_000)
    assert check_books(town.parts).faults == ()


def test_a_cancelled_contract_ends_and_gives_everything_back(town, parts):
    contract = town.promised(DAILY, prepaid=True)
    town.paid_in(contract, 30_000)
    before = {one.id for one in town.invoices()}
    town.month_over()
    release_due(parts)
    (bought,) = [one for one in town.invoices() if one.id not in before]
    found = answered(town, contract, About.INVOICE, bought.number)

    ruled(town, found, Outcome.CANCELLED)

    with parts.db.begin() as tx:
        after = held(tx, Purpose.PREPAID, contract.id)
        assert contract_of(tx, contract.id).stage is Stage.ENDED
        assert invoice(tx, None, bought.id).status is Status.CREDITED
    assert (after.rest, after.closed_at is not None) == (kr(0), True)
    assert check_books(parts).faults == ()


def test_a_decision_is_made_once(town, sold):
    contract, bought = sold
    found = answered(town, contract, About.INVOICE, bought.number)
    ruled(town, found, Outcome.CREDITED, kr(1_000))

    with pytest.raises(DisputeOver):
        ruled(town, found, Outcome.CREDITED, kr(1_000))
    with pytest.raises(DisputeOver):
        disputes.write(town.parts, town.cast.bo, found.id, "And another thing")

    with town.parts.db.begin() as tx:
        assert invoice(tx, None, bought.id).credited_net == kr(1_000)


def test_the_other_party_may_answer_before_it_is_decided(town, sold, clock):
    contract, bought = sold
    found = opened(town, contract, About.INVOICE, bought.number)

    with pytest.raises(DecisionEarly):
        ruled(town, found, Outcome.REJECTED)
    clock.set(found.answer_until)

    assert ruled(town, found, Outcome.REJECTED).stage is DisputeStage.DECIDED


@pytest.mark.parametrize(
    ("outcome", "amount"),
    [
        (Outcome.CREDITED, None),
        (Outcome.CREDITED, kr(0)),
        (Outcome.CREDITED, kr(-5)),
        (Outcome.REJECTED, kr(1)),
        (Outcome.CANCELLED, kr(1)),
    ],
)
def test_a_decision_that_makes_no_sense_decides_nothing(town, sold, outcome, amount):
    contract, bought = sold
    found = answered(town, contract, About.INVOICE, bought.number)

    with pytest.raises(DisputeUnfit):
        ruled(town, found, outcome, amount)

    with town.parts.db.begin() as tx:
        assert disputes.known(tx, town.operator, found.id).stage is DisputeStage.ANSWERED


def test_only_the_operator_decides(town, sold):
    contract, _ = sold
    found = answered(town, contract)
    ruling = Ruling(outcome=Outcome.REJECTED, reason="I say so")

    for party in (town.cast.alma, town.cast.bo):
        with pytest.raises(NotAllowed):
            deciding.decide(town.parts, party, found.id, ruling)


def test_a_stranger_knows_of_no_dispute(town, sold):
    contract, _ = sold
    found = opened(town, contract)
    carla = town.cast.carla

    with pytest.raises(ContractNotFound):
        opened(town, contract, by=carla)
    with town.parts.db.begin() as tx, pytest.raises(DisputeNotFound):
        disputes.known(tx, carla, found.id)
    with pytest.raises(DisputeNotFound):
        disputes.write(town.parts, carla, found.id, "Me too")
    with pytest.raises(DisputeNotFound):
        evidence.bundle(town.parts, carla, found.id)
    with town.parts.db.begin() as tx:
        assert disputes.disputes_of(tx, carla) == []


def test_the_same_is_disputed_once_at_a_time(town, sold):
    contract, _ = sold
    first = opened(town, contract)

    with pytest.raises(DisputeThere, match=first.id):
        opened(town, contract, by=town.cast.alma)
    disputes.withdraw(town.parts, town.cast.bo, first.id)

    assert opened(town, contract).stage is DisputeStage.OPEN


def test_another_partys_invoice_is_not_disputed(town, sold):
    contract, _ = sold
    stranger = town.promised(DAILY)

    with pytest.raises(DisputeUnfit):
        opened(town, stranger, About.INVOICE, sold[1].number)
    with pytest.raises(DisputeUnfit):
        opened(town, contract, About.INVOICE, "F-999999")


def test_a_clock_that_is_set_back_harms_no_dispute(town, sold, clock):
    contract, _ = sold
    found = answered(town, contract, About.PERIOD, "2026-06")
    clock.advance(timedelta(days=-2))

    decided = ruled(town, found, Outcome.REJECTED)

    assert decided.decision.decided_at < found.opened_at


def test_evidence_is_taken_home_and_proven_without_the_exchange(town, sold, tmp_path):
    contract, _ = sold
    town.square.use(contract.id, rows=3, at=contract.agreed_at)
    seal(town.parts)
    found = answered(town, contract)
    seal(town.parts)
    taken = evidence.bundle(town.parts, town.cast.bo, found.id)
    names = {one["fact"]["name"] for one in taken["facts"]}
    file, key = tmp_path / "evidence.json", tmp_path / "key.json"
    file.write_text(json.dumps(taken))
    key.write_text(json.dumps(key_json(log_key(town.parts))))

    assert {"contract-agreed", "charged"} <= names
    assert verify_files([file], key)["ok"]
    taken["facts"][0]["fact"]["actor"] = "somebody else"
    file.write_text(json.dumps(taken))
    report = verify_files([file], key)
    assert not report["ok"]
    assert "changed" in report["files"][0]["said"]


def test_evidence_without_facts_proves_nothing(town, sold, tmp_path):
    file, key = tmp_path / "evidence.json", tmp_path / "key.json"
    empty = {"kind": "torvet-evidence/1", "about": "di_1", "checkpoint": "", "facts": []}
    file.write_text(json.dumps(empty))
    key.write_text(json.dumps(key_json(log_key(town.parts))))

    assert not verify_files([file], key)["ok"]


def test_a_question_is_timed_until_its_first_answer(town, clock):
    contract = town.promised(
        {"levels": [{"level": "support", "promised": 2, "back": [{"percent": 5}]}]}
    )
    bo, alma, parts = town.cast.bo, town.cast.alma, town.parts
    asked = support.ask(parts, bo, contract.id, title="Units?", words="Which unit has it?")
    clock.advance(hours=1)

    told = support.write(parts, alma, contract.id, asked.id, "Cars.")
    again = support.write(parts, alma, contract.id, asked.id, "Parked ones.")

    assert told.answered_at == again.answered_at == clock.now()
    closed = support.close(parts, bo, contract.id, asked.id)
    assert closed.closed_at == clock.now()
    with pytest.raises(QuestionClosed):
        support.write(parts, alma, contract.id, asked.id, "More")
    with pytest.raises(ContractNotFound):
        support.ask(parts, town.cast.carla, contract.id, title="Hi", words="Hi")


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["reject", "credit", "cancel", "withdraw"]), st.integers(1, 6_000)
        ),
        min_size=1,
        max_size=4,
    )
)
@pytest.mark.slow
def test_no_sequence_of_disputes_makes_or_loses_money(town, parts, clock, steps):
    town.month_over()  # what others left to be invoiced
    clock.set(START)
    before = {one.id for one in town.invoices()}
    contract = town.promised(DAILY, prepaid=True)
    town.paid_in(contract, 20_000)
    town.month_over()
    release_due(parts)
    new = [one for one in town.invoices() if one.id not in before]
    for what, amount in steps:
        found = opened(town, contract, About.INVOICE, new[0].number)
        if what == "withdraw":
            disputes.withdraw(parts, town.cast.bo, found.id)
            continue
        found = disputes.write(parts, town.cast.alma, found.id, "No.")
        try:
            match what:
                case "reject":
                    ruled(town, found, Outcome.REJECTED)
                case "credit":
                    ruled(town, found, Outcome.CREDITED, kr(amount))
                case "cancel":
                    ruled(town, found, Outcome.CANCELLED)
        except NotCredited:  # more than is left, so that nothing is decided
            disputes.withdraw(parts, town.cast.bo, found.id)

    with parts.db.begin() as tx:
        after = invoice(tx, None, new[0].id)
        rest = held(tx, Purpose.PREPAID, contract.id)
        back = statement(tx, rest.id).moves
    given = Money.total([m.amount for m in back if m.move is Move.GIVEN_BACK], kr(0).currency)
    assert after.owed == kr(0)
    assert rest.rest + after.paid + given == kr(20_000)
    assert check_books(parts).faults == ()


def test_disputes_have_routes_and_pages(town, sold, app):
    contract, bought = sold
    clients = {
        name: TestClient(
            app,
            headers={"Authorization": f"Bearer {town.cast.token(who, 'read', 'trade', 'publish')}"},
        )
        for name, who in {
            "bo": town.cast.bo,
            "alma": town.cast.alma,
            "carla": town.cast.carla,
        }.items()
    }
    wish = {"about": "invoice", "subject": bought.number, "words": "Too much."}

    made = clients["bo"].post(f"/api/contracts/{contract.id}/disputes", json=wish)
    assert made.status_code == 201, made.text
    path = f"/api/disputes/{made.json()['id']}"
    told = clients["alma"].post(f"{path}/messages", json={"words": "Not so."})

    assert told.json()["stage"] == "answered"
    assert [one["side"] for one in told.json()["messages"]] == ["consumer", "provider"]
    assert clients["carla"].get(path).status_code == 404
    assert clients["carla"].post(f"{path}/decision", json={
        "outcome": "rejected", "reason": "Mine"}).status_code in {403, 404}  # fmt: skip
    assert clients["bo"].get(f"{path}/evidence").json()["kind"] == "torvet-evidence/1"
    assert clients["bo"].get("/api/disputes").json()["items"][0]["id"] == made.json()["id"]
    report = clients["bo"].get(f"/api/contracts/{contract.id}/service").json()
    assert report["findings"][0]["measure"] == "freshness"
    page = clients["bo"].get(f"/contracts/{contract.id}/service")
    assert page.status_code == 200
    assert "Promised" in page.text
    assert "Too much." in clients["alma"].get(f"/disputes/{made.json()['id']}").text
