"""Data that is wanted: who joins, what is pledged, who answers, and what comes of it."""

from .jobs import settle
from .model import Request, Stage
from .service import by_theme, visible_request

__all__ = ["Request", "Stage", "by_theme", "settle", "visible_request"]
