"""What was delivered, counted by contract, hour and channel from the sealed log."""

from . import jobs as _jobs  # importing it makes the meter known to the worker
from .errors import PeriodTurned
from .model import Channel, Count, Grain, Usage
from .service import (
    catch_up,
    hours_since,
    rebuild,
    take_news,
    total_of,
    totals_by_contract,
    usage_of,
)

__all__ = [
    "Channel",
    "Count",
    "Grain",
    "PeriodTurned",
    "Usage",
    "catch_up",
    "hours_since",
    "rebuild",
    "take_news",
    "total_of",
    "totals_by_contract",
    "usage_of",
]
del _jobs
