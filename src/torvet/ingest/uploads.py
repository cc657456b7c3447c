"""Deeds of uploading: a file comes in, in one stream or piece by piece.

The bytes lie in `home/uploads` under the upload's id; the name that a file had elsewhere is a
label and never part of a path. Who appends holds a lock on the file, so that of two who send
the same piece at once one is told, and nothing is written twice.
"""

import fcntl
import hashlib
import os
import re
import shutil
from dataclasses import replace
from datetime import timedelta
from io import FileIO
from pathlib import Path
from typing import Self

from sqlalchemy import Connection

from torvet.ports.errors import StorageFull
from torvet.ports.parts import Parts

from . import store
from .bench import is_full
from .errors import (
    ContentDiffers,
    FileTooLarge,
    TooManyUploads,
    UploadIncomplete,
    UploadMoved,
    UploadNotFound,
)
from .model import Upload, UploadId, UploadStage

UPLOADS_OPEN_MAX = 100
"""Unfinished uploads of one party."""

ROOM_BYTES = 64 * 1024**2
"""So much of the disk stays free for everything else."""

ABANDONED_AFTER = timedelta(hours=24)
KEPT_AFTER = timedelta(days=7)
_ID = re.compile(r"^[a-z]+_[0-9a-z]{1,40}$")


def upload_path(parts: Parts, upload_id: UploadId) -> Path:
    """Return where the bytes of an upload lie."""
    if not _ID.match(upload_id):
        raise UploadNotFound(upload_id)
    return parts.settings.home / "uploads" / upload_id


def begin_upload(
    parts: Parts, *, party: str, file_name: str, size: int | None, sha256: str | None
) -> Upload:
    """Open an upload of `size` bytes (None: not known yet) and make room for it.

    Raises FileTooLarge, StorageFull or TooManyUploads before a byte is sent.
    """
    _check_size(parts, size)
    now = parts.clock.now()
    upload = Upload(
        id=UploadId(parts.new_id("up")),
        party=party,
        file_name=file_name,
        bytes=size,
        received=0,
        sha256=None if sha256 is None else sha256.lower(),
        stage=UploadStage.RECEIVING,
        made_at=now,
        touched_at=now,
    )
    path = upload_path(parts, upload.id)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if shutil.disk_usage(path.parent).free < (size or 0) + ROOM_BYTES:
        raise StorageFull(f"{file_name!r}")
    with parts.db.begin() as tx:
        if store.count_open(tx, party) >= UPLOADS_OPEN_MAX:
            raise TooManyUploads(UPLOADS_OPEN_MAX)
        store.add_upload(tx, upload)
    path.touch(mode=0o600)
    return upload


def _check_size(parts: Parts, size: int | None) -> None:
    if size is not None and size > parts.settings.upload_bytes_max:
        raise FileTooLarge(parts.settings.upload_bytes_max, size)


def find_upload(parts: Parts, upload_id: UploadId, party: str) -> Upload:
    """Return an upload of `party`; raise UploadNotFound."""
    with parts.db.begin() as tx:
        return store.get_upload(tx, upload_id, party)


def complete_upload(tx: Connection, upload_id: UploadId, party: str) -> Upload:
    """Return an upload of `party` whose bytes are all here; raise UploadIncomplete."""
    upload = store.get_upload(tx, upload_id, party)
    if upload.stage is not UploadStage.COMPLETE:
        raise UploadIncomplete(upload.id, upload.received, upload.bytes)
    return upload


def remove_upload(parts: Parts, upload_id: UploadId) -> None:
    """Remove an upload and its bytes; do nothing where it is gone."""
    with parts.db.begin() as tx:
        store.forget_upload(tx, upload_id)
    upload_path(parts, upload_id).unlink(missing_ok=True)


class Intake:
    """One piece of an upload on its way in: `take` bytes, then `finish`, or `give_up`.

    What was taken counts only once it is finished: an end before that leaves the upload at the
    offset where this piece began, or, after `finish`, at what came of it.
    """

    def __init__(self, parts: Parts, upload_id: UploadId, party: str, *, offset: int) -> None:
        """Open the upload at `offset`; raise UploadMoved where it is elsewhere, or being sent."""
        self._parts = parts
        self._upload = find_upload(parts, upload_id, party)
        self._file = self._locked(offset)
        try:
            # Read again: whoever held the lock before may have moved it on.
            self._upload = find_upload(parts, upload_id, party)
            self._expect(offset)
            self._file.truncate(offset)
            self._file.seek(offset)
        except BaseException:
            self._file.close()
            raise
        self._size = offset

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._file.close()

    @property
    def left(self) -> int:
        """How many bytes may still come."""
        whole = self._upload.bytes
        most = self._parts.settings.upload_bytes_max if whole is None else whole
        return most - self._size

    def take(self, content: bytes | bytearray) -> None:
        """Write `content`; raise FileTooLarge where it is more than was announced."""
        if len(content) > self.left:
            self.give_up()
            most = self._upload.bytes or self._parts.settings.upload_bytes_max
            raise FileTooLarge(most)
        try:
            rest = memoryview(content)
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            self.give_up()
            if is_full(error):
                raise StorageFull(f"{self._upload.file_name!r}") from error
            raise
        self._size += len(content)

    def give_up(self) -> None:
        """Forget what this piece brought."""
        self._file.truncate(self._upload.received)

    def finish(self, *, last: bool = False) -> Upload:
        """Count what was taken. The upload is complete when all is here, or if this is the `last`.

        Raises ContentDiffers, and removes the upload, where its SHA-256 is not the announced.
        """
        self._file.flush()
        os.fsync(self._file.fileno())
        before = self._upload
        after = replace(before, received=self._size, touched_at=self._parts.clock.now())
        if last or self._size == before.bytes:
            after = self._completed(after)
        with self._parts.db.begin() as tx:
            if not store.advance_upload(tx, after, before=before.received):
                raise UploadMoved(before.id, before.received)
        return after

    def _completed(self, upload: Upload) -> Upload:
        self._file.seek(0)
        found = hashlib.file_digest(self._file, "sha256").hexdigest()
        if upload.sha256 not in {None, found}:
            remove_upload(self._parts, upload.id)
            raise ContentDiffers(upload.id, str(upload.sha256), found)
        return replace(upload, stage=UploadStage.COMPLETE, bytes=self._size, sha256=found)

    def _expect(self, offset: int) -> None:
        receiving = self._upload.stage is UploadStage.RECEIVING
        if not receiving or self._upload.received != offset:
            raise UploadMoved(self._upload.id, self._upload.received)

    def _locked(self, offset: int) -> FileIO:
        self._expect(offset)
        path = upload_path(self._parts, self._upload.id)
        try:
            # Unbuffered: a write that fails fails here, and not when the file is closed.
            file = FileIO(path, "r+b")
        except FileNotFoundError:
            raise UploadNotFound(self._upload.id) from None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise UploadMoved(self._upload.id, self._upload.received) from None
        return file


def sweep_uploads(parts: Parts) -> int:
    """Remove uploads that were left alone, and files that belong to none; return how many."""
    now = parts.clock.now()
    with parts.db.begin() as tx:
        gone = store.forget_uploads(
            tx, open_before=now - ABANDONED_AFTER, complete_before=now - KEPT_AFTER
        )
    for upload_id in gone:
        upload_path(parts, upload_id).unlink(missing_ok=True)
    folder = parts.settings.home / "uploads"
    if not folder.is_dir():
        return len(gone)
    # Files first, then rows: a file that is made in between has its row already.
    files = [path for path in folder.iterdir() if path.is_file()]
    with parts.db.begin() as tx:
        known = store.upload_ids(tx)
    lost = [path for path in files if path.name not in known]
    for path in lost:
        path.unlink(missing_ok=True)
    return len(gone) + len(lost)
