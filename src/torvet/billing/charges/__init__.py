"""What contracts are charged, by hour and meter, exactly once; and what of it is not invoiced."""

from . import jobs as _jobs  # importing it makes charging known to the worker
from .deriving import terms_of
from .errors import SheetsBilled
from .inspection import faults_of_charges
from .model import Charged, Sheet, SheetLine
from .service import (
    bill,
    charge_due,
    charge_now,
    charged_of,
    sheets_of,
    totals_of,
    waiting,
    waiting_lines,
)

__all__ = [
    "Charged",
    "Sheet",
    "SheetLine",
    "SheetsBilled",
    "bill",
    "charge_due",
    "charge_now",
    "charged_of",
    "faults_of_charges",
    "sheets_of",
    "terms_of",
    "totals_of",
    "waiting",
    "waiting_lines",
]
del _jobs
