"""Whatever is taken back in whatever parts: nothing is made, nothing is lost, and never too much."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from torvet.billing import AccountKind, accounts_of, check_books
from torvet.billing.invoices import (
    InvoiceNotFound,
    NotCredited,
    Status,
    credit,
    credit_notes_of,
    left_of,
    sales_of,
    settle,
)
from torvet.kit.money import Currency, CurrencyMix, Money

from .conftest import BUYER, CLUB, IN_JULY, SELLER


def kr(ore):
    return Money(ore, Currency.DKK)


def crediting(parts, id_, part, key):
    with parts.db.begin() as tx:
        at = parts.clock.now()
        return credit(tx, id_, part=part, key=key, at=at, by="x", reason="Nedsat")


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(1, 60), min_size=1, max_size=4))
def test_parts_of_an_invoice_are_taken_back_until_nothing_is_left(parts, square, percents):
    parts.clock.set(IN_JULY)
    one, other, buyer = square.party(SELLER), square.party(CLUB), square.party(BUYER)
    for price, seller in (("1.37 DKK per row", one), ("0.11 DKK per row", other)):
        square.use(square.agreed(price, seller, buyer), rows=7)
    parts.clock.advance(hours=1)
    square.charge()
    (id_,) = square.issued_now(buyer)
    net = square.issued(id_).net

    for number, percent in enumerate(percents):
        part = net.percent(percent)
        left = net - square.issued(id_).credited_net
        if kr(0) < part <= left:
            assert crediting(parts, id_, part, f"{id_}:{number}").net == part
        else:
            with pytest.raises(NotCredited):
                crediting(parts, id_, part, f"{id_}:{number}")
    if square.issued(id_).status is not Status.CREDITED:
        crediting(parts, id_, None, f"{id_}:rest")

    with parts.db.begin() as tx:
        notes = credit_notes_of(tx, id_)
        sales = left_of(sales_of(tx, id_))
        accounts = [row for party in (one, other, buyer) for row in accounts_of(tx, party)]
    assert square.issued(id_).status is Status.CREDITED
    assert Money.total([note.net for note in notes], Currency.DKK) == net
    assert all(not (sale.net or sale.fee or sale.share) for sale in sales)
    assert Money.total([note.gross for note in notes], Currency.DKK) == square.issued(id_).gross
    assert [row.balance for row in accounts] == [kr(0)] * len(accounts)
    assert {row.account.kind for row in accounts} == {AccountKind.RECEIVABLE, AccountKind.PAYABLE}
    assert check_books(parts).faults == ()


def test_what_is_no_invoice_of_a_buyer_is_not_credited(parts, square):
    square.use(square.agreed("2 DKK per row", square.party(SELLER), square.party(BUYER)), rows=9)
    issued = square.month_over()
    (invoice,), (bill,) = issued.invoices, issued.self_bills

    with pytest.raises(NotCredited):
        crediting(parts, bill, None, "bill")
    with pytest.raises(InvoiceNotFound):
        crediting(parts, "iv_none", None, "none")
    with pytest.raises(CurrencyMix):
        crediting(parts, invoice, Money(1, Currency.EUR), "euro")
    with pytest.raises(CurrencyMix), parts.db.begin() as tx:
        settle(tx, invoice, Money(1, Currency.EUR), "lt_1", at=parts.clock.now())
    note = crediting(parts, invoice, None, "all")
    with pytest.raises(NotCredited):
        crediting(parts, note.id, None, "note")
    with pytest.raises(NotCredited):
        crediting(parts, invoice, None, "again")
