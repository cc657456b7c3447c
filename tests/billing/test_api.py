"""Over HTTP each party sees its own accounts, and the operator all of them."""

import pytest
from starlette.testclient import TestClient

from torvet.billing import AccountKind, credit, debit, post
from torvet.billing.model import Posting
from torvet.parties import local_session, make_operator, sign_up
from torvet.server import application

from .conftest import kr


@pytest.fixture(scope="module")
def cast(parts):
    """A buyer, a stranger and the operator, with their sessions; the buyer owes 125 kr."""
    people = {}
    for name in ("buyer", "stranger", "operator"):
        email = f"{name}@example.org"
        made = sign_up(parts, email=email, name=name, password="a long sentence of mine")
        people[name] = (email, made.account.citizen_party)
    make_operator(parts, people["operator"][0])
    buyer = people["buyer"][1]
    lines = (
        debit(AccountKind.RECEIVABLE, buyer, kr(12_500)),
        credit(AccountKind.PAYABLE, "pt_alma", kr(12_000)),
        credit(AccountKind.FEE, "", kr(500)),
    )
    with parts.db.begin() as tx:
        posting = Posting(key="c", kind="charge", words="Parking", lines=lines)
        post(tx, posting, at=parts.clock.now(), by="x")
    clients = {}
    for name, (email, _) in people.items():
        secret = local_session(parts, email)
        headers = {"Authorization": f"Bearer {secret}"}
        clients[name] = TestClient(application(parts), headers=headers)
    return clients


def test_a_party_sees_its_own_accounts_and_no_others(cast):
    (mine,) = cast["buyer"].get("/api/billing/accounts").json()["items"]

    assert (mine["kind"], mine["balance"]["minor"]) == ("receivable", 12_500)
    assert cast["stranger"].get("/api/billing/accounts").json()["items"] == []


def test_a_statement_is_told_to_its_party(cast):
    asked = {"kind": "receivable"}

    found = cast["buyer"].get("/api/billing/statement", params=asked).json()

    assert [line["words"] for line in found["items"]] == ["Parking"]
    assert found["closing"] == {"minor": 12_500, "currency": "DKK"}
    assert cast["stranger"].get("/api/billing/statement", params=asked).status_code == 404


@pytest.mark.parametrize(
    "path", ["trial-balance", "check", "export", "statement?kind=fee&house=true"]
)
def test_only_the_operator_sees_all_of_the_books(cast, path):
    assert cast["operator"].get(f"/api/billing/{path}").status_code == 200
    assert cast["buyer"].get(f"/api/billing/{path}").status_code == 403


def test_the_operator_is_told_that_the_books_are_whole(cast):
    report = cast["operator"].get("/api/billing/check").json()

    assert report["ok"]
    assert report["turnover"] == [{"minor": 12_500, "currency": "DKK"}]
    assert len(cast["operator"].get("/api/billing/export").text.splitlines()) == 4
    beans = cast["operator"].get("/api/billing/export", params={"format": "beancount"}).text
    assert 'option "operating_currency" "DKK"' in beans
