"""The `delta-sharing-capabilities` header: what the client can read, and what it is given."""

from .errors import BadRequest
from .model import Agreed, Capabilities, LogFormat

HEADER = "delta-sharing-capabilities"
_HEADER_CHARACTERS_MAX = 1_000


def read(header: str | None) -> Capabilities:
    """Read the header; names and values count in any case, and what is unknown is passed over.

    Raises BadRequest where `responseformat` is given and names no format of the protocol.
    """
    given: dict[str, frozenset[str]] = {}
    for pair in (header or "")[:_HEADER_CHARACTERS_MAX].lower().split(";"):
        name, _, values = pair.partition("=")
        given[name.strip()] = frozenset(v.strip() for v in values.split(",") if v.strip())
    asked = given.get("responseformat", frozenset())
    formats = frozenset(LogFormat(name) for name in asked if name in set(LogFormat))
    if asked and not formats:
        raise BadRequest(f"responseformat {', '.join(sorted(asked))} is neither delta nor parquet")
    return Capabilities(
        formats=formats or frozenset({LogFormat.PARQUET}),
        features=given.get("readerfeatures", frozenset()),
        end_stream_action="true" in given.get("includeendstreamaction", frozenset()),
    )


def agree(asked: Capabilities) -> Agreed:
    """Choose the answer's shape: delta where the client reads it, since it fetches each file once.

    `endStreamAction` is sent only to a client that asked for it: others die of the line.
    """
    chosen = LogFormat.DELTA if LogFormat.DELTA in asked.formats else LogFormat.PARQUET
    return Agreed(format=chosen, end_stream_action=asked.end_stream_action)
