"""Parties, accounts and members as rows. Each function takes the transaction it runs in."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from .errors import EmailTaken, MemberNotFound, PartyNotFound
from .model import (
    Account,
    AccountId,
    Invitation,
    Member,
    Membership,
    Party,
    PartyId,
    PartyKind,
    Role,
)
from .tables import accounts, invitations, members, parties

PARTIES_AT_ONCE_MAX = 10_000
MEMBERS_MAX = 10_000


def add_party(tx: Connection, party: Party) -> bool:
    """Write a new party; return False where its short name is another's."""
    written = tx.execute(
        insert(parties)
        .values(
            id=party.id,
            slug=party.slug,
            name=party.name,
            kind=party.kind,
            cvr=party.cvr,
            region=party.region,
            registered_at=party.registered_at,
        )
        .on_conflict_do_nothing(index_elements=[parties.c.slug])
        .returning(parties.c.id)
    )
    return written.first() is not None


def party(tx: Connection, party_id: str) -> Party:
    """Return the party with this id; raise PartyNotFound where there is none."""
    row = tx.execute(select(parties).where(parties.c.id == party_id)).one_or_none()
    if row is None:
        raise PartyNotFound(party_id)
    return _party(row)


def party_by_slug(tx: Connection, slug: str) -> Party:
    """Return the party with this short name; raise PartyNotFound where there is none."""
    row = tx.execute(select(parties).where(parties.c.slug == slug)).one_or_none()
    if row is None:
        raise PartyNotFound(slug)
    return _party(row)


def parties_by_id(tx: Connection, ids: Iterable[str]) -> dict[PartyId, Party]:
    """Return the parties among `ids` that exist, by id, in one query."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    assert len(wanted) <= PARTIES_AT_ONCE_MAX, "a page of things names fewer parties than this"
    rows = tx.execute(select(parties).where(parties.c.id.in_(wanted)))
    return {PartyId(row.id): _party(row) for row in rows}


def lock_party(tx: Connection, party_id: str) -> None:
    """Let nobody else change who is a member of the party until this transaction ends.

    Taking a seat goes on meanwhile: its foreign key needs the party to exist, and no more.
    """
    held = select(parties.c.id).where(parties.c.id == party_id)
    tx.execute(held.with_for_update(key_share=True))


def add_account(tx: Connection, account: Account, *, password: str | None, verified: bool) -> None:
    """Write a new account; raise EmailTaken where its address is another's."""
    written = tx.execute(
        insert(accounts)
        .values(
            id=account.id,
            email=account.email,
            email_verified=verified,
            name=account.name,
            password=password,
            service=account.service,
            operator=account.operator,
            citizen_party=account.citizen_party,
            made_at=account.made_at,
        )
        .on_conflict_do_nothing(index_elements=[accounts.c.email])
        .returning(accounts.c.id)
    )
    if written.first() is None:
        assert account.email is not None, "only an address can be taken"
        raise EmailTaken(account.email)


def account(tx: Connection, account_id: str) -> Account | None:
    """Return the account with this id, if any."""
    row = tx.execute(select(accounts).where(accounts.c.id == account_id)).one_or_none()
    return _account(row) if row else None


def account_by_email(tx: Connection, email: str) -> Account | None:
    """Return the account with this address (as `checked_email` writes it), if any."""
    row = tx.execute(select(accounts).where(accounts.c.email == email)).one_or_none()
    return _account(row) if row else None


def password_of(tx: Connection, account_id: str) -> str | None:
    """Return what is kept of the account's password, if it has one."""
    kept: str | None = tx.scalar(select(accounts.c.password).where(accounts.c.id == account_id))
    return kept


def set_password(tx: Connection, account_id: str, kept: str) -> None:
    """Replace what is kept of the account's password."""
    tx.execute(update(accounts).where(accounts.c.id == account_id).values(password=kept))


def set_operator(tx: Connection, account_id: str, *, operator: bool) -> None:
    """Make the account an operator of the exchange, or no longer one."""
    tx.execute(update(accounts).where(accounts.c.id == account_id).values(operator=operator))


def people(tx: Connection, limit: int) -> list[Account]:
    """Return the first `limit` accounts that have an address, in the order they were made."""
    rows = tx.execute(
        select(accounts)
        .where(accounts.c.email.is_not(None))
        .order_by(accounts.c.made_at, accounts.c.id)
        .limit(limit)
    )
    return [_account(row) for row in rows]


def add_member(
    tx: Connection, *, party_id: str, account_id: str, role: Role, since: datetime
) -> bool:
    """Make the account a member; return False where it is one already."""
    written = tx.execute(
        insert(members)
        .values(party=party_id, account=account_id, role=role, since=since)
        .on_conflict_do_nothing()
        .returning(members.c.account)
    )
    return written.first() is not None


def set_role(tx: Connection, *, party_id: str, account_id: str, role: Role) -> None:
    """Give the member another role."""
    tx.execute(
        update(members)
        .where(members.c.party == party_id, members.c.account == account_id)
        .values(role=role)
    )


def remove_member(tx: Connection, *, party_id: str, account_id: str) -> None:
    """End the membership."""
    tx.execute(delete(members).where(members.c.party == party_id, members.c.account == account_id))


def member(tx: Connection, *, party_id: str, account_id: str) -> Member:
    """Return one member of the party; raise MemberNotFound where there is none."""
    row = tx.execute(
        _members().where(members.c.party == party_id, members.c.account == account_id)
    ).one_or_none()
    if row is None:
        raise MemberNotFound(account_id)
    return _member(row)


def members_of(tx: Connection, party_id: str) -> list[Member]:
    """Return the members of the party, longest first."""
    rows = tx.execute(
        _members()
        .where(members.c.party == party_id)
        .order_by(members.c.since, members.c.account)
        .limit(MEMBERS_MAX)
    )
    return [_member(row) for row in rows]


def owners(tx: Connection, party_id: str) -> int:
    """Count the people who own the party."""
    counted = tx.scalar(
        select(func.count())
        .select_from(members)
        .where(members.c.party == party_id, members.c.role == Role.OWNER)
    )
    return int(counted or 0)


def owned_alike(tx: Connection, party_id: str) -> list[PartyId]:
    """Return the other parties that an owner of this one registered and owns, by id.

    Anybody may name anybody an owner of a party: that alone tells nothing of who is named.
    """
    here = members.alias()
    found = (
        select(members.c.party)
        .join(here, here.c.account == members.c.account)
        .join(parties, parties.c.id == members.c.party)
        .where(
            members.c.since == parties.c.registered_at,
            here.c.party == party_id,
            here.c.role == Role.OWNER,
            members.c.role == Role.OWNER,
            members.c.party != party_id,
        )
        .distinct()
        .order_by(members.c.party)
    )
    return [PartyId(party) for party in tx.scalars(found)]


def memberships_of(tx: Connection, account_id: str) -> list[Membership]:
    """Return the parties that the account acts for, first oneself, then the longest."""
    rows = tx.execute(
        select(parties, members.c.role)
        .join(members, members.c.party == parties.c.id)
        .where(members.c.account == account_id)
        .order_by(parties.c.kind != PartyKind.CITIZEN, members.c.since, parties.c.id)
    )
    return [Membership(party=_party(row), role=Role(row.role)) for row in rows]


def keep_seat(
    tx: Connection, invitation: Invitation, *, digest: bytes, invited_by: str, at: datetime
) -> None:
    """Write an invitation, in place of an earlier one of the same address to the same party."""
    seat = {
        "id": invitation.id,
        "role": invitation.role,
        "digest": digest,
        "invited_by": invited_by,
        "made_at": at,
        "expires_at": invitation.expires_at,
    }
    tx.execute(
        insert(invitations)
        .values(party=invitation.party, email=invitation.email, **seat)
        .on_conflict_do_update(index_elements=[invitations.c.party, invitations.c.email], set_=seat)
    )


def invitations_of(tx: Connection, party_id: str, at: datetime) -> list[Invitation]:
    """Return the invitations of the party that can still be taken."""
    rows = tx.execute(
        select(invitations)
        .where(invitations.c.party == party_id, invitations.c.expires_at > at)
        .order_by(invitations.c.made_at)
        .limit(MEMBERS_MAX)
    )
    return [_invitation(row) for row in rows]


def take_seat(tx: Connection, digest: bytes, at: datetime) -> Invitation | None:
    """Use an invitation up and return it; None where there is none that can be taken."""
    row = tx.execute(
        delete(invitations)
        .where(invitations.c.digest == digest, invitations.c.expires_at > at)
        .returning(*invitations.c)
    ).one_or_none()
    return _invitation(row) if row else None


def drop_seat(tx: Connection, *, party_id: str, invitation_id: str) -> Invitation | None:
    """Withdraw an invitation of the party and return it; None where there is none."""
    row = tx.execute(
        delete(invitations)
        .where(invitations.c.id == invitation_id, invitations.c.party == party_id)
        .returning(*invitations.c)
    ).one_or_none()
    return _invitation(row) if row else None


def take_seats_of(tx: Connection, email: str, at: datetime) -> list[Invitation]:
    """Use up and return every invitation of an address that is proven to be the taker's."""
    rows = tx.execute(
        delete(invitations)
        .where(invitations.c.email == email, invitations.c.expires_at > at)
        .returning(*invitations.c)
    )
    return [_invitation(row) for row in rows]


def _members() -> Select[Any]:
    return select(
        members.c.party,
        members.c.account,
        members.c.role,
        members.c.since,
        accounts.c.name,
        accounts.c.email,
        accounts.c.service,
    ).join(accounts, accounts.c.id == members.c.account)


def _party(row: Row[Any]) -> Party:
    return Party(
        id=PartyId(row.id),
        slug=row.slug,
        name=row.name,
        kind=PartyKind(row.kind),
        cvr=row.cvr,
        region=row.region,
        registered_at=row.registered_at,
    )


def _account(row: Row[Any]) -> Account:
    return Account(
        id=AccountId(row.id),
        email=row.email,
        name=row.name,
        service=row.service,
        operator=row.operator,
        citizen_party=PartyId(row.citizen_party) if row.citizen_party else None,
        made_at=row.made_at,
    )


def _member(row: Row[Any]) -> Member:
    return Member(
        party=PartyId(row.party),
        account=AccountId(row.account),
        name=row.name,
        email=row.email,
        service=row.service,
        role=Role(row.role),
        since=row.since,
    )


def _invitation(row: Row[Any]) -> Invitation:
    return Invitation(
        id=row.id,
        party=PartyId(row.party),
        email=row.email,
        role=Role(row.role),
        expires_at=row.expires_at,
    )
