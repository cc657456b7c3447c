"""What a provider delivered: typed columns, where they came from, and what did not fit."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

SourceId = NewType("SourceId", str)
UploadId = NewType("UploadId", str)

DECIMAL_DIGITS_MAX = 38
NAME_CHARACTERS_MAX = 255
TEXT_CHARACTERS_MAX = 2000


class ColumnType(StrEnum):
    """The types that a table here may hold, and that every delivery can carry.

    `timestamp` is a local date and time that names no zone; `instant` is a moment, in UTC.
    `time` is kept as text `HH:MM:SS[.ffffff]`, since Delta Lake has no type for it;
    `geometry` is well-known text. Longitudes and latitudes are numbers with the unit °.
    """

    BOOLEAN = "boolean"
    INTEGER = "integer"
    NUMBER = "number"
    DECIMAL = "decimal"
    TEXT = "text"
    DATE = "date"
    TIME = "time"
    TIMESTAMP = "timestamp"
    INSTANT = "instant"
    GEOMETRY = "geometry"


class FileFormat(StrEnum):
    """The file formats that are read."""

    CSV = "csv"
    NDJSON = "ndjson"
    PARQUET = "parquet"
    XLSX = "xlsx"
    GEOJSON = "geojson"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table. `precision` and `scale` are set for decimals alone."""

    name: str
    type: ColumnType
    nullable: bool = True
    unit: str | None = None
    title: str | None = None
    description: str | None = None
    precision: int | None = None
    scale: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """How to read a file, where its reader should not find out by itself.

    `decimal` is the decimal sign, `,` or `.`; `day_first` settles dates such as 03/04/2024;
    `time_zone` (an IANA name) turns local timestamps into instants; `null_texts` are further
    texts that mean "no value". With `exact` a given schema has every column of the
    file and no other; without, a column that the file lacks has no values, and one that the
    schema lacks is left out.
    """

    format: FileFormat | None = None
    delimiter: str | None = None
    encoding: str | None = None
    header: bool | None = None
    decimal: str | None = None
    day_first: bool | None = None
    time_zone: str | None = None
    sheet: str | None = None
    null_texts: tuple[str, ...] = ()
    exact: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A source table: what one delivery became. Its rows are table `sources/{id}`, version 1.

    `rejected` counts the rows that were set aside, `notes` say what was inferred, in words.
    """

    id: SourceId
    party: str
    file_name: str
    format: FileFormat
    bytes: int
    sha256: str
    rows: int
    rejected: int
    columns: tuple[Column, ...]
    notes: tuple[str, ...]
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedRow:
    """One value (or, where `column` is None, one whole row) that did not fit.

    `row_number` counts the rows of the file, the first one after the header being 1.
    `position` numbers the rejections of one source, for paging.
    """

    position: int
    row_number: int
    column: str | None
    value: str | None
    reason: str


class UploadStage(StrEnum):
    """How far an upload has come."""

    RECEIVING = "receiving"
    COMPLETE = "complete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file on its way in. `bytes` is None until a streamed upload has said how long it is."""

    id: UploadId
    party: str
    file_name: str
    bytes: int | None
    received: int
    sha256: str | None
    stage: UploadStage
    made_at: datetime
    touched_at: datetime
