"""Sign-ins that are under way at a provider, and identities that are known from one, as rows."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select

from .tables import identities, oidc_flows


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """One sign-in between its beginning and the provider's answer."""

    state: str
    nonce: str
    verifier: str
    account: str | None
    target: str
    expires_at: datetime


def add_flow(tx: Connection, digest: bytes, flow: Flow, *, at: datetime) -> None:
    """Write a flow, and forget those that took too long."""
    tx.execute(delete(oidc_flows).where(oidc_flows.c.expires_at <= at))
    tx.execute(
        insert(oidc_flows).values(
            digest=digest,
            state=flow.state,
            nonce=flow.nonce,
            verifier=flow.verifier,
            account=flow.account,
            next=flow.target,
            expires_at=flow.expires_at,
        )
    )


def take_flow(tx: Connection, digest: bytes, at: datetime) -> Flow | None:
    """Use a flow up and return it; None where there is none that still counts."""
    row = tx.execute(
        delete(oidc_flows)
        .where(oidc_flows.c.digest == digest, oidc_flows.c.expires_at > at)
        .returning(*oidc_flows.c)
    ).one_or_none()
    if row is None:
        return None
    return Flow(
        state=row.state,
        nonce=row.nonce,
        verifier=row.verifier,
        account=row.account,
        target=row.next,
        expires_at=row.expires_at,
    )


def lock_identity(tx: Connection, issuer: str, subject: str) -> None:
    """Let nobody else connect this identity until the transaction ends."""
    key = hashlib.sha256(f"oidc\n{issuer}\n{subject}".encode()).digest()
    tx.execute(select(func.pg_advisory_xact_lock(int.from_bytes(key[:8], "big", signed=True))))


def account_of(tx: Connection, issuer: str, subject: str) -> str | None:
    """Return the account that an identity is connected to, if any."""
    account: str | None = tx.scalar(
        select(identities.c.account).where(
            identities.c.issuer == issuer, identities.c.subject == subject
        )
    )
    return account


def add_identity(tx: Connection, issuer: str, subject: str, *, account: str, at: datetime) -> None:
    """Connect an identity to an account."""
    tx.execute(
        insert(identities).values(issuer=issuer, subject=subject, account=account, linked_at=at)
    )
