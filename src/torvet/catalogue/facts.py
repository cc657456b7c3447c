"""What the catalogue tells the log. Texts that people wrote stay out: the log is forever."""

import hashlib
from collections.abc import Iterable
from datetime import datetime

from torvet.audit import Fact
from torvet.ingest.model import Source
from torvet.kit.canonical import canonical
from torvet.privacy import Certified, Policy, exact

from .model import Dataset, Delivery, Failure, Release

EXCHANGE = "exchange"


def dataset_created(dataset: Dataset, actor: str) -> Fact:
    """Tell that a dataset exists."""
    body: dict[str, object] = {"slug": dataset.slug, "visibility": dataset.visibility.value}
    return _about(dataset, "dataset-created", dataset.created_at, actor, body)


def dataset_changed(dataset: Dataset, fields: Iterable[str], actor: str) -> Fact:
    """Tell which parts of a description changed, and who may see it now."""
    body: dict[str, object] = {
        "slug": dataset.slug,
        "version": dataset.version,
        "fields": sorted(fields),
        "visibility": dataset.visibility.value,
        "circle": list(dataset.circle),
    }
    return _about(dataset, "dataset-changed", dataset.modified_at, actor, body)


def dataset_withdrawn(dataset: Dataset, at: datetime, actor: str) -> Fact:
    """Tell that a dataset was taken out of the catalogue."""
    return _about(dataset, "dataset-withdrawn", at, actor, {"slug": dataset.slug})


def delivery_received(delivery: Delivery, actor: str) -> Fact:
    """Tell that a file was delivered."""
    body = {"dataset": delivery.dataset, "upload": delivery.upload, "mode": delivery.mode}
    return Fact(
        name="delivery-received",
        at=delivery.received_at,
        actor=actor,
        subject=delivery.id,
        parties=(delivery.party,),
        body=body,
    )


def release_published(dataset: Dataset, release: Release, source: Source, actor: str) -> Fact:
    """Tell that a release is there, and what it was made of."""
    body: dict[str, object] = {
        "release": release.number,
        "mode": release.mode,
        "delivery": release.delivery,
        "rows": release.rows,
        "bytes": release.bytes,
        "columns": len(release.columns),
        "source": source.id,
        "sha256": source.sha256,
        "rejected": source.rejected,
        "quality": release.quality,
    }
    return _about(dataset, "release-published", release.published_at, actor, body)


def delivery_held(delivery: Delivery, failure: Failure, at: datetime) -> Fact:
    """Tell that a delivery waits for a privacy policy."""
    return Fact(
        name="delivery-held",
        at=at,
        actor=EXCHANGE,
        subject=delivery.id,
        parties=(delivery.party,),
        body={"dataset": delivery.dataset, "code": failure.code},
    )


def delivery_dropped(delivery: Delivery, at: datetime, actor: str) -> Fact:
    """Tell that a delivery that waited is not wanted, and that its rows go."""
    return Fact(
        name="delivery-dropped",
        at=at,
        actor=actor,
        subject=delivery.id,
        parties=(delivery.party,),
        body={"dataset": delivery.dataset, "source": delivery.source},
    )


def policy_set(dataset: Dataset, version: int, policy: Policy, at: datetime, actor: str) -> Fact:
    """Tell that a privacy policy is in force. Its hash proves what it says; ground and all."""
    basis = policy.basis
    body: dict[str, object] = {
        "version": version,
        "treatment": policy.treatment.value,
        "preset": policy.preset,
        "ground": None if basis is None else basis.ground.value,
        "sha256": hashlib.sha256(canonical(exact(policy.to_json()))).hexdigest(),
    }
    return _about(dataset, "privacy-policy-set", at, actor, body)


def release_certified(dataset: Dataset, made: Certified, at: datetime) -> Fact:
    """Tell that a release has its certificate, and which."""
    body: dict[str, object] = {
        "release": made.number,
        "treatment": made.treatment,
        "policy": made.policy_version,
        "sha256": hashlib.sha256(made.content.encode()).hexdigest(),
    }
    return _about(dataset, "release-certified", at, EXCHANGE, body)


def delivery_failed(delivery: Delivery, failure: Failure, at: datetime) -> Fact:
    """Tell that a delivery became no release."""
    return Fact(
        name="delivery-failed",
        at=at,
        actor=EXCHANGE,
        subject=delivery.id,
        parties=(delivery.party,),
        body={"dataset": delivery.dataset, "code": failure.code},
    )


def _about(dataset: Dataset, name: str, at: datetime, actor: str, body: dict[str, object]) -> Fact:
    return Fact(
        name=name, at=at, actor=actor, subject=dataset.id, parties=(dataset.provider,), body=body
    )
