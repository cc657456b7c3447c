"""What is issued by itself, and when."""

from datetime import timedelta

from torvet.billing.invoices.jobs import invoice_last_month, invoice_what_is_paid_once

from .conftest import BUYER, IN_JULY, SELLER


def test_a_month_is_invoiced_once_in_the_morning_of_the_first(parts, clock, square):
    seller, buyer = square.party(SELLER), square.party(BUYER)
    contract = square.agreed("2 DKK per row", seller, buyer)
    square.use(contract, rows=4)
    june = clock.now()
    clock.set(IN_JULY - timedelta(seconds=1))
    square.charge()

    invoice_last_month(parts)
    assert square.bought(buyer) == []
    clock.set(IN_JULY)
    invoice_last_month(parts)
    (first,) = square.bought(buyer)
    square.use(contract, rows=1, at=june)
    square.charge()
    invoice_last_month(parts)

    assert square.bought(buyer) == [first]


def test_what_is_paid_once_is_invoiced_at_once(parts, clock, square):
    clock.set(IN_JULY)
    seller, buyer = square.party(SELLER), square.party(BUYER)
    square.agreed("500 DKK once", seller, buyer)
    clock.advance(hours=1)
    square.charge()

    invoice_what_is_paid_once(parts)
    invoice_what_is_paid_once(parts)

    (invoice,) = square.bought(buyer)
    assert invoice.net.minor == 50_000
