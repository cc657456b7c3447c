"""Who is calling: the dependencies that routes of every slice ask for.

A credential is a bearer (`Authorization: Bearer tv_…`, or a session's `tvs_…`) or the session
cookie. A bad bearer is refused, never taken for nobody; a cookie whose session is over makes
its browser nobody, so that public pages stay open to it. One look-up by index tells all.
"""

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyCookie, HTTPBearer

from torvet.ports.parts import Parts
from torvet.web.callers import vouch
from torvet.web.parts import parts_of

from . import credential_store
from .credentials import SECRET_LENGTH_MAX, SESSION_PREFIX, TOKEN_PREFIX, digest
from .errors import CredentialsUnknown, PartyNotFound
from .model import ANONYMOUS, Caller, Role, Scope
from .rules import check, choose, member_caller

SESSION_COOKIE = "torvet_session"
PARTY_HEADER = "X-Torvet-Party"
PARTY_LENGTH_MAX = 60

BEARER = HTTPBearer(
    auto_error=False,
    scheme_name="token",
    description="An API token (`tv_…`) or the secret of a session (`tvs_…`).",
)
COOKIE = APIKeyCookie(
    name=SESSION_COOKIE,
    auto_error=False,
    scheme_name="session",
    description="The session of a browser, set by `POST /api/session`.",
)


def caller_of(request: Request) -> Caller:
    """Return who sent `request`; ANONYMOUS where it names nobody.

    Raises CredentialsUnknown where a bearer names somebody who is not known, and PartyNotFound
    where the request asks to act for a party that is not theirs.
    """
    caller = _caller_of(request)
    # Pages greet whoever is signed in, without asking again.
    request.state.caller = caller
    if caller.account:
        # The account, not the token: whoever makes many tokens may not ask more often.
        vouch(request.scope, caller.account)
    return caller


def _caller_of(request: Request) -> Caller:
    asked = request.headers.get(PARTY_HEADER)
    if asked is not None and len(asked) > PARTY_LENGTH_MAX:
        raise PartyNotFound(f"{asked[:PARTY_LENGTH_MAX]}…")
    bearer = bearer_of(request)
    if bearer is not None:
        return resolve(parts_of(request), bearer, asked)
    cookie = request.cookies.get(SESSION_COOKIE, "")
    if not cookie.startswith(SESSION_PREFIX):
        return ANONYMOUS
    try:
        return resolve(parts_of(request), cookie, asked)
    except CredentialsUnknown:
        return ANONYMOUS


def resolve(parts: Parts, secret: str, asked: str | None = None) -> Caller:
    """Return the caller behind a secret, acting for the party with the short name `asked`.

    One query, on a connection in autocommit: there is no transaction to begin and to end.
    """
    if len(secret) > SECRET_LENGTH_MAX:
        raise CredentialsUnknown("credential")
    if secret.startswith(SESSION_PREFIX):
        return _by_session(parts, secret, asked)
    if secret.startswith(TOKEN_PREFIX):
        return _by_token(parts, secret, asked)
    raise CredentialsUnknown("credential")


def bearer_of(request: Request) -> str | None:
    """Return the bearer that `request` carries; refuse an Authorization of another kind."""
    header = request.headers.get("Authorization")
    if header is None:
        return None
    scheme, _, secret = header.partition(" ")
    if scheme.casefold() != "bearer" or not secret.strip():
        raise CredentialsUnknown("Authorization header (it takes `Bearer tv_…`)")
    return secret.strip()


def session_of(request: Request) -> str | None:
    """Return the session's secret that `request` carries, as a bearer or as a cookie."""
    secret = bearer_of(request) or request.cookies.get(SESSION_COOKIE)
    return secret if secret and secret.startswith(SESSION_PREFIX) else None


def signed_in(
    caller: Annotated[Caller, Depends(caller_of)],
    _bearer: Annotated[object, Security(BEARER)],
    _cookie: Annotated[object, Security(COOKIE)],
) -> Caller:
    """Return the caller; raise SignInNeeded where it is nobody."""
    check(caller)
    return caller


def papers_of(request: Request) -> frozenset[str]:
    """Return the parties whose papers the caller may read: its own, with the scope `read`."""
    caller = caller_of(request)
    if caller.party is None or Scope.READ not in caller.scopes:
        return frozenset()
    return frozenset({caller.party})


TheCaller = Annotated[Caller, Depends(caller_of)]
SignedIn = Annotated[Caller, Depends(signed_in)]


def acting(*needs: Role | str) -> Callable[[Caller], Caller]:
    """Return a dependency that lets a caller through who has all of `needs`.

    Used as `caller: Annotated[Caller, Depends(acting(Role.STEWARD))]`.
    """

    def allowed(caller: SignedIn) -> Caller:
        check(caller, *needs)
        return caller

    return allowed


def _by_session(parts: Parts, secret: str, asked: str | None) -> Caller:
    with parts.db.connect() as plain:
        tx = plain.execution_options(isolation_level="AUTOCOMMIT")
        found = credential_store.session(tx, digest(secret), parts.clock.now())
    if found is None:
        raise CredentialsUnknown("session")
    membership = choose(found.memberships, asked=asked, kept=found.kept, own=found.own)
    if membership is None:
        raise PartyNotFound(asked or "")
    return member_caller(
        account=found.account,
        membership=membership,
        email=found.email,
        operator=found.operator,
    )


def _by_token(parts: Parts, secret: str, asked: str | None) -> Caller:
    now = parts.clock.now()
    with parts.db.connect() as plain:
        tx = plain.execution_options(isolation_level="AUTOCOMMIT")
        found = credential_store.token_by_digest(tx, digest(secret), now)
        if found is None:
            raise CredentialsUnknown("token")
        seldom = now - credential_store.LAST_USE_EVERY
        if found.last_used_at is None or found.last_used_at <= seldom:
            credential_store.note_use(tx, found.token, now)
    if asked not in {None, found.membership.party.slug}:
        raise PartyNotFound(asked or "")
    return member_caller(
        account=found.account,
        membership=found.membership,
        email=found.email,
        via="token",
        operator=found.operator,
        token=found.token,
        asked=found.scopes,
    )
