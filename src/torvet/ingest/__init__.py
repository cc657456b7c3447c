"""Files become typed source tables; what does not fit is set aside, never dropped."""

from torvet.ports.errors import StorageFull

from .errors import (
    ColumnsDiffer,
    ContentDiffers,
    EncodingUnclear,
    ExpandsTooMuch,
    FileTooLarge,
    FileUnreadable,
    FormatUnknown,
    NoRows,
    OptionsInvalid,
    SchemaInvalid,
    SourceNotFound,
    TooManyColumns,
    TooManyUploads,
    UploadIncomplete,
    UploadMoved,
    UploadNotFound,
)
from .jobs import sweep
from .model import (
    Column,
    ColumnType,
    FileFormat,
    ReadOptions,
    RejectedRow,
    Source,
    SourceId,
    Upload,
    UploadId,
    UploadStage,
)
from .schema import arrow_schema, arrow_type, columns_from_json, columns_to_json
from .service import receive, rejected_rows, source
from .uploads import complete_upload, remove_upload, upload_path

__all__ = [
    "Column",
    "ColumnType",
    "ColumnsDiffer",
    "ContentDiffers",
    "EncodingUnclear",
    "ExpandsTooMuch",
    "FileFormat",
    "FileTooLarge",
    "FileUnreadable",
    "FormatUnknown",
    "NoRows",
    "OptionsInvalid",
    "ReadOptions",
    "RejectedRow",
    "SchemaInvalid",
    "Source",
    "SourceId",
    "SourceNotFound",
    "StorageFull",
    "TooManyColumns",
    "TooManyUploads",
    "Upload",
    "UploadId",
    "UploadIncomplete",
    "UploadMoved",
    "UploadNotFound",
    "UploadStage",
    "arrow_schema",
    "arrow_type",
    "columns_from_json",
    "columns_to_json",
    "complete_upload",
    "receive",
    "rejected_rows",
    "remove_upload",
    "source",
    "sweep",
    "upload_path",
]
