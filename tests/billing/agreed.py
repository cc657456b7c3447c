"""A contract with a price, as it stands when two have agreed."""

from torvet.audit import Fact
from torvet.contracts import Approval, Contract, Offer, Stage
from torvet.contracts import store as contracts_store
from torvet.contracts.prices.text import from_text
from torvet.kit.ids import new_id


def agreed(parts, price, provider, consumer, *, dataset, at=None, **more):
    """Write an agreed contract with a price such as `1 DKK per row`, or a tariff; return its id."""
    at = at or parts.clock.now()
    offer = Offer(
        id=new_id("of"),
        dataset=dataset,
        provider=provider,
        title="Terms",
        clauses=(),
        approval=Approval.AT_ONCE,
        audience=None,
        made_at=at,
        made_by=None,
        digest="0" * 64,
    )
    made = Contract(
        id=new_id("ct"),
        offer=offer.id,
        dataset=dataset,
        provider=provider,
        consumer=consumer,
        purpose="",
        note="",
        clauses=(),
        stage=Stage.AGREED,
        share=new_id("share"),
        tariff=tariff_of(price),
        requested_at=at,
        requested_by=None,
        agreed_at=at,
        **more,
    )
    with parts.db.begin() as tx:
        contracts_store.add_offer(tx, offer)
        assert contracts_store.add_contract(tx, made)
    return made.id


def tariff_of(price):
    return from_text(price).cases[0].tariff if isinstance(price, str) else price


def usage(contract, dataset, *, at, parties=(), **used):
    """The fact of a use, as delivery writes it."""
    body = {
        "contract": contract,
        "dataset": dataset,
        "release": 1,
        "channel": "rest",
        "rows": 0,
        "bytes": 0,
        "requests": 1,
        "format": "json",
    }
    return Fact(
        name="usage", at=at, actor="tk_1", subject=contract, parties=parties, body=body | used
    )
