"""What is delivered, and in which shape. Nothing here knows where it is kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from torvet.contracts.model import IDENTITY, Projection


class Channel(StrEnum):
    """The way by which a use of data is metered."""

    REST = "rest"
    SHARING = "sharing"
    FILE = "file"
    ANSWERS = "answers"


class LogFormat(StrEnum):
    """How a Delta Sharing answer names files: `responseformat` of the capabilities."""

    PARQUET = "parquet"
    DELTA = "delta"


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a Delta Sharing client says that it can read."""

    formats: frozenset[LogFormat] = frozenset({LogFormat.PARQUET})
    features: frozenset[str] = frozenset()
    end_stream_action: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """The shape that an answer has, and the header that tells the client so."""

    format: LogFormat
    end_stream_action: bool

    @property
    def header(self) -> str:
        """Return the value of `delta-sharing-capabilities` in the answer."""
        chosen = f"responseformat={self.format}"
        return f"{chosen};includeendstreamaction=true" if self.end_stream_action else chosen


def table_of(dataset: str, projection: Projection) -> str:
    """Return the name of the Delta table that holds exactly what `projection` shows."""
    key = projection.key
    return f"releases/{dataset}" if key == IDENTITY else f"projections/{dataset}/{key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedTable:
    """One table of one share, by the names that Delta Sharing uses."""

    contract: str
    share: str
    schema: str
    name: str
    dataset: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One data file as an answer names it."""

    path: str
    url: str
    size_bytes: int
    rows: int
    stats: str
    version: int
    timestamp_ms: int
    modified_ms: int
    expires_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One file that a version added (`add`) or removed (`remove`), or its row changes (`cdf`)."""

    kind: str
    part: Part
    action: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One version of a table and when it became visible."""

    version: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What was really delivered by one request."""

    contract: str
    dataset: str
    release: int
    channel: Channel
    rows: int
    bytes: int
    format: str
