"""Deeds of uploading: a file comes in, in one stream or piece by piece."""

from pathlib import Path

from sqlalchemy import Connection

from torvet.ports.parts import Parts

from .model import Upload, UploadId


def complete_upload(tx: Connection, upload_id: UploadId, party: str) -> Upload:
    """Return an upload of `party` whose bytes are all here; raise UploadIncomplete."""
    raise NotImplementedError


def upload_path(parts: Parts, upload_id: UploadId) -> Path:
    """Return where the bytes of an upload lie."""
    return parts.settings.home / "uploads" / upload_id


def remove_upload(parts: Parts, upload_id: UploadId) -> None:
    """Remove an upload and its bytes; do nothing where it is gone."""
    raise NotImplementedError
