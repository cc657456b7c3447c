"""Accounts, sessions, organisations, members and tokens over HTTP."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from torvet.ports.parts import Parts
from torvet.web.frame import TheParts
from torvet.web.problems import problems_of

from . import account_service, service, token_service
from .account_service import Entered
from .errors import SignInNeeded
from .forms import (
    AccountForm,
    AccountSheet,
    ActForForm,
    EndedSheet,
    InvitationForm,
    InvitationSheet,
    MemberForm,
    MemberSheet,
    MembershipSheet,
    MembersSheet,
    MeSheet,
    NewTokenSheet,
    OrganisationForm,
    PartySheet,
    PasswordForm,
    RoleForm,
    RotationForm,
    ServiceAccountForm,
    SessionSheet,
    SignInForm,
    TokenForm,
    TokenSheet,
    TokensSheet,
)
from .model import Member, PartyKind, Role
from .signin import SESSION_COOKIE, SignedIn, TheCaller, session_of

router = APIRouter(prefix="/api", tags=["parties"])

SlugPath = Annotated[str, Path(min_length=1, max_length=60, pattern=r"^[a-z0-9-]+$")]
IdPath = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]


@router.post("/accounts", status_code=201, responses=problems_of(400, 403, 404, 409, 422, 429))
def sign_up(form: AccountForm, parts: TheParts) -> AccountSheet:
    """Make an account. It comes with a citizen party, so that one can act for oneself."""
    made = account_service.sign_up(
        parts,
        email=form.email,
        name=form.name,
        password=form.password,
        invitation=form.invitation,
    )
    return AccountSheet.of(made)


@router.post("/session", status_code=201, responses=problems_of(400, 401, 403, 422, 429))
def sign_in(
    form: SignInForm, request: Request, response: Response, parts: TheParts
) -> SessionSheet:
    """Sign in with a password: sets the session cookie, and returns its secret for programs."""
    entered = account_service.sign_in(
        parts, email=form.email, password=form.password, address=address_of(request)
    )
    set_cookie(response, entered, parts)
    return SessionSheet.of(entered)


@router.delete("/session", status_code=204, responses=problems_of(401, 403, 429))
def sign_out(request: Request, response: Response, caller: SignedIn, parts: TheParts) -> None:
    """End the session that this request carries."""
    account_service.sign_out(parts, _session(request, caller))
    response.delete_cookie(SESSION_COOKIE, path="/")


@router.patch("/session", responses=problems_of(400, 401, 403, 404, 422, 429))
def act_for(form: ActForForm, request: Request, caller: SignedIn, parts: TheParts) -> PartySheet:
    """Let the session act for another of one's parties from now on."""
    secret = _session(request, caller)
    return PartySheet.of(account_service.act_for(parts, caller, secret, form.party))


@router.get("/me", responses=problems_of(401, 404, 429))
def me(caller: SignedIn, parts: TheParts) -> MeSheet:
    """Tell who calls, for which party, and what they may do."""
    return MeSheet.about(account_service.standing(parts, caller), caller)


@router.post("/me/password", status_code=201, responses=problems_of(400, 401, 403, 404, 422, 429))
def change_password(
    form: PasswordForm, request: Request, response: Response, caller: SignedIn, parts: TheParts
) -> SessionSheet:
    """Replace the password. Every other session of the account ends."""
    entered = account_service.change_password(
        parts, caller, old=form.old, new=form.new, address=address_of(request)
    )
    set_cookie(response, entered, parts)
    return SessionSheet.of(entered)


@router.delete("/me/sessions", responses=problems_of(401, 403, 404, 429))
def sign_out_everywhere(response: Response, caller: SignedIn, parts: TheParts) -> EndedSheet:
    """End every session of the account, this one too."""
    ended = account_service.sign_out_everywhere(parts, caller)
    response.delete_cookie(SESSION_COOKIE, path="/")
    return EndedSheet(ended=ended)


@router.post("/invitations", status_code=201, responses=problems_of(400, 401, 403, 404, 422, 429))
def take_invitation(form: InvitationForm, caller: SignedIn, parts: TheParts) -> MembershipSheet:
    """Become a member by the code that an owner handed over."""
    return MembershipSheet.of(service.take_invitation(parts, caller, form.code))


@router.post(
    "/organisations", status_code=201, responses=problems_of(400, 401, 403, 404, 409, 422, 429)
)
def register_organisation(form: OrganisationForm, caller: SignedIn, parts: TheParts) -> PartySheet:
    """Register an organisation. Whoever does so owns it."""
    return PartySheet.of(
        service.register_organisation(
            parts,
            caller,
            name=form.name,
            kind=PartyKind(form.kind),
            cvr=form.cvr,
            slug=form.slug,
            region=form.region,
        )
    )


@router.get("/parties/{slug}", responses=problems_of(401, 404, 422, 429))
def see_party(slug: SlugPath, caller: TheCaller, parts: TheParts) -> PartySheet:
    """Show an organisation to anyone, a citizen to nobody but themselves."""
    return PartySheet.of(service.see_party(parts, caller, slug))


@router.get("/organisations/{slug}/members", responses=problems_of(401, 403, 404, 422, 429))
def list_members(slug: SlugPath, caller: SignedIn, parts: TheParts) -> MembersSheet:
    """List who acts for the party. Outsiders do not learn it."""
    members, invited = service.list_members(parts, caller, slug)
    return MembersSheet(
        items=[MemberSheet.of(m) for m in members],
        invitations=[InvitationSheet.of(i) for i in invited],
    )


@router.post(
    "/organisations/{slug}/members",
    status_code=201,
    responses=problems_of(400, 401, 403, 404, 409, 422, 429),
)
def add_member(
    slug: SlugPath, form: MemberForm, caller: SignedIn, parts: TheParts
) -> MemberSheet | InvitationSheet:
    """Make an account a member by its e-mail; without an account, keep a seat and return its code.

    The code is shown once. Whoever signs up with it takes the seat.
    """
    added = service.add_member(parts, caller, slug, email=form.email, role=form.role)
    return MemberSheet.of(added) if isinstance(added, Member) else InvitationSheet.of(*added)


@router.patch(
    "/organisations/{slug}/members/{account}",
    responses=problems_of(400, 401, 403, 404, 409, 422, 429),
)
def change_member(
    slug: SlugPath, account: IdPath, form: RoleForm, caller: SignedIn, parts: TheParts
) -> MemberSheet:
    """Give a member another role."""
    return MemberSheet.of(service.change_member(parts, caller, slug, account, role=form.role))


@router.delete(
    "/organisations/{slug}/members/{account}",
    status_code=204,
    responses=problems_of(401, 403, 404, 409, 422, 429),
)
def remove_member(slug: SlugPath, account: IdPath, caller: SignedIn, parts: TheParts) -> None:
    """End a membership: one's own, or as an owner another's. Its tokens stop at once."""
    service.remove_member(parts, caller, slug, account)


@router.delete(
    "/organisations/{slug}/invitations/{invitation}",
    status_code=204,
    responses=problems_of(401, 403, 404, 422, 429),
)
def withdraw_invitation(
    slug: SlugPath, invitation: IdPath, caller: SignedIn, parts: TheParts
) -> None:
    """Keep a seat no longer: its code is good for nothing from now on."""
    service.withdraw_invitation(parts, caller, slug, invitation)


@router.post(
    "/organisations/{slug}/service-accounts",
    status_code=201,
    responses=problems_of(400, 401, 403, 404, 422, 429),
)
def make_service_account(
    slug: SlugPath, form: ServiceAccountForm, caller: SignedIn, parts: TheParts
) -> MemberSheet:
    """Make an account for a machine. Give it a token with `POST /api/tokens`."""
    return MemberSheet.of(
        service.make_service_account(parts, caller, slug, name=form.name, role=Role(form.role))
    )


@router.get("/tokens", responses=problems_of(401, 403, 404, 429))
def list_tokens(caller: SignedIn, parts: TheParts) -> TokensSheet:
    """List one's tokens for the party acted for; owners see those of all members."""
    return TokensSheet(
        items=[TokenSheet.of(token) for token in token_service.list_tokens(parts, caller)]
    )


@router.post("/tokens", status_code=201, responses=problems_of(400, 401, 403, 404, 422, 429))
def make_token(form: TokenForm, caller: SignedIn, parts: TheParts) -> NewTokenSheet:
    """Make a token. Its secret is shown this once, and never allows more than its maker may."""
    return NewTokenSheet.shown(
        *token_service.make_token(
            parts,
            caller,
            name=form.name,
            scopes=form.scopes,
            expires_at=form.expires_at,
            account=form.account,
        )
    )


@router.post(
    "/tokens/{token_id}/rotate",
    status_code=201,
    responses=problems_of(400, 401, 403, 404, 409, 422, 429),
)
def rotate_token(
    token_id: IdPath, form: RotationForm, caller: SignedIn, parts: TheParts
) -> NewTokenSheet:
    """Put a new token in a token's place. The old one works `grace_s` seconds longer."""
    grace = timedelta(seconds=form.grace_s)
    return NewTokenSheet.shown(*token_service.rotate_token(parts, caller, token_id, grace=grace))


@router.delete(
    "/tokens/{token_id}", status_code=204, responses=problems_of(401, 403, 404, 422, 429)
)
def revoke_token(token_id: IdPath, caller: SignedIn, parts: TheParts) -> None:
    """Revoke a token, and those before it that still live out their grace. Bites at once."""
    token_service.revoke_token(parts, caller, token_id)


def set_cookie(response: Response, entered: Entered, parts: Parts) -> None:
    """Hand the session to a browser: out of reach of scripts, and of other sites' forms."""
    response.set_cookie(
        SESSION_COOKIE,
        entered.secret,
        max_age=int(account_service.SESSION_LIFETIME.total_seconds()),
        path="/",
        httponly=True,
        samesite="lax",
        secure=parts.settings.url.startswith("https:"),
    )


def address_of(request: Request) -> str:
    """Return the network address of the caller; a Unix socket has none."""
    return request.client.host if request.client and request.client.host else "local"


def _session(request: Request, caller: SignedIn) -> str:
    secret = session_of(request)
    if secret is None:
        assert caller.via == "token", "whoever is signed in has a session or a token"
        raise SignInNeeded
    return secret
