"""Over HTTP and on pages: each party sees its own documents, and the operator all of them."""

import hashlib
from dataclasses import replace
from datetime import timedelta
from io import BytesIO

import pytest
from pypdf import PdfReader
from starlette.testclient import TestClient

from torvet.parties import local_session, make_operator, sign_up
from torvet.server import application

from .conftest import BUYER, CITIZEN, IN_JULY, OPERATOR, SELLER, Square


@pytest.fixture(scope="module")
def cast(parts):
    """A buyer, a stranger and the operator, signed in; June's invoice of 100 kr. to the buyer."""
    app = application(parts)
    square = Square(parts)
    square.details(OPERATOR)
    emails, clients = {}, {"nobody": TestClient(app)}
    for name in ("buyer", "stranger", "operator"):
        emails[name] = f"{name}@example.org"
        made = sign_up(parts, email=emails[name], name=name, password="a long sentence of mine")
        clients[f"{name}'s party"] = made.account.citizen_party
    make_operator(parts, emails["operator"])
    square.details(replace(CITIZEN, party=clients["buyer's party"]))
    contract = square.agreed("2 DKK per row", square.party(SELLER), clients["buyer's party"])
    square.use(contract, rows=50)
    (invoice,) = square.month_over().invoices
    for name, email in emails.items():
        headers = {"Authorization": f"Bearer {local_session(parts, email)}"}
        clients[name] = TestClient(app, headers=headers)
    return clients | {"number": square.issued(invoice).number, "contract": contract}


@pytest.fixture(autouse=True)
def _in_july(clock, cast):
    clock.set(IN_JULY)


def test_a_party_sees_its_own_documents_and_no_others(cast):
    (mine,) = cast["buyer"].get("/api/invoices").json()["items"]

    assert (mine["kind"], mine["status"]) == ("invoice", "open")
    assert mine["owed"] == {"minor": 12_500, "currency": "DKK"}
    assert cast["stranger"].get("/api/invoices").json()["items"] == []
    assert len(cast["operator"].get("/api/invoices?every=true").json()["items"]) == 2
    assert cast["buyer"].get("/api/invoices?every=true").status_code == 403
    assert cast["nobody"].get("/api/invoices").status_code == 401


@pytest.mark.parametrize("form", ["", ".xml", ".pdf"])
def test_a_document_is_given_to_those_whose_it_is(cast, form):
    path = f"/api/invoices/{cast['number']}{form}"

    assert cast["buyer"].get(path).status_code == 200
    assert cast["operator"].get(path).status_code == 200
    assert cast["stranger"].get(path).status_code == 404
    assert cast["nobody"].get(path).status_code == 401


def test_what_is_sent_is_what_the_log_bears_witness_of(cast):
    path = f"/api/invoices/{cast['number']}"
    told = cast["buyer"].get(path).json()

    xml = cast["buyer"].get(f"{path}.xml")
    assert hashlib.sha256(xml.content).hexdigest() == told["digest"]
    assert xml.content in pypdf_of(cast["buyer"].get(f"{path}.pdf").content)
    assert told["sales"] == []
    assert cast["operator"].get(path).json()["sales"][0]["fee"]["minor"] == 400


def pypdf_of(paper):
    """The files inside a PDF."""
    return [content for each in PdfReader(BytesIO(paper)).attachments.values() for content in each]


def test_only_the_operator_issues_a_month_and_takes_back(cast):
    path = f"/api/invoices/{cast['number']}/credit-notes"
    wish = {"reason": "Fejl", "key": "k1", "part": {"minor": 1_000, "currency": "DKK"}}

    assert cast["buyer"].post(path, json=wish).status_code == 403
    assert cast["buyer"].post("/api/invoices/runs", json={"month": "2026-06"}).status_code == 403
    first = cast["operator"].post(path, json=wish).json()
    assert cast["operator"].post(path, json=wish).json() == first
    assert first["gross"]["minor"] == 1_250
    again = cast["operator"].post("/api/invoices/runs", json={"month": "2026-06"})
    assert (again.status_code, again.json()["invoices"]) == (201, [])


def test_a_party_of_a_contract_has_it_invoiced_at_once(cast):
    path = f"/api/contracts/{cast['contract']}/invoices"

    assert cast["buyer"].post(path).json()["invoices"] == []
    assert cast["stranger"].post(path).status_code == 404


WRONG = {
    "an address that is empty": {"street": " "},
    "a VAT number of another country": {"vat_registered": True, "vat_number": "DE123456789"},
    "an IBAN that does not check": {"iban": "DK5000400440116244"},
    "half an account": {"registration": "0040"},
    "an EAN that does not check": {"ean": "5798005770221"},
}


@pytest.mark.parametrize("change", WRONG.values(), ids=WRONG)
def test_billing_details_that_cannot_be_are_refused_with_the_reason(cast, change):
    before = cast["buyer"].get("/api/billing/profile").json()
    wish = {key: value for key, value in before.items() if key != "missing"}

    refused = cast["buyer"].put("/api/billing/profile", json=wish | change)

    assert refused.status_code == 422
    assert refused.json()["code"] == "billing-profile-unfit"
    assert cast["buyer"].get("/api/billing/profile").json() == before


def test_of_two_who_change_details_the_second_is_told(cast):
    before = cast["stranger"].get("/api/billing/profile").json()
    wish = {key: value for key, value in before.items() if key != "missing"}
    wish |= {"street": "Vej 1", "post_code": "8000", "city": "Aarhus C"}

    assert cast["stranger"].put("/api/billing/profile", json=wish).status_code == 200
    assert cast["stranger"].put("/api/billing/profile", json=wish).status_code == 409


def test_the_exchanges_own_details_are_the_operators(cast):
    asked = {"house": "true"}

    assert cast["buyer"].get("/api/billing/profile", params=asked).status_code == 403
    own = cast["operator"].get("/api/billing/profile", params=asked).json()
    assert own["name"] == OPERATOR.name


def test_fees_are_public_and_the_same_for_all(cast):
    told = [cast[who].get("/api/fees").json() for who in ("nobody", "buyer", "operator")]

    assert told[0] == told[1] == told[2]
    assert {fee["kind"] for fee in told[0]["current"]["fees"]} == {
        "public",
        "private",
        "research",
        "citizen",
    }
    for language, word in (("da", "Gebyrer"), ("en", "Fees")):
        assert word in cast["nobody"].get(f"/fees?language={language}").text


def test_the_pages_show_what_is_to_be_paid_and_how(cast):
    page = cast["buyer"].get(f"/invoices/{cast['number']}").text

    assert "To pay by" in page
    assert cast["number"] in cast["buyer"].get("/invoices").text
    assert cast["stranger"].get(f"/invoices/{cast['number']}").status_code == 404
    assert "Take it back" not in page
    assert "Take it back" in cast["operator"].get(f"/invoices/{cast['number']}").text


def test_the_form_of_billing_details_says_what_is_wrong(cast):
    fields = {
        "name": "Bo",
        "street": "Vej 2",
        "post_code": "8000",
        "city": "Aarhus",
        "country": "DK",
    }
    version = cast["buyer"].get("/api/billing/profile").json()["version"]

    refused = cast["buyer"].post(
        "/billing/profile", data={**fields, "version": version, "iban": "DK1"}
    )

    assert refused.status_code == 422
    assert "no IBAN" in refused.text
    given = cast["buyer"].post("/billing/profile", data={**fields, "version": version})
    assert given.status_code == 200
    assert 'value="Vej 2"' in given.text


def test_what_waits_is_told_to_whoever_can_mend_it(parts, cast):
    square = Square(parts)
    citizen = cast["stranger"].get("/api/billing/profile").json()
    assert citizen["missing"] == []
    seller = square.party(None)
    parts.clock.set(IN_JULY - timedelta(days=1))
    square.use(square.agreed("2 DKK per row", seller, square.party(BUYER)), rows=4)
    square.month_over()

    (waiting,) = cast["operator"].get("/api/invoices/waiting?every=true").json()["items"]

    assert waiting["party"] == seller
    assert "address-missing" in [fault["code"] for fault in waiting["faults"]]
    assert cast["buyer"].get("/api/invoices/waiting").json()["items"] == []
    page = cast["operator"].get("/invoices/waiting?every=true").text
    assert "can mend it" in page
    assert "address" in page
