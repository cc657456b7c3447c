"""Uploads as they look over HTTP."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from .model import Upload, UploadStage

BYTES_MAX = 2**53 - 1
FILE_NAME = r"^[^\x00-\x1f\x7f]+$"
SHA256 = r"^[0-9a-fA-F]{64}$"

FileName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=255,
        pattern=FILE_NAME,
        description="The file's name, as a label; its ending may tell the format.",
    ),
]


class UploadForm(BaseModel):
    """A file that is going to be sent."""

    file_name: FileName
    bytes: int = Field(ge=1, le=BYTES_MAX, description="Its size in bytes.")
    sha256: str | None = Field(
        default=None, pattern=SHA256, description="Its SHA-256 in hex; checked when all is here."
    )


class UploadSheet(BaseModel):
    """How far an upload has come."""

    id: str
    file_name: str
    bytes: int | None = Field(description="Its whole size; null while a stream has not ended.")
    received: int = Field(description="Bytes that are here: send on from this offset.")
    progress: float | None = Field(ge=0, le=1, description="The share that is here.")
    sha256: str | None
    stage: UploadStage
    made_at: datetime
    touched_at: datetime

    @classmethod
    def of(cls, upload: Upload) -> "UploadSheet":
        """Show `upload`."""
        return cls(
            id=upload.id,
            file_name=upload.file_name,
            bytes=upload.bytes,
            received=upload.received,
            progress=None if upload.bytes is None else upload.received / max(1, upload.bytes),
            sha256=upload.sha256,
            stage=upload.stage,
            made_at=upload.made_at,
            touched_at=upload.touched_at,
        )
