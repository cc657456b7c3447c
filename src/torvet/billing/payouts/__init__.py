"""Money that goes out: what is due to whom, the payment file, and what the bank says of it."""

from . import jobs as _jobs  # importing it makes sending known to the worker
from .errors import NoOwnAccount, PayoutNotFound, PayoutSettled
from .model import Due, KeptFile, Payout, Run, Stage
from .service import (
    came_back,
    cancel,
    due,
    kept_file,
    order,
    pay_back,
    pay_out,
    payouts_of,
    went_out,
)

__all__ = [
    "Due",
    "KeptFile",
    "NoOwnAccount",
    "Payout",
    "PayoutNotFound",
    "PayoutSettled",
    "Run",
    "Stage",
    "came_back",
    "cancel",
    "due",
    "kept_file",
    "order",
    "pay_back",
    "pay_out",
    "payouts_of",
    "went_out",
]
del _jobs
