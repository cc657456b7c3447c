"""Numbers follow the days, whatever the clock says."""

import pytest

from torvet.billing.invoices import NumberOutOfOrder, issue_month

from .conftest import BUYER, IN_JULY, JUNE, SELLER


def test_a_clock_set_back_issues_nothing_and_leaves_nothing_half_done(parts, clock, square):
    seller, buyer = square.party(SELLER), square.party(BUYER)
    contract = square.agreed("2 DKK per row", seller, buyer)
    square.use(contract, rows=4)
    square.month_over()
    square.use(contract, rows=4)
    clock.set(IN_JULY.replace(hour=23))
    square.charge()
    clock.set(IN_JULY.replace(month=6, day=30))

    with pytest.raises(NumberOutOfOrder):
        issue_month(parts, JUNE.plus(1))

    clock.set(IN_JULY.replace(month=8))
    assert len(issue_month(parts, JUNE.plus(1)).invoices) == 1
