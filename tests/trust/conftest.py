"""Alma promises, Bo buys, Carla is a stranger; an operator decides. Months pass by the clock."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest

from billing.invoices.conftest import BUYER, OPERATOR, SELLER, Square
from delivery.stage import PURPOSE, Cast
from torvet import contracts
from torvet.audit import seal
from torvet.billing.escrow import Purpose, hold, open_hold
from torvet.billing.invoices import issue_month
from torvet.billing.periods import Month
from torvet.contracts import Draft, Order
from torvet.contracts.levels.model import from_json
from torvet.contracts.prices.text import from_text
from torvet.kit.money import Currency, Money
from torvet.parties import Scope

JUNE = Month(2026, 6)
START = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
IN_JULY = datetime(2026, 7, 1, 4, 0, tzinfo=UTC)
DAILY = {
    "levels": [{"level": "freshness", "promised": 24, "back": [{"percent": 20}]}],
    "most_percent": 50,
}


def kr(ore):
    return Money(ore, Currency.DKK)


@dataclass
class Town:
    """The cast, and deeds of theirs that take some steps."""

    parts: object
    cast: Cast
    square: Square

    @property
    def operator(self):
        scopes = frozenset({*self.cast.carla.scopes, Scope.OPERATE})
        return replace(self.cast.carla, operator=True, party=None, account="ac_op", scopes=scopes)

    def promised(self, levels, price="100 DKK per month", *, prepaid=False, dataset=None):
        """Let Alma offer a dataset under promises, and Bo accept."""
        cast = self.cast
        about = dataset or cast.dataset_with_release()
        draft = Draft(
            title="Terms",
            clauses=(),
            price=from_text(price),
            levels=from_json(levels),
            preview_acknowledged=True,
        )
        offer = contracts.make_offer(self.parts, cast.alma, about.slug, draft)
        return contracts.accept(
            self.parts,
            cast.bo,
            offer.id,
            purpose=PURPOSE,
            seen=offer.digest,
            order=Order(prepaid=prepaid),
        )

    def paid_in(self, contract, ore):
        """Let money be held for a contract, as if it had come by the bank; return the hold."""
        with self.parts.db.begin() as tx:
            kept = open_hold(
                tx,
                party=contract.consumer,
                currency=Currency.DKK,
                purpose=Purpose.PREPAID,
                subject=contract.id,
                at=self.parts.clock.now(),
            )
            hold(tx, kept.id, kr(ore), key=f"b:{kept.id}", words="In", at=kept.opened_at, by="x")
        return kept

    def month_over(self, *, at=IN_JULY):
        """Let June pass, charge it and issue its invoices."""
        self.parts.clock.set(at)
        self.square.charge()
        issue_month(self.parts, JUNE)
        seal(self.parts)

    def invoices(self):
        return self.square.bought(self.cast.bo.party)


@pytest.fixture(scope="module")
def cast(parts, tmp_path_factory):
    return Cast(parts, tmp_path_factory.mktemp("staged"))


@pytest.fixture
def town(parts, cast):
    """Alma, Bo and the exchange, with billing details; the month is June."""
    found = Town(parts, cast, Square(parts))
    found.square.details(OPERATOR)
    found.square.details(replace(SELLER, party=cast.alma.party))
    found.square.details(replace(BUYER, party=cast.bo.party))
    return found
