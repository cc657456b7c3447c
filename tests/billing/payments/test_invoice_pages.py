"""On the pages of documents: what is listed and waits, runs, credit notes, refunds, what is told."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from starlette.testclient import TestClient

from billing.invoices.conftest import BUYER, CITIZEN, SELLER
from delivery.stage import PURPOSE, Cast
from torvet.billing import check_books
from torvet.billing.payments import lines_of
from torvet.billing.payouts import payouts_of
from torvet.contracts import Draft, Order, accept, make_offer
from torvet.contracts.prices.text import from_text
from torvet.server import application

from .conftest import LATER, THE_OPERATOR, kr

pytestmark = pytest.mark.slow

IBAN = "DK5000400440116243"


@pytest.fixture
def buyer(people, market):
    """The citizen's party, which can be paid by transfer."""
    party = people["citizen"][0]
    market.square.details(replace(CITIZEN, party=party, iban=IBAN))
    return party


@pytest.fixture
def bought(market, buyer):
    """An invoice of 125 kr. to the citizen, paid by transfer."""
    invoice = market.sold(10_000, buyer=buyer)
    market.paid(invoice)
    return market.invoice(invoice.id)


def wanted(market, invoice):
    return [
        one for one in _payouts(market, invoice.party_to) if one.source.endswith(f":{invoice.id}")
    ]


def _payouts(market, party):
    with market.parts.db.begin() as tx:
        return [one for one in payouts_of(tx, THE_OPERATOR, every=True) if one.party == party]


def test_documents_are_listed_by_kind_and_by_what_is_owed(market, buyer, bought, citizen):
    open_ = market.sold(20_000, buyer=buyer)

    def numbers(asked=""):
        page = citizen.get(f"/invoices{asked}")
        assert page.status_code == 200
        return {one for one in (bought.number, open_.number) if f">{one}</a>" in page.text}

    assert numbers() == {bought.number, open_.number}
    assert numbers("?standing=open") == {open_.number}
    assert numbers("?standing=paid&kind=invoices") == {bought.number}
    assert numbers("?kind=self-bills") == set()
    assert numbers("?standing=overpaid") == set()
    assert "No document is like that" in citizen.get("/invoices?kind=self-bills").text
    assert f"/api/invoices/{bought.number}.xml" in citizen.get("/invoices").text
    listed = citizen.get("/api/invoices?standing=open").json()["items"]
    assert bought.number not in {one["number"] for one in listed}


def test_a_long_list_has_pages(market, buyer, citizen, monkeypatch):
    monkeypatch.setattr("torvet.billing.invoice_pages.SHOWN", 1)
    first, second = market.sold(100, buyer=buyer), market.sold(200, buyer=buyer)

    newest = citizen.get("/invoices").text
    older = citizen.get(f"/invoices?after={second.id}").text

    assert second.number in newest
    assert first.number not in newest
    assert f"after={second.id}" in newest
    assert first.number in older


def test_what_is_credited_by_hand_goes_back_and_the_buyer_is_told(
    market, buyer, bought, operator, citizen
):
    path = f"/invoices/{bought.number}"
    form = {"key": "k1", "reason": "As agreed", "amount": "40,00"}
    assert citizen.post(f"{path}/credit-notes", data=form).status_code == 403

    answer = operator.post(f"{path}/credit-notes", data=form, follow_redirects=False)
    operator.post(f"{path}/credit-notes", data=form)

    assert answer.status_code == 303
    assert [one.amount for one in wanted(market, bought)] == [kr(5_000)]
    page = citizen.get(path).text
    assert "What goes back" in page
    assert ">ordered<" in page
    assert "with the next payment file" in page
    _, document = market.pay_out()
    assert ">under way<" in citizen.get(path).text
    market.bank.takes(document)
    market.read()
    assert ">done<" in citizen.get(path).text
    assert "Ordered back by transfer" in citizen.get(path).text
    told = citizen.get(f"/api/billing/invoices/{bought.number}/refunds").json()["items"]
    assert [(one["by"], one["stage"]) for one in told] == [("transfer", "paid")]


@pytest.mark.parametrize(
    ("form", "wrong"),
    [
        ({"reason": " ", "amount": "1.00"}, "A reason is missing"),
        ({"reason": "Mine", "amount": "1.250"}, "no amount of money"),
        ({"reason": "Mine", "amount": "9999.00"}, "cannot be given back"),
        ({"reason": "Mine", "amount": "5 EUR"}, "EUR"),
    ],
)
def test_a_credit_note_that_cannot_be_comes_back_as_it_was_typed(
    market, bought, operator, form, wrong
):
    answer = operator.post(f"/invoices/{bought.number}/credit-notes", data={**form, "key": "k2"})

    assert 400 <= answer.status_code < 500
    assert wrong in answer.text
    assert 'role="alert"' in answer.text
    assert f'value="{form["amount"]}"' in answer.text
    assert 'value="k2"' in answer.text
    assert wanted(market, bought) == []


def form_key(page, deed):
    """Return the key in the form of a deed, by which it is done once."""
    return re.search(rf'/{deed}".*?name="key" value="([^"]+)"', page.text, re.DOTALL)[1]


def test_the_operator_pays_back_what_came_by_mistake(market, bought, operator, citizen):
    path = f"/invoices/{bought.number}"
    market.bank.comes_in(kr(3_000), bought.reference)
    market.read()
    with market.parts.db.begin() as tx:
        (line,) = lines_of(tx, THE_OPERATOR)
    decided = {"means": "invoice", "about": bought.number}
    operator.post(f"/billing/payments/lines/{line.key}", data=decided)
    assert "The exchange" in citizen.get(path).text
    assert "Pay it back" not in citizen.get(path).text
    assert "Pay it back" in operator.get(path).text
    assert f">{bought.number}</a>" in operator.get("/invoices?every=true&standing=overpaid").text

    much = operator.post(f"{path}/refunds", data={"amount": "30.01", "reason": "Mistake"})
    stranger = citizen.post(f"{path}/refunds", data={"amount": "30", "reason": "Mine"})
    form = {"amount": "10", "reason": "Mistake", "key": form_key(operator.get(path), "refunds")}
    done = operator.post(f"{path}/refunds", data=form)
    twice = operator.post(f"{path}/refunds", data=form)
    otherwise = operator.post(f"{path}/refunds", data=form | {"amount": "11"})
    rest = operator.post(f"{path}/refunds", data={"amount": "", "reason": "The rest"})

    assert (much.status_code, stranger.status_code) == (409, 403)
    assert 'value="30.01"' in much.text
    assert (done.status_code, twice.status_code, rest.status_code) == (200, 200, 200)
    assert otherwise.status_code == 409
    assert sorted(one.amount for one in wanted(market, bought)) == [kr(1_000), kr(2_000)]
    assert check_books(market.parts).faults == ()


def test_a_buyer_without_an_account_reads_what_to_do(market, people, operator, citizen):
    party = people["citizen"][0]
    market.square.details(replace(CITIZEN, party=party, iban=""))
    invoice = market.sold(10_000, buyer=party)
    market.paid(invoice)

    operator.post(f"/invoices/{invoice.number}/credit-notes", data={"key": "k3", "reason": "Ok"})

    page = citizen.get(f"/invoices/{invoice.number}").text
    assert ">waits<" in page
    assert "name no account" in page
    assert 'href="/billing/profile"' in page


def test_strangers_find_no_document_and_do_nothing_to_it(market, bought, stranger):
    for number in (bought.number, "F-999999"):
        path = f"/invoices/{number}"
        assert stranger.get(path).status_code == 404
        assert stranger.get(f"/api/billing{path}/refunds").status_code == 404
        for deed in ("credit-notes", "refunds"):
            data = {"key": "k", "reason": "Mine"}
            assert stranger.post(f"{path}/{deed}", data=data).status_code == 403


@pytest.fixture
def used(market, buyer):
    """A contract of the citizen's with use that is charged and not invoiced, in June."""
    market.parts.clock.set(datetime(2026, 6, 10, tzinfo=UTC))
    contract = market.square.agreed("2 DKK per row", market.square.party(SELLER), buyer)
    market.square.use(contract, rows=50)
    market.parts.clock.set(datetime(2026, 6, 12, tzinfo=UTC))
    market.square.charge()
    return contract


def test_what_comes_with_the_next_invoice_is_told_before(used, citizen, operator, stranger):
    page = citizen.get("/invoices/waiting").text

    assert used in page
    assert "125.00" in page
    (told,) = citizen.get("/api/invoices/waiting").json()["coming"]
    assert (told["contracts"], told["gross"]["minor"]) == ([used], 12_500)
    assert stranger.get("/api/invoices/waiting").json()["coming_count"] == 0
    assert used not in stranger.get("/invoices/waiting").text
    assert stranger.get("/invoices/waiting?every=true").status_code == 403
    assert "Run the month" not in page
    assert "Run the month" in operator.get("/invoices/waiting?every=true").text


@pytest.fixture
def traded(market, tmp_path):
    """Bo's contract on a dataset that there is, charged for; and who asks as whom."""
    parts = market.parts
    parts.clock.set(datetime(2026, 6, 10, tzinfo=UTC))
    cast = Cast(parts, tmp_path)
    market.square.details(replace(SELLER, party=cast.alma.party))
    market.square.details(replace(BUYER, party=cast.bo.party))
    draft = Draft(
        title="Terms",
        clauses=(),
        price=from_text("100 DKK once"),
        preview_acknowledged=True,
    )
    offer = make_offer(parts, cast.alma, cast.dataset_with_release().slug, draft)
    made = accept(
        parts,
        cast.bo,
        offer.id,
        purpose=PURPOSE,
        seen=offer.digest,
        order=Order(purchase_order="7"),
    )
    parts.clock.set(LATER)
    market.square.charge()
    app = application(parts)

    def asking(who, *scopes):
        headers = {"Authorization": f"Bearer {cast.token(who, *scopes)}"}
        return TestClient(app, headers=headers)

    return made.id, cast, asking


def test_a_party_of_a_contract_has_it_invoiced_on_its_page(traded):
    contract, cast, asking = traded
    bo, reader = asking(cast.bo, "read", "trade"), asking(cast.bo, "read")
    assert "Invoice it now" in bo.get(f"/contracts/{contract}/charges").text
    assert "Invoice it now" not in reader.get(f"/contracts/{contract}/charges").text
    assert reader.post(f"/contracts/{contract}/invoices").status_code == 403
    carla = asking(cast.carla, "read", "trade")
    assert carla.post(f"/contracts/{contract}/invoices").status_code == 404

    answer = bo.post(f"/contracts/{contract}/invoices", follow_redirects=False)
    again = bo.post(f"/contracts/{contract}/invoices")

    assert answer.status_code == 303
    assert "125.00" in bo.get(answer.headers["location"]).text
    assert "Nothing could be invoiced" in again.text
    assert "Invoice it now" not in again.text


def test_the_operator_runs_a_month(market, used, operator, citizen):
    market.parts.clock.set(LATER)
    assert citizen.post("/invoices/runs", data={"month": "2026-06"}).status_code == 403

    for month in ("2026-08", "june", ""):
        refused = operator.post("/invoices/runs", data={"month": month})
        assert refused.status_code == 422
        assert "no month that has begun" in refused.text
    assert used in operator.get("/invoices/waiting?every=true").text
    done = operator.post("/invoices/runs", data={"month": "2026-06"})

    assert re.search(r"1 invoice and \d+ self-billed documents? were issued", done.text)
    assert "<td>June 2026</td>" in done.text
    assert used not in done.text
    again = operator.post("/invoices/runs", data={"month": "2026-06"})
    assert "Nothing was issued" in again.text
