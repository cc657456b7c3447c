"""What a part may answer that a caller can act on."""

import errno
from dataclasses import dataclass

from torvet.kit.errors import ExchangeError, Kind
from torvet.ports.errors import StorageFull


@dataclass(eq=False)
class DatabaseDidNotStart(ExchangeError):
    """The embedded PostgreSQL gave up before it was ready."""

    folder: str
    said: str

    kind = Kind.UNAVAILABLE
    code = "database-did-not-start"
    advice = "Read postgres.log in the home folder; `torvet check` tries every part."

    def __str__(self) -> str:
        """Say what PostgreSQL said last."""
        return f"PostgreSQL in {self.folder} did not start: {self.said}"


@dataclass(eq=False)
class VersionTaken(ExchangeError):
    """Somebody else committed other files as this version of the table."""

    table: str
    version: int

    kind = Kind.CONFLICT
    code = "version-taken"
    advice = "Read the newest version and try again on top of it."

    def __str__(self) -> str:
        """Say which version of which table."""
        return f"Version {self.version} of {self.table} is taken."


@dataclass(eq=False)
class VersionMissing(ExchangeError):
    """A table has no such version."""

    table: str
    version: int

    kind = Kind.NOT_FOUND
    code = "version-missing"
    advice = "Ask for a version between 0 and the newest."

    def __str__(self) -> str:
        """Say which version of which table."""
        return f"{self.table} has no version {self.version}."


_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FULL_WORDS = ("no space left on device", "disk quota exceeded", "file too large", "out of disk")


def storage_error(error: BaseException, where: str) -> StorageFull | None:
    """Return StorageFull where `error`, from any library, says that the room ran out."""
    if isinstance(error, OSError) and error.errno in _FULL:
        return StorageFull(where)
    if any(words in str(error).lower() for words in _FULL_WORDS):
        return StorageFull(where)
    return None


@dataclass(eq=False)
class EngineAway(ExchangeError):
    """The engine cannot be reached."""

    url: str

    kind = Kind.UNAVAILABLE
    code = "engine-away"
    advice = "Nothing was changed. `torvet check` tries every part; then try again."

    def __str__(self) -> str:
        """Say where it was looked for."""
        return f"The engine at {self.url} cannot be reached."
