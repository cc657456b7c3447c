"""What the contracts slice tells the log."""

from datetime import datetime

from torvet.audit import Fact
from torvet.kit.money import Money

from .clauses import Ask
from .levels import model as service_levels
from .model import Contract, Offer
from .prices import terms as price_terms
from .prices.model import FREE, NOTHING
from .rules import Refused

EXCHANGE = "exchange"


def of_offer(name: str, offer: Offer, actor: str, at: datetime) -> Fact:
    """Tell of an offer. `terms` is the digest of its clauses, so that nobody can deny them."""
    return Fact(
        name=name,
        at=at,
        actor=actor,
        subject=offer.id,
        parties=(offer.provider,),
        body={
            "offer": offer.id,
            "dataset": offer.dataset,
            "terms": offer.digest,
            "approval": offer.approval.value,
            **({} if offer.price == FREE else {"price": price_terms.to_json(offer.price)}),
            **({"levels": service_levels.to_json(offer.levels)} if offer.levels else {}),
        },
    )


def of_contract(name: str, contract: Contract, actor: str, at: datetime, terms: str = "") -> Fact:
    """Tell of a contract and of the terms that both parties saw."""
    body: dict[str, object] = {
        "contract": contract.id,
        "offer": contract.offer,
        "dataset": contract.dataset,
        "provider": contract.provider,
        "consumer": contract.consumer,
        "stage": contract.stage.value,
    }
    if terms:
        body |= {"terms": terms, "purpose": contract.purpose}
        if contract.tariff != NOTHING:
            body["tariff"] = price_terms.tariff_json(contract.tariff)
        if contract.levels:
            body["levels"] = service_levels.to_json(contract.levels)
    if contract.reason:
        body["reason"] = contract.reason
    return Fact(
        name=name,
        at=at,
        actor=actor,
        subject=contract.id,
        parties=(contract.provider, contract.consumer),
        body=body,
    )


def of_refusal(contract: Contract, ask: Ask, verdict: Refused, actor: str, channel: str) -> Fact:
    """Tell of a read that was refused, and of every reason."""
    return Fact(
        name="read-refused",
        at=ask.at,
        actor=actor,
        subject=contract.id,
        parties=(contract.provider, contract.consumer),
        body={
            "contract": contract.id,
            "dataset": contract.dataset,
            "channel": channel,
            "rows": ask.rows,
            "requests": ask.requests,
            "clauses": [objection.source for objection in verdict.objections],
            "reasons": [reason[:_REASON_MAX] for reason in verdict.reasons],
        },
    )


def of_cap_near(contract: Contract, spent: Money, at: datetime) -> Fact:
    """Tell that most of a contract's spending cap is spent."""
    assert contract.order.cap is not None, "what is near is there"
    return _of_cap("cap-near", contract, EXCHANGE, at, {"spent": spent.to_json()})


def of_cap_changed(contract: Contract, before: Money | None, actor: str, at: datetime) -> Fact:
    """Tell that the consumer set another spending cap, or none."""
    known = None if before is None else before.to_json()
    return _of_cap("cap-changed", contract, actor, at, {"before": known})


def _of_cap(
    name: str, contract: Contract, actor: str, at: datetime, more: dict[str, object]
) -> Fact:
    cap = contract.order.cap
    return Fact(
        name=name,
        at=at,
        actor=actor,
        subject=contract.id,
        parties=(contract.provider, contract.consumer),
        body={
            "contract": contract.id,
            "cap": None if cap is None else cap.to_json(),
            **more,
        },
    )


_REASON_MAX = 1_000
