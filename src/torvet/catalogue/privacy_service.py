"""What a provider decides about the people in a dataset, and what anyone may see of it."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from torvet import privacy
from torvet.audit import record
from torvet.jobs import defer
from torvet.parties import Caller, Role, check
from torvet.ports.parts import Parts
from torvet.privacy import (
    CertificateNotFound,
    Certified,
    Floor,
    Held,
    Policy,
    ProposalNotFound,
    Treatment,
    add_policy,
    certificate_of,
    drop_proposal,
    policy_of,
    proposal_of,
)
from torvet.privacy import preset as privacy_preset

from . import delivery_store, facts, store
from .errors import DeliveryNotHeld
from .gate import proposed_by
from .model import Delivery, Stage
from .names import DISCARD, PUBLISH, publishing_lock
from .service import delivery, own_dataset, visible_dataset


def set_policy(parts: Parts, caller: Caller, slug: str, wish: Mapping[str, Any]) -> Held:
    """Put a policy in force; deliveries that wait go on under it.

    Raises PolicyInvalid, a Hierarchy… or other error of what it asks for, and DatasetNotYours.
    """
    check(caller, Role.STEWARD)
    least = parts.settings.privacy_k_min
    policy = Policy.from_json(wish, Floor(k=least, contributors=least))
    privacy.try_policy(policy)
    now = parts.clock.now()
    with parts.db.begin() as tx:
        dataset = store.lock_dataset(tx, own_dataset(tx, slug, caller).id)
        version = add_policy(tx, dataset.id, policy, caller.actor, now)
        record(tx, facts.policy_set(dataset, version, policy, now, caller.actor))
        if policy.treatment is Treatment.ANSWERS:
            spec = privacy.AnswerSpec.from_json(policy.answers or {})
            privacy.change_budget(tx, dataset.id, spec)
        for waiting in delivery_store.held(tx, dataset.id, lock=True):
            delivery_store.let_go_on(tx, waiting.id, now)
            defer(tx, PUBLISH, lock=publishing_lock(dataset.id), delivery=waiting.id)
    return Held(version=version, policy=policy, set_at=now)


def drop(parts: Parts, caller: Caller, delivery_id: str) -> Delivery:
    """Let go of a delivery that waits; its file and its rows are removed.

    Raises DeliveryNotHeld where it does not wait, DeliveryNotFound where it is not the caller's.
    """
    check(caller, Role.STEWARD)
    now = parts.clock.now()
    with parts.db.begin() as tx:
        waiting = delivery_store.lock(tx, delivery(tx, delivery_id, caller).id)
        if waiting.stage is not Stage.HELD:
            raise DeliveryNotHeld(waiting.id, waiting.stage.value)
        delivery_store.drop(tx, waiting.id, now)
        drop_proposal(tx, waiting.dataset, waiting.source)
        record(tx, facts.delivery_dropped(waiting, now, caller.actor))
        defer(tx, DISCARD, delivery=waiting.id)
        return delivery_store.get(tx, waiting.id)


def policy_for(tx: Connection, caller: Caller, slug: str) -> Held | None:
    """Return the policy in force for the caller's own dataset, or None."""
    return policy_of(tx, own_dataset(tx, slug, caller).id)


def proposal_for(parts: Parts, caller: Caller, slug: str, preset: str = "") -> Mapping[str, Any]:
    """Return what is proposed for the caller's own dataset, with the numbers of `preset`.

    Without one it is what was written when the rows were found; with one they are read again.
    Raises ProposalNotFound, and PolicyInvalid where there is no such preset.
    """
    with parts.db.begin() as tx:
        dataset = own_dataset(tx, slug, caller)
        found = proposal_of(tx, dataset.id)
    if found is None:
        raise ProposalNotFound(dataset.slug)
    if not preset or found.proposal["policy"]["preset"] == preset:
        return found.proposal
    return proposed_by(parts, dataset, found.source, privacy_preset(preset))


def budget_stated(parts: Parts, caller: Caller, slug: str) -> bytes:
    """Return the signed statement of what a dataset's answers have told by now.

    Raises NoAnswers where it gives none.
    """
    with parts.db.begin() as tx:
        dataset = visible_dataset(tx, slug, caller)
        stated = privacy.budget_stated(tx, dataset.id, slug=dataset.slug, at=parts.clock.now())
    return stated.signed(parts.keys.signing)


def certificate_for(tx: Connection, caller: Caller, slug: str, number: int) -> Certified:
    """Return the certificate of a release to whoever sees its dataset.

    Raises ReleaseNotFound where there is no such release, CertificateNotFound where it has none.
    """
    dataset = visible_dataset(tx, slug, caller)
    # A certificate is written before its release can be seen.
    store.release(tx, dataset.id, number)
    found = certificate_of(tx, dataset.id, number)
    if found is None:
        raise CertificateNotFound(dataset.slug, number)
    return found
