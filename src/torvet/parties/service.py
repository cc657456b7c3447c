"""What can be done with organisations and members. One function, one transaction, one fact."""

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from torvet.audit import record
from torvet.ports.parts import Parts

from . import credential_store, facts, store
from .credentials import INVITATION_PREFIX, digest, new_secret
from .errors import (
    InvitationNotFound,
    LastOwner,
    MemberAlready,
    NotAllowed,
    PartyNotFound,
    SlugTaken,
    Unfit,
)
from .model import (
    Account,
    AccountId,
    Caller,
    Invitation,
    Member,
    Membership,
    Party,
    PartyId,
    PartyKind,
    Role,
)
from .rules import (
    check,
    checked_cvr,
    checked_email,
    checked_kind,
    checked_slug,
    member_caller,
    slug_from,
)

INVITATION_LIFETIME = timedelta(days=14)
SLUG_ATTEMPTS = 50


def register_organisation(
    parts: Parts,
    caller: Caller,
    *,
    name: str,
    kind: PartyKind,
    cvr: str | None = None,
    slug: str | None = None,
    region: str | None = None,
) -> Party:
    """Register an organisation, owned by the account that asks.

    Raises Unfit where kind, CVR number or short name cannot be, SlugTaken where the short name
    is another's, and NotAllowed where a token asks that was not made to manage.
    """
    check(caller)
    if caller.via == "token":
        check(caller, Role.OWNER)
    assert caller.account is not None, "whoever is signed in has an account"
    where = region or parts.settings.place
    party = Party(
        id=PartyId(parts.new_id("pt")),
        slug=checked_slug(slug) if slug else slug_from(name),
        name=name,
        kind=checked_kind(kind),
        cvr=checked_cvr(cvr, where),
        region=where,
        registered_at=parts.clock.now(),
    )
    with parts.db.begin() as tx:
        party = _add_under_free_slug(tx, party, chosen=slug is not None)
        store.add_member(
            tx,
            party_id=party.id,
            account_id=caller.account,
            role=Role.OWNER,
            since=party.registered_at,
        )
        record(tx, facts.party_registered(party, caller.actor))
    return party


def see_party(parts: Parts, caller: Caller, slug: str) -> Party:
    """Return an organisation, or the caller's own citizen party; citizens are not for others."""
    with parts.db.begin() as tx:
        party = store.party_by_slug(tx, slug)
        if party.kind is PartyKind.CITIZEN:
            mine = store.memberships_of(tx, caller.account) if caller.account else []
            if party.id not in {m.party.id for m in mine}:
                raise PartyNotFound(slug)
    return party


def list_members(parts: Parts, caller: Caller, slug: str) -> tuple[list[Member], list[Invitation]]:
    """Return the members of a party, and to its owners who is invited; 404 for outsiders."""
    with parts.db.begin() as tx:
        party, inside = _acting_in(tx, caller, slug)
        check(inside, Role.READER)
        invited = (
            store.invitations_of(tx, party.id, parts.clock.now()) if inside.may(Role.OWNER) else []
        )
        return store.members_of(tx, party.id), invited


def add_member(
    parts: Parts, caller: Caller, slug: str, *, email: str, role: Role
) -> Member | tuple[Invitation, str]:
    """Make the account with this e-mail a member, or keep a seat for it.

    Where nobody has that address yet, returns an invitation and the code that takes it: whoever
    signs up with the code becomes a member. The address alone is no proof, since anyone can
    type it; the owner hands the code over.
    """
    kept = checked_email(email)
    now = parts.clock.now()
    with parts.db.begin() as tx:
        party = _managed(tx, caller, slug)
        account = store.account_by_email(tx, kept)
        if account is None:
            return _invite(tx, parts, caller, party=party, email=kept, role=role)
        if not store.add_member(tx, party_id=party.id, account_id=account.id, role=role, since=now):
            raise MemberAlready(kept)
        record(tx, facts.member_added(party.id, account.id, role, caller.actor, now))
        return store.member(tx, party_id=party.id, account_id=account.id)


def withdraw_invitation(parts: Parts, caller: Caller, slug: str, invitation_id: str) -> None:
    """Keep a seat no longer; raise InvitationNotFound where it is taken or was never kept."""
    with parts.db.begin() as tx:
        party = _managed(tx, caller, slug)
        dropped = store.drop_seat(tx, party_id=party.id, invitation_id=invitation_id)
        if dropped is None:
            raise InvitationNotFound
        record(tx, facts.invitation_withdrawn(dropped, caller.actor, parts.clock.now()))


def take_invitation(parts: Parts, caller: Caller, code: str) -> Membership:
    """Become a member by an invitation's code; raise InvitationNotFound where it is no good."""
    check(caller)
    assert caller.account is not None, "whoever is signed in has an account"
    if caller.via == "token":
        raise NotAllowed("session", tuple(sorted(caller.scopes)), token=True)
    with parts.db.begin() as tx:
        account = store.account(tx, caller.account)
        assert account is not None, "a session has an account"
        return seat_by_code(tx, account, code, parts.clock.now())


def change_member(parts: Parts, caller: Caller, slug: str, account: str, *, role: Role) -> Member:
    """Give a member another role; raise LastOwner where nobody would own the party."""
    now = parts.clock.now()
    with parts.db.begin() as tx:
        party = _managed(tx, caller, slug)
        member = store.member(tx, party_id=party.id, account_id=account)
        if member.service and role is Role.OWNER:
            raise Unfit("role", "a service account owns nothing; make it steward at most")
        if role is not Role.OWNER:
            _keep_an_owner(tx, party, member)
        store.set_role(tx, party_id=party.id, account_id=account, role=role)
        record(tx, facts.member_changed(party.id, account, role, caller.actor, now))
        return replace(member, role=role)


def remove_member(parts: Parts, caller: Caller, slug: str, account: str) -> None:
    """End a membership, one's own or, as an owner, another's; its tokens end with it."""
    now = parts.clock.now()
    with parts.db.begin() as tx:
        party, inside = _acting_in(tx, caller, slug)
        leaves = account == inside.account and inside.via == "session"
        check(inside, *(() if leaves else (Role.OWNER,)))
        if party.kind is PartyKind.CITIZEN:
            raise LastOwner(party.slug)
        store.lock_party(tx, party.id)
        member = store.member(tx, party_id=party.id, account_id=account)
        _keep_an_owner(tx, party, member)
        credential_store.revoke_of_member(tx, party.id, account, now)
        store.remove_member(tx, party_id=party.id, account_id=account)
        record(tx, facts.member_removed(party.id, account, caller.actor, now))


def make_service_account(
    parts: Parts, caller: Caller, slug: str, *, name: str, role: Role
) -> Member:
    """Make an account that only holds tokens, for a machine of the party."""
    if role is Role.OWNER:
        raise Unfit("role", "a service account owns nothing; make it steward at most")
    now = parts.clock.now()
    account = Account(
        id=AccountId(parts.new_id("ac")),
        email=None,
        name=name,
        service=True,
        operator=False,
        citizen_party=None,
        made_at=now,
    )
    with parts.db.begin() as tx:
        party = _managed(tx, caller, slug)
        store.add_account(tx, account, password=None, verified=False)
        store.add_member(tx, party_id=party.id, account_id=account.id, role=role, since=now)
        record(tx, facts.account_made(account, party.id, caller.actor))
        return store.member(tx, party_id=party.id, account_id=account.id)


def seat_by_code(tx: Connection, account: Account, code: str, at: datetime) -> Membership:
    """Take the seat behind `code` for `account`, in the caller's transaction."""
    invitation = store.take_seat(tx, digest(code), at)
    if invitation is None:
        raise InvitationNotFound
    return take_seat(tx, account, invitation, at)


def take_seat(tx: Connection, account: Account, invitation: Invitation, at: datetime) -> Membership:
    """Make `account` a member as the invitation says; one who is a member stays as they are."""
    added = store.add_member(
        tx, party_id=invitation.party, account_id=account.id, role=invitation.role, since=at
    )
    if added:
        record(
            tx, facts.member_added(invitation.party, account.id, invitation.role, account.id, at)
        )
    member = store.member(tx, party_id=invitation.party, account_id=account.id)
    return Membership(party=store.party(tx, invitation.party), role=member.role)


def _invite(
    tx: Connection, parts: Parts, caller: Caller, *, party: Party, email: str, role: Role
) -> tuple[Invitation, str]:
    now = parts.clock.now()
    code = new_secret(INVITATION_PREFIX)
    invitation = Invitation(
        id=parts.new_id("in"),
        party=party.id,
        email=email,
        role=role,
        expires_at=now + INVITATION_LIFETIME,
    )
    store.keep_seat(tx, invitation, digest=digest(code), invited_by=caller.actor, at=now)
    record(tx, facts.member_invited(invitation, caller.actor, now))
    return invitation, code


def _add_under_free_slug(tx: Connection, party: Party, *, chosen: bool) -> Party:
    """Write the party; where nobody chose its short name, number it until it is free."""
    if store.add_party(tx, party):
        return party
    if not chosen:
        for number in range(2, SLUG_ATTEMPTS):
            numbered = replace(party, slug=f"{party.slug}-{number}")
            if store.add_party(tx, numbered):
                return numbered
    raise SlugTaken(party.slug)


def _acting_in(tx: Connection, caller: Caller, slug: str) -> tuple[Party, Caller]:
    """Return the party and the caller as a member of it; to outsiders it is not there.

    Whoever is signed in may name another of their parties in the address; a token speaks for
    one party only.
    """
    check(caller)
    party = store.party_by_slug(tx, slug)
    if caller.party == party.id:
        return party, caller
    assert caller.account is not None, "whoever is signed in has an account"
    mine = store.memberships_of(tx, caller.account) if caller.via == "session" else []
    membership = next((m for m in mine if m.party.id == party.id), None)
    if membership is None:
        raise PartyNotFound(slug)
    inside = member_caller(
        account=caller.account,
        membership=membership,
        email=caller.email,
        operator=caller.operator,
    )
    return party, inside


def _managed(tx: Connection, caller: Caller, slug: str) -> Party:
    """Return an organisation that the caller owns, with its members held still."""
    party, inside = _acting_in(tx, caller, slug)
    check(inside, Role.OWNER)
    if party.kind is PartyKind.CITIZEN:
        raise Unfit("slug", "a citizen has no members; register an organisation")
    store.lock_party(tx, party.id)
    return party


def _keep_an_owner(tx: Connection, party: Party, member: Member) -> None:
    if member.role is Role.OWNER and store.owners(tx, party.id) == 1:
        raise LastOwner(party.slug)
