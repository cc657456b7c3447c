"""CKAN's API over HTTP: one address for each action, asked by GET or by POST."""

import json
from typing import Annotated, Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import JSONResponse, Response

from torvet.catalogue.dcat.export import exchange_of
from torvet.catalogue.search.service import reader_of
from torvet.kit.errors import ExchangeError, Kind
from torvet.parties import Caller
from torvet.parties.signin import caller_of, resolve
from torvet.web.callers import vouch
from torvet.web.parts import TheParts, parts_of
from torvet.web.problems import problems_of

from .actions import ACTIONS, Asked
from .arguments import Arguments, CkanError, Fault, not_found

router = APIRouter(tags=["CKAN"])

BODY_BYTES_MAX = 100_000
KEY_HEADERS = ("X-CKAN-API-Key", "Authorization")
FORM = "application/x-www-form-urlencoded"

_ANSWER = {
    "type": "object",
    "required": ["success"],
    "properties": {
        "help": {"type": "string"},
        "success": {"type": "boolean"},
        "result": {},
        "error": {"type": "object", "properties": {"__type": {"type": "string"}}},
    },
}
_CONTENT = {"application/json": {"schema": _ANSWER}}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "What the action returns, in `result`.", "content": _CONTENT},
    400: {"description": "The action or its arguments cannot be read.", "content": _CONTENT},
    403: {"description": "The key is not good.", "content": _CONTENT},
    404: {"description": "There is no such thing here for you.", "content": _CONTENT},
    409: {"description": "An argument does not fit.", "content": _CONTENT},
    413: {"description": "The arguments are too long.", "content": _CONTENT},
    **problems_of(422, 429, 503),
}
_BODY = {
    "requestBody": {
        "description": "The action's arguments.",
        "content": {"application/json": {"schema": {"type": "object"}}},
    }
}

# Listed for who reads the interface; what is not listed is answered as CKAN would.
Action = Annotated[
    str,
    Path(
        max_length=100,
        description="Name of an action: `package_search`.",
        json_schema_extra={"enum": sorted(ACTIONS)},
    ),
]


class Unreadable(ValueError):
    """Arguments that are no JSON object."""


async def body_of(request: Request) -> bytes:
    """Return the body, or as much of it as shows that it is too long."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > BODY_BYTES_MAX:
            break
    return body


Body = Annotated[bytes, Depends(body_of)]


@router.get("/api/action/{action}", response_class=Response, responses=_RESPONSES)
@router.get("/api/3/action/{action}", response_class=Response, responses=_RESPONSES)
def ask(action: Action, request: Request, parts: TheParts) -> Response:
    """Ask for a CKAN action with its arguments in the query."""
    query = request.query_params
    return _answer(request, parts, action, {name: _one(query.getlist(name)) for name in query})


@router.post(
    "/api/action/{action}", response_class=Response, responses=_RESPONSES, openapi_extra=_BODY
)
@router.post(
    "/api/3/action/{action}", response_class=Response, responses=_RESPONSES, openapi_extra=_BODY
)
def send(action: Action, request: Request, parts: TheParts, body: Body) -> Response:
    """Ask for a CKAN action with its arguments as JSON."""
    if len(body) > BODY_BYTES_MAX:
        return _fault(413, "Request Entity Too Large", f"More than {BODY_BYTES_MAX} bytes")
    try:
        given = _given(body, request.headers.get("Content-Type", ""))
    except Unreadable as wrong:
        return _fault(400, "Bad Request", f"JSON Error: {wrong}")
    return _answer(request, parts, action, given)


def _one(values: list[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else values


def _given(body: bytes, content_type: str) -> dict[str, Any]:
    """Read the arguments: as JSON, whatever it is called, or as a form."""
    if not body.strip():
        return {}
    try:
        given = json.loads(body)
    except (ValueError, RecursionError) as wrong:
        if content_type.partition(";")[0].strip().lower() != FORM:
            raise Unreadable("the body is no JSON") from wrong
        form = parse_qs(body.decode("utf-8", "replace"), max_num_fields=1000)
        return {name: _one(values) for name, values in form.items()}
    if not isinstance(given, dict):
        raise Unreadable("the arguments are a JSON object")
    return given


def _answer(request: Request, parts: TheParts, name: str, given: dict[str, Any]) -> Response:
    action = ACTIONS.get(name)
    if action is None:
        return _fault(400, "Bad Request", f"Action name not known: {name[:100]}")
    help_url = f"{parts.settings.url.rstrip('/')}/api/3/action/help_show?name={name}"
    try:
        reader = reader_of(_caller(request))
        with parts.db.begin() as tx:
            asked = Asked(
                tx=tx, exchange=exchange_of(parts), reader=reader, arguments=Arguments(given)
            )
            result = action(asked)
    except ExchangeError as error:
        return _failed(help_url, _as_ckan(error))
    except CkanError as error:
        return _failed(help_url, error)
    return JSONResponse({"help": help_url, "success": True, "result": result})


def _caller(request: Request) -> Caller:
    """Return who asks: by an API token as CKAN's clients send it, else as everywhere."""
    for header in KEY_HEADERS:
        key = request.headers.get(header, "").strip()
        if key and " " not in key:
            caller = resolve(parts_of(request), key)
            if caller.account:
                vouch(request.scope, caller.account)
            return caller
    return caller_of(request)


def _as_ckan(error: ExchangeError) -> CkanError:
    match error.kind:
        case Kind.NOT_FOUND:
            return not_found()
        case Kind.UNAUTHENTICATED | Kind.REFUSED:
            return CkanError(Fault.NOT_ALLOWED, str(error))
        case _:
            return CkanError(Fault.INVALID, str(error))


def _failed(help_url: str, error: CkanError) -> Response:
    content = {"help": help_url, "success": False, "error": error.body}
    return JSONResponse(content, error.fault.value[1])


def _fault(status: int, kind: str, message: str) -> Response:
    error = {"__type": kind, "message": message}
    return JSONResponse({"success": False, "error": error}, status)
