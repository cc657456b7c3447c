"""What can be done with accounts and sessions. One function, one transaction, one fact."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from torvet.audit import record
from torvet.ports.parts import Parts

from . import credential_store, facts, store
from .credentials import SESSION_PREFIX, digest, hashed, matches, new_secret, outdated
from .errors import AccountUnclear, NotAllowed, PartyNotFound, PasswordWrong, TooManyAttempts, Unfit
from .model import Account, AccountId, Caller, Membership, Party, PartyId, PartyKind, Role
from .rules import CITIZEN_SLUG, check, checked_email, checked_password, wait_s
from .service import seat_by_code

SESSION_LIFETIME = timedelta(days=14)
LOCAL_SESSION_LIFETIME = timedelta(minutes=15)
CHOICES_SHOWN_MAX = 20
CITIZEN_SLUG_LENGTH = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """A new session: whose it is, the secret that proves it, and when it ends."""

    account: Account
    secret: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Who somebody is here: the account, and the parties that it acts for."""

    account: Account
    memberships: tuple[Membership, ...]


def sign_up(
    parts: Parts, *, email: str, name: str, password: str, invitation: str | None = None
) -> Standing:
    """Make an account with its citizen party, and take the seat that `invitation` keeps for it.

    Raises Unfit, EmailTaken, or InvitationNotFound; then nothing was made.
    """
    address = checked_email(email)
    kept = hashed(checked_password(password, address))
    with parts.db.begin() as tx:
        account = open_account(tx, parts, email=address, name=name, password=kept)
        if invitation is not None:
            seat_by_code(tx, account, invitation, account.made_at)
        return Standing(account=account, memberships=tuple(store.memberships_of(tx, account.id)))


def open_account(
    tx: Connection,
    parts: Parts,
    *,
    email: str | None,
    name: str,
    password: str | None,
    verified: bool = False,
) -> Account:
    """Write an account of a person, with the citizen party that every person has."""
    now = parts.clock.now()
    party_id = PartyId(parts.new_id("pt"))
    party = Party(
        id=party_id,
        # The tail of the id is random: the short name tells nothing of the person or the time.
        slug=CITIZEN_SLUG + party_id[-CITIZEN_SLUG_LENGTH:],
        name=name,
        kind=PartyKind.CITIZEN,
        cvr=None,
        region=parts.settings.place,
        registered_at=now,
    )
    account = Account(
        id=AccountId(parts.new_id("ac")),
        email=email,
        name=name,
        service=False,
        operator=False,
        citizen_party=party.id,
        made_at=now,
    )
    added = store.add_party(tx, party)
    assert added, "sixty random bits are never drawn twice"
    store.add_account(tx, account, password=password, verified=verified)
    store.add_member(tx, party_id=party.id, account_id=account.id, role=Role.OWNER, since=now)
    record(tx, facts.party_registered(party, account.id))
    return account


def sign_in(parts: Parts, *, email: str, password: str, address: str) -> Entered:
    """Begin a session for whoever knows the password.

    Unknown addresses and wrong passwords cost the same and are answered the same. After a few
    failures for one account from one `address` the next attempt has to wait (TooManyAttempts).
    """
    now = parts.clock.now()
    asked = _readable(email)
    attempt = digest(f"{asked}\n{address}")
    with parts.db.begin() as tx:
        wait = wait_s(credential_store.failures(tx, attempt), now)
        account = store.account_by_email(tx, asked) if asked else None
        kept = store.password_of(tx, account.id) if account else None
    if wait:
        raise TooManyAttempts(wait)

    # Outside of any transaction: hashing takes long, and holds no connection meanwhile.
    right = matches(password, kept)
    with parts.db.begin() as tx:
        if right and account is not None and kept is not None:
            credential_store.forget_failures(tx, attempt)
            if outdated(kept):
                store.set_password(tx, account.id, hashed(password))
            return begin_session(tx, account, how="password", at=now)
        credential_store.count_failure(tx, attempt, now)
        record(tx, facts.sign_in_failed(account, now))
    # Raised only here: inside the transaction it would roll back the record of itself.
    raise PasswordWrong


def begin_session(
    tx: Connection,
    account: Account,
    *,
    how: str,
    at: datetime,
    lifetime: timedelta = SESSION_LIFETIME,
) -> Entered:
    """Write a session for `account`, in the caller's transaction."""
    secret = new_secret(SESSION_PREFIX)
    until = at + lifetime
    credential_store.add_session(
        tx, digest(secret), account=account.id, party=None, at=at, until=until
    )
    record(tx, facts.signed_in(account, how, at))
    return Entered(account=account, secret=secret, expires_at=until)


def sign_out(parts: Parts, secret: str) -> None:
    """End one session; one that is over already stays so."""
    with parts.db.begin() as tx:
        credential_store.end_session(tx, digest(secret))


def standing(parts: Parts, caller: Caller) -> Standing:
    """Return who the caller is and whom they may act for."""
    check(caller)
    with parts.db.begin() as tx:
        return _standing(tx, caller)


def act_for(parts: Parts, caller: Caller, secret: str, slug: str) -> Party:
    """Let the session act for another of the account's parties from now on."""
    with parts.db.begin() as tx:
        mine = {m.party.slug: m.party for m in _standing(tx, caller).memberships}
        if slug not in mine:
            raise PartyNotFound(slug)
        credential_store.keep_party(tx, digest(secret), mine[slug].id)
    return mine[slug]


def change_password(parts: Parts, caller: Caller, *, old: str, new: str, address: str) -> Entered:
    """Replace the password and end every session but the new one that is returned."""
    _in_person(caller)
    now = parts.clock.now()
    attempt = digest(f"{caller.account}\n{address}")
    with parts.db.begin() as tx:
        wait = wait_s(credential_store.failures(tx, attempt), now)
        account = _standing(tx, caller).account
        kept = store.password_of(tx, account.id)
    if wait:
        raise TooManyAttempts(wait)
    right = matches(old, kept)
    fresh = hashed(checked_password(new, account.email or "")) if right else ""
    with parts.db.begin() as tx:
        if right:
            store.set_password(tx, account.id, fresh)
            credential_store.end_sessions(tx, account.id)
            record(tx, facts.account_changed(account, "password", caller.actor, now))
            return begin_session(tx, account, how="password", at=now)
        credential_store.count_failure(tx, attempt, now)
        record(tx, facts.sign_in_failed(account, now))
    raise PasswordWrong


def sign_out_everywhere(parts: Parts, caller: Caller) -> int:
    """End every session of the caller's account; return how many there were."""
    _in_person(caller)
    with parts.db.begin() as tx:
        account = _standing(tx, caller).account
        ended = credential_store.end_sessions(tx, account.id)
        record(
            tx,
            facts.account_changed(account, "sessions-ended", caller.actor, parts.clock.now()),
        )
    return ended


def make_operator(parts: Parts, email: str, *, operator: bool = True) -> Account:
    """Make an account an operator of this exchange (or no longer one).

    Only the command line on the exchange's own machine calls this: no request over HTTP makes
    an operator, so that the first stranger to sign up on a fresh exchange does not become one.
    """
    with parts.db.begin() as tx:
        account = _account_for(tx, email)
        store.set_operator(tx, account.id, operator=operator)
        what = "operator" if operator else "operator-ended"
        record(tx, facts.account_changed(account, what, "exchange", parts.clock.now()))
    return account


def local_session(parts: Parts, email: str | None = None) -> str:
    """Return the secret of a short session, for the command line on the exchange's own machine.

    `email` may be left out where there is only one account. Raises AccountUnclear, which lists
    the choices. Whoever can open the exchange's own database needs no password.
    """
    with parts.db.begin() as tx:
        account = _account_for(tx, email)
        entered = begin_session(
            tx,
            account,
            how="command-line",
            at=parts.clock.now(),
            lifetime=LOCAL_SESSION_LIFETIME,
        )
    return entered.secret


def _account_for(tx: Connection, email: str | None) -> Account:
    asked = _readable(email or "")
    named = store.account_by_email(tx, asked) if asked else None
    if named is not None:
        return named
    choices = store.people(tx, CHOICES_SHOWN_MAX)
    if email is None and len(choices) == 1:
        return choices[0]
    raise AccountUnclear(email, tuple(one.email or one.id for one in choices))


def _readable(email: str) -> str | None:
    """Return the address in the form that is kept; None where there can be none like it."""
    try:
        return checked_email(email)
    except Unfit:
        return None


def _standing(tx: Connection, caller: Caller) -> Standing:
    assert caller.account is not None, "whoever is signed in has an account"
    account = store.account(tx, caller.account)
    assert account is not None, "a credential has an account"
    return Standing(account=account, memberships=tuple(store.memberships_of(tx, account.id)))


def _in_person(caller: Caller) -> None:
    """Some deeds belong to a person with a session, whatever a token may do."""
    check(caller)
    if caller.via != "session":
        raise NotAllowed("session", tuple(sorted(caller.scopes)), token=True)
