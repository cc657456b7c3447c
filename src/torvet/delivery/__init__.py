"""How data leaves the exchange: Delta Sharing, REST rows and signed files, all under contracts."""

from .model import Channel, Use, table_of
from .projections import ensure
from .signing import FileGrant

__all__ = ["Channel", "FileGrant", "Use", "ensure", "table_of"]
