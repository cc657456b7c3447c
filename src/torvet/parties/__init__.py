"""Who takes part: organisations, citizens, members, sign-in and tokens."""

from .account_service import local_session, make_operator, sign_up
from .errors import (
    AccountUnclear,
    CredentialsUnknown,
    NotAllowed,
    PartyNotFound,
    ScopesTooWide,
    SignInNeeded,
    Unfit,
)
from .model import (
    ALL_SCOPES,
    ANONYMOUS,
    SHARE,
    Account,
    AccountId,
    Caller,
    Member,
    Membership,
    Party,
    PartyId,
    PartyKind,
    Role,
    Scope,
    Token,
    TokenId,
)
from .rules import check, cvr_fits, member_caller
from .service import add_member, register_organisation
from .store import owned_alike, parties_by_id, party, party_by_slug
from .token_service import issue_token, make_token, revoke_tokens

__all__ = [
    "ALL_SCOPES",
    "ANONYMOUS",
    "SHARE",
    "Account",
    "AccountId",
    "AccountUnclear",
    "Caller",
    "CredentialsUnknown",
    "Member",
    "Membership",
    "NotAllowed",
    "Party",
    "PartyId",
    "PartyKind",
    "PartyNotFound",
    "Role",
    "Scope",
    "ScopesTooWide",
    "SignInNeeded",
    "Token",
    "TokenId",
    "Unfit",
    "add_member",
    "check",
    "cvr_fits",
    "issue_token",
    "local_session",
    "make_operator",
    "make_token",
    "member_caller",
    "owned_alike",
    "parties_by_id",
    "party",
    "party_by_slug",
    "register_organisation",
    "revoke_tokens",
    "sign_up",
]
