"""Which columns identify, single out, or tell what is somebody's own: each with its evidence."""

from .classify import classify, classify_readable
from .looking import Readable
from .model import PERSONAL, Classification, Role, SingledOut, Verdict

__all__ = [
    "PERSONAL",
    "Classification",
    "Readable",
    "Role",
    "SingledOut",
    "Verdict",
    "classify",
    "classify_readable",
]
