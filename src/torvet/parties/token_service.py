"""What can be done with API tokens. One function, one transaction, one fact."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from torvet.audit import record
from torvet.ports.parts import Parts

from . import credential_store, facts, store
from .credentials import TOKEN_PREFIX, digest, new_secret
from .errors import NotAllowed, ScopesTooWide, TokenMoved, TokenNotFound, Unfit
from .model import AccountId, Caller, PartyId, Role, Token, TokenId
from .rules import TOKEN_GRACE_MAX, check, checked_expiry, grantable, narrowed, scopes_of

TOKENS_LIVING_MAX = 200
TOKEN_LIFETIME = timedelta(days=90)


def issue_token(
    tx: Connection,
    parts: Parts,
    *,
    party: str,
    account: str,
    name: str,
    scopes: Iterable[str],
    expires_at: datetime,
    actor: str | None = None,
) -> tuple[Token, str]:
    """Make a token in the caller's transaction; return it and its secret, which is not kept.

    The caller has decided that it may be made. Raises Unfit where it would outlive the limit.
    """
    now = parts.clock.now()
    token_id = TokenId(parts.new_id("tk"))
    token = Token(
        id=token_id,
        party=PartyId(party),
        account=AccountId(account),
        name=name,
        scopes=frozenset(scopes),
        family=token_id,
        generation=1,
        made_at=now,
        expires_at=checked_expiry(expires_at, now),
        last_used_at=None,
        revoked_at=None,
        replaced_by=None,
    )
    secret = new_secret(TOKEN_PREFIX)
    credential_store.add_token(tx, token, digest(secret))
    record(tx, facts.token_made(token, actor or account))
    return token, secret


def make_token(
    parts: Parts,
    caller: Caller,
    *,
    name: str,
    scopes: Iterable[str],
    expires_at: datetime | None = None,
    account: str | None = None,
) -> tuple[Token, str]:
    """Make a token for oneself, or as an owner for a service account of the party.

    Raises ScopesTooWide where it would allow more than the one who makes it, or more than the
    one who gets it. A token makes tokens only where it was made to manage.
    """
    check(caller, *((Role.OWNER,) if caller.via == "token" else ()))
    party = _party_of(caller)
    wished = grantable(caller, scopes)
    assert caller.account is not None, "whoever is signed in has an account"
    holder = account or caller.account
    until = expires_at or parts.clock.now() + TOKEN_LIFETIME
    with parts.db.begin() as tx:
        if holder != caller.account:
            _check_service_account(tx, caller, party, holder, wished)
        _check_room(tx, party, holder, parts.clock.now())
        return issue_token(
            tx,
            parts,
            party=party,
            account=holder,
            name=name,
            scopes=wished,
            expires_at=until,
            actor=caller.actor,
        )


def list_tokens(parts: Parts, caller: Caller) -> list[Token]:
    """Return the tokens that the caller may manage, newest first; never a secret."""
    check(caller)
    if caller.via == "token":
        check(caller, Role.OWNER)
    party = _party_of(caller)
    with parts.db.begin() as tx:
        return credential_store.tokens_of(
            tx, party, None if caller.may(Role.OWNER) else caller.account
        )


def rotate_token(
    parts: Parts, caller: Caller, token_id: str, *, grace: timedelta
) -> tuple[Token, str]:
    """Put a new token in a token's place; the old one works for `grace` longer, then no more.

    The new one has the same name, scopes and length of life. Of two rotations at once, the
    second is told (TokenMoved). A token may rotate itself.
    """
    if not timedelta(0) <= grace <= TOKEN_GRACE_MAX:
        raise Unfit("grace_s", f"is 0 to {TOKEN_GRACE_MAX.total_seconds():.0f} seconds")
    now = parts.clock.now()
    with parts.db.begin() as tx:
        old = _managed(tx, caller, token_id)
        if old.replaced_by or old.revoked_at or old.expires_at <= now:
            raise TokenMoved(token_id)
        new = replace(
            old,
            id=TokenId(parts.new_id("tk")),
            generation=old.generation + 1,
            made_at=now,
            expires_at=now + (old.expires_at - old.made_at),
            last_used_at=None,
        )
        secret = new_secret(TOKEN_PREFIX)
        credential_store.add_token(tx, new, digest(secret))
        credential_store.retire(
            tx, old.id, successor=new.id, until=min(old.expires_at, now + grace)
        )
        record(tx, facts.token_rotated(old, new, caller.actor))
    return new, secret


def revoke_token(parts: Parts, caller: Caller, token_id: str) -> None:
    """Revoke a token, and those before it that still live out their grace. Bites at once."""
    now = parts.clock.now()
    with parts.db.begin() as tx:
        token = _managed(tx, caller, token_id)
        if credential_store.revoke_line(tx, token, now):
            record(tx, facts.token_revoked(token, caller.actor, now))


def revoke_tokens(tx: Connection, *, scope: str, at: datetime) -> int:
    """Revoke every token made for `scope`, in the transaction of the deed that ends it."""
    return credential_store.revoke_scope(tx, scope, at)


def _managed(tx: Connection, caller: Caller, token_id: str) -> Token:
    """Return a token that the caller may rotate or revoke, held still; else it is not there."""
    check(caller)
    token = credential_store.token(tx, token_id, lock=True)
    if token is None or token.party != caller.party:
        raise TokenNotFound(token_id)
    itself = caller.token == token.id
    own = caller.via == "session" and caller.account == token.account
    if not (itself or own or caller.may(Role.OWNER)):
        raise TokenNotFound(token_id)
    return token


def _check_service_account(
    tx: Connection, caller: Caller, party: str, holder: str, wished: frozenset[str]
) -> None:
    check(caller, Role.OWNER)
    member = store.member(tx, party_id=party, account_id=holder)
    if not member.service:
        raise NotAllowed("session", tuple(sorted(caller.scopes)), token=True)
    beyond = wished - narrowed(scopes_of(member.role), wished)
    if beyond:
        raise ScopesTooWide(tuple(sorted(beyond)))


def _check_room(tx: Connection, party: str, holder: str, at: datetime) -> None:
    living = [
        t
        for t in credential_store.tokens_of(tx, party, holder)
        if t.revoked_at is None and t.expires_at > at
    ]
    if len(living) >= TOKENS_LIVING_MAX:
        raise Unfit("name", f"{TOKENS_LIVING_MAX} tokens are alive already; revoke one first")


def _party_of(caller: Caller) -> PartyId:
    assert caller.party is not None, "whoever is signed in acts for a party"
    return caller.party
