"""What a reader can act on. A refusal by a contract is the contracts' own `ReadRefused`."""

from dataclasses import dataclass

from torvet.kit.errors import ExchangeError, Kind


@dataclass(eq=False)
class ShareNotFound(ExchangeError):
    """No such share, or it is somebody else's: the two look the same."""

    kind, code = Kind.NOT_FOUND, "share-not-found"
    advice = "List /shares to see what your token may read."
    share: str

    def __str__(self) -> str:
        return f"There is no share {self.share!r} for this token."


@dataclass(eq=False)
class TableNotFound(ExchangeError):
    """The share has no such schema or table."""

    kind, code = Kind.NOT_FOUND, "table-not-found"
    advice = "List the share's all-tables to see what it holds."
    table: str

    def __str__(self) -> str:
        return f"There is no {self.table!r} in this share."


@dataclass(eq=False)
class NoReleaseYet(ExchangeError):
    """A contract over a dataset that has published nothing yet."""

    kind, code = Kind.NOT_FOUND, "no-release-yet"
    advice = "Wait for the provider's first release."
    dataset: str

    def __str__(self) -> str:
        return f"The dataset {self.dataset!r} has no release yet."


@dataclass(eq=False)
class VersionNotThere(ExchangeError):
    """A version, or a time, outside what the table has."""

    kind, code = Kind.INVALID, "version-not-there"
    advice = "Ask /version for the newest; versions are release numbers and start at 0, empty."
    asked: str
    newest: int

    def __str__(self) -> str:
        return f"{self.asked} is outside the table's versions 0 to {self.newest}."


@dataclass(eq=False)
class BadRequest(ExchangeError):
    """A request that the protocol does not know."""

    kind, code = Kind.INVALID, "delivery-request-invalid"
    fault: str

    def __str__(self) -> str:
        return f"{self.fault}."


@dataclass(eq=False)
class QueryNotFound(ExchangeError):
    """No asynchronous query has this id: this server answers every query at once."""

    kind, code = Kind.NOT_FOUND, "query-not-found"
    advice = "Queries are answered at once here; there is nothing to poll."
    query: str

    def __str__(self) -> str:
        return f"There is no query {self.query!r}."


@dataclass(eq=False)
class BadFileUrl(ExchangeError):
    """A file URL that is forged, altered or too old. It does not say which."""

    kind, code = Kind.REFUSED, "file-url-invalid"
    advice = "Ask for the table again; its answer holds fresh URLs."

    def __str__(self) -> str:
        return "This URL opens no file."


@dataclass(eq=False)
class FileGone(ExchangeError):
    """A file that a valid URL names and the disk no longer has."""

    kind, code = Kind.NOT_FOUND, "file-gone"
    advice = "Ask for the table again; its answer holds fresh URLs."

    def __str__(self) -> str:
        return "This file is no longer here."


@dataclass(eq=False)
class CursorInvalid(ExchangeError):
    """A cursor that this query did not hand out."""

    kind, code = Kind.INVALID, "cursor-invalid"
    advice = "Follow the `next` link as it is, or start again without a cursor."

    def __str__(self) -> str:
        return "The cursor does not belong to this query of this release."


@dataclass(eq=False)
class NoSuchColumn(ExchangeError):
    """Columns that the release, as the contract shows it, does not have."""

    kind, code = Kind.INVALID, "column-not-there"
    advice = "Read the contract, or ask for one row, to see the columns."
    columns: tuple[str, ...]

    def __str__(self) -> str:
        return f"There is no column {', '.join(repr(name) for name in self.columns)} to read."


@dataclass(eq=False)
class NotAcceptable(ExchangeError):
    """None of the accepted formats can be written."""

    kind, code = Kind.INVALID, "format-not-acceptable"
    advice = (
        "Accept application/json, application/x-ndjson, text/csv, "
        "application/vnd.apache.parquet or application/vnd.apache.arrow.stream."
    )
    accept: str

    def __str__(self) -> str:
        return f"Rows cannot be written as {self.accept!r}."
