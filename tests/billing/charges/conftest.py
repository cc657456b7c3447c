"""Contracts with a price, and use of them, as the slices below write them."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from billing.agreed import agreed, tariff_of, usage
from torvet.audit import record, seal
from torvet.billing.charges import charge_due
from torvet.billing.charges.deriving import quantities, terms_of
from torvet.billing.charging import charges as derived
from torvet.billing.periods import months_between
from torvet.contracts import Unit, contract
from torvet.kit.money import Money
from torvet.metering import catch_up, hours_since

ALMA, BO = "pt_alma", "pt_bo"
HOUR = timedelta(hours=1)


@dataclass
class Market:
    """Contracts that were agreed, and what is used under them."""

    parts: object

    def agreed(self, price, at=None, *, least=None, most=None, consumer=BO, **more):
        """Make an agreed contract with a price such as `1 DKK per row`; bounds are in øre."""
        tariff = tariff_of(price)
        if least is not None:
            tariff = replace(tariff, at_least=Money(least, tariff.currency))
        if most is not None:
            tariff = replace(tariff, at_most=Money(most, tariff.currency))
        return agreed(self.parts, tariff, ALMA, consumer, dataset="ds_1", at=at, **more)

    def use(self, contract_id, at=None, **used):
        """Record a use as delivery does."""
        at = at or self.parts.clock.now()
        with self.parts.db.begin() as tx:
            record(tx, usage(contract_id, "ds_1", at=at, parties=(BO, ALMA), **used))

    def metered(self):
        """Seal and count what was used."""
        seal(self.parts)
        return catch_up(self.parts)

    def charge(self):
        """Count what was used and charge it."""
        self.metered()
        return charge_due(self.parts)

    def all_at_once(self, contract_id, until):
        """What the pure rules say of everything that was ever used, by key."""
        with self.parts.db.begin() as tx:
            held = contract(tx, contract_id)
            long_ago = datetime(2000, 1, 1, tzinfo=UTC)
            used = [row[1:] for row in hours_since(tx, [(contract_id, long_ago)])]
        terms = terms_of(held)
        return {
            charge.key: (charge.counted, charge.amount)
            for month in months_between(held.agreed_at, until)
            for charge in derived(terms, quantities(used, Unit), month, until=until)
            if charge.counted or charge.amount
        }


@pytest.fixture
def market(parts):
    return Market(parts)
