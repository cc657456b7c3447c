"""Where the files of tables are: a folder of this machine, or a bucket that speaks S3."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

from .errors import storage_error


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFile:
    """A file by its name under a folder."""

    name: str
    size_bytes: int
    modified: datetime


class TableFiles(Protocol):
    """The few things that a table store does to files; a name is relative to the root."""

    root: str

    def uri(self, name: str) -> str:
        """Return the absolute path or URI of `name`."""

    def read(self, name: str) -> bytes | None:
        """Return the content of `name`, or None where there is none."""

    def put_new(self, name: str, content: bytes) -> bool:
        """Write `name` whole and durably; return False where it is there already."""

    def put(self, name: str, content: bytes) -> None:
        """Write `name` whole, in the place of what is there."""

    def settle(self, name: str) -> None:
        """Return when `name`, written by the engine, survives a power cut."""

    def listed(self, folder: str) -> Iterator[FoundFile]:
        """Give every file under `folder`, by its name relative to it."""

    def names_after(self, folder: str, last: str) -> list[str]:
        """Return the names of the files right in `folder` that sort after `last`, in order."""

    def copy(self, source: str, target: str) -> None:
        """Make `target` hold the bytes of `source`."""

    def put_file(self, name: str, local: Path) -> None:
        """Make `name` hold the bytes of a file of this machine."""

    def remove(self, name: str) -> None:
        """Remove a file; do nothing where there is none."""

    def remove_folder(self, name: str) -> None:
        """Remove a folder with all in it."""

    def signed_url(self, name: str, lifetime: timedelta) -> str | None:
        """Return the store's own presigned URL, or None where it has none."""

    def local_path(self, name: str) -> str | None:
        """Return the path on this machine, or None where there is none."""


class LocalFiles:
    """A folder of this machine."""

    def __init__(self, root: Path) -> None:
        """Use `root`, made where it is missing."""
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._root = root.resolve()
        self.root = str(self._root)

    def uri(self, name: str) -> str:
        """Return the absolute path of `name`."""
        return str(self._path(name))

    def read(self, name: str) -> bytes | None:
        """Return the content of `name`, or None where there is none."""
        try:
            return self._path(name).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def put_new(self, name: str, content: bytes) -> bool:
        """Write beside, make it durable, then link: a link fails where the name is taken."""
        path = self._path(name)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor, draft = tempfile.mkstemp(prefix=".draft-", dir=path.parent)
            try:
                with os.fdopen(descriptor, "wb") as handle:
                    handle.write(content)
                    handle.flush()
                    os.fsync(handle.fileno())
                Path(draft).chmod(0o644)
                os.link(draft, path)
            finally:
                Path(draft).unlink()
            _sync_folder(path.parent)
        except FileExistsError:
            return False
        except OSError as error:
            raise storage_error(error, self.root) or error from error
        return True

    def put(self, name: str, content: bytes) -> None:
        """Write beside, then take the name: a reader finds the old content or the new."""
        path = self._path(name)
        draft = path.with_name(f".draft-{uuid4().hex}")
        try:
            draft.write_bytes(content)
            draft.replace(path)
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise storage_error(error, self.root) or error from error

    def settle(self, name: str) -> None:
        """Flush the file and the folder that names it to the disk."""
        path = self._path(name)
        try:
            with path.open("rb") as handle:
                os.fsync(handle.fileno())
            _sync_folder(path.parent)
        except OSError as error:
            raise storage_error(error, self.root) or error from error

    def listed(self, folder: str) -> Iterator[FoundFile]:
        """Give every file under `folder`."""
        top = self._path(folder)
        for path in sorted(top.rglob("*")):
            with suppress(FileNotFoundError):  # another sweep may be quicker
                found = path.stat()
                if path.is_file():
                    yield FoundFile(
                        name=path.relative_to(top).as_posix(),
                        size_bytes=found.st_size,
                        modified=datetime.fromtimestamp(found.st_mtime, UTC),
                    )

    def names_after(self, folder: str, last: str) -> list[str]:
        """Return the names right in `folder` that sort after `last`."""
        try:
            names = [path.name for path in self._path(folder).iterdir()]
        except (FileNotFoundError, NotADirectoryError):
            return []
        return sorted(name for name in names if name > last and not name.startswith("."))

    def copy(self, source: str, target: str) -> None:
        """Link the target to the same bytes: data files never change. Copy where that fails."""
        self.put_file(target, self._path(source))

    def put_file(self, name: str, local: Path) -> None:
        """Link `name` to the same bytes, or copy them."""
        there, here = local, self._path(name)
        try:
            here.parent.mkdir(parents=True, exist_ok=True)
            here.unlink(missing_ok=True)
            try:
                os.link(there, here)
            except OSError:
                shutil.copyfile(there, here)
        except OSError as error:
            raise storage_error(error, self.root) or error from error

    def remove(self, name: str) -> None:
        """Remove a file; do nothing where there is none."""
        self._path(name).unlink(missing_ok=True)

    def remove_folder(self, name: str) -> None:
        """Remove a folder with all in it."""
        with suppress(FileNotFoundError):
            shutil.rmtree(self._path(name))

    def signed_url(self, name: str, lifetime: timedelta) -> str | None:  # noqa: ARG002 - a folder has none
        """Return None: the exchange signs and serves these itself."""
        return None

    def local_path(self, name: str) -> str | None:
        """Return the path of `name`."""
        return str(self._path(name))

    def _path(self, name: str) -> Path:
        path = Path(os.path.normpath(self._root / name))
        if not path.is_relative_to(self._root):
            raise ValueError(f"{name!r} leads out of the tables")
        return path


class S3Files:
    """A bucket that speaks S3, under a prefix."""

    def __init__(self, root: str, client: Any) -> None:
        """Use `root` (`s3://bucket/prefix`) through a botocore client."""
        self.root = root.rstrip("/")
        bucket, _, prefix = self.root.removeprefix("s3://").partition("/")
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._client = client

    def uri(self, name: str) -> str:
        """Return the `s3://` URI of `name`."""
        return f"{self.root}/{name}"

    def read(self, name: str) -> bytes | None:
        """Return the content of `name`, or None where there is none."""
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=self._key(name))
        except self._client.exceptions.NoSuchKey:
            return None
        return bytes(answer["Body"].read())

    def put_new(self, name: str, content: bytes) -> bool:
        """Write `name` on the condition that the store does not have it."""
        try:
            self._client.put_object(
                Bucket=self._bucket, Key=self._key(name), Body=content, IfNoneMatch="*"
            )
        except self._client.exceptions.ClientError as error:
            # 409: somebody else's write of the same name is on its way. Who lost asks again.
            if error.response["ResponseMetadata"]["HTTPStatusCode"] in {409, 412}:
                return False
            raise
        return True

    def put(self, name: str, content: bytes) -> None:
        """Write the object."""
        self._client.put_object(Bucket=self._bucket, Key=self._key(name), Body=content)

    def settle(self, name: str) -> None:
        """Return: an object store has it durably once it has answered."""

    def listed(self, folder: str) -> Iterator[FoundFile]:
        """Give every object under `folder`."""
        start = self._key(f"{folder}/")
        pages = self._client.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self._bucket, Prefix=start):
            for item in page.get("Contents", ()):
                yield FoundFile(
                    name=item["Key"].removeprefix(start),
                    size_bytes=item["Size"],
                    modified=item["LastModified"],
                )

    def names_after(self, folder: str, last: str) -> list[str]:
        """Return the names right in `folder` that sort after `last`."""
        start = self._key(f"{folder}/")
        pages = self._client.get_paginator("list_objects_v2")
        listing = pages.paginate(
            Bucket=self._bucket, Prefix=start, StartAfter=f"{start}{last}", Delimiter="/"
        )
        return [
            item["Key"].removeprefix(start) for page in listing for item in page.get("Contents", ())
        ]

    def copy(self, source: str, target: str) -> None:
        """Let the store copy the bytes itself."""
        self._client.copy_object(
            Bucket=self._bucket,
            Key=self._key(target),
            CopySource={"Bucket": self._bucket, "Key": self._key(source)},
        )

    def put_file(self, name: str, local: Path) -> None:
        """Send the file."""
        with local.open("rb") as content:
            self._client.put_object(Bucket=self._bucket, Key=self._key(name), Body=content)

    def remove(self, name: str) -> None:
        """Remove an object; do nothing where there is none."""
        self._client.delete_object(Bucket=self._bucket, Key=self._key(name))

    def remove_folder(self, name: str) -> None:
        """Remove every object under `name`."""
        for found in list(self.listed(name)):
            self.remove(f"{name}/{found.name}")

    def signed_url(self, name: str, lifetime: timedelta) -> str | None:
        """Return a presigned GET of the store itself."""
        url = self._client.generate_presigned_url(
            "get_object",
            Params={"Bucket": self._bucket, "Key": self._key(name)},
            ExpiresIn=int(lifetime.total_seconds()),
        )
        return str(url)

    def local_path(self, name: str) -> str | None:  # noqa: ARG002 - it is elsewhere
        """Return None: the bytes are not on this machine."""
        return None

    def _key(self, name: str) -> str:
        if ".." in name.split("/"):
            raise ValueError(f"{name!r} leads out of the tables")
        return f"{self._prefix}{name}"


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
