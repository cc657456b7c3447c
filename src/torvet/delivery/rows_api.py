"""Rows of a contract over HTTP: pages of JSON, and streams of everything else."""

import re
from functools import partial
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Path, Request, Response
from msgspec import Meta
from starlette.convertors import Convertor, register_url_convertor
from starlette.routing import Route

from torvet.kit import filters
from torvet.parties import Caller, check
from torvet.parties.signin import BEARER, COOKIE, caller_of
from torvet.ports.parts import Parts
from torvet.web.frame import parts_of
from torvet.web.problems import problem, problems_of

from . import rows
from .asking import PAGE_ROWS, Order, RowsAsk
from .errors import BadRequest, NotAcceptable
from .failures import failures_told
from .formats import CONTENT_TYPES, MEDIA_TYPES, RowFormat, negotiate
from .model import Channel
from .rows import Reading
from .streamed import Streamed

router = APIRouter(prefix="/api", tags=["delivery"])

PAGES_AT_ONCE = 4
"""Small pages that are read at once. More threads than the processor runs only get in each
other's way; whatever may take long, a stream or a sort, has the frame's own threads."""
_FEW = CapacityLimiter(PAGES_AT_ONCE)
_SMALL = re.compile(rb"(?!.*order=)(.*&)?limit=[0-9]{1,5}(&.*)?")

COLUMNS_CHARACTERS_MAX = 20_000
LIMIT_MAX = 10**12
_ORDER_MAX = 8

ContractPath = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]


class RowsForm(msgspec.Struct, rename={"condition": "filter", "named": "format"}):
    """The query of a read. Small reads are many, so it is read by msgspec and not by the frame."""

    columns: (
        Annotated[
            str,
            Meta(
                max_length=COLUMNS_CHARACTERS_MAX,
                description="Names joined by commas; a comma in a name is written `\\,`.",
            ),
        ]
        | None
    ) = None
    condition: (
        Annotated[
            str,
            Meta(
                max_length=filters.TEXT_MAX,
                description="Such as `garage = 'BRUUNS' and vehicles > 10`.",
            ),
        ]
        | None
    ) = None
    order: (
        Annotated[
            str,
            Meta(max_length=2_000, description="Names joined by commas; `-name` is descending."),
        ]
        | None
    ) = None
    limit: (
        Annotated[
            int,
            Meta(
                ge=0, le=LIMIT_MAX, description="Rows of a page; without it all but JSON streams."
            ),
        ]
        | None
    ) = None
    cursor: (
        Annotated[str, Meta(max_length=2_000, description="From the `next` of the page before.")]
        | None
    ) = None
    release: (
        Annotated[int, Meta(ge=1, le=2**31 - 1, description="Without it the newest.")] | None
    ) = None
    named: (
        Annotated[
            str,
            Meta(
                max_length=20,
                description="json, ndjson, csv, parquet or arrow; overrules the Accept header.",
            ),
        ]
        | None
    ) = None
    csv_safe: (
        Annotated[
            bool,
            Meta(
                description="For spreadsheets: in CSV, a text that one would run as a formula "
                "gets an apostrophe in front."
            ),
        ]
        | None
    ) = None


def _parameters() -> list[dict[str, Any]]:
    """Return the query's parameters as OpenAPI writes them."""
    described = msgspec.json.schema(RowsForm)["$defs"]["RowsForm"]["properties"]
    return [
        {
            "name": name,
            "in": "query",
            "required": False,
            "description": said["anyOf"][0]["description"],
            "schema": {k: v for k, v in said["anyOf"][0].items() if k != "description"},
        }
        for name, said in described.items()
    ]


@router.get(
    "/contracts/{contract_id}/rows",
    response_class=Response,
    openapi_extra={
        "parameters": _parameters(),
        "security": [{BEARER.scheme_name: []}, {COOKIE.scheme_name: []}],
    },
    responses={
        200: {
            "description": "The rows that the contract shows, in the format asked for.",
            "content": {media: {} for media in MEDIA_TYPES.values()},
        },
        304: {"description": "They are as the reader has them."},
        **problems_of(401, 403, 404, 406, 422, 429, 503),
    },
)
def read_rows(*, contract_id: ContractPath, request: Request) -> Response:
    """Read rows under a contract: choose columns, filter, sort, page or stream them.

    Every row is counted against the contract, and every reason of a refusal is named. A page is
    `next` to another: follow its cursor, which stays at the release where it began.
    """
    parts, caller = parts_of(request), caller_of(request)
    check(caller)
    try:
        ask = _asked(request)
    except NotAcceptable as wrong:
        return problem(406, wrong.code, str(wrong), wrong.advice)
    with failures_told(parts, caller, contract_id, Channel.REST.value):
        return _answered(parts, caller, contract_id, ask, request)


def _answered(
    parts: Parts, caller: Caller, contract_id: str, ask: RowsAsk, request: Request
) -> Response:
    reading = rows.begin(parts, caller, contract_id, ask)
    headers = _headers(reading)
    if _known(request.headers.get("if-none-match"), reading.etag):
        rows.unchanged(parts, caller, reading)
        return Response(status_code=304, headers=headers)
    media_type = CONTENT_TYPES[ask.format]
    if ask.is_page:
        page = rows.read_page(parts, caller, reading)
        if page.following:
            headers["Link"] = f'<{_following(request, page.following)}>; rel="next"'
        return Response(page.body, headers=headers, media_type=media_type)
    stream = rows.open_stream(parts, reading)
    return Streamed(
        stream.chunks,
        ended=lambda sent: rows.settle(
            parts, caller, reading, rows=stream.rows if sent else 0, sent=sent
        ),
        headers=headers,
        media_type=media_type,
    )


class _ContractId(Convertor[str]):
    regex = "[A-Za-z0-9_-]{1,64}"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("contract", _ContractId())


async def _at_once(request: Request) -> Response:
    contract_id = request.path_params["contract_id"]
    read = partial(read_rows, contract_id=contract_id, request=request)
    small = _SMALL.fullmatch(request.scope["query_string"])
    return await to_thread.run_sync(read, limiter=_FEW if small else None)


AT_ONCE = Route("/api/contracts/{contract_id:contract}/rows", _at_once)
"""The same read by a shorter way, to be put before all others: the frame's own way, which looks
through every route twice and solves dependencies, takes longer than reading the rows."""
AT_ONCE.methods = {"GET"}  # a HEAD would be counted as a read


def _asked(request: Request) -> RowsAsk:
    """Read the query; raise BadRequest or FilterInvalid where it makes no sense."""
    try:
        form = msgspec.convert(dict(request.query_params), RowsForm, strict=False)
    except msgspec.ValidationError as wrong:
        raise BadRequest(str(wrong)) from wrong
    chosen = negotiate(request.headers.get("accept"), form.named)
    return RowsAsk(
        columns=tuple(_names(form.columns or "")) or None,
        filter=filters.from_text(form.condition) if form.condition else None,
        order=tuple(_order(name) for name in _names(form.order or "")[:_ORDER_MAX]),
        limit=PAGE_ROWS if form.limit is None and chosen is RowFormat.JSON else form.limit,
        cursor=form.cursor,
        release=form.release,
        format=chosen,
        csv_safe=bool(form.csv_safe),
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
