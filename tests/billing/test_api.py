"""Over HTTP each party sees its own accounts, and the operator all of them."""

import html
import re

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from torvet.billing import AccountKind, credit, debit, post, store
from torvet.billing.books_pages import ENTRIES_SHOWN
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


def test_a_party_reads_its_own_accounts_on_a_page(cast):
    listed = cast["buyer"].get("/billing/accounts")
    told = cast["buyer"].get("/billing/accounts/receivable/DKK")

    assert 'href="/billing/accounts/receivable/DKK"' in listed.text
    assert "owed by you" in listed.text
    assert "Parking" in told.text
    assert "125.00" in told.text
    assert "Nothing was booked for you yet" in cast["stranger"].get("/billing/accounts").text
    assert cast["stranger"].get("/billing/accounts/receivable/DKK").status_code == 404


@pytest.mark.parametrize(
    "path",
    ["", "/proof", "/receivable/DKK", "/fee/DKK/statement", "/receivable/DKK/statement?party=pt_1"],
)
def test_only_the_operator_opens_the_books(cast, path, parts):
    for who in ("buyer", "stranger"):
        assert cast[who].get(f"/billing/books{path}").status_code == 403
    assert TestClient(application(parts)).get(f"/billing/books{path}").status_code == 401


def test_the_operator_sees_every_account_and_its_entries(cast):
    operator = cast["operator"]
    books = operator.get("/billing/books").text
    buyers = operator.get("/billing/books/receivable/DKK").text
    fees = operator.get("/billing/books/fee/DKK/statement").text

    assert "Trial balance, DKK" in books
    assert "/api/billing/export?format=beancount" in books
    assert "buyer</a>" in buyers
    assert ">The exchange<" in operator.get("/billing/books/fee/DKK").text
    assert "Exchange fee, DKK: The exchange" in fees
    assert "Parking" in fees
    (statement,) = re.findall(r'"(/billing/books/receivable/DKK/statement[^"]+)"', buyers)
    assert "Receivable, DKK: buyer" in operator.get(statement).text


@pytest.mark.parametrize(
    ("period", "wrong"),
    [
        ("from=yesterday", "no day"),
        ("from=9999-12-31", "no day"),
        ("from=2026-06-02&to=2026-06-01", "no time between"),
    ],
)
def test_a_period_that_is_none_comes_back_as_it_was_typed(cast, period, wrong):
    answer = cast["buyer"].get(f"/billing/accounts/receivable/DKK?{period}")

    assert answer.status_code == 422
    assert wrong in answer.text
    assert f'value="{period[5:].partition("&")[0]}"' in answer.text


def test_a_long_statement_has_pages(cast, parts):
    party = cast["operator"].get("/api/me").json()["party"]
    with parts.db.begin() as tx:
        for number in range(ENTRIES_SHOWN + 3):
            lines = (
                debit(AccountKind.RECEIVABLE, party, kr(1)),
                credit(AccountKind.FEE, "", kr(1)),
            )
            posting = Posting(key=f"p{number}", kind="charge", words=f"No {number}.", lines=lines)
            post(tx, posting, at=parts.clock.now(), by="x")

    first = cast["operator"].get("/billing/accounts/receivable/DKK")
    second = cast["operator"].get("/billing/accounts/receivable/DKK?page=2")

    assert first.text.count("<time") == ENTRIES_SHOWN
    assert "page=2" in first.text
    assert second.text.count("<time") == 3
    assert "Carried over" in second.text
    assert "page=3" not in second.text
    assert "no more entries" in cast["operator"].get("/billing/accounts/receivable/DKK?page=3").text


def test_the_books_are_proven_one_at_a_time(cast, parts):
    with parts.db.begin() as tx:
        assert store.prove_alone(tx)
        for path in ("/billing/books/proof", "/api/billing/check"):
            refused = cast["operator"].get(path)
            assert refused.status_code == 409
            assert "being proven" in refused.text
    assert cast["operator"].get("/billing/books/proof").status_code == 200


def test_every_law_is_named_with_its_outcome(cast, parts):
    page = cast["operator"].get("/billing/books/proof").text
    laws = cast["operator"].get("/api/billing/check").json()["laws"]

    assert "The books are right" in page
    assert len(laws) >= 10
    for one in laws:
        assert one["holds"]
        assert html.escape(one["law"]) in page
    with parts.db.begin() as tx:
        tx.execute(text("alter table books_entries disable trigger books_entries_kept"))
    page = cast["operator"].get("/billing/books/proof").text
    with parts.db.begin() as tx:
        tx.execute(text("alter table books_entries enable always trigger books_entries_kept"))
    assert "Something is wrong with the books" in page
    assert "books_entries_kept is gone or switched off" in page
