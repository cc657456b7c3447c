"""What the trust slice tells the log. What people wrote stays out: its digest stands there."""

import hashlib
from collections.abc import Mapping
from datetime import datetime

from torvet.audit import Fact
from torvet.contracts import Contract
from torvet.kit.moments import to_text

from .model import HOUSE_ACTOR, Dispute, KeptReport, Planned, Report


def digest_of(words: str) -> str:
    """Return what stands in the log for what somebody wrote."""
    return hashlib.sha256(words.encode()).hexdigest()


def service_failed(contract: Contract, *, at: datetime, fault: str, code: str, how: str) -> Fact:
    """Tell that the service of a contract failed: the first time in an hour."""
    return _of(
        contract, "service-failed", at, HOUSE_ACTOR, {"fault": fault, "code": code, "how": how}
    )


def maintenance(name: str, provider: str, planned: Planned, at: datetime, actor: str) -> Fact:
    """Tell that work on a dataset was announced or called off. The log proves when."""
    return Fact(
        name=name,
        at=at,
        actor=actor,
        subject=planned.dataset,
        parties=(provider,),
        body={
            "maintenance": planned.id,
            "dataset": planned.dataset,
            "begins_at": to_text(planned.begins_at),
            "ends_at": to_text(planned.ends_at),
        },
    )


def question(
    name: str, contract: Contract, question_id: str, words: str, *, at: datetime, actor: str
) -> Fact:
    """Tell that a question was asked, answered or closed."""
    body = {"question": question_id, **({"words": digest_of(words)} if words else {})}
    return _of(contract, name, at, actor, body)


def measured(contract: Contract, report: Report, written: Mapping[str, object]) -> Fact:
    """Tell what a month's promises came to, with the places in the log that it rests on."""
    body = {"month": report.month, "levels": written}
    return _of(contract, "service-levels-measured", report.made_at, HOUSE_ACTOR, body)


def credited(kept: KeptReport, at: datetime) -> Fact:
    """Tell what was given back for a month's breaches."""
    body: dict[str, object] = {
        "contract": kept.report.contract,
        "month": kept.report.month,
        "percent": kept.report.percent,
        "outcome": kept.credit.value,
        "notes": list(kept.notes),
    }
    if kept.amount is not None:
        body["amount"] = kept.amount.to_json()
    return Fact(
        name="service-breach-credited",
        at=at,
        actor=HOUSE_ACTOR,
        subject=kept.report.contract,
        parties=(kept.provider, kept.consumer),
        body=body,
    )


def dispute(
    name: str, found: Dispute, at: datetime, actor: str, more: Mapping[str, object]
) -> Fact:
    """Tell of a step of a dispute."""
    return Fact(
        name=name,
        at=at,
        actor=actor,
        subject=found.id,
        parties=found.parties,
        body={
            "dispute": found.id,
            "contract": found.contract,
            "about": found.about.value,
            "subject": found.subject,
            "stage": found.stage.value,
            **more,
        },
    )


def _of(
    contract: Contract, name: str, at: datetime, actor: str, more: Mapping[str, object]
) -> Fact:
    return Fact(
        name=name,
        at=at,
        actor=actor,
        subject=contract.id,
        parties=(contract.provider, contract.consumer),
        body={"contract": contract.id, "dataset": contract.dataset, **more},
    )
