"""Paying before use, sharing an income and paying out, as people do it in a browser."""

from datetime import UTC, datetime

import pytest
from axe_playwright_python.sync_playwright import Axe

from torvet.demo.bank import Bank
from torvet.demo.cast import person
from torvet.demo.trading import HOURLY, HOUSE_IBAN
from torvet.kit.money import Currency, Money

from .test_trading import signed_in

pytestmark = pytest.mark.slow

AMOUNT = Money(50_000, Currency.DKK)


@pytest.fixture(scope="module")
def prepaid(stage):
    """A contract of the start-up with the TSO that is paid before it is used."""
    wish = {"title": "Paid before use", "clauses": [], "price": "200 DKK once + 1 DKK per 100 rows"}
    offer = stage.post("tso", f"/api/datasets/{HOURLY}/offers", wish)
    asked = {"purpose": "ServiceProvision", "seen": offer["digest"], "prepaid": True}
    return stage.post("startup", f"/api/offers/{offer['id']}/contracts", asked)["id"]


def usable(page):
    """Say what of the open page keeps somebody from using it."""
    wrong = [it["id"] for it in Axe().run(page).response["violations"]]
    page.set_viewport_size({"width": 390, "height": 800})
    if page.evaluate("document.documentElement.scrollWidth") > 390:
        wrong.append("wider than a telephone")
    page.set_viewport_size({"width": 1280, "height": 900})
    return wrong


def share(page, square, startup):
    """Share the TSO's income with the start-up, after a slip that is told."""
    page.goto(f"{square}/datasets/{HOURLY}")
    page.get_by_role("link", name="Share it with those behind the data").click()
    page.get_by_label("Percent of your income").fill("10")
    page.get_by_label("Members, one a line").fill(f"{startup}: 5")
    page.get_by_role("button", name="Share it like this").click()
    assert "more than a short name" in page.get_by_role("alert").inner_text()
    assert usable(page) == []
    page.faults.clear()  # a browser takes every refusal for one
    page.get_by_label("How it is divided").select_option("contribution")
    page.get_by_role("button", name="Share it like this").click()
    assert "keeps 90 %" in page.locator("main").inner_text()
    assert usable(page) == []


def pay_in(page, square, contract):
    """Ask how to pay in for a contract; return the reference for the transfer."""
    page.goto(f"{square}/contracts/{contract}")
    page.get_by_role("link", name="What is held for it").click()
    assert usable(page) == []
    page.get_by_label("How much do you want to pay in?").fill("500")
    page.get_by_role("button", name="Show how to pay").click()
    assert "Transfer DKK\u00a0500.00" in page.locator("main").inner_text()
    assert usable(page) == []
    return page.locator("#pay-in strong").inner_text()


def test_money_is_paid_in_used_given_back_shared_and_paid_out(page, stage, square, prepaid):
    startup = person("startup").organisation.slug
    signed_in(page, square, person("tso"))
    share(page, square, startup)
    page.get_by_role("button", name="Sign out").click()

    signed_in(page, square, person("startup"))
    reference = pay_in(page, square, prepaid)
    bank = Bank(iban=HOUSE_IBAN)
    bank.comes_in(AMOUNT, reference, other="Grøn Rute ApS")
    document = bank.statement(datetime.now(UTC).date())
    read = stage.client("operator").post("/api/billing/bank/statements", content=document)
    assert read.json()["booked"] == 1
    stage.client("startup").post(f"/api/contracts/{prepaid}/invoices")
    page.goto(f"{square}/desk")
    page.get_by_role("link", name="Held money").click()
    assert usable(page) == []
    page.get_by_role("link", name="Contract on").click()
    page.get_by_label("How much?").fill("100,5")
    page.get_by_role("button", name="Give it back").click()
    assert "DKK\u00a0149.50 held for" in page.get_by_role("heading", level=1).inner_text()
    assert usable(page) == []
    page.get_by_role("button", name="Sign out").click()

    signed_in(page, square, person("operator"))
    page.goto(f"{square}/billing/payouts?every=true")
    page.get_by_role("button", name="Pay out what is due").click()
    assert "2 transfers stand in the payment file" in page.get_by_role("status").inner_text()
    assert usable(page) == []
    page.get_by_role("link", name="Payout of").last.click()
    assert usable(page) == []
    page.get_by_role("button", name="Sign out").click()

    signed_in(page, square, person("tso"))
    page.goto(f"{square}/billing/payouts")
    assert usable(page) == []
    page.get_by_role("link", name="Payout of").click()
    told = page.locator("table").inner_text()
    # 200 kr. less the fee, with VAT; a tenth of what is left without VAT is the start-up's.
    assert "Your part of a sale, with VAT" in told
    assert "Shared with others" in told
    assert usable(page) == []
    assert page.faults == []
