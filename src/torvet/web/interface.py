"""The interface described: OpenAPI 3.1 with its problems, and a page that people can read."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse

from .pages import render
from .problems import problems_of

PROBLEM_SCHEMA = {
    "type": "object",
    "description": "What is wrong and what to do next (RFC 9457).",
    "required": ["type", "status", "code", "title"],
    "properties": {
        "type": {"type": "string", "description": "`/problems/` and the code."},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "Stable; see the reference of errors."},
        "title": {"type": "string", "description": "What is wrong, for a person."},
        "advice": {"type": "string", "description": "What to do next."},
        "reasons": {"type": "array", "items": {"type": "string"}},
    },
}
_SECURITY = {
    "token": {"type": "http", "scheme": "bearer", "description": "A token: `tv_…`."},
    "session": {"type": "apiKey", "in": "cookie", "name": "torvet_session"},
}
_OF_ALL = (429, 500, 503)
_OF_BODIES = (400, 413)
_SAFE = frozenset({"get", "head"})
_HABIT = "HTTPValidationError"
_METHODS = ("get", "post", "put", "patch", "delete", "head")


def describe(app: FastAPI) -> None:
    """Let `app` describe itself at /openapi.json and, for people, at /docs."""

    def openapi() -> dict[str, Any]:
        if not app.openapi_schema:
            schema = get_openapi(
                title=app.title, version=app.version, summary=app.summary, routes=app.routes
            )
            components = schema.setdefault("components", {})
            components.setdefault("schemas", {})["Problem"] = PROBLEM_SCHEMA
            components["securitySchemes"] = _SECURITY
            schema["security"] = [{}, {"token": []}, {"session": []}]
            _add_the_frames_answers(schema)
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
    app.add_api_route("/docs", _page, include_in_schema=False, response_class=HTMLResponse)


def _add_the_frames_answers(schema: dict[str, Any]) -> None:
    """Say of every call what the frame itself may answer, where the route did not say it."""
    for methods in schema["paths"].values():
        for method, operation in methods.items():
            answers = operation["responses"]
            if _HABIT in str(answers.get("422")):
                del answers["422"]  # FastAPI's habit: here such a request is a problem
                answers.update(_described(422) if "400" not in answers else {})
            frames = (*_OF_ALL, *(_OF_BODIES if "requestBody" in operation else ()))
            if method not in _SAFE:
                frames = (*frames, 403)
            operation["responses"] = dict(sorted((_described(*frames) | answers).items()))
    for name in (_HABIT, "ValidationError"):
        schema["components"]["schemas"].pop(name, None)


def _described(*statuses: int) -> dict[str, Any]:
    return {str(status): said for status, said in problems_of(*statuses).items()}


def _page(request: Request) -> HTMLResponse:
    return render(request, "interface.html", rooms=_rooms(request.app.openapi()))


def _rooms(schema: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    rooms: dict[str, list[dict[str, Any]]] = {}
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            if method not in _METHODS:
                continue
            room = (operation.get("tags") or ["other"])[0]
            summary, _, more = (operation.get("description") or "").partition("\n")
            rooms.setdefault(room, []).append(
                {
                    "method": method.upper(),
                    "path": path,
                    "says": summary or operation.get("summary", ""),
                    "more": more.strip(),
                    "parameters": operation.get("parameters", []),
                    "answers": operation.get("responses", {}),
                }
            )
    return rooms
