"""Delta Sharing over HTTP, under the prefix `/sharing`. Errors are in the protocol's own form."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from torvet.kit.errors import ExchangeError, Kind
from torvet.parties.signin import SignedIn
from torvet.web.frame import TheParts

from . import capabilities, lines, sharing
from .errors import QueryNotFound, TableNotFound
from .model import Capabilities, SharedTable
from .paging import PageAsk
from .sharing import Answer, ChangeQuery, TableQuery

log = structlog.get_logger()

PREFIX = "/sharing"
VERSION_HEADER = "Delta-Table-Version"
NAME_MAX = 255
TIME_MAX = 64
VERSION_MAX = 2**53 - 1

_CODES: dict[Kind, tuple[int, str]] = {
    Kind.INVALID: (400, "INVALID_PARAMETER_VALUE"),
    Kind.UNAUTHENTICATED: (401, "UNAUTHENTICATED"),
    Kind.REFUSED: (403, "PERMISSION_DENIED"),
    Kind.NOT_FOUND: (404, "RESOURCE_DOES_NOT_EXIST"),
    Kind.CONFLICT: (400, "INVALID_STATE"),
    Kind.TOO_LARGE: (400, "REQUEST_TOO_LARGE"),
    Kind.TOO_MANY: (429, "RESOURCE_EXHAUSTED"),
    Kind.UNAVAILABLE: (503, "TEMPORARILY_UNAVAILABLE"),
}


class Fault(BaseModel):
    """An error, as the Delta Sharing protocol writes it."""

    errorCode: str = Field(description="What went wrong, for programs.")
    message: str = Field(description="What went wrong and what to do, for people.")


def fault(status: int, code: str, message: str) -> JSONResponse:
    """Return an error in the protocol's form."""
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}  # noqa: PLR2004 - HTTP's own
    if status in {429, 503}:
        headers["Retry-After"] = "5"
    return JSONResponse({"errorCode": code, "message": message}, status, headers)


def explained(error: Exception) -> JSONResponse:
    """Return `error` in the protocol's form; one that is a bug is logged and says nothing."""
    match error:
        case ExchangeError():
            status, code = _CODES[error.kind]
            return fault(status, code, f"{error} {error.advice}".strip())
        case RequestValidationError():
            said = "; ".join(
                f"{'.'.join(str(step) for step in each['loc'])}: {each['msg']}"
                for each in error.errors()
            )
            return fault(400, "INVALID_PARAMETER_VALUE", f"The request does not fit: {said}.")
        case HTTPException():
            return fault(error.status_code, f"HTTP_{error.status_code}", str(error.detail))
        case DataError():
            words = "The request holds a character that cannot be stored."
            return fault(400, "INVALID_PARAMETER_VALUE", words)
        case OperationalError() | PoolTimeout():
            return fault(503, "TEMPORARILY_UNAVAILABLE", "The database is away for a moment.")
        case _:
            log.error("a sharing request failed", exc_info=error)
            return fault(500, "INTERNAL_ERROR", "The exchange made a mistake; it is in its log.")


class ProtocolRoute(APIRoute):
    """A route whose errors, the frame's own too, are in the protocol's form."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the route's handler with its errors explained."""
        inner = super().get_route_handler()

        async def handler(request: Request) -> Response:
            try:
                return await inner(request)
            except Exception as error:  # noqa: BLE001 - the protocol has a form for 500 too
                return explained(error)

        return handler


_FAULTS: dict[int | str, dict[str, Any]] = {
    status: {"model": Fault, "description": words}
    for status, words in {
        400: "The request is malformed.",
        401: "The bearer token is missing or not known.",
        403: "The contract does not allow it; the message names every reason.",
        404: "There is no such share, schema or table for this token.",
        429: "Too many requests.",
        500: "The exchange made a mistake.",
        503: "A part of the exchange is away for a moment.",
    }.items()
}
_LINES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Newline-delimited JSON: protocol, metaData, then files.",
        "content": {"application/x-ndjson": {}},
    }
}

router = APIRouter(
    prefix=PREFIX, tags=["delta sharing"], route_class=ProtocolRoute, responses=_FAULTS
)

Name = Annotated[str, Path(min_length=1, max_length=NAME_MAX)]
Asked = Annotated[str | None, Header(alias=capabilities.HEADER, max_length=1_000)]
VersionNumber = Annotated[int | None, Query(ge=0, le=VERSION_MAX)]
Timestamp = Annotated[str | None, Query(max_length=TIME_MAX)]
StartingTimestamp = Annotated[str | None, Query(alias="startingTimestamp", max_length=TIME_MAX)]


# What routes have in common; async, so that no thread is changed for it.
async def _page(
    max_results: Annotated[int | None, Query(alias="maxResults", ge=0, le=2**31 - 1)] = None,
    page_token: Annotated[str | None, Query(alias="pageToken", max_length=2_000)] = None,
) -> PageAsk:
    return PageAsk(max_results=max_results, token=page_token)


async def _names(share: Name, schema: Name, table: Name) -> tuple[str, str, str]:
    return share, schema, table


async def _changes(
    *,
    starting_version: Annotated[
        int | None, Query(alias="startingVersion", ge=0, le=VERSION_MAX)
    ] = None,
    starting_timestamp: StartingTimestamp = None,
    ending_version: Annotated[
        int | None, Query(alias="endingVersion", ge=0, le=VERSION_MAX)
    ] = None,
    ending_timestamp: Annotated[
        str | None, Query(alias="endingTimestamp", max_length=TIME_MAX)
    ] = None,
    historical_metadata: Annotated[bool, Query(alias="includeHistoricalMetadata")] = False,
    historical_protocol: Annotated[bool, Query(alias="includeHistoricalProtocol")] = False,
) -> ChangeQuery:
    return ChangeQuery(
        starting_version=starting_version,
        starting_timestamp=starting_timestamp,
        ending_version=ending_version,
        ending_timestamp=ending_timestamp,
        historical_metadata=historical_metadata,
        historical_protocol=historical_protocol,
    )


Page = Annotated[PageAsk, Depends(_page)]
Names = Annotated[tuple[str, str, str], Depends(_names)]
"""Share, schema and table."""
Changes = Annotated[ChangeQuery, Depends(_changes)]


class QueryForm(BaseModel):
    """The body of a table query. Hints are best effort and decide nothing about access."""

    model_config = ConfigDict(extra="ignore")

    predicateHints: list[str] | None = Field(default=None, max_length=1_000)
    jsonPredicateHints: str | None = Field(default=None, max_length=400_000)
    limitHint: int | None = Field(default=None, ge=0)
    version: int | None = Field(default=None, ge=0, le=VERSION_MAX)
    timestamp: str | None = Field(default=None, max_length=64)
    startingVersion: int | None = Field(default=None, ge=0, le=VERSION_MAX)
    endingVersion: int | None = Field(default=None, ge=0, le=VERSION_MAX)
    includeHistoricalProtocol: bool | None = None
    idempotencyKey: str | None = Field(default=None, max_length=255)

    def query(self) -> TableQuery:
        return TableQuery(
            predicate_hints=tuple(self.predicateHints or ()),
            json_predicate_hints=self.jsonPredicateHints,
            limit_hint=self.limitHint,
            version=self.version,
            timestamp=self.timestamp,
            starting_version=self.startingVersion,
            ending_version=self.endingVersion,
            historical_protocol=bool(self.includeHistoricalProtocol),
        )


class ShareItem(BaseModel):
    """A share: what one contract lets its consumer read."""

    name: str
    id: str


class SchemaItem(BaseModel):
    """A schema: the provider's short name."""

    name: str
    share: str


class TableItem(BaseModel):
    """A table: the dataset's short name."""

    name: str
    schema_: str = Field(serialization_alias="schema")
    share: str
    shareId: str
    id: str


class SharePage(BaseModel):
    """One page of shares."""

    items: list[ShareItem]
    nextPageToken: str | None = None


class SchemaPage(BaseModel):
    """One page of schemas."""

    items: list[SchemaItem]
    nextPageToken: str | None = None


class TablePage(BaseModel):
    """One page of tables."""

    items: list[TableItem]
    nextPageToken: str | None = None


class OneShare(BaseModel):
    """One share."""

    share: ShareItem


@router.get("/shares", response_model_exclude_none=True)
def list_shares(
    *,
    caller: SignedIn,
    parts: TheParts,
    page: Page,
) -> SharePage:
    """List the shares that the token opens: one for each contract that allows reading now."""
    found, following = sharing.list_shares(parts, caller, page)
    items = [ShareItem(name=contract.share, id=contract.id) for contract in found]
    return SharePage(items=items, nextPageToken=following)


@router.get("/shares/{share}")
def get_share(share: Name, caller: SignedIn, parts: TheParts) -> OneShare:
    """Return one share."""
    table = sharing.shared_table(parts, caller, share)
    return OneShare(share=ShareItem(name=table.share, id=table.contract))


@router.get("/shares/{share}/schemas", response_model_exclude_none=True)
def list_schemas(
    *,
    share: Name,
    caller: SignedIn,
    parts: TheParts,
    page: Page,
) -> SchemaPage:
    """List the schemas of a share; there is one, the provider's."""
    table = sharing.shared_table(parts, caller, share)
    found, following = sharing.on_page(parts, page, f"{table.contract}:schemas", table)
    items = [SchemaItem(name=each.schema, share=each.share) for each in found]
    return SchemaPage(items=items, nextPageToken=following)


@router.get("/shares/{share}/schemas/{schema}/tables", response_model_exclude_none=True)
def list_tables(
    *,
    share: Name,
    schema: Name,
    caller: SignedIn,
    parts: TheParts,
    page: Page,
) -> TablePage:
    """List the tables of a schema; there is one, the contract's dataset."""
    table = sharing.shared_table(parts, caller, share, schema)
    found, following = sharing.on_page(parts, page, f"{table.contract}:tables", table)
    return TablePage(items=[_item(each) for each in found], nextPageToken=following)


@router.get("/shares/{share}/all-tables", response_model_exclude_none=True)
def list_all_tables(
    *,
    share: Name,
    caller: SignedIn,
    parts: TheParts,
    page: Page,
) -> TablePage:
    """List all tables of a share."""
    table = sharing.shared_table(parts, caller, share)
    found, following = sharing.on_page(parts, page, f"{table.contract}:all", table)
    return TablePage(items=[_item(each) for each in found], nextPageToken=following)


def _item(table: SharedTable) -> TableItem:
    return TableItem(
        name=table.name,
        schema_=table.schema,
        share=table.share,
        shareId=table.contract,
        id=table.dataset,
    )


_TABLE = "/shares/{share}/schemas/{schema}/tables/{table}"


@router.get(f"{_TABLE}/version", response_class=Response)
def table_version(
    *,
    names: Names,
    caller: SignedIn,
    parts: TheParts,
    starting_timestamp: StartingTimestamp = None,
) -> Response:
    """Return the newest version, or the first at or after a time, in `Delta-Table-Version`."""
    version = sharing.table_version(parts, caller, names, starting_timestamp)
    return Response(status_code=200, headers={VERSION_HEADER: str(version)})


@router.head(_TABLE, response_class=Response)
def table_version_as_it_was_asked(
    *,
    names: Names,
    caller: SignedIn,
    parts: TheParts,
    starting_timestamp: StartingTimestamp = None,
) -> Response:
    """Return the version, as older clients ask for it."""
    return table_version(
        names=names, caller=caller, parts=parts, starting_timestamp=starting_timestamp
    )


@router.get(f"{_TABLE}/metadata", response_class=Response, responses=_LINES)
def table_metadata(
    *,
    names: Names,
    caller: SignedIn,
    parts: TheParts,
    asked: Asked = None,
    version: VersionNumber = None,
    timestamp: Timestamp = None,
) -> Response:
    """Return protocol and metadata of what the contract shows of the table."""
    answer = sharing.table_metadata(
        parts,
        caller,
        names,
        _capabilities(asked),
        version=version,
        timestamp=timestamp,
    )
    return _answered(answer)


@router.post(f"{_TABLE}/query", response_class=Response, responses=_LINES)
def query_table(
    *,
    names: Names,
    caller: SignedIn,
    parts: TheParts,
    form: QueryForm | None = None,
    asked: Asked = None,
) -> Response:
    """Return the files of one version, each behind a signed URL; counts against the contract."""
    query = (form or QueryForm()).query()
    answer = sharing.query_table(parts, caller, names, _capabilities(asked), query)
    return _answered(answer)


@router.get(f"{_TABLE}/changes", response_class=Response, responses=_LINES)
def table_changes(
    *,
    names: Names,
    caller: SignedIn,
    parts: TheParts,
    changes: Changes,
    asked: Asked = None,
) -> Response:
    """Return the files that changed between two versions; counts against the contract."""
    answer = sharing.table_changes(parts, caller, names, _capabilities(asked), changes)
    return _answered(answer)


@router.post(f"{_TABLE}/queries/{{query_id}}", response_class=Response, responses=_LINES)
def poll_query(
    *,
    share: Name,
    schema: Name,
    table: Name,
    query_id: Name,
    caller: SignedIn,
    parts: TheParts,
) -> Response:
    """Answer that there is no such query: every query is answered at once here."""
    known = sharing.shared_table(parts, caller, share, schema)
    if table.casefold() != known.name.casefold():
        raise TableNotFound(table)
    raise QueryNotFound(query_id)


@router.api_route(
    "/{rest:path}",
    methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
    include_in_schema=False,
)
def nothing_else(rest: str) -> Response:
    """Answer in the protocol's form that there is nothing here."""
    raise TableNotFound(rest[:NAME_MAX])


def _capabilities(header: str | None) -> Capabilities:
    return capabilities.read(header)


def _answered(answer: Answer) -> Response:
    return Response(
        answer.body,
        media_type=lines.NDJSON,
        headers={
            VERSION_HEADER: str(answer.version),
            capabilities.HEADER: answer.agreed.header,
            "Cache-Control": "no-store",
        },
    )
