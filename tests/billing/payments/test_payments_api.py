"""Over HTTP: the operator reads statements and decides, parties see their own, events are heard."""

import json
from dataclasses import replace

import pytest

from billing.invoices.conftest import BUYER
from torvet.billing import AccountKind, Posting, credit, debit, post
from torvet.billing.shares import Agreement, Member, Terms, Way, store
from torvet.demo.bank import Bank

from .conftest import LATER, kr

XML = {"Content-Type": "application/xml"}


def statement_of(bank):
    return bank.statement(LATER.date())


def test_the_operator_reads_a_statement_and_decides_what_is_unclear(market, operator, citizen):
    invoice = market.sold(10_000)
    market.bank.comes_in(invoice.owed + kr(5), invoice.reference, other="Grønby Analyse")
    document = statement_of(market.bank)
    path = "/api/billing/bank/statements"

    assert citizen.post(path, content=document, headers=XML).status_code == 403
    first = operator.post(path, content=document, headers=XML)
    again = operator.post(path, content=document, headers=XML)
    (line,) = operator.get("/api/billing/bank/lines").json()["items"]
    body = {"decision": {"means": "invoice", "invoices": [{"invoice": invoice.number}]}}
    decided = operator.post(f"/api/billing/bank/lines/{line['key'][:12]}/decision", json=body)

    assert (first.status_code, first.json()["waiting"]) == (201, 1)
    assert again.json()["known"]
    assert "too much" in line["why"]
    assert decided.json()["stage"] == "booked"
    assert operator.get("/api/billing/bank/lines").json()["items"] == []
    (danish,) = operator.get("/api/billing/bank/balance").json()["items"]
    assert danish["difference"]["minor"] == 0
    back = operator.post(f"/api/billing/invoices/{invoice.number}/refunds", json={"reason": "x"})
    assert (back.json()["by"], back.json()["amount"]["minor"]) == ("transfer", 5)


def test_what_is_no_statement_of_ours_is_refused(operator):
    other = Bank(iban="DE89370400440532013000")
    path = "/api/billing/bank/statements"

    assert operator.post(path, content=b"date;amount", headers=XML).status_code == 422
    assert operator.post(path, content=statement_of(other), headers=XML).status_code == 422


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"decision": {"means": "luck"}},
        {"decision": {"means": "invoice", "invoices": []}},
        {"decision": {"means": "other"}},
    ],
)
def test_a_decision_that_says_too_little_is_refused(operator, body):
    path = "/api/billing/bank/lines/12345678/decision"
    assert operator.post(path, json=body).status_code == 422


def test_an_event_of_a_card_provider_that_nobody_set_is_refused(citizen):
    answer = citizen.post("/api/billing/card-events", content=b"{}")

    assert answer.status_code == 403
    assert answer.json()["code"] == "cards-unavailable"


def test_each_party_sees_what_is_due_to_it_and_the_operator_pays_it_out(
    parts, market, people, operator, citizen
):
    party = people["citizen"][0]
    market.square.details(replace(BUYER, party=party, iban="DK5000400440116243"))
    with parts.db.begin() as tx:
        lines = (
            debit(AccountKind.FEE, "", kr(20_000)),
            credit(AccountKind.CONTRIBUTOR, party, kr(20_000)),
        )
        gift = Posting(key="gift", kind="gift", words="A share", lines=lines)
        post(tx, gift, at=parts.clock.now(), by="x")

    (due,) = citizen.get("/api/billing/payouts/due").json()["items"]
    assert (due["payable"]["minor"], due["why"]) == (20_000, "")
    assert citizen.post("/api/billing/payouts/runs", json={}).status_code == 403
    run = operator.post("/api/billing/payouts/runs", json={}).json()
    file = operator.get(f"/api/billing/payouts/files/{run['file']}")
    (mine,) = citizen.get("/api/billing/payouts").json()["items"]

    assert file.headers["content-type"].startswith("application/xml")
    assert mine["transfer"] in file.text
    assert citizen.get(f"/api/billing/payouts/files/{run['file']}").status_code == 403
    path = f"/api/billing/payouts/{mine['id']}/cancellation"
    assert citizen.post(path, json={"reason": "x"}).status_code == 403
    assert operator.post(path, json={"reason": "the bank says no"}).json()["stage"] == "cancelled"


def test_a_member_sees_its_agreements_and_earnings(parts, people, citizen):
    party = people["citizen"][0]
    terms = Terms(portion=2_500, way=Way.EQUAL, members=(Member(party=party),))
    with parts.db.begin() as tx:
        made = Agreement(
            dataset="ds_air",
            version=1,
            provider="pt_city",
            terms=terms,
            made_at=parts.clock.now(),
            made_by="x",
        )
        store.add(tx, made)

    found = citizen.get("/api/billing/earnings").json()

    assert [(one["dataset"], one["portion"]) for one in found["agreements"]] == [("ds_air", 2_500)]
    assert found["items"] == []
    assert citizen.get("/api/datasets/nothing/shares").status_code == 404


@pytest.mark.parametrize(
    ("path", "who"),
    [
        ("/billing/payments", ("operator",)),
        ("/billing/payouts", ("operator", "citizen", "stranger")),
        ("/billing/payouts?every=true", ("operator",)),
        ("/billing/earnings", ("operator", "citizen", "stranger")),
    ],
)
def test_the_pages_are_shown_to_whom_they_concern(people, market, path, who):
    for name, (_, client) in people.items():
        answer = client.get(path, headers={"Accept": "text/html"})
        assert answer.status_code == (200 if name in who else 403), (name, answer.text[:200])


def test_a_statement_is_read_and_a_line_decided_on_the_page(market, operator):
    market.bank.goes_out(kr(90), words="Gebyr")
    files = {"file": ("s.xml", statement_of(market.bank), "application/xml")}

    page = operator.post("/billing/payments/statements", files=files)
    assert "1 waiting for you" in page.text
    (line,) = operator.get("/api/billing/bank/lines").json()["items"]
    path = f"/billing/payments/lines/{line['key']}"
    wrong = operator.post(path, data={"means": "payout", "about": "po_none"})
    right = operator.post(path, data={"means": "cost"}, follow_redirects=False)

    assert (wrong.status_code, right.status_code) == (404, 303)
    assert "There is no payout" in wrong.text
    assert json.loads(operator.get("/api/billing/check").text)["ok"]


def waiting(operator, words):
    """The key of the line that waits with these words."""
    lines = operator.get("/api/billing/bank/lines").json()["items"]
    (key,) = [one["key"] for one in lines if one["text"] == words]
    return f"/billing/payments/lines/{key}"


def test_a_line_that_pays_two_invoices_is_said_so_on_the_page(market, operator):
    one, other = market.sold(10_000), market.sold(20_000)
    market.bank.comes_in(one.owed + other.owed, words="For both")
    market.read()
    path = waiting(operator, "For both")
    wrong = {"means": "invoice", "about": f"{one.number}=1.250 {other.number}"}
    right = {"means": "invoice", "about": f"{one.number}=125,00, {other.number}"}

    refused = operator.post(path, data=wrong)
    decided = operator.post(path, data=right)

    assert refused.status_code == 422
    assert f'value="{wrong["about"]}"' in refused.text
    assert "no amount of money" in refused.text
    assert decided.status_code == 200
    assert [market.invoice(it.id).owed for it in (one, other)] == [kr(0), kr(0)]
    told = operator.get("/billing/payments/lines").text
    assert f"{one.number}, {other.number}" in told


def test_a_line_that_is_not_the_exchanges_is_set_apart_with_its_reason(market, operator):
    market.bank.comes_in(kr(500), words="Rent of a room")
    market.read()
    path = waiting(operator, "Rent of a room")

    nothing = operator.post(path, data={"means": "other", "about": " "})
    held = operator.post(path, data={"means": "held", "about": "H0"})
    what = operator.post(path, data={"means": "whatever", "about": "x"})
    done = operator.post(path, data={"means": "other", "about": "Our own rent"})
    again = operator.post(path, data={"means": "cost"})

    assert (nothing.status_code, what.status_code, again.status_code) == (422, 422, 409)
    assert held.status_code == 404
    assert '<option value="held" selected>' in held.text
    assert done.status_code == 200
    assert "Our own rent" in operator.get("/billing/payments/lines?stage=apart").text
    assert "Our own rent" not in operator.get("/billing/payments/lines").text
    assert operator.post("/billing/payments/lines/none", data={"means": "cost"}).status_code == 404


def test_the_page_tells_which_statements_were_read_and_how_books_and_bank_stand(market, operator):
    market.bank.goes_out(kr(70), words="Gebyr igen")
    document = statement_of(market.bank)
    files = {"file": ("s.xml", document, "application/xml")}
    operator.post("/billing/payments/statements", files=files)

    page = operator.post("/billing/payments/statements", files=files).text

    told = operator.get("/api/billing/bank/statements").json()["items"]
    assert told[0]["closing"]["minor"] == market.bank.balance.minor
    assert "was read before" in page
    assert market.bank.iban in page
    assert market.bank.balance.said("en") in page
    assert "Books and bank" in page
    assert '<span class="tag safe">agrees</span>' in page
    wrong = {"file": ("s.xml", b"<no/>", "application/xml")}
    refused = operator.post("/billing/payments/statements", files=wrong)
    assert refused.status_code == 422
    assert 'role="alert"' in refused.text


def test_strangers_do_nothing_on_the_pages_of_payments(market, operator, citizen):
    market.bank.comes_in(kr(500), words="Nobody knows")
    market.read()
    path = waiting(operator, "Nobody knows")
    files = {"file": ("s.xml", statement_of(market.bank), "application/xml")}

    assert citizen.post(path, data={"means": "cost"}).status_code == 403
    assert citizen.post("/billing/payments/statements", files=files).status_code == 403
    assert citizen.get("/billing/payments/lines").status_code == 403
    assert citizen.get("/api/billing/bank/statements").status_code == 403
