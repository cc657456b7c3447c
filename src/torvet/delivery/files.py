"""Signed file URLs over a local disk: who may fetch which bytes, checked at every fetch."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG

from torvet.contracts import Contract, Hold, release, set_aside, standing
from torvet.ports.parts import Parts

from .errors import BadFileUrl, FileGone
from .model import Channel, Use
from .reach import note_use
from .signing import FileGrant

CHUNK_BYTES = 4 * 1024 * 1024
FIRST_BYTES = 64 * 1024
EXPIRES_MAX = 2**40
ACTOR = "file-url"
"""Whoever has the URL may fetch: the log says so."""
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenFile:
    """A file that may be fetched right now."""

    contract: Contract
    table: str
    name: str
    path: Path
    size_bytes: int
    release: int

    @property
    def etag(self) -> str:
        """Return its entity tag: a data file never changes under its name."""
        return f'"{self.name}-{self.size_bytes:x}"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The bytes from `start` until before `stop`."""

    start: int
    stop: int

    @property
    def length(self) -> int:
        """Return how many bytes they are."""
        return self.stop - self.start


def open_file(parts: Parts, grant: FileGrant, signature: str) -> OpenFile:
    """Return the file that a signed URL opens, while its contract lasts.

    Raises BadFileUrl, always the same, where the URL is forged or too old, and where the
    contract was revoked since; FileGone where the file is no longer there.
    """
    now = parts.clock.now()
    if not 0 <= grant.expires_s <= EXPIRES_MAX:
        raise BadFileUrl
    if not grant.holds(parts.keys.secret, signature, now):
        raise BadFileUrl
    with parts.db.connect() as plain:
        tx = plain.execution_options(isolation_level="AUTOCOMMIT")
        held = standing(tx, grant.contract, now)
    if held is None:
        raise BadFileUrl
    local = parts.tables.local_path(grant.table, grant.path)
    try:
        path = Path(local or "")
        found = path.stat()
    except OSError:
        raise FileGone from None
    if not S_ISREG(found.st_mode):
        raise FileGone
    return OpenFile(
        contract=held,
        table=grant.table,
        name=path.name,
        path=path,
        size_bytes=found.st_size,
        release=grant.release,
    )


def begin_fetch(parts: Parts, file: OpenFile, span: Span) -> Hold | None:
    """Set aside what the fetch may spend under a cap; raise ReadRefused where it is beyond it."""
    channel = Channel.FILE.value
    return set_aside(parts, file.contract, bytes=span.length, channel=channel, actor=ACTOR)


def span_of(header: str | None, size: int) -> Span | None:
    """Return the bytes that a Range header asks for, or None where it asks for the whole.

    Raises ValueError where no such bytes exist (HTTP 416). Several ranges, or a unit other than
    bytes, are answered with the whole file, as RFC 9110 §14.2 allows.
    """
    match = _RANGE.fullmatch((header or "").strip())
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if first == "":
        start, stop = max(size - int(last), 0), size
    else:
        start, stop = int(first), min(int(last) + 1, size) if last else size
        if last and int(last) < start:
            return None
    if start >= size or stop <= start:
        raise ValueError(f"no such bytes in {size}")
    return Span(start=start, stop=stop)


def chunks(file: OpenFile, span: Span, first: int = CHUNK_BYTES) -> Iterator[bytes]:
    """Yield the bytes of `span`, a piece at a time: `first` bytes, then twice as many each time."""
    with file.path.open("rb", buffering=0) as handle:
        handle.seek(span.start)
        left, most = span.length, first
        while left > 0:
            chunk = handle.read(min(most, left))
            if not chunk:
                raise FileGone
            left -= len(chunk)
            yield chunk
            most = min(2 * most, CHUNK_BYTES)


def note_fetch(parts: Parts, file: OpenFile, sent: int, hold: Hold | None = None) -> None:
    """Record the bytes that one fetch really sent."""
    if sent == 0:
        release(parts, hold)
        return
    use = Use(
        contract=file.contract.id,
        dataset=file.contract.dataset,
        release=file.release,
        channel=Channel.FILE,
        rows=0,
        bytes=sent,
        format="parquet",
    )
    with parts.db.connect() as plain:
        # One statement is a transaction of its own: one way to the database instead of three.
        tx = plain.execution_options(isolation_level="AUTOCOMMIT")
        note_use(tx, parts, file.contract, use, ACTOR, hold=hold)
