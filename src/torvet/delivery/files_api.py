"""The files behind signed URLs, over a local disk: whole or in ranges, at the client's pace."""

from dataclasses import dataclass
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Header, Path, Query, Request, Response
from starlette.routing import Route

from torvet.ports.parts import Parts
from torvet.web.frame import parts_of
from torvet.web.problems import problem, problems_of

from . import files
from .errors import BadFileUrl
from .signing import SIGNATURE, FileGrant
from .streamed import Streamed

router = APIRouter(prefix="/files", tags=["delivery"])

PARQUET = "application/vnd.apache.parquet"

_FILE = "/{contract_id}/{path:path}"
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file.", "content": {PARQUET: {}}},
    206: {"description": "The bytes asked for.", "content": {PARQUET: {}}},
    304: {"description": "It is as the reader has it."},
    **problems_of(403, 404, 416, 422, 429, 503),
}

ContractPath = Annotated[str, Path(max_length=64)]
FilePath = Annotated[str, Path(max_length=500)]
Table = Annotated[str, Query(max_length=300)]
Release = Annotated[int, Query(ge=0, le=2**53 - 1)]
Expires = Annotated[int, Query(ge=0, le=files.EXPIRES_MAX)]
Signature = Annotated[str, Query(alias=SIGNATURE, max_length=128)]


@router.get(_FILE, response_class=Response, responses=_RESPONSES)
def fetch_file(
    *,
    contract_id: ContractPath,
    path: FilePath,
    request: Request,
    signature: Signature = "",
    table: Table = "",
    release: Release = 0,
    expires: Expires = 0,
    asked: Annotated[str | None, Header(alias="range", max_length=200)] = None,
    if_range: Annotated[str | None, Header(max_length=500)] = None,
    if_none_match: Annotated[str | None, Header(max_length=500)] = None,
) -> Response:
    """Fetch a file through a URL that a table query handed out; no token is needed beside it.

    The contract is looked at again each time: a revoked one opens nothing, from now on.
    """
    grant = FileGrant(
        contract=contract_id, table=table, path=path, release=release, expires_s=expires
    )
    asks = _Asks(range=asked, if_range=if_range, if_none_match=if_none_match)
    return _answer(parts_of(request), grant, signature, asks, head=request.method == "HEAD")


@router.head(_FILE, response_class=Response, responses=_RESPONSES)
def look_at_file(
    *,
    contract_id: ContractPath,
    path: FilePath,
    request: Request,
    signature: Signature = "",
    table: Table = "",
    release: Release = 0,
    expires: Expires = 0,
    asked: Annotated[str | None, Header(alias="range", max_length=200)] = None,
) -> Response:
    """Tell the size of a file that `GET` would send."""
    return fetch_file(
        contract_id=contract_id,
        path=path,
        request=request,
        signature=signature,
        table=table,
        release=release,
        expires=expires,
        asked=asked,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asks:
    """What a fetch says in its headers."""

    range: str | None
    if_range: str | None
    if_none_match: str | None


def _answer(parts: Parts, grant: FileGrant, signature: str, asks: _Asks, *, head: bool) -> Response:
    file = files.open_file(parts, grant, signature)
    headers = {
        "Accept-Ranges": "bytes",
        "ETag": file.etag,
        "Cache-Control": "private, no-transform",
    }
    if asks.if_none_match == file.etag:
        return Response(status_code=304, headers=headers)
    try:
        span = None
        if asks.if_range in {None, file.etag}:
            span = files.span_of(asks.range, file.size_bytes)
    except ValueError:
        answer = problem(416, "range-not-there", "The file has no such bytes.")
        answer.headers["Content-Range"] = f"bytes */{file.size_bytes}"
        return answer
    sent = span or files.Span(start=0, stop=file.size_bytes)
    headers["Content-Length"] = str(sent.length)
    if span is not None:
        headers["Content-Range"] = f"bytes {span.start}-{span.stop - 1}/{file.size_bytes}"
    status = 200 if span is None else 206
    if head:
        return Response(None, status, headers, PARQUET)
    # Who asks for the whole may only want to see whether it is there, and hang up.
    first = files.FIRST_BYTES if span is None else files.CHUNK_BYTES
    hold = files.begin_fetch(parts, file, sent)
    return Streamed(
        files.chunks(file, sent, first),
        ended=lambda count: files.note_fetch(parts, file, count, hold),
        status=status,
        headers=headers,
        media_type=PARQUET,
        length=sent.length,
    )


async def _at_once(request: Request) -> Response:
    query, headers = request.query_params, request.headers
    try:
        grant = FileGrant(
            contract=request.path_params["contract_id"],
            path=request.path_params["path"],
            table=query.get("table", ""),
            release=int(query.get("release", "")),
            expires_s=int(query.get("expires", "")),
        )
    except ValueError:
        raise BadFileUrl from None
    asks = _Asks(
        range=headers.get("range"),
        if_range=headers.get("if-range"),
        if_none_match=headers.get("if-none-match"),
    )

    def opened() -> Response:
        signature = query.get(SIGNATURE, "")
        return _answer(parts_of(request), grant, signature, asks, head=request.method == "HEAD")

    return await to_thread.run_sync(opened)


AT_ONCE = Route("/files" + _FILE, _at_once, methods=["GET", "HEAD"])
"""The same fetch by a shorter way, to be put before all others: a reader of Parquet asks for many
small ranges, one after the other, and the frame's own way takes longer than opening the file."""
