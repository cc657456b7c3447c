"""Policies, proposals and certificates as rows. Each function takes its transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, tuple_
from sqlalchemy.dialects.postgresql import insert as upsert

from .certificates import Certificate, Signed
from .policies import Policy
from .tables import certificates, policies, proposals


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A policy in force, and since when."""

    version: int
    policy: Policy
    set_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """What is proposed for a dataset, and the source that it was found in."""

    source: str
    proposal: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Certified:
    """A signed certificate as it is stored: `content` is canonical JSON."""

    number: int
    policy_version: int | None
    treatment: str
    content: str

    @property
    def certificate(self) -> Certificate:
        """Return what was signed."""
        return Signed.from_bytes(self.content.encode()).certificate


def policy_of(tx: Connection, dataset: str, version: int | None = None) -> Held | None:
    """Return the policy in force for a dataset, or the one of `version`; None where none is."""
    chosen = select(policies).where(policies.c.dataset == dataset)
    if version is not None:
        chosen = chosen.where(policies.c.version == version)
    row = tx.execute(chosen.order_by(policies.c.version.desc()).limit(1)).one_or_none()
    if row is None:
        return None
    return Held(version=row.version, policy=Policy.trusted(row.policy), set_at=row.set_at)


def add_policy(tx: Connection, dataset: str, policy: Policy, account: str, at: datetime) -> int:
    """Put `policy` in force; return its version."""
    newest = select(func.coalesce(func.max(policies.c.version), 0)).where(
        policies.c.dataset == dataset
    )
    version = int(tx.execute(newest).scalar_one()) + 1
    tx.execute(
        insert(policies).values(
            dataset=dataset,
            version=version,
            policy=policy.to_json(),
            account=account,
            set_at=at,
        )
    )
    return version


def put_proposal(
    tx: Connection, dataset: str, source: str, proposal: Mapping[str, Any], at: datetime
) -> None:
    """Write what is proposed for a dataset, over what was proposed before."""
    values = {"source": source, "proposal": dict(proposal), "made_at": at}
    tx.execute(
        upsert(proposals)
        .values(dataset=dataset, **values)
        .on_conflict_do_update(index_elements=["dataset"], set_=values)
    )


def proposal_of(tx: Connection, dataset: str) -> Proposed | None:
    """Return what is proposed for a dataset, or None where nothing ever was."""
    chosen = select(proposals.c.source, proposals.c.proposal).where(proposals.c.dataset == dataset)
    row = tx.execute(chosen).one_or_none()
    return None if row is None else Proposed(source=row.source, proposal=row.proposal)


def drop_proposal(tx: Connection, dataset: str, source: str) -> None:
    """Forget what is proposed for a source that there will be no release of."""
    tx.execute(
        delete(proposals).where(proposals.c.dataset == dataset, proposals.c.source == source)
    )


def treatments_of(tx: Connection, releases: Mapping[str, int]) -> dict[str, str]:
    """Return what was done with the rows of releases, by dataset, where a certificate says so."""
    made = certificates.c
    wanted = tuple_(made.dataset, made.number).in_(list(releases.items()))
    found = tx.execute(select(made.dataset, made.treatment).where(wanted))
    return {row.dataset: row.treatment for row in found}


def exact_releases(tx: Connection, dataset: str) -> list[int]:
    """Return the releases that show people exactly, in rows or in sums, and not by answers."""
    made = certificates.c
    chosen = select(made.number).where(made.dataset == dataset, made.treatment != "answers")
    return list(tx.scalars(chosen.order_by(made.number)))


def put_certificate(tx: Connection, dataset: str, made: Certified, at: datetime) -> None:
    """Write the certificate of a release that is about to be committed.

    A number may be used again where its delivery ended before: the last one counts.
    """
    values = {
        "policy_version": made.policy_version,
        "treatment": made.treatment,
        "content": made.content,
        "made_at": at,
    }
    tx.execute(
        upsert(certificates)
        .values(dataset=dataset, number=made.number, **values)
        .on_conflict_do_update(index_elements=["dataset", "number"], set_=values)
    )


def certificate_of(tx: Connection, dataset: str, number: int) -> Certified | None:
    """Return the certificate of a release, or None where it has none."""
    row = tx.execute(
        select(certificates).where(
            certificates.c.dataset == dataset, certificates.c.number == number
        )
    ).one_or_none()
    if row is None:
        return None
    return Certified(
        number=row.number,
        policy_version=row.policy_version,
        treatment=row.treatment,
        content=row.content,
    )
