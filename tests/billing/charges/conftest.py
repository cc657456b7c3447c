"""Contracts with a price, and use of them, as the slices below write them."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from torvet.audit import Fact, record, seal
from torvet.billing.charges import charge_due
from torvet.billing.charges.deriving import quantities, terms_of
from torvet.billing.charging import charges as derived
from torvet.billing.periods import months_between
from torvet.contracts import Approval, Contract, Offer, Stage, Unit, contract
from torvet.contracts import store as contracts_store
from torvet.contracts.price_text import from_text
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
        at = at or self.parts.clock.now()
        new = self.parts.new_id
        tariff = from_text(price).cases[0].tariff if isinstance(price, str) else price
        if least is not None:
            tariff = replace(tariff, at_least=Money(least, tariff.currency))
        if most is not None:
            tariff = replace(tariff, at_most=Money(most, tariff.currency))
        offer = Offer(
            id=new("of"),
            dataset="ds_1",
            provider=ALMA,
            title="Terms",
            clauses=(),
            approval=Approval.AT_ONCE,
            audience=None,
            made_at=at,
            made_by=None,
            digest="0" * 64,
        )
        made = Contract(
            id=new("ct"),
            offer=offer.id,
            dataset="ds_1",
            provider=ALMA,
            consumer=consumer,
            purpose="",
            note="",
            clauses=(),
            stage=Stage.AGREED,
            share=new("share"),
            tariff=tariff,
            requested_at=at,
            requested_by=None,
            agreed_at=at,
            **more,
        )
        with self.parts.db.begin() as tx:
            contracts_store.add_offer(tx, offer)
            assert contracts_store.add_contract(tx, made)
        return made.id

    def use(self, contract_id, at=None, *, rows=0, bytes=0, channel="rest", requests=1):  # noqa: A002
        """Record a use as delivery does."""
        body = {
            "contract": contract_id,
            "dataset": "ds_1",
            "release": 1,
            "channel": channel,
            "rows": rows,
            "bytes": bytes,
            "requests": requests,
            "format": "json",
        }
        fact = Fact(
            name="usage",
            at=at or self.parts.clock.now(),
            actor="tk_1",
            subject=contract_id,
            parties=(BO, ALMA),
            body=body,
        )
        with self.parts.db.begin() as tx:
            record(tx, fact)

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
