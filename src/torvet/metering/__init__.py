"""What was delivered, counted by contract, hour and channel from the sealed log."""

from . import jobs as _jobs  # importing it makes the meter known to the worker
from .model import Channel, Grain, Usage
from .service import catch_up, differences, rebuild, usage_of

__all__ = ["Channel", "Grain", "Usage", "catch_up", "differences", "rebuild", "usage_of"]
del _jobs
