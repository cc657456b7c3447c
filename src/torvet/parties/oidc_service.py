"""Signing in through an OIDC provider: two deeds, with a visit to the provider between them."""

import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection

from torvet.audit import record
from torvet.ports.parts import Parts

from . import facts, oidc, oidc_store, store
from .account_service import Entered, begin_session, open_account
from .credentials import digest, new_secret
from .errors import AccountNeedsLink, OidcAbsent, OidcRefused, Unfit
from .model import Account, Caller
from .oidc import Identity
from .rules import checked_email
from .service import take_seat

FLOW_LIFETIME = timedelta(minutes=10)
FLOW_PREFIX = "tvf_"
NAME_LENGTH_MAX = 200
UNNAMED = "Citizen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Began:
    """Where to send the browser, and the secret that it brings back as a cookie."""

    url: str
    secret: str


def begin(parts: Parts, caller: Caller, *, target: str) -> Began:
    """Begin a sign-in that ends at `target`; one who is signed in connects the two accounts."""
    issuer = parts.settings.oidc_issuer
    if not issuer:
        raise OidcAbsent
    now = parts.clock.now()
    provider = oidc.PROVIDERS.provider(issuer, now)
    secret = new_secret(FLOW_PREFIX)
    flow = oidc_store.Flow(
        state=secrets.token_urlsafe(32),
        nonce=secrets.token_urlsafe(32),
        verifier=secrets.token_urlsafe(48),
        account=caller.account if caller.via == "session" else None,
        target=target,
        expires_at=now + FLOW_LIFETIME,
    )
    with parts.db.begin() as tx:
        oidc_store.add_flow(tx, digest(secret), flow, at=now)
    url = oidc.authorization_url(
        parts.settings, provider, state=flow.state, nonce=flow.nonce, verifier=flow.verifier
    )
    return Began(url=url, secret=secret)


def finish(
    parts: Parts,
    caller: Caller,
    *,
    secret: str | None,
    state: str,
    code: str,
    issuer: str | None,
) -> tuple[Entered, str]:
    """End a sign-in: return the new session and where the reader wanted to go.

    The flow that `secret` names is used up first, whatever comes of it, so that no answer of a
    provider counts twice. Raises OidcRefused, OidcAway or AccountNeedsLink.
    """
    now = parts.clock.now()
    with parts.db.begin() as tx:
        flow = oidc_store.take_flow(tx, digest(secret), now) if secret else None
    if flow is None:
        raise OidcRefused("it was not begun in this browser, was used already, or took too long")
    if not hmac.compare_digest(flow.state.encode(), state.encode()):
        raise OidcRefused("the answer belongs to another sign-in (state)")
    if flow.account not in {None, caller.account}:
        raise OidcRefused("somebody else has signed in to this browser meanwhile")
    provider = oidc.PROVIDERS.provider(parts.settings.oidc_issuer, now)
    if issuer is not None and issuer != provider.issuer:
        # RFC 9207: an answer of another provider, mixed into this one's sign-in.
        raise OidcRefused("the answer comes from another provider (iss)")
    identity = oidc.redeemed(
        parts.settings, provider, code=code, nonce=flow.nonce, verifier=flow.verifier, now=now
    )
    with parts.db.begin() as tx:
        account = _account_of(tx, parts, identity, linking=flow.account)
        return begin_session(tx, account, how="oidc", at=now), flow.target


def _account_of(
    tx: Connection, parts: Parts, identity: Identity, *, linking: str | None
) -> Account:
    """Return the account that an identity signs in to, connecting or making it where needed.

    A verified e-mail never opens an account that was made with a password: whoever made that
    one may not have been the owner of the address. Its owner signs in to it and connects.
    """
    oidc_store.lock_identity(tx, identity.issuer, identity.subject)
    known = oidc_store.account_of(tx, identity.issuer, identity.subject)
    if known is not None:
        if linking not in {None, known}:
            raise OidcRefused("this identity is connected to another account")
        return _existing(tx, known)
    account = _existing(tx, linking) if linking else _new_account(tx, parts, identity)
    now = parts.clock.now()
    oidc_store.add_identity(tx, identity.issuer, identity.subject, account=account.id, at=now)
    record(tx, facts.account_changed(account, "identity-connected", account.id, now))
    return account


def _new_account(tx: Connection, parts: Parts, identity: Identity) -> Account:
    """Make an account for an identity seen for the first time; seats kept for it are its own."""
    email = _email_of(identity)
    if email is not None and store.account_by_email(tx, email) is not None:
        raise AccountNeedsLink(email)
    account = open_account(
        tx,
        parts,
        email=email,
        name=_name_of(identity),
        password=None,
        verified=email is not None,
    )
    if email is not None:
        for seat in store.take_seats_of(tx, email, account.made_at):
            take_seat(tx, account, seat, account.made_at)
    return account


def _email_of(identity: Identity) -> str | None:
    """Return the verified address, if there is one that can be kept."""
    try:
        return checked_email(identity.email) if identity.email else None
    except Unfit:
        return None


def _name_of(identity: Identity) -> str:
    """Return the name on one line, as short as ours are."""
    name = " ".join((identity.name or "").split())[:NAME_LENGTH_MAX]
    return name if name and name.isprintable() else UNNAMED


def _existing(tx: Connection, account_id: str) -> Account:
    account = store.account(tx, account_id)
    assert account is not None, "identities and flows name accounts that exist"
    return account
