"""A month's charges become documents, postings and facts that agree to the last øre."""

from torvet.billing import check_books
from torvet.kit.money import Currency, Money

from .conftest import BUYER, SELLER


def kr(ore):
    return Money(ore, Currency.DKK)


def test_a_month_becomes_an_invoice_and_a_self_billed_one(parts, square):
    seller, buyer = square.party(SELLER), square.party(BUYER)
    contract = square.agreed("2.50 DKK per row", seller, buyer)
    square.use(contract, rows=40)

    issued = square.month_over()

    (invoice,), (bill,) = issued.invoices, issued.self_bills
    assert issued.waiting == ()
    assert square.issued(invoice).net == kr(10_000)
    assert square.issued(invoice).vat == kr(2_500)
    assert square.issued(bill).net == kr(9_600)
    assert square.issued(bill).vat == kr(2_400)
    assert check_books(parts).ok
