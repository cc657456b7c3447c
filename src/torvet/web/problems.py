"""Errors as problem+json (RFC 9457), mapped to HTTP in this one place."""

import json
from dataclasses import asdict, is_dataclass
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.routing import Match

from torvet.kit.errors import ExchangeError, Kind

from .pages import render, wants_page

PROBLEM = "application/problem+json"
NOT_FOUND = 404
NOT_ALLOWED = 405
METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
_FROM_BROWSERS = {"GET", "POST"}
_SAID_BY_THE_ROUTER = {NOT_FOUND, NOT_ALLOWED}
STATUS = {
    Kind.INVALID: 422,
    Kind.UNAUTHENTICATED: 401,
    Kind.NOT_FOUND: 404,
    Kind.REFUSED: 403,
    Kind.CONFLICT: 409,
    Kind.TOO_LARGE: 413,
    Kind.TOO_MANY: 429,
    Kind.UNAVAILABLE: 503,
}

PHRASES = {
    400: "The request cannot be read.",
    401: "Sign in first.",
    403: "Refused, with every reason named.",
    404: "There is no such thing, or it is not yours to see.",
    405: "This address does not take that method.",
    406: "None of the accepted formats can be written.",
    409: "It changed, or was done already.",
    410: "It was here and is gone.",
    412: "It is no longer as the request expects it.",
    413: "Larger than this exchange takes.",
    415: "This kind of content is not read here.",
    416: "No such range.",
    422: "The request does not fit.",
    429: "Too many requests.",
    500: "The exchange made a mistake of its own.",
    503: "A part of the exchange is away for a moment.",
}

_ADVICE = {
    400: "Compare the request with /docs; a body of JSON is UTF-8.",
    404: "Look for it in the catalogue at /, or compare the address with /docs.",
    405: "The header Allow names the methods that it takes.",
    413: "Send less at a time; a file goes to /api/uploads, in pieces.",
    415: "Send the kind of content that /docs names for this address.",
}


def problem(status: int, code: str, title: str, advice: str = "", **more: Any) -> JSONResponse:
    """Return one problem: `title` says what is wrong, `advice` what to do next."""
    body: dict[str, Any] = {
        "type": f"/problems/{code}",
        "status": status,
        "code": code,
        "title": title,
    }
    if advice:
        body["advice"] = advice
    headers = {"WWW-Authenticate": "Bearer"} if status == STATUS[Kind.UNAUTHENTICATED] else {}
    if status in {STATUS[Kind.TOO_MANY], STATUS[Kind.UNAVAILABLE]}:
        headers["Retry-After"] = str(more.get("retry_after_s", 5))
    return JSONResponse({**more, **body}, status, headers, media_type=PROBLEM)


def install(app: FastAPI) -> None:
    """Answer every error of `app` as a problem."""
    app.add_exception_handler(ExchangeError, explain)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _plain)
    app.add_exception_handler(OperationalError, _database_away)
    app.add_exception_handler(PoolTimeout, _database_away)
    app.add_exception_handler(DBAPIError, _database_said_no)


def explain(request: Request, error: Exception) -> Response:
    """Answer an ExchangeError with its code, fields, words and advice."""
    assert isinstance(error, ExchangeError)
    more: dict[str, Any] = asdict(error) if is_dataclass(error) else {}
    return _shown(
        request, problem(STATUS[error.kind], error.code, str(error), error.advice, **more)
    )


def _shown(request: Request, answer: JSONResponse) -> Response:
    """Show a problem as a page where a browser asked for one; else leave it as it is."""
    if request.method not in _FROM_BROWSERS or not wants_page(request.headers.get("accept", "")):
        return answer
    said = {"advice": "", "reasons": ()} | json.loads(bytes(answer.body))
    page = render(request, "problem.html", http_status=answer.status_code, **said)
    if again := answer.headers.get("Retry-After"):
        page.headers["Retry-After"] = again
    return page


def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = [
        {"at": ".".join(str(step) for step in fault["loc"]), "fault": fault["msg"]}
        for fault in error.errors()
    ]
    said = "; ".join(f"{fault['at']}: {fault['fault']}" for fault in faults)
    return _shown(
        request,
        problem(
            422,
            "request-invalid",
            f"The request does not fit: {said}.",
            "Compare it with /docs, where every field is described.",
            faults=faults,
        ),
    )


def _plain(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status = error.status_code
    title = PHRASES[status] if status in _SAID_BY_THE_ROUTER else str(error.detail)
    answer = _shown(request, problem(status, f"http-{status}", title, _ADVICE.get(status, "")))
    answer.headers.update(error.headers or {})
    if status == NOT_ALLOWED:
        answer.headers["Allow"] = ", ".join(_methods_at(request))
    return answer


def _methods_at(request: Request) -> list[str]:
    """Return every method that the address of `request` takes; one route knows only its own."""
    taken = [
        method
        for method in METHODS
        if any(
            route.matches({**request.scope, "method": method})[0] is Match.FULL
            for route in request.app.routes
        )
    ]
    return taken or ["GET", "HEAD"]  # files of the site


def _database_away(request: Request, _error: Exception) -> Response:
    return _shown(
        request,
        problem(
            503,
            "database-away",
            "The database cannot be reached right now.",
            "Nothing was changed. Try again in a few seconds.",
        ),
    )


def _database_said_no(request: Request, error: Exception) -> Response:
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return _database_away(request, error)
    # A text that PostgreSQL cannot hold (a NUL, half a surrogate pair) is the caller's mistake.
    if "DataError" in type(error).__name__ or "0x00" in str(error):
        return problem(422, "text-invalid", "The request holds a character that cannot be stored.")
    raise error


def problems_of(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe the problems that a route may answer with, for its OpenAPI `responses`."""
    return {
        status: {
            "description": PHRASES[status],
            "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in statuses
    }
