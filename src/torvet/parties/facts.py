"""What the parties slice tells the log. Names and e-mail addresses stay out: it is forever."""

from collections.abc import Mapping
from datetime import datetime

from torvet.audit import Fact

from .model import Account, Invitation, Party, Role, Token

NOBODY = "unknown"


def party_registered(party: Party, actor: str) -> Fact:
    """Tell that a party exists. A citizen's name is nobody's business."""
    body: dict[str, object] = {"party": party.id, "kind": party.kind.value, "slug": party.slug}
    if party.cvr is not None:
        body["cvr"] = party.cvr
    return _fact("party-registered", party.registered_at, actor, party.id, party.id, body)


def account_made(account: Account, party: str, actor: str) -> Fact:
    """Tell that an account exists."""
    body = {"account": account.id, "service": account.service}
    return _fact("account-made", account.made_at, actor, account.id, party, body)


def member_added(party: str, account: str, role: Role, actor: str, at: datetime) -> Fact:
    """Tell that an account acts for a party."""
    body = {"account": account, "role": role.value}
    return _fact("member-added", at, actor, account, party, body)


def member_changed(party: str, account: str, role: Role, actor: str, at: datetime) -> Fact:
    """Tell that a member has another role."""
    body = {"account": account, "role": role.value}
    return _fact("member-changed", at, actor, account, party, body)


def member_removed(party: str, account: str, actor: str, at: datetime) -> Fact:
    """Tell that an account no longer acts for a party."""
    return _fact("member-removed", at, actor, account, party, {"account": account})


def member_invited(invitation: Invitation, actor: str, at: datetime) -> Fact:
    """Tell that a seat is kept for somebody."""
    body = {"invitation": invitation.id, "role": invitation.role.value}
    return _fact("member-invited", at, actor, invitation.id, invitation.party, body)


def invitation_withdrawn(invitation: Invitation, actor: str, at: datetime) -> Fact:
    """Tell that a seat is no longer kept."""
    body = {"invitation": invitation.id}
    return _fact("invitation-withdrawn", at, actor, invitation.id, invitation.party, body)


def token_made(token: Token, actor: str) -> Fact:
    """Tell that a token exists, and what it is good for."""
    body = {
        "token": token.id,
        "account": token.account,
        "scopes": sorted(token.scopes),
        "generation": token.generation,
    }
    return _fact("token-made", token.made_at, actor, token.id, token.party, body)


def token_rotated(token: Token, successor: Token, actor: str) -> Fact:
    """Tell that a token has a successor, and until when it still works."""
    body = {"token": token.id, "successor": successor.id}
    return _fact("token-rotated", successor.made_at, actor, token.id, token.party, body)


def token_revoked(token: Token, actor: str, at: datetime) -> Fact:
    """Tell that a token is good for nothing from now on."""
    return _fact("token-revoked", at, actor, token.id, token.party, {"token": token.id})


def signed_in(account: Account, how: str, at: datetime) -> Fact:
    """Tell that somebody signed in, and by which means."""
    return _fact("signed-in", at, account.id, account.id, account.citizen_party, {"how": how})


def sign_in_failed(account: Account | None, at: datetime) -> Fact:
    """Tell that somebody gave a wrong password."""
    subject = account.id if account else NOBODY
    party = account.citizen_party if account else None
    return _fact("sign-in-failed", at, "anonymous", subject, party, {"how": "password"})


def account_changed(account: Account, what: str, actor: str, at: datetime) -> Fact:
    """Tell that an account changed in one of the ways that matter to its safety."""
    return _fact("account-changed", at, actor, account.id, account.citizen_party, {"what": what})


def _fact(  # noqa: PLR0917 - the order is that of a fact, and only this file calls it
    name: str, at: datetime, actor: str, subject: str, party: str | None, body: Mapping[str, object]
) -> Fact:
    return Fact(
        name=name,
        at=at,
        actor=actor,
        subject=subject,
        parties=(party,) if party else (),
        body=body,
    )
