"""Books, invoices, refunds and the bank, as operator and buyer meet them in a browser."""

import socket
from dataclasses import dataclass, replace

import pytest

from billing.invoices.conftest import CITIZEN, OPERATOR, SELLER, Square
from billing.payments.conftest import LATER, THE_OPERATOR, Market, kr
from torvet.billing.invoices import Kind, invoices_of
from torvet.cli.serving import served
from torvet.demo.bank import Bank
from torvet.parties import make_operator, sign_up
from torvet.server import application

from .test_holding import usable
from .test_trading import signed_in

pytestmark = pytest.mark.slow

PASSWORD = "a long sentence of mine"


@dataclass(frozen=True)
class Who:
    email: str
    password: str = PASSWORD


@pytest.fixture(scope="module")
def market(parts):
    """A buyer and an operator; one invoice is paid, one is open."""
    parts.clock.set(LATER)
    square = Square(parts)
    square.details(OPERATOR)
    parties = {}
    for name in ("buyer", "operator"):
        email = f"{name}@example.org"
        made = sign_up(parts, email=email, name=name.title(), password=PASSWORD)
        parties[name] = made.account.citizen_party
    make_operator(parts, "operator@example.org")
    square.details(replace(CITIZEN, party=parties["buyer"], iban=""))
    found = Market(parts, square, Bank(iban=OPERATOR.iban))
    seller = square.party(SELLER)
    paid = found.sold(10_000, buyer=parties["buyer"], seller=seller)
    found.paid(paid)
    found.sold(20_000, buyer=parties["buyer"], seller=seller)
    return found


@pytest.fixture(autouse=True)
def _later(market):
    market.parts.clock.set(LATER)


@pytest.fixture
def number(market):
    """The number of the invoice that is paid: the first one."""
    with market.parts.db.begin() as tx:
        return invoices_of(tx, THE_OPERATOR, every=True, kinds=[Kind.INVOICE])[-1].number


@pytest.fixture(scope="module")
def busy(market):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    with served(application(market.parts), host="127.0.0.1", port=port):
        yield f"http://127.0.0.1:{port}"


def test_the_operator_proves_the_books_and_reads_an_account(page, busy):
    signed_in(page, busy, Who("operator@example.org"))
    page.get_by_role("link", name="Books", exact=True).click()
    assert usable(page) == []
    assert "Trial balance, DKK" in page.locator("main").inner_text()

    page.get_by_role("link", name="Prove it").click()
    assert page.locator("h1").inner_text() == "The books are right"
    assert usable(page) == []

    page.go_back()
    page.get_by_role("link", name="Receivable").click()
    assert usable(page) == []
    page.get_by_role("link", name="Buyer").click()
    assert "Invoice F-" in page.locator("main").inner_text()
    assert usable(page) == []


def test_what_is_taken_back_by_hand_is_told_to_the_buyer(page, busy, number):
    signed_in(page, busy, Who("operator@example.org"))
    page.get_by_role("link", name="All invoices").click()
    page.get_by_label("How it stands").select_option("paid")
    page.get_by_role("button", name="Show").click()
    assert usable(page) == []
    page.get_by_role("link", name=number, exact=True).click()
    page.get_by_label("Reason, as it stands").fill("Late by a day")
    page.get_by_label("Amount without VAT").fill("1.250")
    page.get_by_role("button", name="Write a credit note").click()
    assert "no amount of money" in page.get_by_role("alert").inner_text()
    assert page.get_by_label("Reason, as it stands").input_value() == "Late by a day"
    page.faults.clear()  # a browser takes every refusal for one
    page.get_by_label("Amount without VAT").fill("12.50")
    page.get_by_role("button", name="Write a credit note").click()
    assert "Credit note K-" in page.locator("h1").inner_text()
    assert usable(page) == []
    page.get_by_role("button", name="Sign out").click()

    signed_in(page, busy, Who("buyer@example.org"))
    page.goto(f"{busy}/invoices/{number}")
    assert "name no account" in page.locator("main").inner_text()
    assert usable(page) == []
    page.get_by_role("link", name="Your billing details").click()
    assert page.faults == []


def test_the_operator_reads_a_statement_runs_a_month_and_pays_back(
    page, busy, market, number, tmp_path
):
    market.bank.comes_in(kr(333), words="Thank you", other="Somebody")
    file = tmp_path / "statement.xml"
    file.write_bytes(market.bank.statement(LATER.date()))
    signed_in(page, busy, Who("operator@example.org"))
    page.get_by_role("link", name="Payments").click()
    page.get_by_label("Bank statement").set_input_files(file)
    page.get_by_role("button", name="Read it").click()
    assert "1 waiting for you" in page.get_by_role("status").inner_text()
    assert usable(page) == []
    page.get_by_label("It is").select_option("invoice")
    page.get_by_label("Which one, or why").fill(number)
    page.get_by_role("button", name="Decide").click()
    page.get_by_role("link", name="All lines that are decided").click()
    assert number in page.locator("main").inner_text()
    assert usable(page) == []

    page.goto(f"{busy}/invoices/{number}")
    assert usable(page) == []
    page.get_by_label("Why").fill("A gift that is none of ours")
    page.get_by_role("button", name="Pay it back").click()
    assert "Pay back what was too much" not in page.locator("main").inner_text()

    page.goto(f"{busy}/invoices/waiting?every=true")
    page.get_by_role("button", name="Run the month").click()
    assert "Nothing was issued" in page.get_by_role("status").inner_text()
    assert usable(page) == []
    page.goto(f"{busy}/fees?language=da")
    assert usable(page) == []
    page.goto(f"{busy}/billing/accounts")
    assert usable(page) == []
    assert page.faults == []
