"""Money that goes out: what is due to whom, the payment file, and what the bank says of it."""

from . import jobs as _jobs  # importing it makes sending known to the worker
from .errors import NoOwnAccount, PayoutNotFound, PayoutSettled
from .model import Due, KeptFile, LineKind, Payout, PayoutLine, Run, Stage
from .service import (
    came_back,
    cancel,
    due,
    faults_of_payouts,
    kept_file,
    order,
    pay_back,
    pay_out,
    paying,
    payout_of,
    payouts_of,
    went_out,
    why_it_waits,
)

__all__ = [
    "Due",
    "KeptFile",
    "LineKind",
    "NoOwnAccount",
    "Payout",
    "PayoutLine",
    "PayoutNotFound",
    "PayoutSettled",
    "Run",
    "Stage",
    "came_back",
    "cancel",
    "due",
    "faults_of_payouts",
    "kept_file",
    "order",
    "pay_back",
    "pay_out",
    "paying",
    "payout_of",
    "payouts_of",
    "went_out",
    "why_it_waits",
]
del _jobs
