"""The pages of signing in, up and out: plain forms that work without a line of script."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from torvet.kit.errors import ExchangeError
from torvet.web.pages import render
from torvet.web.parts import TheParts
from torvet.web.problems import STATUS

from . import account_service, oidc_service
from .account_service import Entered
from .api import address_of, set_cookie
from .errors import InvitationNotFound, OidcRefused, Unfit
from .rules import PASSWORD_LENGTH_MIN, safe_next
from .signin import SESSION_COOKIE, TheCaller, session_of

router = APIRouter(include_in_schema=False)

FLOW_COOKIE = "torvet_oidc"
TEXT_LENGTH_MAX = 256
NEXT_LENGTH_MAX = 2000
CODE_LENGTH_MAX = 4000
SEE_OTHER = 303

Field = Annotated[str, Form(max_length=TEXT_LENGTH_MAX)]
Next = Annotated[str, Query(alias="next", max_length=NEXT_LENGTH_MAX)]
NextField = Annotated[str, Form(alias="next", max_length=NEXT_LENGTH_MAX)]
Answer = Annotated[str | None, Query(max_length=CODE_LENGTH_MAX)]


@router.get("/sign-in")
def sign_in_page(request: Request, caller: TheCaller, target: Next = "/") -> Response:
    """Ask for e-mail and password."""
    if caller.signed_in:
        return RedirectResponse(safe_next(target), SEE_OTHER)
    return _sign_in_page(request, target=target)


@router.post("/sign-in")
def sign_in(
    request: Request,
    parts: TheParts,
    email: Field = "",
    password: Field = "",
    target: NextField = "/",
) -> Response:
    """Begin a session and go on to where the reader was."""
    try:
        entered = account_service.sign_in(
            parts, email=email, password=password, address=address_of(request)
        )
    except ExchangeError as error:
        return _sign_in_page(request, target=target, email=email, error=error)
    return _enter(parts, entered, target)


@router.get("/sign-up")
def sign_up_page(
    request: Request, _caller: TheCaller, target: Next = "/", invitation: str = ""
) -> Response:
    """Ask for a name, an e-mail and a password."""
    return _sign_up_page(request, target=target, invitation=invitation[:TEXT_LENGTH_MAX])


@router.post("/sign-up")
def sign_up(  # noqa: PLR0917 - FastAPI hands over by name
    request: Request,
    parts: TheParts,
    name: Field = "",
    email: Field = "",
    password: Field = "",
    invitation: Field = "",
    target: NextField = "/",
) -> Response:
    """Make the account and sign in to it."""
    try:
        account_service.sign_up(
            parts,
            email=email,
            name=_named(name),
            password=password,
            invitation=invitation.strip() or None,
        )
        entered = account_service.sign_in(
            parts, email=email, password=password, address=address_of(request)
        )
    except ExchangeError as error:
        return _sign_up_page(
            request, target=target, name=name, email=email, invitation=invitation, error=error
        )
    return _enter(parts, entered, target)


@router.get("/sign-out")
def sign_out_page(request: Request, _caller: TheCaller) -> Response:
    """Offer to sign out: following a link never does it."""
    return render(request, "parties/sign-out.html")


@router.post("/sign-out")
def sign_out(request: Request, parts: TheParts) -> Response:
    """End the browser's session."""
    secret = session_of(request)
    if secret is not None:
        account_service.sign_out(parts, secret)
    answer = RedirectResponse("/", SEE_OTHER)
    answer.delete_cookie(SESSION_COOKIE, path="/")
    return answer


@router.get("/oidc/start")
def oidc_start(parts: TheParts, caller: TheCaller, target: Next = "/") -> Response:
    """Send the browser to the sign-in provider; whoever is signed in connects the two."""
    began = oidc_service.begin(parts, caller, target=safe_next(target))
    answer = RedirectResponse(began.url, SEE_OTHER)
    answer.set_cookie(
        FLOW_COOKIE,
        began.secret,
        max_age=int(oidc_service.FLOW_LIFETIME.total_seconds()),
        path="/oidc",
        httponly=True,
        samesite="lax",
        secure=parts.settings.url.startswith("https:"),
    )
    return answer


@router.get("/oidc/callback")
def oidc_callback(  # noqa: PLR0917 - FastAPI hands over by name
    request: Request,
    parts: TheParts,
    caller: TheCaller,
    code: Answer = None,
    state: Answer = None,
    error: Answer = None,
    iss: Answer = None,
) -> Response:
    """Take the provider's answer and begin a session."""
    try:
        if error is not None or code is None or state is None:
            raise OidcRefused(f"the provider answered {error or 'without a code'!r}")
        entered, target = oidc_service.finish(
            parts,
            caller,
            secret=request.cookies.get(FLOW_COOKIE),
            state=state,
            code=code,
            issuer=iss,
        )
    except ExchangeError as failure:
        return _sign_in_page(request, target="/", error=failure)
    answer = _enter(parts, entered, target)
    answer.delete_cookie(FLOW_COOKIE, path="/oidc")
    return answer


def _named(name: str) -> str:
    """Return a name as a form may give it, on one line."""
    kept = " ".join(name.split())
    if not kept or not kept.isprintable():
        raise Unfit("name", "takes what others may call you, on one line")
    return kept


def _enter(parts: TheParts, entered: Entered, target: str) -> Response:
    answer = RedirectResponse(safe_next(target), SEE_OTHER)
    set_cookie(answer, entered, parts)
    return answer


def _sign_in_page(
    request: Request, *, target: str, email: str = "", error: ExchangeError | None = None
) -> Response:
    return render(
        request,
        "parties/sign-in.html",
        http_status=STATUS[error.kind] if error else 200,
        next=safe_next(target),
        email=email,
        fault=str(error) if error else "",
        advice=error.advice if error else "",
    )


def _sign_up_page(
    request: Request,
    *,
    target: str,
    name: str = "",
    email: str = "",
    invitation: str = "",
    error: ExchangeError | None = None,
) -> Response:
    advice = error.advice if error else ""
    if isinstance(error, InvitationNotFound):
        advice += " Or leave it empty: the account can be made without."
    return render(
        request,
        "parties/sign-up.html",
        http_status=STATUS[error.kind] if error else 200,
        next=safe_next(target),
        name=name,
        email=email,
        invitation=invitation,
        password_length_min=PASSWORD_LENGTH_MIN,
        fault=str(error) if error else "",
        advice=advice,
    )
