"""Payouts on pages: a provider reads what each is for, the operator runs them; to nobody else."""

from dataclasses import replace

import pytest

from billing.escrow.test_pages import seen, sent
from billing.payments.conftest import SELLER, kr
from contracts.conftest import nobody, person
from torvet.billing.payouts import payouts_of
from torvet.parties import make_operator

pytestmark = pytest.mark.slow

__all__ = ["nobody", "person"]

OF_ALL = "/billing/payouts?every=true"


# Everybody signs in when it is as late as the market makes it: sessions end by the clock.
@pytest.fixture
def alma(market, person):
    return person("alma")


@pytest.fixture
def carla(market, person):
    return person("carla")


@pytest.fixture
def olga(market, person, parts):
    """The operator."""
    found = person("olga", organisation=False)
    make_operator(parts, found.caller.email)
    return found


@pytest.fixture
def sold(market, alma):
    """Alma has sold for 1,000 kr., and the buyer has paid."""
    market.square.details(replace(SELLER, party=alma.caller.party))
    return market.sold(100_000, seller=alma.caller.party)


@pytest.fixture
def paid(market, sold):
    market.paid(sold)
    return sold


def payout_to(parts, someone):
    with parts.db.begin() as tx:
        return payouts_of(tx, someone.caller)[0]


def test_a_provider_reads_which_sales_wait_and_why(alma, sold):
    page = seen(alma, "/billing/payouts")

    assert "its buyer has not paid all of it" in page
    assert "DKK\u00a01,200.00" in page
    (waits,) = alma.get("/api/billing/payouts/due")["waiting"]
    assert waits["document"] in page
    assert "Not paid out yet" in seen(alma, f"/invoices/{waits['document']}")
    assert waits["amount"] == {"minor": 120_000, "currency": "DKK"}


def test_the_operator_pays_out_and_finds_the_file(market, alma, olga, paid, parts):
    assert "with the next payouts" in seen(olga, OF_ALL)
    assert "Alma" in seen(olga, OF_ALL)

    there = sent(olga, "/billing/payouts", pay_on="2026-08-03")

    page = seen(olga, there)
    file = payout_to(parts, alma).file
    assert f'href="/api/billing/payouts/files/{file}"' in page
    assert "has not told of all" in page
    assert "3 August 2026" in page
    document = olga.client.get(f"/api/billing/payouts/files/{file}")
    assert b"2026-08-03" in document.content
    assert "Nothing can be paid out now" in seen(olga, sent(olga, "/billing/payouts"))


def test_a_day_that_is_none_is_refused_and_stays_entered(olga, paid):
    page = sent(olga, "/billing/payouts", 422, pay_on="31-13-2026")

    assert 'role="alert"' in page
    assert 'value="31-13-2026"' in page


def test_a_payout_tells_its_party_which_documents_it_pays(market, alma, paid, parts):
    market.pay_out()
    payout = payout_to(parts, alma)

    page = seen(alma, f"/billing/payouts/{payout.id}")
    told = alma.get(f"/api/billing/payouts/{payout.id}")

    (line,) = told["lines"]
    assert (line["kind"], line["amount"]) == ("sale", {"minor": 120_000, "currency": "DKK"})
    assert f'href="/invoices/{line["document"]}"' in page
    document = seen(alma, f"/invoices/{line['document']}")
    assert f'href="/billing/payouts/{payout.id}"' in document
    assert "Take it back" not in page
    assert f"/billing/payouts/{payout.id}" in seen(alma, "/billing/payouts")


def test_what_came_back_is_listed_with_the_reason(market, alma, olga, paid, parts):
    market.pay_out()
    payout = payout_to(parts, alma)
    market.bank.sends_back(payout.transfer, payout.amount)
    market.read()

    for page in (seen(olga, OF_ALL), seen(alma, f"/billing/payouts/{payout.id}")):
        assert "Returned: AC04" in page
    assert "another account" in seen(alma, "/billing/payouts")


def test_the_operator_takes_a_payout_back_once(market, alma, olga, paid, parts):
    market.pay_out()
    path = f"/billing/payouts/{payout_to(parts, alma).id}"
    assert "Take it back" in seen(olga, path)

    assert sent(olga, f"{path}/cancellation", reason="The bank refused it") == path

    assert "The bank refused it" in seen(alma, path)
    page = sent(olga, f"{path}/cancellation", 409, reason="And again")
    assert 'role="alert"' in page
    assert market.balance("payable", alma.caller.party) == -120_000


@pytest.fixture
def payout(market, alma, paid, parts):
    market.pay_out()
    return payout_to(parts, alma)


def test_strangers_see_no_payout_and_move_none(alma, carla, nobody, payout, parts):
    path = f"/billing/payouts/{payout.id}"

    seen(carla, path, 404)
    carla.get(f"/api{path}", 404)
    seen(carla, OF_ALL, 403)
    for who, status in ((carla, 403), (alma, 403), (nobody, 401)):
        sent(who, f"{path}/cancellation", status, reason="Mine")
        sent(who, "/billing/payouts", status)
    assert payout.id not in seen(carla, "/billing/payouts")
    assert payout_to(parts, alma).amount == kr(120_000)
