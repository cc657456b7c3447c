"""Sessions, tokens and failed attempts as rows. Each function takes its transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    RowMapping,
    and_,
    bindparam,
    delete,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from torvet.ports.question import Question

from .model import AccountId, Membership, Party, PartyId, PartyKind, Role, Token, TokenId
from .rules import FAILURES_FORGOTTEN_AFTER, Failures, counted
from .tables import accounts, members, parties, sessions, sign_in_failures, tokens

TOKENS_SHOWN_MAX = 1000

# A token's last use is written at most this often, so that reading stays reading.
LAST_USE_EVERY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one look-up of a credential tells: whose it is and which parties it may act for."""

    account: str
    email: str | None
    operator: bool
    own: str | None
    kept: str | None
    memberships: tuple[Membership, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundToken:
    """What one look-up of a token tells."""

    token: str
    account: str
    email: str | None
    operator: bool
    scopes: frozenset[str]
    membership: Membership
    last_used_at: datetime | None


def add_session(
    tx: Connection, digest: bytes, *, account: str, party: str | None, at: datetime, until: datetime
) -> None:
    """Write a new session, and forget those that have expired."""
    tx.execute(delete(sessions).where(sessions.c.expires_at <= at))
    tx.execute(
        insert(sessions).values(
            digest=digest, account=account, party=party, made_at=at, expires_at=until
        )
    )


def session(tx: Connection, digest: bytes, at: datetime) -> Found | None:
    """Return whose session this is, in one query; None where it is unknown or over."""
    rows = tx.execute(_SESSION, {"by_digest": digest, "at": at}).mappings().all()
    if not rows:
        return None
    first = rows[0]
    return Found(
        account=first["account"],
        email=first["email"],
        operator=first["operator"],
        own=first["citizen_party"],
        kept=first["kept"],
        memberships=tuple(_membership(row) for row in rows),
    )


def keep_party(tx: Connection, digest: bytes, party: str) -> None:
    """Let the session act for `party` until told otherwise."""
    tx.execute(update(sessions).where(sessions.c.digest == digest).values(party=party))


def end_session(tx: Connection, digest: bytes) -> str | None:
    """Forget a session; return whose it was."""
    ended: str | None = tx.scalar(
        delete(sessions).where(sessions.c.digest == digest).returning(sessions.c.account)
    )
    return ended


def end_sessions(tx: Connection, account: str) -> int:
    """Forget every session of an account; return how many there were."""
    return tx.execute(delete(sessions).where(sessions.c.account == account)).rowcount


def add_token(tx: Connection, token: Token, digest: bytes) -> None:
    """Write a new token."""
    tx.execute(
        insert(tokens).values(
            id=token.id,
            party=token.party,
            account=token.account,
            name=token.name,
            scopes=sorted(token.scopes),
            digest=digest,
            family=token.family,
            generation=token.generation,
            made_at=token.made_at,
            expires_at=token.expires_at,
        )
    )


def token_by_digest(tx: Connection, digest: bytes, at: datetime) -> FoundToken | None:
    """Return what a token may do, in one query by index; None where it is good for nothing.

    The membership is joined in: whoever is no member any more has no token either.
    """
    row = _TOKEN.ask(tx, by_digest=digest, at=at)
    if row is None:
        return None
    return FoundToken(
        token=row["token"],
        account=row["account"],
        email=row["email"],
        operator=row["operator"],
        scopes=frozenset(row["scopes"]),
        membership=_membership(row),
        last_used_at=row["last_used_at"],
    )


def note_use(tx: Connection, token: str, at: datetime) -> None:
    """Write when the token was last used, unless another request just did."""
    seldom = or_(tokens.c.last_used_at.is_(None), tokens.c.last_used_at <= at - LAST_USE_EVERY)
    tx.execute(update(tokens).where(tokens.c.id == token, seldom).values(last_used_at=at))


def token(tx: Connection, token_id: str, *, lock: bool = False) -> Token | None:
    """Return a token by its id, if any; with `lock`, nobody else changes it meanwhile."""
    query = select(tokens).where(tokens.c.id == token_id)
    row = tx.execute(query.with_for_update() if lock else query).one_or_none()
    return _token(row) if row else None


def tokens_of(tx: Connection, party: str, account: str | None) -> list[Token]:
    """Return the tokens of a party, of all its members or of one, newest first."""
    query = select(tokens).where(tokens.c.party == party)
    if account is not None:
        query = query.where(tokens.c.account == account)
    rows = tx.execute(
        query.order_by(tokens.c.made_at.desc(), tokens.c.id.desc()).limit(TOKENS_SHOWN_MAX)
    )
    return [_token(row) for row in rows]


def retire(tx: Connection, token_id: str, *, successor: str, until: datetime) -> None:
    """Let a token live until `until` at most, and name the one that takes its place."""
    tx.execute(
        update(tokens)
        .where(tokens.c.id == token_id)
        .values(replaced_by=successor, expires_at=until)
    )


def revoke_line(tx: Connection, token: Token, at: datetime) -> int:
    """Revoke a token, and those before it that still live out their grace."""
    return _revoke(
        tx, and_(tokens.c.family == token.family, tokens.c.generation <= token.generation), at
    )


def revoke_scope(tx: Connection, scope: str, at: datetime) -> int:
    """Revoke every token that was made for `scope`."""
    return _revoke(tx, tokens.c.scopes.contains([scope]), at)


def revoke_of_member(tx: Connection, party: str, account: str, at: datetime) -> int:
    """Revoke every token that a member has for a party."""
    return _revoke(tx, and_(tokens.c.party == party, tokens.c.account == account), at)


def _revoke(tx: Connection, which: ColumnElement[bool], at: datetime) -> int:
    """Revoke until none is left: a rotation that we waited for has made one more meanwhile."""
    total = 0
    living = and_(which, tokens.c.revoked_at.is_(None), tokens.c.expires_at > at)
    while revoked := tx.execute(update(tokens).where(living).values(revoked_at=at)).rowcount:
        total += revoked
    return total


def failures(tx: Connection, digest: bytes) -> Failures | None:
    """Return the failed attempts that are kept under `digest`, if any."""
    row = tx.execute(
        select(sign_in_failures).where(sign_in_failures.c.digest == digest)
    ).one_or_none()
    return Failures(count=row.failed, last_at=row.last_at) if row else None


def count_failure(tx: Connection, digest: bytes, at: datetime) -> None:
    """Count one failure more, and forget those that are too old to matter."""
    tx.execute(
        delete(sign_in_failures).where(sign_in_failures.c.last_at <= at - FAILURES_FORGOTTEN_AFTER)
    )
    first = counted(None, at)
    statement = insert(sign_in_failures).values(
        digest=digest, failed=first.count, last_at=first.last_at
    )
    tx.execute(
        statement.on_conflict_do_update(
            index_elements=[sign_in_failures.c.digest],
            set_={"failed": sign_in_failures.c.failed + 1, "last_at": at},
        )
    )


def forget_failures(tx: Connection, digest: bytes) -> None:
    """Forget the failed attempts under `digest`."""
    tx.execute(delete(sign_in_failures).where(sign_in_failures.c.digest == digest))


def _membership(row: Mapping[str, Any] | RowMapping) -> Membership:
    return Membership(
        party=Party(
            id=PartyId(row["id"]),
            slug=row["slug"],
            name=row["name"],
            kind=PartyKind(row["kind"]),
            cvr=row["cvr"],
            region=row["region"],
            registered_at=row["registered_at"],
        ),
        role=Role(row["role"]),
    )


def _token(row: Row[Any]) -> Token:
    return Token(
        id=TokenId(row.id),
        party=PartyId(row.party),
        account=AccountId(row.account),
        name=row.name,
        scopes=frozenset(row.scopes),
        family=row.family,
        generation=row.generation,
        made_at=row.made_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
        replaced_by=TokenId(row.replaced_by) if row.replaced_by else None,
    )


# Asked with every request, so built once: building them takes longer than running them.
_SESSION = (
    select(
        sessions.c.account,
        sessions.c.party.label("kept"),
        accounts.c.email,
        accounts.c.operator,
        accounts.c.citizen_party,
        members.c.role,
        *parties.c,
    )
    .join(accounts, accounts.c.id == sessions.c.account)
    .join(members, members.c.account == sessions.c.account)
    .join(parties, parties.c.id == members.c.party)
    .where(sessions.c.digest == bindparam("by_digest"), sessions.c.expires_at > bindparam("at"))
    .order_by(members.c.since, members.c.party)
)
_TOKEN = Question(
    select(
        tokens.c.id.label("token"),
        tokens.c.account,
        tokens.c.scopes,
        tokens.c.last_used_at,
        accounts.c.email,
        accounts.c.operator,
        members.c.role,
        *parties.c,
    )
    .join(accounts, accounts.c.id == tokens.c.account)
    .join(members, and_(members.c.account == tokens.c.account, members.c.party == tokens.c.party))
    .join(parties, parties.c.id == tokens.c.party)
    .where(
        tokens.c.digest == bindparam("by_digest"),
        tokens.c.expires_at > bindparam("at"),
        tokens.c.revoked_at.is_(None),
    )
)
