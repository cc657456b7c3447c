"""A backup of everything, taken while work goes on: one tar file.

The database is dumped first, as of one snapshot; then the files are copied. Data files never
change and a release is committed to its table before the database names it, so the copy holds
at least what the dump names. What tables hold beyond that is left out: a commit that the
restored database has never heard of would stand in the way of the next release.
"""

import json
import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import make_url

from torvet.kit.errors import ExchangeError, Kind

from .embedded_postgres import PROGRAMS
from .errors import storage_error

FORMAT = 1
DUMP = "database.dump"
MANIFEST = "backup.json"
FOLDERS = ("keys", "uploads")
SETTINGS_FILE = "torvet.toml"
_COMMIT = re.compile(
    r"^(?:releases/([^/]+)|projections/([^/]+)/[^/]+)/_delta_log/"
    r"(?:(\d{20})\.(?:json|checkpoint\.parquet)|_last_checkpoint)$"
)


@dataclass(eq=False)
class BackupFailed(ExchangeError):
    """The database could not be dumped or brought back."""

    said: str

    kind = Kind.UNAVAILABLE
    code = "backup-failed"
    advice = "Nothing was left half done. `torvet check` tries every part; then try again."

    def __str__(self) -> str:
        """Say what the program said."""
        return f"The backup failed: {self.said}"


@dataclass(eq=False)
class NotEmpty(ExchangeError):
    """A backup is brought back only to where nothing is."""

    where: str

    kind = Kind.CONFLICT
    code = "restore-not-empty"
    advice = "Name an empty home folder: `torvet restore FILE --home FOLDER`."

    def __str__(self) -> str:
        """Say where something is."""
        return f"{self.where} is not empty, and nothing there is written over."


@dataclass(eq=False)
class NoBackup(ExchangeError):
    """A file is no backup that this version reads."""

    file: str

    kind = Kind.INVALID
    code = "backup-unreadable"
    advice = "Name a file that `torvet backup` wrote, whole."

    def __str__(self) -> str:
        """Say which file."""
        return f"{self.file} is no backup that can be read."


def dump_database(url: str, target: Path, *, snapshot: str) -> None:
    """Write the database as of `snapshot` to `target`."""
    _run("pg_dump", url, f"--snapshot={snapshot}", "--format=custom", f"--file={target}")


def restore_database(url: str, dump: Path) -> None:
    """Bring a dump back into an empty database, all or nothing."""
    _run("pg_restore", url, "--no-owner", "--single-transaction", "--exit-on-error", str(dump))


def write_archive(
    target: Path,
    home: Path,
    dump: Path,
    *,
    manifest: Mapping[str, Any],
    tables: Path | None,
    newest: Mapping[str, int],
) -> int:
    """Write the archive; return its size in bytes. It gets its name when it is whole."""
    draft = target.with_name(f".{target.name}.draft")
    try:
        draft.unlink(missing_ok=True)
        draft.touch(mode=0o600)  # the keys are in it
        with tarfile.open(draft, "w") as archive:
            archive.add(_manifest(dump.parent, manifest), MANIFEST)
            archive.add(dump, DUMP)
            for name in (*FOLDERS, SETTINGS_FILE):
                for path in _walk(home / name):
                    _add(archive, path, path.relative_to(home).as_posix())
            for path in _walk(tables) if tables else ():
                name = path.relative_to(tables or path).as_posix()
                if not _is_ahead(name, newest):
                    _add(archive, path, f"tables/{name}")
        with draft.open("rb") as handle:
            os.fsync(handle.fileno())
        draft.replace(target)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise storage_error(error, str(target)) or error from error
    return target.stat().st_size


def read_archive(archive: Path, home: Path) -> dict[str, Any]:
    """Unpack an archive into `home`, which is empty; return its manifest. All or nothing."""
    home.mkdir(parents=True, exist_ok=True)
    if any(home.iterdir()):
        raise NotEmpty(str(home))
    try:
        with tarfile.open(archive, "r:") as packed:
            _unpack(packed, home)
        manifest: dict[str, Any] = json.loads((home / MANIFEST).read_text())
        if manifest.get("format") != FORMAT or not (home / DUMP).exists():
            raise NoBackup(str(archive))
    except (tarfile.TarError, json.JSONDecodeError, FileNotFoundError, EOFError) as error:
        clear(home)
        raise NoBackup(str(archive)) from error
    except BaseException:
        clear(home)
        raise
    (home / MANIFEST).unlink()
    for folder in FOLDERS:
        if (home / folder).exists():
            (home / folder).chmod(0o700)
    return manifest


def _unpack(packed: tarfile.TarFile, home: Path) -> None:
    """Write the archive's files into `home` and nowhere else.

    tarfile's own filter does it, but not in every Python 3.11: only plain files and folders are
    taken, below `home`, readable by their owner alone. Raises tarfile.TarError for others.
    """
    within = home.resolve()
    for member in packed:
        target = (within / member.name).resolve()
        plain = member.isreg() or member.isdir()
        if not plain or not target.is_relative_to(within) or Path(member.name).is_absolute():
            raise tarfile.TarError(f"{member.name!r} is no file of a backup")
        if member.isdir():
            target.mkdir(mode=0o700, parents=True, exist_ok=True)
            continue
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        source = packed.extractfile(member)
        assert source is not None, "a plain file has content"
        with source, target.open("xb") as written:
            shutil.copyfileobj(source, written)
        target.chmod(member.mode & 0o700)


def clear(home: Path) -> None:
    """Empty a home folder again, after a restore that failed."""
    for path in home.iterdir():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _run(program: str, url: str, *arguments: str) -> None:
    address = make_url(url).set(drivername="postgresql")
    plain = address.set(password=None).render_as_string(hide_password=False)
    environment = dict(os.environ)
    if address.password is not None:
        # Not among the arguments, where every account of the machine could read it.
        environment["PGPASSWORD"] = str(address.password)
    command = [str(PROGRAMS / program), f"--dbname={plain}", "--no-password", *arguments]
    done = subprocess.run(  # noqa: S603 - our own program, and nothing of it from a caller
        command, capture_output=True, text=True, check=False, env=environment
    )
    if done.returncode != 0:
        raise BackupFailed(done.stderr.strip() or f"{program} ended with {done.returncode}")


def _manifest(folder: Path, manifest: Mapping[str, Any]) -> Path:
    file = folder / MANIFEST
    file.write_text(json.dumps({"format": FORMAT, **manifest}, indent=1) + "\n")
    return file


def _walk(top: Path) -> Iterator[Path]:
    if top.is_file():
        yield top
    for root, _folders, files in os.walk(top):
        for name in sorted(files):
            if not name.startswith("."):
                yield Path(root) / name


def _add(archive: tarfile.TarFile, path: Path, name: str) -> None:
    try:
        handle = path.open("rb")
    except FileNotFoundError:
        return  # a sweep took it, so nothing names it
    with handle:
        member = archive.gettarinfo(arcname=name, fileobj=handle)
        # Data files of a release are links to those of its source: each is packed in full.
        member.type, member.linkname = tarfile.REGTYPE, ""
        member.size = os.fstat(handle.fileno()).st_size
        archive.addfile(member, handle)


def _is_ahead(name: str, newest: Mapping[str, int]) -> bool:
    if (found := _COMMIT.match(name)) is None:
        return False
    dataset = found.group(1) or found.group(2)
    # Without the file that names the newest checkpoint, readers find it by its own name.
    return found.group(3) is None or int(found.group(3)) > newest.get(dataset, 0)
