"""Rows of a contract over HTTP: pages of JSON, and streams of everything else."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Header, Path, Query, Request, Response, Security

from torvet.kit import filters
from torvet.parties import check
from torvet.parties.signin import BEARER, COOKIE, caller_of
from torvet.web.frame import parts_of
from torvet.web.problems import problem, problems_of

from . import rows
from .errors import NotAcceptable
from .formats import CONTENT_TYPES, MEDIA_TYPES, RowFormat, negotiate
from .rows import PAGE_ROWS, Order, Reading, RowsAsk
from .streamed import Streamed

router = APIRouter(prefix="/api", tags=["delivery"])

COLUMNS_CHARACTERS_MAX = 20_000
LIMIT_MAX = 10**12
_ORDER_MAX = 8

ContractPath = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]


@router.get(
    "/contracts/{contract_id}/rows",
    response_class=Response,
    # Only named here: the caller is looked up in the route, on the thread that reads.
    dependencies=[Security(BEARER), Security(COOKIE)],
    responses={
        200: {
            "description": "The rows that the contract shows, in the format asked for.",
            "content": {media: {} for media in MEDIA_TYPES.values()},
        },
        304: {"description": "They are as the reader has them."},
        **problems_of(401, 403, 404, 406, 422, 429, 503),
    },
)
def read_rows(
    *,
    contract_id: ContractPath,
    request: Request,
    columns: Annotated[
        str | None,
        Query(
            max_length=COLUMNS_CHARACTERS_MAX,
            description="Names joined by commas; a comma in a name is written `\\,`.",
        ),
    ] = None,
    condition: Annotated[
        str | None,
        Query(
            alias="filter",
            max_length=filters.TEXT_MAX,
            description="Such as `garage = 'BRUUNS' and vehicles > 10`.",
        ),
    ] = None,
    order: Annotated[
        str | None,
        Query(max_length=2_000, description="Names joined by commas; `-name` is descending."),
    ] = None,
    limit: Annotated[
        int | None,
        Query(ge=0, le=LIMIT_MAX, description="Rows of a page; without it all but JSON streams."),
    ] = None,
    cursor: Annotated[
        str | None, Query(max_length=2_000, description="From the `next` of the page before.")
    ] = None,
    release: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
    named: Annotated[
        str | None,
        Query(alias="format", max_length=20, description="Overrules the Accept header."),
    ] = None,
    accept: Annotated[str | None, Header(max_length=2_000)] = None,
    if_none_match: Annotated[str | None, Header(max_length=2_000)] = None,
) -> Response:
    """Read rows under a contract: choose columns, filter, sort, page or stream them.

    Every row is counted against the contract, and every reason of a refusal is named. A page is
    `next` to another: follow its cursor, which stays at the release where it began.
    """
    parts, caller = parts_of(request), caller_of(request)
    check(caller)
    try:
        form = negotiate(accept, named)
    except NotAcceptable as wrong:
        return problem(406, wrong.code, str(wrong), wrong.advice)
    ask = RowsAsk(
        columns=tuple(_names(columns)) or None if columns is not None else None,
        filter=filters.from_text(condition) if condition else None,
        order=tuple(_order(name) for name in _names(order or "")[:_ORDER_MAX]),
        limit=PAGE_ROWS if limit is None and form is RowFormat.JSON else limit,
        cursor=cursor,
        release=release,
        format=form,
    )
    reading = rows.begin(parts, caller, contract_id, ask)
    headers = _headers(reading)
    if _known(if_none_match, reading.etag):
        rows.unchanged(parts, caller, reading)
        return Response(status_code=304, headers=headers)
    if ask.is_page:
        page = rows.read_page(parts, caller, reading)
        if page.following:
            headers["Link"] = f'<{_following(request, page.following)}>; rel="next"'
        return Response(page.body, headers=headers, media_type=CONTENT_TYPES[form])
    stream = rows.open_stream(parts, reading)
    return Streamed(
        stream.chunks,
        ended=lambda sent: rows.settle(
            parts, caller, reading, rows=stream.rows if sent else 0, sent=sent
        ),
        headers=headers,
        media_type=CONTENT_TYPES[form],
    )


def _names(joined: str) -> list[str]:
    held = joined.replace("\\,", "\0").split(",")
    return [name.replace("\0", ",") for name in held if name]


def _order(name: str) -> Order:
    return Order(column=name.removeprefix("-"), descending=name.startswith("-"))


def _headers(reading: Reading) -> dict[str, str]:
    return {
        "ETag": reading.etag,
        "Cache-Control": "private, no-cache",
        "Vary": "Accept, Authorization, Cookie",
        "Torvet-Release": str(reading.at.release),
    }


def _known(if_none_match: str | None, etag: str) -> bool:
    given = {tag.strip().removeprefix("W/") for tag in (if_none_match or "").split(",")}
    return etag in given or "*" in given


def _following(request: Request, cursor: str) -> str:
    kept = [(k, v) for k, v in request.query_params.multi_items() if k != "cursor"]
    return f"{request.url.path}?{urlencode([*kept, ('cursor', cursor)])}"
