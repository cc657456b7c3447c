"""How data leaves the exchange: Delta Sharing, REST rows and signed files, all under contracts."""

from .failures import is_failure, look
from .model import Channel, Use, table_of
from .projections import ensure
from .signing import FileGrant

__all__ = ["Channel", "FileGrant", "Use", "ensure", "is_failure", "look", "table_of"]
