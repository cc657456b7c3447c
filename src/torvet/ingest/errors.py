"""What can be wrong with a file or an upload, in words for the one who sent it."""

from dataclasses import dataclass

from torvet.kit.errors import ExchangeError, Kind


@dataclass(eq=False)
class FormatUnknown(ExchangeError):
    kind, code = Kind.INVALID, "format-unknown"
    advice = (
        "Send CSV, NDJSON, Parquet, XLSX or GeoJSON (each but XLSX and Parquet also gzipped), "
        "or name the format in the options."
    )
    file_name: str
    found: str

    def __str__(self) -> str:
        return f"{self.file_name!r} is in none of the formats that are read here: {self.found}."


@dataclass(eq=False)
class FileUnreadable(ExchangeError):
    kind, code = Kind.INVALID, "file-unreadable"
    advice = "Open the file where it was made, export it again, and send the new one."
    file_name: str
    fault: str

    def __str__(self) -> str:
        return f"{self.file_name!r} cannot be read: {self.fault}."


@dataclass(eq=False)
class EncodingUnclear(ExchangeError):
    kind, code = Kind.INVALID, "encoding-unclear"
    advice = (
        "Save the file as UTF-8, or name its encoding in the options "
        "(utf-8, utf-16, iso-8859-1, windows-1252)."
    )
    file_name: str
    encoding: str
    byte_offset: int
    fault: str

    def __str__(self) -> str:
        return (
            f"{self.file_name!r} is not readable as {self.encoding}: "
            f"at byte {self.byte_offset} {self.fault}."
        )


@dataclass(eq=False)
class FileTooLarge(ExchangeError):
    kind, code = Kind.TOO_LARGE, "file-too-large"
    advice = "Send it in parts (each an append), gzipped, or as Parquet."
    bytes_max: int
    bytes: int | None = None

    def __str__(self) -> str:
        size = "The upload" if self.bytes is None else f"An upload of {self.bytes:,} bytes"
        return f"{size} is larger than the {self.bytes_max:,} bytes that are taken here."


@dataclass(eq=False)
class ExpandsTooMuch(ExchangeError):
    kind, code = Kind.TOO_LARGE, "expands-too-much"
    advice = "Send the file unpacked, or in parts; a file that expands so much is not opened."
    file_name: str
    limit: str

    def __str__(self) -> str:
        return f"{self.file_name!r} becomes too large when it is unpacked: {self.limit}."


@dataclass(eq=False)
class TooManyColumns(ExchangeError):
    kind, code = Kind.TOO_LARGE, "too-many-columns"
    advice = "Send the table in long form: one row for each value, with its name as a column."
    file_name: str
    columns: int
    columns_max: int

    def __str__(self) -> str:
        return f"{self.file_name!r} has {self.columns:,} columns; {self.columns_max:,} are read."


@dataclass(eq=False)
class NoRows(ExchangeError):
    kind, code = Kind.INVALID, "no-rows"
    advice = "Look at the rejected rows and their reasons, or send a file with at least one row."
    file_name: str
    rejected: int
    first_reason: str = ""

    def __str__(self) -> str:
        if not self.rejected:
            return f"{self.file_name!r} holds no rows."
        return (
            f"None of the {self.rejected:,} rows of {self.file_name!r} fits; "
            f"the first: {self.first_reason}."
        )


@dataclass(eq=False)
class SchemaInvalid(ExchangeError):
    kind, code = Kind.INVALID, "schema-invalid"
    advice = (
        'Give a list such as [{"name": "ts", "type": "timestamp"}]; types are boolean, integer, '
        "number, decimal, text, date, time, timestamp, instant, geometry."
    )
    fault: str

    def __str__(self) -> str:
        return f"The schema cannot be used: {self.fault}."


@dataclass(eq=False)
class ColumnsDiffer(ExchangeError):
    kind, code = Kind.INVALID, "columns-differ"
    advice = "Correct the file's columns, give a schema for it, or replace what is there."
    file_name: str
    differences: tuple[str, ...]

    def __str__(self) -> str:
        said = "; ".join(self.differences)
        return f"{self.file_name!r} does not have the columns that it is to be added to: {said}."


@dataclass(eq=False)
class OptionsInvalid(ExchangeError):
    kind, code = Kind.INVALID, "options-invalid"
    advice = "Leave the option out, so that it is found from the file, or correct it."
    option: str
    fault: str

    def __str__(self) -> str:
        return f"Option {self.option!r} cannot be used: {self.fault}."


@dataclass(eq=False)
class SourceNotFound(ExchangeError):
    kind, code = Kind.NOT_FOUND, "source-not-found"
    source: str

    def __str__(self) -> str:
        return f"There is no source table {self.source!r}."


@dataclass(eq=False)
class UploadNotFound(ExchangeError):
    kind, code = Kind.NOT_FOUND, "upload-not-found"
    advice = "Start a new upload; one that is left alone for a while is removed."
    upload: str

    def __str__(self) -> str:
        return f"You have no upload {self.upload!r}."


@dataclass(eq=False)
class UploadMoved(ExchangeError):
    kind, code = Kind.CONFLICT, "upload-moved"
    advice = "Ask for the upload's state and go on from the offset that it names."
    upload: str
    offset: int

    def __str__(self) -> str:
        return f"Upload {self.upload!r} is at byte {self.offset:,}: nothing was added."


@dataclass(eq=False)
class UploadIncomplete(ExchangeError):
    kind, code = Kind.CONFLICT, "upload-incomplete"
    advice = "Send the rest of the file first."
    upload: str
    received: int
    bytes: int | None

    def __str__(self) -> str:
        whole = "?" if self.bytes is None else f"{self.bytes:,}"
        return f"Upload {self.upload!r} has {self.received:,} of {whole} bytes."


@dataclass(eq=False)
class TooManyUploads(ExchangeError):
    kind, code = Kind.TOO_MANY, "too-many-uploads"
    advice = "Finish or remove those that are open; one that is left alone is removed after a day."
    uploads_max: int

    def __str__(self) -> str:
        return f"Your party has {self.uploads_max} unfinished uploads already."


@dataclass(eq=False)
class ContentDiffers(ExchangeError):
    kind, code = Kind.INVALID, "content-differs"
    advice = "The file changed on its way. The upload was removed: start a new one."
    upload: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"Upload {self.upload!r} has SHA-256 {self.found}, not {self.expected} as announced."
